"""An array that knows the wavelengths of its bands, and never knows wrong ones."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.utils import resample, shuffle

from skhyp.scenes import open_scene, unroll
from skhyp.spectra import Spectra

WAVELENGTHS = np.array([400.0, 500, 650, 600, 800, 900])
ROWS = np.array([True, False, True, False])
BANDS = np.array([False, True, True, False, False, True])
TWO = np.array([2, 0])
ALL = slice(None)


@pytest.fixture
def X():
    return Spectra(np.arange(24.0).reshape(4, 6), WAVELENGTHS)


@pytest.fixture
def cube():
    return Spectra(np.arange(120.0).reshape(4, 5, 6), WAVELENGTHS)


KEYS = [
    *(0, np.int64(1), slice(1, 3), ROWS, TWO, [0, 1], range(2), pd.Series(ROWS), True, None, ...),
    *((ALL, 2), (ALL, TWO), (ALL, BANDS), (ALL, slice(None, None, -1)), (ALL, [1, 2]), (0, 0)),
    *((0, TWO), (0, slice(2, 4)), (ROWS, slice(1, 3)), (ROWS,), (TWO, TWO), (TWO, None)),
    *(np.ix_(TWO, [3, 1]), np.ix_(ROWS, BANDS), (..., TWO), (..., None), (..., BANDS)),
    *((None, ..., slice(2, 4)), (ALL, None, TWO), (TWO, ...), (ALL, slice(1, 3), ...), (0, None)),
    *((ALL, slice(2, 5), None), (np.array([[0], [1]]), TWO), np.array([[0, 1], [2, 3]])),
    *((ALL, np.array([[0, 1], [2, 3]])), np.arange(24).reshape(4, 6) > 5),
]
KEYS_OF_CUBES = [
    *((0, ALL, TWO), (TWO, ALL, TWO), (ALL, ALL, TWO), (ALL, ALL, BANDS), np.ones((4, 5), bool)),
    *((0, 1), (TWO, TWO), (TWO, TWO, slice(1, 3)), (TWO, TWO, TWO), (ALL, 0, TWO), (TWO, ALL, 0)),
    *(np.ix_(TWO, [0], [1, 2]), (0, ..., TWO), (TWO, None, slice(0, 2)), (ALL, TWO, [1, 2])),
    *((TWO, ..., slice(3, 1, -1)), (ALL, np.ones((5, 6), bool)), (0, 0, slice(2, 4))),
]


@pytest.mark.parametrize("key", KEYS + KEYS_OF_CUBES, ids=repr)
def test_an_index_gives_the_wavelengths_of_what_it_takes_or_none(X, cube, key):
    spectra = X if any(key is each for each in KEYS) else cube
    part = spectra[key]
    np.testing.assert_array_equal(part, np.asarray(spectra)[key])
    if isinstance(part, Spectra):
        of_each_value = np.broadcast_to(WAVELENGTHS, spectra.shape)[key]
        np.testing.assert_array_equal(of_each_value, np.broadcast_to(part.wavelengths, part.shape))


@pytest.mark.parametrize(
    "key",
    [0, ROWS, TWO, [0, 1], (TWO, ...), (ALL, BANDS), (ALL, TWO), (0, slice(2, 4)), (..., TWO)],
)
def test_rows_and_bands_that_are_taken_out_keep_their_wavelengths(X, key):
    assert X[key].wavelengths is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda X: X / 10, WAVELENGTHS),
        (lambda X: 1 - X, WAVELENGTHS),
        (lambda X: X / X[:, [3]], WAVELENGTHS),
        (lambda X: X - X.mean(axis=0), WAVELENGTHS),
        (lambda X: np.sqrt(X), WAVELENGTHS),
        (lambda X: X.astype("float32"), WAVELENGTHS),
        (lambda X: X.copy(), WAVELENGTHS),
        (lambda X: np.clip(X, 0, 3), WAVELENGTHS),
        (lambda X: X.clip(0, 3), WAVELENGTHS),
        (lambda X: np.concatenate([X, X[:2]]), WAVELENGTHS),
        (lambda X: np.vstack([X, X]), WAVELENGTHS),
        (lambda X: np.array_split(X, 2)[1], WAVELENGTHS),
        (lambda X: np.delete(X, 0, axis=0), WAVELENGTHS),
        (lambda X: np.take(X, TWO, axis=0), WAVELENGTHS),
        (lambda X: X.reshape(2, 2, 6), WAVELENGTHS),
        (lambda X: np.reshape(X, (2, 2, -1)), WAVELENGTHS),
        (lambda X: X + Spectra(np.ones(6), WAVELENGTHS + 0.4), WAVELENGTHS),
        (lambda X: X + Spectra(np.ones(6), WAVELENGTHS + 0.6), None),
        (lambda X: X.T, None),
        (lambda X: X.transpose(), None),
        (lambda X: X.reshape(6, 4), None),
        (lambda X: X.reshape(4, 6, order="F"), None),
        (lambda X: np.flip(X, axis=1), None),
        (lambda X: np.flip(X), None),
        (lambda X: np.roll(X, 1), None),
        (lambda X: np.roll(X, 1, axis=1), None),
        (lambda X: np.sort(X), None),
        (lambda X: np.take(X, [1, 0, 2, 3, 4, 5], axis=1), None),
        (lambda X: X.take([1, 0, 2, 3, 4, 5], axis=1), None),
        (lambda X: np.concatenate([X[:, 3:], X[:, :3]], axis=1), None),
        (lambda X: np.split(X.reshape(2, 2, 6), 2, axis=1)[0].T, None),
        (lambda X: np.concatenate([X, np.ones((1, 6))]), None),
        (lambda X: X @ np.eye(6), None),
        (lambda X: X.dot(np.eye(6)), None),
        (lambda X: X.mean(axis=0), None),
        (lambda X: X.cumsum(axis=1), None),
        (lambda X: X.std(axis=0), None),
        (lambda X: X.argmax(axis=1), None),
        (lambda X: X.argsort(), None),
        (lambda X: X > 3, None),
        (lambda X: np.multiply.outer(X[0], X[0]), None),
        (lambda X: np.array(X), None),
    ],
)
def test_what_moves_or_mixes_bands_gives_a_plain_array(X, change, expected):
    result, of_array = change(X), change(np.asarray(X))
    np.testing.assert_array_equal(result, of_array)
    if expected is None:
        assert type(result) is np.ndarray
    else:
        np.testing.assert_array_equal(result.wavelengths, expected)
        assert result.dtype == of_array.dtype


def test_what_is_changed_in_place_is_forgotten_where_bands_move(X):
    X += 1
    X[0] = 7
    assert X.wavelengths is not None
    resized, sorted_, written = X.copy(), X.copy(), X.copy()
    resized.shape = (6, 4)
    sorted_.sort(axis=1)
    np.add(np.ones((4, 6)), 1, out=written)
    assert resized.wavelengths is sorted_.wavelengths is written.wavelengths is None
    assert X.view().wavelengths is None


def test_copies_pickles_and_files_keep_the_wavelengths(X, tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    for again in (
        copy.copy(X),
        copy.deepcopy([X])[0],
        *(pickle.loads(pickle.dumps(X, protocol)) for protocol in (2, 5)),
        joblib.load(tmp_path / "X.joblib"),
        joblib.load(tmp_path / "X.joblib", mmap_mode="r"),
    ):
        assert type(again) is Spectra
        np.testing.assert_array_equal(again, X)
        np.testing.assert_array_equal(again.wavelengths, WAVELENGTHS)
        assert not again.wavelengths.flags.writeable


WAYS_TO_TAKE = [
    lambda X, rows, bands: X[:, bands],
    lambda X, rows, bands: X[rows][..., bands],
    lambda X, rows, bands: X[np.ix_(np.arange(len(X))[rows], np.arange(X.shape[1])[bands])],
    lambda X, rows, bands: pickle.loads(pickle.dumps(X[:, bands].astype("float32"))),
    lambda X, rows, bands: np.concatenate([X, X[:1]])[:, bands] + 0,
]


@pytest.mark.parametrize("seed", range(20))
def test_bands_of_the_source_are_those_of_the_wavelengths_however_often_it_is_indexed(seed):
    rng = np.random.default_rng(seed)
    # Some share a wavelength, and two detectors overlap: by their values they cannot be told.
    of_source = np.r_[np.linspace(400, 700, 12), np.linspace(670, 900, 6).repeat(2)]
    spectra = Spectra(np.broadcast_to(np.arange(24.0), (6, 24)), of_source)
    for _ in range(4):
        n_rows, n_bands = spectra.shape
        rows = [slice(None), rng.integers(0, n_rows, 6), rng.permutation(n_rows) > 0][
            rng.integers(3)
        ]
        bands = [
            slice(*np.sort(rng.integers(-1, n_bands, 2))),
            slice(None, None, rng.choice([-1, 2])),
            rng.random(n_bands) < 0.8,
            rng.integers(-n_bands, n_bands, n_bands),
            rng.permutation(n_bands).tolist(),
        ][rng.integers(5)]
        changed = WAYS_TO_TAKE[rng.integers(5)](spectra, rows, bands)
        if 0 in changed.shape:
            continue
        spectra = changed
        np.testing.assert_array_equal(spectra.source_bands, np.asarray(spectra)[0])
        np.testing.assert_array_equal(spectra.wavelengths, of_source[spectra.source_bands])
        assert not spectra.source_bands.flags.writeable


@pytest.mark.parametrize("method", ["__call__", "concatenate"])
def test_spectra_of_other_sources_are_one_of_their_own_together(X, method):
    twice = Spectra(np.ones((4, 12)), WAVELENGTHS.repeat(2))
    first, second = twice[:, ::2], twice[:, 1::2]
    together = np.add if method == "__call__" else lambda *parts: np.concatenate(parts)
    assert together(first, first).source_bands.tolist() == [0, 2, 4, 6, 8, 10]
    mixed = together(first, second)
    assert mixed.source_bands.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(mixed.wavelengths, WAVELENGTHS)
    assert (first / first[:, [1]]).source_bands.tolist() == [0, 2, 4, 6, 8, 10]
    assert (first - np.asarray(second)).source_bands.tolist() == [0, 2, 4, 6, 8, 10]
    assert first.view().source_bands is None


class _Asks(ClassifierMixin, BaseEstimator):
    """Right about all spectra if it was given their wavelengths to fit and to predict."""

    def __init__(self, parameter=0):
        self.parameter = parameter

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.wavelengths_ = X.wavelengths
        return self

    def score(self, X, y):
        return float(np.array_equal(X.wavelengths, self.wavelengths_))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_splitters_and_searches_keep_the_wavelengths(n_jobs):
    X, y = Spectra(np.ones((12, 6)), WAVELENGTHS), np.tile([1, 2], 6)
    for part in (*train_test_split(X), *train_test_split(X, stratify=y), resample(X), shuffle(X)):
        np.testing.assert_array_equal(part.wavelengths, WAVELENGTHS)
    with joblib.parallel_config("threading"):
        assert cross_val_score(_Asks(), X, y, cv=3, n_jobs=n_jobs).tolist() == [1, 1, 1]
        search = GridSearchCV(_Asks(), {"parameter": [0, 1]}, cv=2, n_jobs=n_jobs).fit(X, y)
    assert search.best_estimator_.wavelengths_ is not None


TURNED = slice(None, None, -1)
WRITES = {
    "all": lambda X, turned: X.__setitem__(slice(None), turned),
    "two bands": lambda X, turned: X.__setitem__((slice(None), [0, 1]), X[:, [1, 0]]),
    "a row": lambda X, turned: X.__setitem__(0, turned[0]),
    "copyto": lambda X, turned: np.copyto(X, turned),
    "copyto, by keywords": lambda X, turned: np.copyto(src=turned, dst=X),
    "putmask": lambda X, turned: np.putmask(X, np.asarray(X) > 3, turned),
    "put_along_axis": lambda X, turned: np.put_along_axis(X, np.full((len(X), 1), 2), 0, axis=1),
    "take": lambda X, turned: np.take(np.asarray(X).copy(), [1, 0, 2, 3, 4, 5], axis=1, out=X),
    "concatenate": lambda X, turned: np.concatenate([turned[:, :2], X[:, 2:]], axis=1, out=X),
    "take, a method": lambda X, turned: turned.take([5, 4, 3, 2, 1, 0], axis=1, out=X),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_spectra_in_which_other_bands_are_written_know_none(X, write):
    X = X.copy()
    write(X, X[:, TURNED].copy())
    assert X.wavelengths is None


def test_spectra_are_written_to_without_a_loss_of_their_wavelengths(X):
    X = X.copy()
    X[X > 20] = 0
    X[0] = X[1]
    X[:, 2:4] = X[:, 2:4] * 2
    X[:, 3] = X[:, 4]
    X[:, 2:3] = X[:, 4:5]
    np.copyto(X, 0, where=np.asarray(X) < 2)
    np.clip(X, 0, 5, out=X)
    np.testing.assert_array_equal(X.wavelengths, WAVELENGTHS)


def test_joining_spectra_of_other_wavelengths_is_warned_of(X):
    with pytest.warns(UserWarning, match=r"different wavelengths are joined \(400 to 900 nm and"):
        joined = np.concatenate([X, Spectra(np.ones((2, 6)), WAVELENGTHS + 5)])
    assert type(joined) is np.ndarray


def test_wavelengths_have_to_fit_and_cannot_be_written_to(X):
    with pytest.raises(ValueError, match="one entry for each of the 6 bands"):
        Spectra(np.ones((2, 6)), WAVELENGTHS[:5])
    with pytest.raises(ValueError, match="along its last axis"):
        Spectra(1.0, [400])
    with pytest.raises(ValueError, match="read-only"):
        X.wavelengths[0] = 1
    own = WAVELENGTHS.copy()
    spectra = Spectra(np.ones((2, 6)), own)
    own[0] = 1
    assert spectra.wavelengths[0] == 400


def test_the_text_says_what_it_is(X):
    assert repr(X[:1, :2]) == "<Spectra of 2 bands, 400 to 500 nm>\narray([[0., 1.]])"
    assert repr(X[:1, :1]).startswith("<Spectra of 1 band, 400 to 400 nm>")
    assert str(X[:1, :2]) == "[[0. 1.]]"
    assert repr(X[:1, :2].view()) == "array([[0., 1.]])"


def test_what_a_scene_gives_knows_its_wavelengths(cube):
    scene = open_scene(np.asarray(cube), wavelengths=WAVELENGTHS)
    for spectra in (scene.read(), scene.spectra_at([[0, 1], [2, 2]]), unroll(scene), unroll(cube)):
        np.testing.assert_array_equal(spectra.wavelengths, WAVELENGTHS)
    part = scene.read(rows=slice(0, 2), bands=[3, 1])
    assert part.wavelengths.tolist() == [600, 500]
    assert part.source_bands.tolist() == open_scene(part).source_bands.tolist() == [3, 1]
    assert unroll(open_scene(part[..., [1]])).source_bands.tolist() == [1]
    assert scene.spectra_at([[0, 1]], bands=BANDS).wavelengths.tolist() == [500, 650, 900]
    np.testing.assert_array_equal(open_scene(scene.read()).wavelengths, WAVELENGTHS)
    assert type(np.asarray(scene)) is type(open_scene(np.asarray(cube)).read()) is np.ndarray


def test_an_image_of_xarray_is_unrolled_by_the_names_of_its_axes(cube):
    array = open_scene(np.asarray(cube), wavelengths=WAVELENGTHS).to_xarray()
    rows = unroll(array.transpose("band", "y", "x"))
    np.testing.assert_array_equal(rows, unroll(cube))
    np.testing.assert_array_equal(rows.wavelengths, WAVELENGTHS)


@pytest.fixture
def stored(tmp_path):
    """Spectra as they are stored in a file."""
    np.save(tmp_path / "cube.npy", np.arange(120, dtype=np.uint16).reshape(4, 5, 6))
    scene = open_scene(tmp_path / "cube.npy", wavelengths=WAVELENGTHS)
    return scene.spectra_at([[0, 0], [1, 2], [3, 4]])


@pytest.mark.parametrize(
    "taken",
    [
        lambda X: X[1:],
        lambda X: X[:, [0, 2]],
        lambda X: X.astype(np.float32),
        lambda X: X.copy(),
        lambda X: X.reshape(3, 1, 6),
        lambda X: np.concatenate([X, X[:1]]),
        lambda X: np.delete(X, 1, axis=0),
        lambda X: pickle.loads(pickle.dumps(X)),
        lambda X: train_test_split(X, random_state=0)[0],
    ],
)
def test_numbers_that_are_taken_are_as_stored(stored, taken):
    assert stored.numbers == "as stored"
    assert taken(stored).numbers == "as stored"


@pytest.mark.parametrize(
    "computed",
    [
        lambda X: X / 10_000,
        lambda X: 1e-4 * X,
        lambda X: np.log1p(X),
        lambda X: X.astype(float).__itruediv__(10),
        lambda X: np.clip(X, 1, 9),
        lambda X: np.concatenate([X, X / 2]),
        lambda X: (X / 10)[1:],
    ],
)
def test_numbers_that_are_made_of_stored_ones_are_computed(stored, computed):
    assert computed(stored).numbers == "computed"
    assert computed(Spectra(np.ones((3, 6)), WAVELENGTHS)).numbers is None  # of unknown ones


@pytest.mark.parametrize(
    "write",
    [
        lambda X: X.__setitem__(slice(None), np.asarray(X) // 2),
        lambda X: X.__setitem__(0, 0),
        lambda X: X.__imul__(2),
        lambda X: np.copyto(X, np.asarray(X) // 2),
        lambda X: np.multiply(X, 2, out=X),
        lambda X: np.clip(X, 1, 9, out=X),
    ],
)
def test_numbers_that_are_written_to_are_not_as_stored(stored, write):
    write(stored)
    assert stored.numbers == "computed"
