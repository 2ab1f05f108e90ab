"""Any fitted estimator maps a scene of any size, and the map keeps what the scene knew."""

import dataclasses
import os
import shutil
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio
import xarray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.scenes import apply, labelled_pixels, open_scene

from .conftest import (
    BANDS_BY_NUMBER,
    SHAPE,
    TRANSFORM,
    WAVELENGTHS,
    data_array,
    write_envi,
    write_geotiff,
)
from .reading.test_opening import KINDS

pytestmark = BANDS_BY_NUMBER
CLASSES_TO_0 = pytest.mark.filterwarnings("ignore:The model has the class")

NAMES = ["Unlabelled", "Corn", "Grass, mown", "Woods"]
OUTPUTS = ["map.tif", "map.hdr", "map.img", "map.zarr", "map.npy"]


def _read(path):
    """Read a map without our own code, unless it is ENVI's or NumPy's."""
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".zarr":
        with xarray.open_zarr(path, chunks=None, mask_and_scale=False) as store:
            return store["map"].values
    with rasterio.open(path.with_suffix(".img") if path.suffix == ".hdr" else path) as dataset:
        return dataset.read().transpose(1, 2, 0).squeeze()


@pytest.fixture(scope="module")
def expected(model, cube):
    return model.predict(cube.reshape(-1, SHAPE[2])).reshape(SHAPE[:2])


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_the_same_to_the_bit_from_every_kind_of_file(files, kind, model, expected):
    np.testing.assert_array_equal(apply(model, files[kind]), expected)


@pytest.mark.parametrize("kind", ["bil", "tiled tif", "mat 7.3", "npy", "zarr 3"])
def test_labels_of_a_network_are_too_however_a_scene_is_cut(files, kind, cube, labels, monkeypatch):
    X, y, _ = labelled_pixels(cube, labels)
    network = SpectralCNNClassifier(
        n_filters=(2,), kernel_sizes=3, dense_layer_sizes=(4,), max_epochs=2, random_state=0
    )
    pipeline = make_pipeline(HypPreprocessor(method="snv"), network).fit(X, y)
    expected = pipeline.predict_proba(X).reshape(*SHAPE[:2], 3)
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 50 * SHAPE[2] * 17)
    np.testing.assert_array_equal(
        apply(pipeline, files[kind], method="predict_proba", working_memory=1), expected
    )


@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.parametrize("out", ["map.tif", "map.zarr", "map.npy"])
def test_values_of_a_network_are_mapped_in_their_unit(files, cube, out, n_targets, tmp_path):
    X = cube.reshape(-1, SHAPE[2]).astype(np.float32)
    targets = np.c_[0.01 * X[:, 2], 5000 - X[:, 4]]
    targets = targets[:, 0] if n_targets is None else targets[:, :n_targets]
    network = SpectralCNNRegressor(
        n_filters=(2,), kernel_sizes=3, dense_layer_sizes=(4,), max_epochs=2, random_state=0
    )
    pipeline = make_pipeline(HypPreprocessor(method="l2"), network).fit(X, targets)
    expected = pipeline.predict(X).reshape(*SHAPE[:2], *targets.shape[1:])
    np.testing.assert_array_equal(apply(pipeline, files["tif"], working_memory=1), expected)
    apply(pipeline, files["tif"], tmp_path / out)
    found = _read(tmp_path / out)
    np.testing.assert_array_equal(found.squeeze(), expected.squeeze())
    with pytest.raises(ValueError, match="class_names is for maps of classes"):
        apply(pipeline, files["tif"], class_names=NAMES)


@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("working_memory", [1, 256])
def test_a_map_is_written_in_every_form(
    files, model, expected, out, working_memory, tmp_path, monkeypatch
):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 2000)
    path = tmp_path / out
    result = apply(model, files["tif"], path, working_memory=working_memory)
    assert result == path
    np.testing.assert_array_equal(_read(path), expected)
    np.testing.assert_array_equal(np.asarray(open_scene(path))[..., 0], expected)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize("out", OUTPUTS)
def test_several_values_a_pixel_are_written_in_every_form(files, model, cube, out, tmp_path):
    expected = apply(model, files["tif"], method="predict_proba")
    in_one_go = model.predict_proba(cube.reshape(-1, SHAPE[2])).reshape(*SHAPE[:2], 3)
    np.testing.assert_allclose(expected, in_one_go, rtol=1e-9)
    apply(model, files["tif"], tmp_path / out, method="predict_proba", class_names=NAMES)
    if out.endswith(("tif", "img")):
        with rasterio.open(tmp_path / out) as dataset:
            assert dataset.descriptions[0] == "Corn" and dataset.descriptions[2] == "Woods"
    np.testing.assert_array_equal(_read(tmp_path / out), expected)
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / out)), expected)


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.zarr"])
def test_a_map_keeps_coordinates_classes_and_colours(files, model, out, tmp_path):
    path = tmp_path / out
    apply(model, files["tif"], path, class_names=NAMES)
    written = open_scene(path)
    assert written.transform == tuple(TRANSFORM)[:6] and written.nodata == 0
    assert rasterio.CRS.from_wkt(written.crs).to_epsg(confidence_threshold=20) == 32633
    names = list(written.class_names.values())
    kept = "Grass_ mown" if path.suffix == ".hdr" else "Grass, mown"
    assert names[-3:] == ["Corn", kept, "Woods"]


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.zarr"])
def test_colours_can_be_chosen_and_come_back(files, model, out, tmp_path):
    colours = {1: "green", 2: (1.0, 0.0, 0.0), 3: "#0000ff"}
    path = tmp_path / out
    apply(model, files["tif"], path, class_names=NAMES, class_colours=colours)
    stored = open_scene(path).class_colours
    assert [stored[code] for code in (1, 2, 3)] == ["#008000", "#ff0000", "#0000ff"]
    with pytest.raises(ValueError, match="class_colours must have an entry for the label 3"):
        apply(model, files["tif"], path, class_colours=["black", "red", "green"])
    with pytest.raises(ValueError, match="must be colours of Matplotlib"):
        apply(model, files["tif"], path, class_colours=["black", "red", "green", "greenish"])
    with pytest.raises(ValueError, match="class_colours is for maps of classes"):
        apply(model, files["tif"], path, method="predict_proba", class_colours=colours)


def test_gdal_sees_the_names_and_colours_of_classes(files, model, tmp_path):
    path = tmp_path / "map.tif"
    apply(model, files["tif"], path, class_names=NAMES)
    with rasterio.open(path) as dataset:
        assert dataset.colormap(1)[1] == (0x27, 0x62, 0xFF, 255)
        assert dataset.colormap(1)[0][3] == 0  # nodata is transparent
        assert dataset.tags(1)["class_2"] == "Grass, mown"
        assert dataset.nodata == 0
    assert "<Category>Woods</Category>" in (tmp_path / "map.tif.aux.xml").read_text()
    apply(model, files["tif"], path)
    assert not (tmp_path / "map.tif.aux.xml").exists(), "names of a former map were left"


def test_the_georeference_of_enmap_survives_to_the_map_as_rasterio_sees_it(shared_folder, tmp_path):
    folder = shared_folder / "scenes" / "enmap_potsdam"
    paths = sorted((folder / "images").glob("*.tif"))
    labelled = [labelled_pixels(path, folder / "labels" / path.name) for path in paths]
    X, y, _ = (np.concatenate(arrays) for arrays in zip(*labelled, strict=True))
    scene = open_scene(paths[0])
    model = make_pipeline(
        HypPreprocessor(method="l2", wavelengths=scene.wavelengths[scene.good_bands]),
        LinearDiscriminantAnalysis(),
    ).fit(X, y)
    for path in paths:
        out = tmp_path / path.name
        apply(model, path, out)
        with rasterio.open(path) as read, rasterio.open(out) as written:
            assert written.crs == read.crs and written.transform == read.transform
            assert written.bounds == read.bounds and written.shape == read.shape
            has_data = (read.read()[scene.good_bands] != read.nodata).all(axis=0)
            np.testing.assert_array_equal(written.read(1) != written.nodata, has_data)


def test_pixels_without_data_stay_without(tmp_path, cube, model, expected):
    marked = cube.copy()
    marked[3, 4, 5] = marked[20, 0] = 65535
    path = write_geotiff(tmp_path / "scene.tif", marked, nodata=65535)
    class_map = apply(model, path)
    assert class_map[3, 4] == 0 and class_map[20, 0] == 0
    class_map[3, 4], class_map[20, 0] = expected[3, 4], expected[20, 0]
    np.testing.assert_array_equal(class_map, expected)
    scores = apply(model, path, method="predict_proba")
    assert np.isnan(scores[3, 4]).all() and np.isnan(scores).sum() == 6


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_what_is_not_finite_is_missing(cube, model, missing):
    floats = cube.astype(np.float32)
    floats[0, 0, 0] = missing
    class_map = apply(model, floats)
    assert class_map[0, 0] == 0 and (class_map != 0).sum() == class_map.size - 1


def test_a_scene_without_any_data_is_a_map_without(model):
    with pytest.warns(UserWarning, match="is empty: no pixel has data"):
        class_map = apply(model, np.full(SHAPE, np.nan))
    assert (class_map == 0).all()


def test_bands_that_the_preprocessor_drops_may_be_without_data(cube, labels):
    marked = cube.astype(np.int16)
    marked[..., [2, 7]] = -9999
    good = np.ones(SHAPE[2], bool)
    good[[2, 7]] = False
    X, y, _ = labelled_pixels(marked, labels)
    pipeline = make_pipeline(HypPreprocessor(bands=good), LogisticRegression()).fit(X, y)
    assert (apply(pipeline, open_scene(marked, nodata=-9999)) > 0).all()


def test_bad_bands_are_dropped_where_the_model_was_fitted_without(cube, labels):
    good = np.arange(SHAPE[2]) % 4 != 1
    scene = open_scene(cube, good_bands=good)
    X, y, _ = labelled_pixels(scene, labels)
    assert X.shape[1] == good.sum()
    model = LogisticRegression().fit(X, y)
    np.testing.assert_array_equal(
        apply(model, scene), model.predict(cube[..., good].reshape(-1, good.sum())).reshape(23, 17)
    )


def test_bands_are_found_by_their_wavelengths(files, cube, labels):
    order = [7, 2, 10, 0]
    X, y, _ = labelled_pixels(cube[..., order], labels)
    preprocessor = HypPreprocessor(wavelengths=WAVELENGTHS[order] + 0.3)
    model = make_pipeline(preprocessor, LogisticRegression()).fit(X, y)
    expected = model.predict(cube[..., order].reshape(-1, 4)).reshape(SHAPE[:2])
    np.testing.assert_array_equal(apply(model, files["bil"]), expected)


def test_bands_are_found_by_the_names_of_columns_without_a_warning(files, cube, labels):
    pandas = pytest.importorskip("pandas")
    order = [7, 2, 10]
    names = [open_scene(files["tif"]).feature_names[band] for band in order]
    X, y, _ = labelled_pixels(cube[..., order], labels)
    model = LogisticRegression().fit(pandas.DataFrame(X, columns=names), y)
    expected = model.predict(pandas.DataFrame(X, columns=names)).reshape(SHAPE[:2])
    np.testing.assert_array_equal(apply(model, files["tif"]), expected)


def test_wavelengths_that_a_scene_lacks_are_named(files, cube, labels):
    X, y, _ = labelled_pixels(cube, labels)
    shifted = WAVELENGTHS.copy()
    shifted[[3, 5]] += 20
    model = make_pipeline(HypPreprocessor(wavelengths=shifted), LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match=f"2 of the 12 wavelengths.*{shifted[3]:g}, "):
        apply(model, files["bsq"])
    np.testing.assert_array_equal(apply(model, files["npy"]), apply(model, cube))


def test_another_number_of_bands_is_an_error_with_both_numbers(cube, model):
    scene = open_scene(cube[..., :9], good_bands=[1] * 8 + [0])
    with pytest.raises(ValueError, match=r"9 bands, 8 without those listed as bad \(8\).*with 12"):
        apply(model, scene)


def test_other_estimators_of_scikit_learn_map_scenes_too(cube):
    X = cube.reshape(-1, SHAPE[2])
    clusters = KMeans(3, n_init=1, random_state=0).fit(X)
    np.testing.assert_array_equal(apply(clusters, cube), clusters.labels_.reshape(SHAPE[:2]))
    outliers = IsolationForest(n_estimators=5, random_state=0).fit(X)
    assert set(np.unique(apply(outliers, cube))) <= {-1, 1}
    scores = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    np.testing.assert_allclose(
        apply(scores, cube, method="transform"), scores.transform(X).reshape(23, 17, 2)
    )
    regression = LinearRegression().fit(X, X[:, 0] / 10)
    with pytest.raises(ValueError, match="class_names is for maps of classes"):
        apply(regression, cube, class_names=NAMES)
    np.testing.assert_allclose(apply(regression, cube), cube[..., 0] / 10, rtol=1e-6)
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2)
    search.fit(X, np.arange(len(X)) % 2)
    np.testing.assert_array_equal(apply(search, cube).ravel(), search.predict(X))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # by the test
def test_a_pipeline_has_the_methods_of_its_last_step(cube, tmp_path):
    X = cube.reshape(-1, SHAPE[2])
    pipeline = make_pipeline(
        HypPreprocessor(method="l2"),
        SpectralAutoencoder(n_components=2, hidden_layer_sizes=(4,), max_epochs=1, random_state=0),
    ).fit(X)
    error = apply(pipeline, cube, method="reconstruction_error")
    np.testing.assert_array_equal(
        error.ravel(), pipeline[-1].reconstruction_error(pipeline[0].transform(X))
    )
    angles = apply(pipeline, cube, method="reconstruction_error", method_params={"measure": "sa"})
    assert (angles != error).all()
    apply(pipeline, cube, tmp_path / "codes.tif", method="transform")
    with rasterio.open(tmp_path / "codes.tif") as dataset:
        assert dataset.descriptions == tuple(pipeline.get_feature_names_out())


@CLASSES_TO_0
@pytest.mark.parametrize(
    ("classes", "expected", "missing", "dtype"),
    [
        ([1, 2, 3], [1, 2, 3], 0, "uint8"),
        ([0, 1, 5], [0, 1, 5], 2, "uint8"),
        ([-1, 0, 1], [-1, 0, 1], -2, "int16"),
        ([10, 200, 3000], [10, 200, 3000], 0, "uint16"),
        (["a", "b", "c"], [1, 2, 3], 0, "uint8"),
        ([False, True, True], [0, 1, 1], 2, "uint8"),
    ],
)
def test_labels_of_any_type_become_integers_with_one_to_spare(
    cube, labels, classes, expected, missing, dtype
):
    floats = cube.astype(np.float64)
    model = LogisticRegression().fit(
        floats.reshape(-1, SHAPE[2]), np.array(classes)[labels.ravel() - 1]
    )
    floats[0, 0, 0] = np.nan
    class_map = apply(model, floats)
    assert class_map.dtype == dtype and class_map[0, 0] == missing
    assert set(np.unique(class_map)) == {*expected, missing}


def test_labels_that_are_strings_are_names(files, cube, labels, tmp_path):
    y = np.array(["corn", "grass", "woods"])[labels.ravel() - 1]
    model = LogisticRegression().fit(cube.reshape(-1, SHAPE[2]), y)
    apply(model, files["tif"], tmp_path / "map.tif")
    assert open_scene(tmp_path / "map.tif").class_names == {1: "corn", 2: "grass", 3: "woods"}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"out": "map.jpg"}, ValueError, r"out must end in one of \.tif"),
        ({"out": "nowhere/map.tif"}, FileNotFoundError, "there is no folder"),
        ({"method": "divine"}, ValueError, "has no 'divine'"),
        ({"method": "fit"}, ValueError, "method='fit' would change the estimator"),
        ({"class_names": ["a", "b"]}, ValueError, "class_names must have an entry for the label 2"),
        ({"method_params": {"volume": 11}}, TypeError, "volume"),
        ({"class_names": NAMES, "method": "decision_function"}, ValueError, "class_names is for"),
        ({"working_memory": 0}, ValueError, "working_memory"),
        ({"resume": True}, ValueError, "resume=True needs out"),
        ({"scene": "nowhere.tif"}, FileNotFoundError, "nowhere.tif"),
        ({"estimator": LogisticRegression()}, NotFittedError, "not fitted"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(
    model, cube, tmp_path, monkeypatch, arguments, error, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        apply(**{"estimator": model, "scene": cube, **arguments})
    assert not list(tmp_path.iterdir())


class Failing(LogisticRegression):
    """A classifier that fails in its n-th call."""

    calls_left = 3
    error = RuntimeError

    def predict(self, X):
        type(self).calls_left -= 1
        if type(self).calls_left < 0:
            raise self.error("the disk is full")
        return super().predict(X)


@pytest.fixture
def failing(model, monkeypatch):
    monkeypatch.setattr(Failing, "calls_left", 3)
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 4000)
    estimator = Failing()
    vars(estimator).update(vars(model))
    return estimator


@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_former_map_and_nothing_else(
    files, failing, model, out, error, tmp_path, monkeypatch
):
    monkeypatch.setattr(Failing, "error", error)
    apply(model, files["tif"], tmp_path / out, class_names=NAMES)
    before = sorted(os.listdir(tmp_path))
    former = _read(tmp_path / out)
    with pytest.raises(error):
        apply(failing, files["tif"], tmp_path / out, working_memory=1)
    assert sorted(os.listdir(tmp_path)) == before
    np.testing.assert_array_equal(_read(tmp_path / out), former)


def test_what_was_finished_is_not_computed_again(files, failing, expected, tmp_path):
    path = tmp_path / "map.tif"
    with pytest.raises(RuntimeError, match="the disk is full"):
        apply(failing, files["tif"], path, working_memory=1, resume=True)
    assert not path.exists() and (tmp_path / ".map.tif.part").is_dir()
    n_windows = len(list(open_scene(files["tif"]).windows(4000 // (12 * 14 + 2))))
    # The made-up spectra, both blocks that are compared, and what was not finished.
    Failing.calls_left = 1 + 2 + n_windows - 2
    apply(failing, files["tif"], path, working_memory=1, resume=True)
    assert Failing.calls_left == 0
    np.testing.assert_array_equal(_read(path), expected)
    assert os.listdir(tmp_path) == ["map.tif"]


def test_the_work_of_another_model_or_method_is_not_gone_on_with(files, failing, cube, tmp_path):
    arguments = {"scene": files["tif"], "out": tmp_path / "map.npy", "working_memory": 1}
    with pytest.raises(RuntimeError):
        apply(failing, **arguments, resume=True)
    other = LinearDiscriminantAnalysis()
    other.fit(cube.reshape(-1, SHAPE[2]), np.arange(23 * 17) % 3 + 1)
    with pytest.raises(ValueError, match="something else: model"):
        apply(other, **arguments, resume=True)
    with pytest.raises(ValueError, match=r"something else: method predict \(now predict_proba\)"):
        apply(failing, **arguments, resume=True, method="predict_proba")
    assert apply(other, **arguments).exists()  # without resume, from the beginning


SCRIPT = """
import sys
import numpy as np
from sklearn.linear_model import LogisticRegression
import skhyp.scenes
import skhyp.scenes._blocks

skhyp.scenes._blocks._MIB = 4000

class Waiting(LogisticRegression):
    def predict(self, X):
        print("asks", flush=True)
        sys.stdin.readline()  # nothing where nobody answers
        return super().predict(X)

cube = np.load(sys.argv[1])
X = cube.reshape(-1, cube.shape[2])
model = Waiting().fit(X, np.arange(len(X)) % 17 // 6 + 1)
skhyp.scenes.apply(model, sys.argv[1], sys.argv[2], working_memory=1, resume=True)
"""
# A fraction of all, and enough for some blocks to be finished, whatever is tried before the first.
N_ANSWERED = 12


@pytest.fixture
def map_by_a_process(files, start_forked):
    """A function that starts a process which writes a map to a path."""
    return lambda path: start_forked(SCRIPT, files["npy"], path)


@pytest.fixture
def mapped_by_a_process(map_by_a_process):
    """A function that returns how a process ended, what it said, and how much it predicted."""

    def run(path):
        with map_by_a_process(path) as process:
            said, errors = process.communicate()
            return process.returncode, errors, said.count("asks")

    return run


@pytest.fixture
def halfway_through(map_by_a_process):
    """A process that is within a prediction, some before it done; it goes on when it is told to."""

    @contextmanager
    def start(path):
        with map_by_a_process(path) as process:
            for _ in range(N_ANSWERED):
                assert process.stdout.readline() == "asks\n", process.stderr.read()
                process.stdin.write("\n")
                process.stdin.flush()
            assert process.stdout.readline() == "asks\n", process.stderr.read()
            yield process

    return start


def test_a_killed_process_is_gone_on_with_and_gives_the_same_map(
    halfway_through, mapped_by_a_process, tmp_path
):
    with halfway_through(tmp_path / "map.npy"):
        assert not (tmp_path / "map.npy").exists()
    n_predictions = {}
    for name in ("map.npy", "whole.npy"):
        status, errors, n_predictions[name] = mapped_by_a_process(tmp_path / name)
        assert status == 0, errors
    assert n_predictions["map.npy"] < n_predictions["whole.npy"]
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), np.load(tmp_path / "whole.npy"))
    assert sorted(os.listdir(tmp_path)) == ["map.npy", "whole.npy"]


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_two_processes_do_not_mix_one_map(halfway_through, mapped_by_a_process, tmp_path):
    with halfway_through(tmp_path / "map.npy") as first:
        status, errors, _ = mapped_by_a_process(tmp_path / "map.npy")
        assert status == 1 and "Another process is writing this map" in errors
        assert not (tmp_path / "map.npy").exists()
        _, errors = first.communicate()  # which answers nothing any more
        assert first.returncode == 0, errors
    assert os.listdir(tmp_path) == ["map.npy"]


def test_progress_is_shown_where_it_is_asked_for(files, model, capsys):
    apply(model, files["tif"])
    assert capsys.readouterr().err == ""
    apply(model, files["tif"], verbose=1)
    assert "predict of strips.tif" in capsys.readouterr().err


def test_a_scene_is_read_while_the_block_before_is_computed(model, cube, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 4000)
    events, three_are_read = [], threading.Event()

    class Watched(type(open_scene(cube).source)):
        def read(self, window, bands):
            events.append("read")
            if events.count("read") == 3:
                three_are_read.set()
            return super().read(window, bands)

    scene = open_scene(cube)
    object.__setattr__(scene, "source", Watched(**vars(scene.source)))

    class Waiting(LogisticRegression):
        def predict(self, X):
            if "read" in events:  # and not before it, when made-up spectra are tried
                assert three_are_read.wait(300)
                threading.Event().wait(0.02)  # who reads on without end has read more by then
            events.append("computed")
            return super().predict(X)

    waiting = Waiting()
    vars(waiting).update(vars(model))
    apply(waiting, scene, working_memory=1)
    events.remove("computed")  # the made-up spectra
    lead = [events[:i].count("read") - events[:i].count("computed") for i in range(len(events))]
    assert max(lead) == 3, "two blocks wait or are read while one is computed, and no more"


def test_a_data_array_that_is_not_in_chunks_gives_an_array(cube, model, expected):
    np.testing.assert_array_equal(apply(model, data_array(cube)), expected)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # by the test
def test_an_envi_scene_without_coordinates_gives_a_map_without(tmp_path, cube, model, expected):
    path = write_envi(tmp_path / "plain", cube, "bip")
    for out in ("map.tif", "map.hdr", "map.zarr"):
        apply(model, path, tmp_path / out)
        assert open_scene(tmp_path / out).transform is None
        np.testing.assert_array_equal(_read(tmp_path / out), expected)


def test_a_map_never_takes_the_place_of_its_scene(tmp_path, files, model, cube):
    np.save(tmp_path / "scene.npy", cube)
    envi = write_envi(tmp_path / "envi", cube, "bil")
    shutil.copytree(files["zarr 2"], tmp_path / "scene.zarr")
    for scene in (tmp_path / "scene.npy", envi, envi.with_suffix(".img"), tmp_path / "scene.zarr"):
        for out in {scene, *([envi, envi.with_suffix(".img")] if "envi" in scene.name else [])}:
            with pytest.raises((ValueError, FileExistsError), match=r"would (be )?replace"):
                apply(model, scene, out)
        np.testing.assert_array_equal(np.asarray(open_scene(scene)), cube)


def test_a_folder_with_other_files_is_not_replaced(tmp_path, cube, model):
    folder = tmp_path / "results.zarr"
    folder.mkdir()
    apply(model, cube, folder)  # empty: nothing is lost
    apply(model, cube, folder)  # a map of ours
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"no map of skhyp: thesis\.txt"):
        apply(model, cube, folder)
    assert (folder / "thesis.txt").read_text() == "years of work"
    (tmp_path / "file.zarr").write_text("a file")
    with pytest.raises(FileExistsError, match="is a file"):
        apply(model, cube, tmp_path / "file.zarr")


def test_the_header_of_other_data_is_not_replaced(tmp_path, cube, model):
    other = write_envi(tmp_path / "other", cube, "bsq")
    for out in ("other.dat", "other.bil"):
        with pytest.raises(FileExistsError, match="may be the header of another file"):
            apply(model, cube, tmp_path / out)
    (tmp_path / "third.img.hdr").write_text("ENVI")
    with pytest.raises(FileExistsError, match="would be taken for the header"):
        apply(model, cube, tmp_path / "third.hdr")
    np.testing.assert_array_equal(np.asarray(open_scene(other)), cube)


def test_an_ending_in_capitals_stays(tmp_path, cube, model, expected):
    assert apply(model, cube, tmp_path / "MAP.HDR").exists()
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / "MAP.HDR"))[..., 0], expected)


def test_a_margin_without_data_does_not_hide_another_model(tmp_path, failing, files, cube):
    marked = cube.copy()
    marked[:2] = 0
    path = write_geotiff(tmp_path / "scene.tif", marked, nodata=0)
    arguments = {"scene": path, "out": tmp_path / "map.npy", "working_memory": 1, "resume": True}
    Failing.calls_left = 5
    with pytest.raises(RuntimeError, match="the disk is full"):
        apply(failing, **arguments)
    other = LinearDiscriminantAnalysis()
    other.fit(cube.reshape(-1, SHAPE[2]), np.arange(23 * 17) % 3 + 1)
    with pytest.raises(ValueError, match="something else: model"):
        apply(other, **arguments)
    os.utime(path)
    Failing.calls_left = 99
    with pytest.raises(ValueError, match="something else: files"):
        apply(failing, **arguments)


@pytest.mark.parametrize("name", ["finished", "values", "task.json"])
def test_an_unfinished_map_that_is_damaged_is_not_gone_on_with(tmp_path, failing, files, name):
    arguments = {"scene": files["tif"], "out": tmp_path / "map.npy", "working_memory": 1}
    with pytest.raises(RuntimeError):
        apply(failing, **arguments, resume=True)
    damaged = tmp_path / ".map.npy.part" / name
    damaged.write_bytes(damaged.read_bytes()[:2])
    Failing.calls_left = 99
    with pytest.raises(ValueError, match="has an unfinished map of something else"):
        apply(failing, **arguments, resume=True)


@pytest.mark.parametrize("out", ["map.tif", "map.img", "map.zarr", "map.npy"])
@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", ">u2", "uint32", "int64", "uint64", ">f4", "float16"]
)
def test_results_of_any_type_are_written_with_their_nodata(tmp_path, cube, out, dtype):
    floats = cube.astype(np.float32) / 10000 * 100
    floats[4, 5, 6] = np.nan
    if np.dtype(dtype).kind in "iu":  # the ends of the type are results too
        floats[0, 0, :2] = [
            np.iinfo(np.dtype(dtype)).min,
            min(np.iinfo(np.dtype(dtype)).max, 2**20),
        ]
    cast = FunctionTransformer(lambda X: X[:, :2].astype(dtype)).fit(floats.reshape(-1, SHAPE[2]))
    apply(cast, floats, tmp_path / out, method="transform")
    written = open_scene(tmp_path / out)
    values = written.read()
    has_data = np.ones(SHAPE[:2], bool)
    has_data[4, 5] = False
    np.testing.assert_array_equal(values[has_data], floats[..., :2][has_data].astype(dtype))
    if out != "map.npy":
        np.testing.assert_array_equal(values[4, 5].astype(float), written.nodata)
        assert not (values[has_data] == written.nodata).any()


def test_scalings_that_a_flat_spectrum_breaks_are_mapped(cube, labels):
    def standard_normal_variate(X):
        return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)

    pipeline = make_pipeline(FunctionTransformer(standard_normal_variate), LogisticRegression())
    pipeline.fit(cube.reshape(-1, SHAPE[2]), labels.ravel())
    assert (apply(pipeline, cube) > 0).all()
    scaled = make_pipeline(FunctionTransformer(standard_normal_variate))
    assert apply(scaled, cube, method="transform").shape == SHAPE


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [([3301010101, 3301010102, 3301029901], "uint32"), ([-1, 2**40, 5], "int64")],
)
def test_codes_of_a_catalogue_are_labels_too(tmp_path, cube, labels, classes, dtype):
    model = LogisticRegression().fit(
        cube.reshape(-1, SHAPE[2]), np.array(classes)[labels.ravel() - 1]
    )
    for out in ("map.tif", "map.img", "map.zarr"):
        apply(model, cube, tmp_path / out, class_names={label: f"c{label}" for label in classes})
        written = open_scene(tmp_path / out)
        assert written.dtype == dtype and set(np.unique(written.read())) == set(classes)


@CLASSES_TO_0
def test_256_classes_leave_room_for_none(cube):
    X = np.vstack([cube.reshape(-1, SHAPE[2])[:256]] * 2).astype(float)
    model = KNeighborsClassifier(1).fit(X, np.tile(np.arange(256), 2))
    floats = cube.astype(float)
    floats[0, 0] = np.nan
    class_map = apply(model, floats)
    assert class_map.dtype == np.uint16 and class_map[0, 0] == 256
    assert np.count_nonzero(class_map == 256) == 1


@pytest.mark.filterwarnings("ignore:Outlier label")  # of scikit-learn
@pytest.mark.parametrize("outlier", [-1, 300])
def test_labels_that_are_no_classes_are_missing(cube, labels, outlier):
    model = RadiusNeighborsClassifier(1.0, outlier_label=outlier)
    model.fit(cube[:, ::2].reshape(-1, SHAPE[2]), labels[:, ::2].ravel().astype(int))
    class_map = apply(model, cube)
    np.testing.assert_array_equal(class_map[:, ::2], labels[:, ::2])
    assert (class_map[:, 1::2] == 0).all()


def test_envi_does_not_pretend_to_hold_a_sheared_map(tmp_path, cube, model):
    scene = dataclasses.replace(open_scene(cube), transform=(20, -10, 0, 3, -25, 0))
    with pytest.raises(ValueError, match="mirrored or sheared"):
        apply(model, scene, tmp_path / "map.hdr")
    apply(model, scene, tmp_path / "map.tif")
    assert open_scene(tmp_path / "map.tif").transform == scene.transform


def test_coordinates_of_zero_are_coordinates(tmp_path, cube, model):
    scene = dataclasses.replace(open_scene(cube), transform=(1, 0, -0.5, 0, -1, 0.5))
    apply(model, scene, tmp_path / "map.zarr")
    with xarray.open_zarr(tmp_path / "map.zarr", chunks=None) as store:
        np.testing.assert_array_equal(store["x"], np.arange(SHAPE[1]))
        np.testing.assert_array_equal(store["y"], -np.arange(SHAPE[0]))


def test_names_of_classes_come_back_as_they_are_where_they_can(tmp_path, cube, model):
    names = {1: "Corn, no-till", 2: "a = b", 3: "<Größe> & more\n"}
    for out, kept in (("map.tif", True), ("map.zarr", True), ("map.hdr", False)):
        apply(model, cube, tmp_path / out, class_names=names)
        written = open_scene(tmp_path / out).class_names
        assert [written[code].strip() for code in (1, 2, 3)] == (
            [name.strip() for name in names.values()]
            if kept
            else ["Corn_ no-till", "a _ b", "<Größe> & more"]
        )


def test_sparse_results_and_changing_types_are_refused(cube, labels):
    sparse = OneHotEncoder(handle_unknown="ignore").fit(cube.reshape(-1, SHAPE[2]))
    with pytest.raises(ValueError, match="sparse matrix"):
        apply(sparse, cube, method="transform")
    changing = FunctionTransformer(lambda X: X * (0.5 if len(X) > 2 else 1)).fit(cube[0])
    with pytest.raises(ValueError, match="must be of one type"):
        apply(changing, cube, method="transform")


def test_a_former_maps_overviews_and_statistics_go_with_it(tmp_path, cube, model):
    for ending in (".ovr", ".msk", ".aux.xml"):
        (tmp_path / f"map.tif{ending}").write_text("of another map")
    apply(model, cube, tmp_path / "map.tif")
    assert os.listdir(tmp_path) == ["map.tif"]
