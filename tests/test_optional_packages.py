"""What needs a package that is not there says so, with the command that installs it."""

import re
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from skhyp._optional_packages import _INSTALLED_BY, optional_package

SETUP = Path(__file__).parents[1] / "setup.cfg"


@pytest.mark.parametrize("package", _INSTALLED_BY)
def test_a_package_that_is_missing_is_named_with_what_needs_it_and_the_command(
    package, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    message = f"This needs {package}, which is not installed: pip install {_INSTALLED_BY[package]}"
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        optional_package(package, "This")


def test_a_package_that_is_there_is_returned():
    assert optional_package("h5py", "This") is sys.modules["h5py"]


def test_the_extras_that_are_named_have_the_packages():
    setup = ConfigParser()
    setup.read(SETUP)
    extras = dict(setup["options.extras_require"])
    for package, installed_by in _INSTALLED_BY.items():
        if extra := re.search(r"\[(\w+)\]", installed_by):
            assert re.search(rf"^{package}\b", extras[extra[1]], re.MULTILINE), package
