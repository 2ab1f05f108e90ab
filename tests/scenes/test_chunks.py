"""A cluster of dask gives the same map as one process, whatever happens to a worker."""

import os
import signal
import sys
import types
from pathlib import Path
from unittest import mock

import dask
import joblib
import numpy as np
import pytest
import xarray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.scenes import apply, labelled_pixels, open_scene

from .conftest import BANDS_BY_NUMBER, SHAPE, data_array

pytestmark = BANDS_BY_NUMBER

REPOSITORY = Path(__file__).parents[2]


class Threshold(ClassifierMixin, BaseEstimator):
    """A classifier that needs no fitting; it notes in a folder who has loaded it, and when."""

    def __init__(self, folder, band=0, kills=False):
        self.folder = folder
        self.band = band
        self.kills = kills
        self.classes_ = np.array([1, 2])
        self.n_features_in_ = SHAPE[2]

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def __setstate__(self, state):
        super().__setstate__(state)
        with (Path(self.folder) / "loaded").open("a") as file:
            file.write(f"{os.getpid()}\n")

    def predict(self, X):
        marker = Path(self.folder) / "killed"
        if self.kills and len(X) > 2 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.where(X[:, self.band] > 4000, 2, 1)


@pytest.fixture(scope="module")
def client(start_forked):
    distributed = pytest.importorskip("distributed")
    settings = {
        # Of the server that ``start_forked`` has begun, which has imported TensorFlow for them.
        "distributed.worker.multiprocessing-method": "forkserver",
        # On a busy machine, a worker is ready after minutes.
        "distributed.comm.timeouts.connect": "900s",
        "distributed.comm.timeouts.tcp": "900s",
    }
    importable = [str(REPOSITORY / "tests"), str(REPOSITORY), *sys.path]
    with (
        dask.config.set(settings),
        mock.patch.object(sys, "path", importable),  # workers inherit it, those started anew too
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # any port: another cluster may have the usual one
            death_timeout="900s",
        ) as cluster,
        distributed.Client(cluster, timeout="900s") as client,
    ):
        yield client


@pytest.fixture
def chunked(cube):
    return data_array(cube).chunk({"y": 6, "x": 10, "band": 5})


@pytest.fixture
def network(cube, labels):
    X, y, _ = labelled_pixels(cube, labels)
    classifier = SpectralCNNClassifier(
        n_filters=(2,), kernel_sizes=3, dense_layer_sizes=(4,), max_epochs=2, random_state=0
    )
    return HypPreprocessor(method="snv").fit(X), classifier.fit(X, y)


def test_a_map_of_chunks_is_lazy_and_the_same(chunked, cube, model):
    lazy = apply(model, chunked, class_names=["Unlabelled", "Corn", "Grass", "Woods"])
    assert isinstance(lazy, xarray.DataArray) and lazy.chunks == ((6, 6, 6, 5), (10, 7))
    assert lazy.dims == ("y", "x") and "spatial_ref" in lazy.coords and "x" in lazy.coords
    assert lazy.attrs["_FillValue"] == 0
    assert lazy.attrs["flag_meanings"] == "Corn Grass Woods"
    np.testing.assert_array_equal(lazy.values, apply(model, cube))
    scores = apply(model, chunked, method="predict_proba")
    assert scores["output"].values.tolist() == ["1", "2", "3"]
    expected = apply(model, cube, method="predict_proba")
    np.testing.assert_allclose(scores.values, expected, rtol=1e-9)


def test_axes_in_another_order_make_no_difference(chunked, cube, model):
    turned = chunked.transpose("band", "x", "y")
    np.testing.assert_array_equal(apply(model, turned).values, apply(model, cube))


@pytest.mark.parametrize("kind", ["bil", "tiled tif", "mat 7.3", "npy", "zarr 3"])
def test_any_scene_becomes_an_array_in_chunks_with_what_it_knows(files, kind, cube):
    scene = open_scene(files[kind], nodata=7)
    array = scene.to_xarray(chunk_memory=1)
    np.testing.assert_array_equal(array.values, cube)
    again = open_scene(array)
    assert again.nodata == 7 and again.transform == scene.transform and again.crs == scene.crs
    np.testing.assert_array_equal(again.wavelengths, scene.wavelengths)


def test_the_chunks_of_a_scene_have_the_size_that_is_asked_for(files, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._lazy_arrays._MIB", 17 * 12 * 2 * 5)
    array = open_scene(files["npy"]).to_xarray(chunk_memory=1)
    assert array.chunks == ((5, 5, 5, 5, 3), (17,), (12,))


def test_a_cluster_gives_the_same_bits(client, files, network, cube, tmp_path, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._lazy_arrays._MIB", 17 * 12 * 2 * 5)
    _, classifier = network
    array = open_scene(files["bil"]).to_xarray(chunk_memory=1)
    expected = apply(classifier, cube, method="predict_proba")
    np.testing.assert_array_equal(
        apply(classifier, array, method="predict_proba").compute().values, expected
    )
    apply(classifier, array, tmp_path / "map.npy", method="predict_proba")
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)


# Here, as the next tests kill workers, and new ones have to import TensorFlow again.
def test_a_search_runs_on_the_cluster_through_joblib(client, cube, labels):
    X, y, _ = labelled_pixels(cube, labels)
    classifier = SpectralCNNClassifier(
        n_filters=(2,), kernel_sizes=3, dense_layer_sizes=(4,), max_epochs=2, random_state=0
    )
    search = GridSearchCV(classifier, {"learning_rate": [1e-3, 1e-2]}, cv=2)
    here = search.fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("dask"):
        there = search.fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(here, there)


def test_each_worker_loads_the_model_once(client, chunked, tmp_path):
    apply(Threshold(tmp_path), chunked, tmp_path / "map.npy")
    loaded = (tmp_path / "loaded").read_text().split()
    by_workers = [pid for pid in loaded if int(pid) in client.run(os.getpid).values()]
    assert by_workers and sorted(by_workers) == sorted(set(by_workers))


@pytest.mark.parametrize("out", ["map.tif", None])
def test_a_worker_that_is_killed_halfway_does_no_harm(client, chunked, cube, tmp_path, out):
    expected = apply(Threshold(tmp_path), cube)
    before = set(client.run(os.getpid).values())
    mortal = Threshold(tmp_path, kills=True)
    if out is None:
        result = apply(mortal, chunked).compute().values
    else:
        apply(mortal, chunked, tmp_path / out)
        result = np.asarray(open_scene(tmp_path / out))[..., 0]
    assert (tmp_path / "killed").exists()
    np.testing.assert_array_equal(result, expected)
    client.wait_for_workers(2)
    assert set(client.run(os.getpid).values()) != before


def test_a_failure_on_a_worker_is_raised_here(client, chunked, tmp_path):
    with pytest.raises(IndexError, match="out of bounds"):
        apply(Threshold(tmp_path, band=99), chunked, tmp_path / "map.npy")
    assert not (tmp_path / "map.npy").exists()


def test_a_model_that_workers_cannot_load_is_an_error_and_not_a_hang(
    client, chunked, tmp_path, monkeypatch
):
    module = types.ModuleType("only_here")
    module.OnlyHere = type("OnlyHere", (Threshold,), {"__module__": "only_here"})
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(ModuleNotFoundError, match="only_here"):
        apply(module.OnlyHere(tmp_path), chunked, tmp_path / "map.npy")


def test_a_map_of_chunks_is_resumed_too(chunked, cube, tmp_path, monkeypatch):
    from skhyp.scenes.maps._drafts import Draft

    expected = apply(Threshold(tmp_path), cube)
    write = Draft.write
    finished, written = [], []

    def failing(draft, number, values):
        if number == 5:
            raise RuntimeError("the disk is full")
        write(draft, number, values)
        finished.append(number)

    monkeypatch.setattr(Draft, "write", failing)
    with pytest.raises(RuntimeError, match="the disk is full"):
        apply(Threshold(tmp_path), chunked, tmp_path / "map.npy", resume=True)
    monkeypatch.setattr(
        Draft, "write", lambda *arguments: (written.append(arguments[1]), write(*arguments))
    )
    apply(Threshold(tmp_path), chunked, tmp_path / "map.npy", resume=True)
    assert not set(finished) & set(written) and 5 in written
    assert len(finished) + len(written) == 8
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)


def test_dask_is_asked_for_by_name(monkeypatch, files):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ImportError, match=r"dask.*pip install 'skhyp\[dask\]'"):
        open_scene(files["npy"]).to_xarray()


def test_a_map_of_labels_in_chunks_is_a_scene_of_one_band(cube, labels):
    from sklearn.dummy import DummyClassifier

    band = xarray.DataArray(cube[..., 0], dims=("y", "x")).chunk({"y": 5})
    constant = DummyClassifier(strategy="prior").fit(cube[..., :1].reshape(-1, 1), labels.ravel())
    np.testing.assert_array_equal(apply(constant, band).values, apply(constant, cube[..., :1]))


def test_a_part_of_a_lazy_map_lies_where_it_lies(chunked, model):
    part = apply(model, chunked)[10:, 5:]
    assert "GeoTransform" not in part["spatial_ref"].attrs
    assert open_scene(part).transform == (30, 0, 364095 + 150, 0, -30, 5809965 - 300)
