"""The shipped scene is the published one, to the last bit."""

import hashlib
import sys
from importlib.resources import files

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from skhyp.datasets import load_indian_pines
from skhyp.scenes import to_map

# Counted in the published label map and split, class 1 first.
CLASS_COUNTS = [46, 1428, 830, 237, 483, 730, 28, 478, 20, 972, 2455, 593, 205, 1265, 386, 93]
TRAIN_COUNTS = [21, 753, 426, 138, 209, 376, 16, 228, 10, 469, 1390, 311, 125, 720, 287, 49]


@pytest.fixture(scope="module")
def scene():
    return load_indian_pines()


def _sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_the_cube_the_labels_and_the_split_are_the_published_ones(scene):
    assert scene.cube.shape == (145, 145, 200) and scene.cube.dtype == np.uint16
    assert scene.cube.flags.c_contiguous
    assert (scene.cube.min(), scene.cube.max()) == (955, 9604)
    assert _sha256(scene.cube.astype("<u2")) == (
        "36468dd7336c8bd37a80cced54362ea426f226703f3797ba494556fd8134e77f"
    )
    assert scene.labels.dtype == np.uint8
    assert _sha256(scene.labels) == (
        "ebf20cfe0bce98f01885f0ab4fd1857925db3ef0a1f1624bbee3ffcb92425103"
    )
    assert _sha256(scene.train_mask) == (
        "b2fa41cc8b26f3357bab58c2c4ef46c216dd5d4a7f6f91e2bdadf17516fda683"
    )


def test_classes_are_counted_from_one_and_named_by_their_label(scene):
    np.testing.assert_array_equal(np.bincount(scene.labels.ravel()), [10776, *CLASS_COUNTS])
    np.testing.assert_array_equal(np.bincount(scene.target)[1:], CLASS_COUNTS)
    assert len(scene.class_names) == 17 and len(scene.target_names) == 16
    assert scene.class_names[0] == "Unlabelled"
    assert scene.class_names[9] == scene.target_names[8] == "Oats"
    assert scene.class_names[scene.labels].shape == (145, 145)


def test_the_rows_are_the_labelled_pixels_in_the_order_of_the_scene(scene):
    assert scene.data.shape == (10249, 200) and scene.data.dtype == np.uint16
    assert scene.target.dtype == np.int64
    np.testing.assert_array_equal(scene.cube[tuple(scene.positions.T)], scene.data)
    np.testing.assert_array_equal(
        to_map(scene.target, scene.cube.shape, positions=scene.positions), scene.labels
    )


def test_the_split_is_disjoint_and_complete_and_holds_every_class_on_both_sides(scene):
    assert not np.any(scene.train_mask & scene.test_mask)
    np.testing.assert_array_equal(scene.train_mask | scene.test_mask, scene.labels > 0)
    np.testing.assert_array_equal(scene.train, ~scene.test)
    np.testing.assert_array_equal(scene.train, scene.train_mask[tuple(scene.positions.T)])
    assert (scene.train.sum(), scene.test.sum()) == (5528, 4721)
    np.testing.assert_array_equal(np.bincount(scene.target[scene.train])[1:], TRAIN_COUNTS)
    assert np.bincount(scene.target[scene.test])[1:].min() == 10


def test_a_sixth_of_the_test_pixels_touch_a_training_pixel_as_documented(scene):
    padded = np.pad(scene.train_mask, 1)
    shifts = [(row, column) for row in range(3) for column in range(3)]
    near = np.any(
        [padded[row : row + 145, column : column + 145] for row, column in shifts], axis=0
    )
    assert np.count_nonzero(near & scene.test_mask) == 734


def test_wavelengths_name_the_bands_and_are_not_sorted(scene):
    assert scene.wavelengths.shape == scene.fwhm.shape == (200,)
    assert scene.wavelengths[[0, -1]].tolist() == [400.02, 2489.11]
    np.testing.assert_array_equal(np.flatnonzero(np.diff(scene.wavelengths) < 0), [30, 93])
    assert np.all((scene.fwhm > 8) & (scene.fwhm < 15))
    assert len(set(scene.feature_names)) == 200
    assert scene.feature_names[0] == "400.02 nm"
    named = [float(name.removesuffix(" nm")) for name in scene.feature_names]
    np.testing.assert_array_equal(named, scene.wavelengths)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_a_subset_is_one_side_of_the_split(scene, subset):
    part = load_indian_pines(subset=subset)
    np.testing.assert_array_equal(part.data, scene.data[scene[subset]])
    np.testing.assert_array_equal(part.target, scene.target[scene[subset]])
    np.testing.assert_array_equal(part.positions, scene.positions[scene[subset]])
    assert part[subset].all() and len(part[subset]) == len(part.data)
    np.testing.assert_array_equal(part.labels, scene.labels)


def test_only_data_and_target_come_when_asked_for(scene):
    X, y = load_indian_pines(return_X_y=True)
    np.testing.assert_array_equal(X, scene.data)
    np.testing.assert_array_equal(y, scene.target)


def test_frames_carry_the_wavelengths_as_column_names(scene):
    pandas = pytest.importorskip("pandas")
    framed = load_indian_pines(as_frame=True)
    assert scene.frame is None
    assert list(framed.data.columns) == scene.feature_names
    assert isinstance(framed.target, pandas.Series) and framed.target.name == "target"
    assert list(framed.frame.columns) == [*scene.feature_names, "target"]
    np.testing.assert_array_equal(framed.data.to_numpy(), scene.data)
    X, y = load_indian_pines(return_X_y=True, as_frame=True, subset="test")
    assert X.shape == (4721, 200) and y.shape == (4721,)
    assert set(X.dtypes) == {np.dtype(np.uint16)}


def test_without_pandas_only_frames_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"load_indian_pines with as_frame=True requires pandas"):
        load_indian_pines(as_frame=True)
    assert load_indian_pines().frame is None


def test_every_load_is_a_fresh_copy(scene):
    other = load_indian_pines()
    other.cube[:] = 0
    other.labels[:] = 0
    assert load_indian_pines().cube.min() == scene.cube.min() == 955


def test_the_licence_travels_with_the_data(scene):
    for needed in ("CC BY 3.0", "doi:10.4231/R7RX991C", "Baumgardner", "What was changed"):
        assert needed in scene.DESCR


def test_the_data_file_stays_small_and_needs_no_pickle():
    path = files("skhyp.datasets") / "data" / "indian_pines.npz"
    assert len(path.read_bytes()) < 6e6
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        assert all(stored[name].dtype.kind in "buf" for name in stored)


def test_options_that_do_not_exist_are_refused_by_name():
    with pytest.raises(ValueError, match="The 'subset' parameter"):
        load_indian_pines(subset="validation")


def test_a_classifier_learns_from_one_side_and_holds_on_the_other():
    X, y = load_indian_pines(return_X_y=True, subset="train")
    X_test, y_test = load_indian_pines(return_X_y=True, subset="test")
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X.astype(float), y)
    assert model.score(X_test.astype(float), y_test) > 0.7
