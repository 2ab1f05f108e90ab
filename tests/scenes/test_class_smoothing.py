"""Smoothed maps lose their pepper and keep their edges, to the same bits however they are cut."""

import dataclasses
import math

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skhyp import SpectralCNNClassifier
from skhyp.scenes import ClassSmoothing, apply, open_scene
from skhyp.scenes._windows import windows_with_halo
from skhyp.scenes.maps._drafts import Draft

from .conftest import BANDS_BY_NUMBER

SHAPE = (31, 26, 4)
EDGE = 13


class Nearness(ClassifierMixin, BaseEstimator):
    """A classifier whose numbers do not hang on how many rows it is given, as those of BLAS do."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        self.means_ = [X[y == label].mean(axis=0).tolist() for label in self.classes_]
        return self

    def predict_proba(self, X):
        likeness = np.empty((len(X), len(self.classes_)))
        for number, mean in enumerate(self.means_):
            squares = np.zeros(len(X))
            for band, value in enumerate(mean):
                squares += (X[:, band].astype(float) - value) ** 2
            likeness[:, number] = 1 / (1e-9 + squares)
        total = np.zeros(len(X))
        for column in likeness.T:
            total += column
        return likeness / total[:, np.newaxis]

    def predict(self, X, copy=False):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.fixture(scope="module")
def fields():
    return np.where(np.arange(SHAPE[1]) < EDGE, 3, 7) * np.ones((SHAPE[0], 1), int)


@pytest.fixture(scope="module")
def cube(fields):
    """Two fields that differ in every band, with noise by which single pixels are mistaken."""
    noise = np.random.default_rng(0).normal(scale=0.5, size=SHAPE)
    return (fields[..., np.newaxis] - 5) / 4 + noise


@pytest.fixture(scope="module")
def model(cube, fields):
    return Nearness().fit(cube.reshape(-1, SHAPE[2]), fields.ravel())


@pytest.fixture(scope="module")
def smoothing(cube):
    return ClassSmoothing.for_scene(cube, strength=6.0, contrast=1.0)


@pytest.fixture(scope="module")
def expected(model, cube, smoothing):
    return apply(model, cube, method="predict_proba", smoothing=smoothing)


def in_words(cube, probabilities, smoothing):
    """Return what the formula of the documentation gives, pixel by pixel."""
    rows, columns, _ = cube.shape
    result = probabilities
    steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    whole = sum(1 / math.hypot(*step) for step in steps)
    for _ in range(smoothing.n_iterations):
        before, result = result, np.empty_like(probabilities)
        for row in range(rows):
            for column in range(columns):
                total, weight = probabilities[row, column].copy(), 1.0
                for down, right in steps:
                    there = row + down, column + right
                    if not (0 <= there[0] < rows and 0 <= there[1] < columns):
                        continue
                    differences = (cube[there] - cube[row, column]) / smoothing.band_differences
                    distance = math.sqrt(np.mean(differences**2))
                    pull = smoothing.strength / math.hypot(down, right) / whole
                    pull *= math.exp(-(distance**2) / (2 * smoothing.contrast**2))
                    total += pull * before[there]
                    weight += pull
                result[row, column] = total / weight
    return result


def test_probabilities_are_those_of_the_formula(model, cube, smoothing, expected):
    given = apply(model, cube, method="predict_proba")
    np.testing.assert_allclose(expected, in_words(cube, given, smoothing), rtol=1e-12)
    np.testing.assert_allclose(expected.sum(axis=2), 1, rtol=1e-12)


def test_pepper_goes_and_the_edge_stays(model, cube, fields, smoothing):
    plain, smooth = apply(model, cube), apply(model, cube, smoothing=smoothing)
    assert (plain != fields).sum() == 15 and (smooth != fields).sum() == 0
    without_edges = dataclasses.replace(smoothing, contrast=np.inf, strength=1000, n_iterations=30)
    edgeless = apply(model, cube, method="predict_proba", smoothing=without_edges)[..., 1]
    kept = apply(
        model, cube, method="predict_proba", smoothing=dataclasses.replace(smoothing, contrast=0.2)
    )[..., 1]
    across = [np.diff(values[:, [EDGE - 1, EDGE]]).mean() for values in (edgeless, kept)]
    assert across[0] < 0.1 < 0.3 < across[1]


def test_a_single_pixel_of_another_kind_stays_where_its_spectrum_is_one_of_that_kind(fields):
    rng = np.random.default_rng(1)
    cube = fields[..., np.newaxis] + rng.normal(scale=0.01, size=SHAPE)
    cube[10, 4] = 7
    model = Nearness().fit(cube.reshape(-1, SHAPE[2]), fields.ravel())
    smoothing = ClassSmoothing.for_scene(cube, strength=100)
    assert apply(model, cube, smoothing=smoothing)[10, 4] == 7


def test_classes_are_those_of_the_greatest_probability(model, cube, smoothing, expected):
    class_map = apply(model, cube, smoothing=smoothing)
    assert class_map.dtype == np.uint8
    np.testing.assert_array_equal(class_map, np.array([3, 7])[expected.argmax(axis=2)])


@pytest.mark.parametrize("n_pixels", [130, 169, 300, 450, 806])
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_map_is_the_same_to_the_bit_however_the_scene_is_cut(
    model, cube, smoothing, expected, n_pixels, method, monkeypatch
):
    whole = apply(model, cube, method=method, smoothing=smoothing)
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", n_pixels * _pixel_bytes(method))
    read = []

    class Watched(type(open_scene(cube).source)):
        def read(self, window, bands):
            read.append(window.n_pixels)
            return super().read(window, bands)

    scene = open_scene(cube)
    object.__setattr__(scene, "source", Watched(**vars(scene.source)))
    cut = apply(model, scene, method=method, smoothing=smoothing, working_memory=1)
    np.testing.assert_array_equal(cut, whole)
    assert max(read) <= n_pixels and (n_pixels == 806) == (len(read) == 1)


def _pixel_bytes(method):
    """Return what a pixel of the scene takes while it is computed, smoothing included."""
    results = 1 if method == "predict" else 2 * 8
    return SHAPE[2] * (3 * 8 + 8) + 2 * results + 8 * (5 * 2 + 16)


def test_memory_that_does_not_hold_the_neighbours_is_an_error(model, cube, smoothing, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 10 * _pixel_bytes("predict"))
    with pytest.raises(ValueError, match="working_memory must be 13 MiB or more for a pixel with"):
        apply(model, cube, smoothing=smoothing, working_memory=12)
    apply(model, cube, smoothing=smoothing, working_memory=13)


@pytest.mark.parametrize("tile", [(1, 26), (31, 26), (8, 8), (16, 5)])
def test_tiles_of_a_file_make_no_difference(model, cube, smoothing, expected, tile, monkeypatch):
    scene = open_scene(cube)
    object.__setattr__(scene, "source", dataclasses.replace(scene.source, tile=tile))
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 400 * _pixel_bytes("predict_proba"))
    cut = apply(model, scene, method="predict_proba", smoothing=smoothing, working_memory=1)
    np.testing.assert_array_equal(cut, expected)


@pytest.mark.parametrize("working_memory", [1, 2, 5])
def test_a_network_gives_the_same_bits_too(cube, fields, smoothing, working_memory, monkeypatch):
    network = SpectralCNNClassifier(
        n_filters=(2,), kernel_sizes=3, dense_layer_sizes=(4,), max_epochs=2, random_state=0
    ).fit(cube.reshape(-1, SHAPE[2]), fields.ravel())
    whole = apply(network, cube, method="predict_proba", smoothing=smoothing)
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 150 * _pixel_bytes("predict_proba"))
    cut = apply(
        network,
        cube,
        method="predict_proba",
        smoothing=smoothing,
        working_memory=working_memory,
    )
    np.testing.assert_array_equal(cut, whole)


@settings(max_examples=200)
@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    tile=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    max_pixels=st.integers(1, 7000),
    halo=st.integers(1, 20),
)
def test_windows_with_a_halo_cover_a_scene_once_within_memory(shape, tile, max_pixels, halo):
    windows = windows_with_halo(shape, tile, max_pixels, halo)
    if not windows:
        assert max_pixels < (2 * halo + 1) ** 2
        return
    times = np.zeros(shape, int)
    for window in windows:
        wider = window.widened(halo, shape)
        assert wider.n_pixels <= max_pixels
        times[window] += 1
        assert times[wider][window.within(wider)].shape == window.shape
    assert (times == 1).all()


@pytest.mark.parametrize("chunks", [(31, 26), (16, 13), (6, 26), (31, 5), (3, 2), (1, 26)])
def test_chunks_of_dask_give_the_same_bits(model, cube, smoothing, expected, chunks, tmp_path):
    array = xarray.DataArray(cube, dims=("y", "x", "band"))
    array = array.chunk({"y": chunks[0], "x": chunks[1], "band": 3})
    lazy = apply(model, array, method="predict_proba", smoothing=smoothing)
    assert min(lazy.chunks[0][:-1] + lazy.chunks[1][:-1], default=5) >= 5
    np.testing.assert_array_equal(lazy.values, expected)
    apply(model, array, tmp_path / "map.npy", smoothing=smoothing)
    np.testing.assert_array_equal(
        np.load(tmp_path / "map.npy"), apply(model, cube, smoothing=smoothing)
    )


def test_a_map_is_gone_on_with_if_the_smoothing_is_the_same(
    model, cube, smoothing, expected, tmp_path, monkeypatch
):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 300 * _pixel_bytes("predict_proba"))
    np.save(tmp_path / "cube.npy", cube)
    arguments = (model, tmp_path / "cube.npy", tmp_path / "map.npy")
    options = {"method": "predict_proba", "working_memory": 1, "resume": True}
    write, written = Draft.write, []

    def failing(draft, number, values):
        if number == 2:
            raise RuntimeError("the disk is full")
        write(draft, number, values)

    with monkeypatch.context() as context:
        context.setattr(Draft, "write", failing)
        with pytest.raises(RuntimeError, match="the disk is full"):
            apply(*arguments, smoothing=smoothing, **options)
    for other in (
        None,
        dataclasses.replace(smoothing, strength=1),
        dataclasses.replace(smoothing, contrast=2),
        dataclasses.replace(smoothing, n_iterations=4),
        dataclasses.replace(smoothing, band_differences=[1.0] * 4),
    ):
        with pytest.raises(ValueError, match=r"something else: .*smoothing"):
            apply(*arguments, smoothing=other, **options)
    monkeypatch.setattr(Draft, "write", lambda *called: (written.append(called[1]), write(*called)))
    same = ClassSmoothing.for_scene(tmp_path / "cube.npy", strength=6, contrast=1)
    apply(*arguments, smoothing=same, **options)
    assert written[0] == 2
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)


def test_without_strength_the_map_is_the_one_without_smoothing(model, cube):
    nothing = ClassSmoothing.for_scene(cube, strength=0)
    for method in ("predict", "predict_proba"):
        np.testing.assert_array_equal(
            apply(model, cube, method=method, smoothing=nothing), apply(model, cube, method=method)
        )


def test_pixels_without_data_get_no_class_and_draw_nobody(model, cube, smoothing):
    holed, filled = cube.copy(), cube.copy()
    holed[5, 3:9] = holed[20, 0, 1] = np.nan
    has_data = ~np.isnan(holed).any(axis=2)
    class_map = apply(model, holed, smoothing=smoothing)
    np.testing.assert_array_equal(class_map == 0, ~has_data)
    scores = apply(model, holed, method="predict_proba", smoothing=smoothing)
    np.testing.assert_array_equal(np.isnan(scores).all(axis=2), ~has_data)
    assert np.isfinite(scores[has_data]).all()
    filled[~has_data] = 1e6
    marked = open_scene(filled, nodata=1e6)
    np.testing.assert_array_equal(
        apply(model, marked, method="predict_proba", smoothing=smoothing), scores
    )


@pytest.mark.parametrize("contrast", [1e-200, 1e200, np.inf])
def test_any_contrast_keeps_missing_pixels_out(model, cube, smoothing, contrast):
    holed = cube.copy()
    holed[5, 3:9] = np.nan
    chosen = dataclasses.replace(smoothing, contrast=contrast)
    scores = apply(model, holed, method="predict_proba", smoothing=chosen)
    given = apply(model, holed, method="predict_proba")
    assert np.isnan(scores[5, 3:9]).all() and np.isfinite(scores).sum() == 2 * (31 * 26 - 6)
    assert np.array_equal(scores, given, equal_nan=True) == (contrast < 1)


def test_numbers_at_the_ends_of_their_range_are_far_from_others(fields, smoothing):
    extreme = np.ones(SHAPE)
    extreme[4, 5], extreme[9, 9] = 1e308, -1e308
    tiny = dataclasses.replace(smoothing, band_differences=[1e-5] * 4)
    model = GaussianNB().fit([[1.0] * 4, [2.0] * 4, [1.5] * 4, [2.5] * 4], [3, 7, 3, 7])
    with np.errstate(all="ignore"):
        given = apply(model, extreme, method="predict_proba")
    told = np.isfinite(given).all(axis=2)
    with np.errstate(all="ignore"):
        scores = apply(model, extreme, method="predict_proba", smoothing=tiny)
    np.testing.assert_allclose(scores[told], given[told], rtol=1e-12)


def test_a_hole_around_a_pixel_leaves_it_to_itself(model, cube, smoothing):
    alone = cube.copy()
    alone[9:12, 9:12] = np.nan
    alone[10, 10] = cube[10, 10]
    scores = [
        apply(model, alone, method="predict_proba", smoothing=chosen)
        for chosen in (None, smoothing)
    ]
    np.testing.assert_array_equal(scores[1][10, 10], scores[0][10, 10])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_scenes_of_few_pixels_are_smoothed_too(model, cube, smoothing, shape):
    small = cube[: shape[0], : shape[1]]
    scores = apply(model, small, method="predict_proba", smoothing=smoothing)
    given = apply(model, small, method="predict_proba")
    np.testing.assert_allclose(scores, in_words(small, given, smoothing), rtol=1e-12)
    array = xarray.DataArray(small, dims=("y", "x", "band")).chunk({"y": 1, "x": 1})
    np.testing.assert_array_equal(
        apply(model, array, method="predict_proba", smoothing=smoothing).values, scores
    )


def test_the_unit_of_the_spectra_does_not_matter(cube, fields, smoothing, expected):
    scaled = (1e4 * (cube + 5)).astype(np.float64)
    model = Nearness().fit(scaled.reshape(-1, SHAPE[2]), fields.ravel())
    again = ClassSmoothing.for_scene(scaled, strength=6.0, contrast=1.0)
    scores = apply(model, scaled, method="predict_proba", smoothing=again)
    np.testing.assert_allclose(scores, expected, rtol=0.03)  # medians fall into bins


@pytest.mark.parametrize("n_values", [4, 40, 1000])
def test_what_neighbours_differ_by_does_not_hang_on_blocks(cube, smoothing, n_values, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._neighbours._VALUES_AT_ONCE", n_values)
    again = ClassSmoothing.for_scene(cube, strength=1)
    np.testing.assert_array_equal(again.band_differences, smoothing.band_differences)


def test_typical_neighbours_are_at_a_distance_of_one(cube, smoothing):
    squares = [
        np.mean((np.diff(cube, axis=axis) / smoothing.band_differences) ** 2, axis=2).ravel()
        for axis in (0, 1)
    ]
    assert math.sqrt(np.median(np.concatenate(squares))) == pytest.approx(1, rel=0.01)


def test_bands_that_do_not_change_or_that_the_model_does_not_see_do_not_count(cube, fields):
    wide = np.concatenate([cube, np.ones((*SHAPE[:2], 1)), 1e3 * cube[::-1, :, :1]], axis=2)
    scene = open_scene(wide, good_bands=[1, 1, 1, 1, 1, 0])
    smoothing = ClassSmoothing.for_scene(scene, strength=6, contrast=1)
    assert np.isnan(smoothing.band_differences).tolist() == [False] * 4 + [True] * 2
    model = Nearness().fit(wide[..., :5].reshape(-1, 5), fields.ravel())
    narrow = dataclasses.replace(smoothing, band_differences=smoothing.band_differences[:5])
    np.testing.assert_array_equal(
        apply(model, scene, smoothing=smoothing), apply(model, wide[..., :5], smoothing=narrow)
    )
    chosen = ClassSmoothing.for_scene(wide, strength=6, bands=[4, 5])
    with pytest.raises(ValueError, match="band_differences are NaN in all of them"):
        apply(model, scene, smoothing=chosen)


def test_pixels_for_which_the_estimator_gives_no_class_stay_without(cube, fields):
    odd = cube.copy()
    odd[3, 3] = 1e3
    model = RadiusNeighborsClassifier(radius=1.0, outlier_label=-1)
    model.fit(cube.reshape(-1, SHAPE[2]), fields.ravel())
    smoothing = ClassSmoothing.for_scene(odd, strength=6, contrast=1)
    with pytest.warns(UserWarning, match="will be assigned with 0"):
        class_map = apply(model, odd, smoothing=smoothing)
    assert class_map[3, 3] == 0 and (class_map == 0).sum() == 1


def test_pipelines_and_labels_that_are_strings_are_smoothed(cube, fields):
    X, smoothing = (
        cube.reshape(-1, SHAPE[2]),
        ClassSmoothing.for_scene(cube, strength=6, contrast=1),
    )
    numbered = LogisticRegression().fit(X, fields.ravel())
    named = make_pipeline(FunctionTransformer(), LogisticRegression())
    named.fit(X, np.where(fields == 3, "corn", "grass").ravel())
    class_map = apply(named, cube, smoothing=smoothing)
    expected = apply(numbered, cube, smoothing=smoothing)
    np.testing.assert_array_equal(class_map, np.where(expected == 3, 1, 2))


@BANDS_BY_NUMBER
def test_what_is_no_probability_of_one_class_is_refused(model, cube, fields, smoothing):
    X, y = cube.reshape(-1, SHAPE[2]), fields.ravel()
    where = "smoothing is for method='predict' and method='predict_proba' of a classifier"
    for estimator, method in (
        (LinearRegression().fit(X, y), "predict"),
        (PCA(2).fit(X), "transform"),
        (LogisticRegression().fit(X, y), "decision_function"),
        (LogisticRegression().fit(X, y), "predict_log_proba"),
        (RidgeClassifier().fit(X, y), "predict"),
    ):
        with pytest.raises(ValueError, match=where):
            apply(estimator, cube, method=method, smoothing=smoothing)
    several = MLPClassifier((2,), max_iter=1000, tol=1, random_state=0)
    several.fit(X, np.column_stack([y == 3, y == 7, y > 0]).astype(int))
    with pytest.raises(ValueError, match=f"{where}|of which one is right"):
        apply(several, cube, method="predict_proba", smoothing=smoothing)
    with pytest.raises(ValueError, match="method_params must be None"):
        apply(model, cube, method_params={"copy": True}, smoothing=smoothing)
    with pytest.raises(ValueError, match="of a scene with the same bands: it has 4"):
        apply(Nearness().fit(X[:, :3], y), cube[..., :3], smoothing=smoothing)
    known = dataclasses.replace(smoothing, wavelengths=[450, 550, 650, 850])
    with pytest.raises(ValueError, match="knows band 2 at 650 nm, which lies at 660 nm in"):
        apply(model, open_scene(cube, wavelengths=[450, 550.4, 660, 850]), smoothing=known)
    with pytest.raises(ValueError, match="'smoothing' parameter"):
        apply(model, cube, smoothing=2.0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strength": -1}, "strength must be a number of 0 or more; got -1"),
        ({"strength": np.nan}, "strength must be a number of 0 or more; got nan"),
        ({"strength": np.inf}, "strength must be a number of 0 or more; got inf"),
        ({"strength": True}, "strength must be a number of 0 or more; got True"),
        ({"contrast": 0}, "contrast must be a number above 0; got 0"),
        ({"contrast": "high"}, "contrast must be a number above 0; got 'high'"),
        ({"n_iterations": 0}, "n_iterations must be an integer of 1 or more; got 0"),
        ({"n_iterations": 2.0}, "n_iterations must be an integer of 1 or more; got 2.0"),
        ({"band_differences": [1.0, 0.0]}, "band_differences must have a number above 0"),
        ({"band_differences": [np.nan]}, "and not NaN alone"),
        ({"wavelengths": [450.0]}, "wavelengths must have one entry for each of the 2"),
        ({"band_differences": 1.0}, "band_differences must have a number above 0"),
    ],
)
def test_what_is_no_smoothing_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        ClassSmoothing(**{"strength": 1, "band_differences": [1.0, np.nan], **parameters})


def test_a_smoothing_knows_the_wavelengths_of_its_scene(cube):
    scene = open_scene(cube, wavelengths=[450, 550, 650, 850])
    smoothing = ClassSmoothing.for_scene(scene, strength=1)
    assert smoothing.wavelengths.tolist() == [450, 550, 650, 850]
    assert ClassSmoothing.for_scene(cube, strength=1).wavelengths is None


def test_a_scene_in_which_nothing_differs_teaches_nothing():
    for scene in (np.ones((5, 5, 3)), np.ones((1, 1, 3)), np.full((5, 5, 3), np.nan)):
        with pytest.raises(ValueError, match="No two neighbouring pixels of"):
            ClassSmoothing.for_scene(scene, strength=1)
