"""What a user meets first: the import, the public names, the versions."""

import importlib.metadata
import subprocess
import sys

import pytest

import skhyp


def test_importing_the_package_loads_neither_tensorflow_nor_scikit_learn():
    code = (
        "import sys, skhyp; print({'tensorflow', 'keras', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert (finished.stdout.strip(), finished.stderr) == ("set()", "")


@pytest.mark.parametrize("name", skhyp.__all__)
def test_every_public_name_is_there_and_listed(name):
    assert getattr(skhyp, name) is getattr(skhyp, name)
    assert name in dir(skhyp)


def test_all_names_can_be_imported_at_once():
    namespace = {}
    exec("from skhyp import *", namespace)
    assert set(skhyp.__all__) <= set(namespace)


def test_an_unknown_name_is_refused_like_in_any_module():
    with pytest.raises(AttributeError, match="module 'skhyp' has no attribute 'HypImg'"):
        _ = skhyp.HypImg


def test_versions_name_every_dependency(capsys):
    skhyp.show_versions()
    shown = capsys.readouterr().out
    for package in ("scikit-learn", "tensorflow", "numpy", "scipy", "joblib", "matplotlib"):
        assert f"{package}: {importlib.metadata.version(package)}" in shown


def test_estimators_are_found_where_their_class_says():
    for name in ("HypPreprocessor", "SpectralAutoencoder", "SpectralCNNClassifier"):
        estimator = getattr(skhyp, name)
        assert getattr(sys.modules[estimator.__module__], name) is estimator


@pytest.mark.parametrize(
    "name", ["HypPreprocessor", "SpectralAutoencoder", "SpectralCNNClassifier"]
)
def test_the_diagram_of_an_estimator_leads_to_its_page(name):
    address = f"https://skhyp.readthedocs.io/en/stable/generated/skhyp.{name}.html"
    assert f'href="{address}' in getattr(skhyp, name)()._repr_html_()


def test_an_estimator_of_somebody_else_does_not_lead_to_pages_here():
    class OwnPreprocessor(skhyp.HypPreprocessor):
        __module__ = "elsewhere"

    assert "skhyp.readthedocs.io" not in OwnPreprocessor()._repr_html_()
