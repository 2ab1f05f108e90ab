"""Whatever call of the file system fails or kills, files are whole, and the same call completes.

A sample of the instants; ``python -m file_faults`` runs all of them.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .operations import OPERATIONS

TESTS = Path(__file__).resolve().parents[1]
# Of some thousand instants of an operation, for each value of ``resume``.
N_INSTANTS = 6


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory):
    """What came of each instant of a sample, by operation."""
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("calls are made to fail by way of glibc, of Linux")
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to compile what makes calls fail")
    path = tmp_path_factory.mktemp("sweep") / "outcomes.json"
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    finished = subprocess.run(
        [sys.executable, "-m", "file_faults", "--sample", str(N_INSTANTS), "--json", str(path)],
        cwd=TESTS.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.exists(), finished.stderr
    return json.loads(path.read_text())


@pytest.mark.parametrize("operation", [operation.name for operation in OPERATIONS])
def test_a_fault_leaves_whole_files_and_the_same_call_completes(outcomes, operation):
    seen = [outcome for outcome in outcomes if outcome["operation"] == operation]
    assert {outcome["fault"].startswith("SIGKILL") for outcome in seen} == {False, True}
    assert [outcome for outcome in seen if outcome["problems"]] == []
