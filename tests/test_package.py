"""What a user meets first: the import, the public names, the versions."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio

import skhyp
from skhyp import _show_versions


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


def test_versions_name_all_that_results_depend_on(capsys):
    skhyp.show_versions()
    shown = capsys.readouterr().out
    for package in (
        *("scikit-learn", "tensorflow", "keras", "numpy", "scipy", "joblib", "matplotlib"),
        *("rasterio", "xarray", "zarr", "dask", "distributed", "h5py", "faiss-cpu"),
        *("skops", "tqdm", "pandas", "polars"),
    ):
        assert f" {package}: {importlib.metadata.version(package)}\n" in shown
    assert f" skhyp: {skhyp.__version__}\n" in shown
    assert f" GDAL: {rasterio.__gdal_version__}\n" in shown
    for fact in ("python", "system", "processor", "cores", "vector instructions", "memory"):
        assert f" {fact}: " in shown


def test_versions_are_told_of_what_is_missing_or_broken(capsys, monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr(_show_versions.Path, "read_text", _refuse)
    monkeypatch.setitem(sys.modules, "rasterio", None)
    skhyp.show_versions()
    shown = capsys.readouterr().out
    assert " rasterio: not installed\n" in shown and " GDAL: not known without rasterio\n" in shown
    assert " memory: not known\n" in shown


def _refuse(*arguments, **options):
    raise PermissionError("on purpose")


def test_telling_versions_imports_no_heavy_package():
    code = (
        "import sys, skhyp; skhyp.show_versions(); "
        "print('heavy:', {'tensorflow', 'keras', 'sklearn', 'xarray', 'dask'} & set(sys.modules))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.endswith("heavy: set()\n") and finished.stderr == ""


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


def test_what_is_cited_is_this_version():
    cited = (Path(__file__).parents[1] / "CITATION.cff").read_text()
    assert f"\nversion: {skhyp.__version__}\n" in cited
