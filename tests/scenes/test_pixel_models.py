"""Labels of any kind become numbers of a map, none of which is taken for missing."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from skhyp.scenes import apply, open_scene
from skhyp.scenes._class_labels import missing_label

pytestmark = pytest.mark.filterwarnings("ignore:The model has the class")


class _Nearest(ClassifierMixin, BaseEstimator):
    """Gives any labels that there are, as classifiers of others may."""

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        return self

    def predict(self, X):
        distances = ((np.asarray(X, float)[:, np.newaxis] - self.X_) ** 2).sum(axis=2)
        return self.y_[distances.argmin(axis=1)]


@pytest.mark.parametrize(
    ("classes", "missing"),
    [
        ([0, -(2**63), 2**63 - 1], 1),
        ([0, -(2**62), 1], 2),  # 1 less would be rounded to it in a file
        ([0, 1, 2**63 - 1], 2),
        ([0, -5, 7], -6),
        ([1, -(2**63), 2**63 - 1], 0),
    ],
)
def test_no_label_is_none_of_the_classes_up_to_both_ends_of_64_bits(tmp_path, classes, missing):
    X = np.arange(9.0).reshape(3, 3)
    scene = np.concatenate([X, [[np.nan] * 3]])[np.newaxis]
    model = _Nearest().fit(X, np.array(classes))
    assert apply(model, scene).tolist() == [[*classes, missing]]
    for out in ("map.tif", "map.zarr"):
        written = open_scene(apply(model, scene, tmp_path / out))
        assert written.read()[0, :, 0].tolist() == [*classes, missing]
        assert written.nodata == missing


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([1e20, 2e20, 3.0], [2, 3, 1]),  # numbered, for no type of integers holds them
        ([2.0**63, 0.0, 1.0], [3, 1, 2]),
        ([np.inf, 0.0, 1.0], [3, 1, 2]),
        ([-(2.0**63), 2.0**53, 1.0], [-(2**63), 2**53, 1]),
    ],
)
def test_whole_numbers_beyond_64_bits_are_labels_like_any_other(classes, expected):
    X = np.arange(9.0).reshape(3, 3)
    model = _Nearest().fit(X, np.array(classes))
    assert apply(model, X[np.newaxis]).tolist() == [expected]


def test_labels_that_no_signed_integer_holds_are_refused_before_any_work():
    X = np.arange(9.0).reshape(3, 3)
    model = _Nearest().fit(X, np.array([0, 2**63, 2**64 - 1], np.uint64))
    with pytest.raises(ValueError, match=r"within -2\*\*63 to 2\*\*63 - 1; got 0 to 184467"):
        apply(model, X[np.newaxis])


def test_a_type_without_a_number_left_has_no_missing_label():
    assert missing_label(np.array([0, -128, 127], np.int8)) == 1
    assert missing_label(np.array([0, 1, 3], np.uint8)) == 2
    for classes in (np.arange(256, dtype=np.uint8), np.array([False, True])):
        with pytest.raises(ValueError, match="none is left"):
            missing_label(classes)


@pytest.mark.parametrize(
    ("classes", "class_names", "warned"),
    [
        ([0, 1, 2], None, "0"),
        ([0.0, 1.0, 2.0], None, "0"),
        ([-1, 1, 2], None, "-1"),
        ([0, 1, 2], ["Unlabelled", "Corn", "Woods"], "0"),
        ([0, 1, 2], ["Soil", "Corn", "Woods"], None),
        ([0, 1, 2], {0: "Soil", 1: "Corn", 2: "Woods"}, None),
        ([1, 2, 3], None, None),
        ([0, 1], None, None),  # one class, and all that is not
        (["a", "b", "c"], None, None),
    ],
)
def test_a_class_that_label_maps_have_for_no_class_is_warned_of(classes, class_names, warned):
    X = np.arange(3.0 * len(classes)).reshape(-1, 3)
    model = _Nearest().fit(X, np.array(classes))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        apply(model, X[np.newaxis], class_names=class_names)
        apply(model, X[np.newaxis], class_names=class_names, method="predict")
        found = [str(warning.message).split(",")[0] for warning in caught]
    assert found == ([] if warned is None else 2 * [f"The model has the class {warned}"])
    assert all(warning.filename == __file__ for warning in caught)


def test_the_mend_of_a_background_class_followed_to_the_letter_maps_without_it():
    X = np.arange(12.0).reshape(4, 3)
    y = np.array([0, 1, 2, 3])
    with pytest.warns(UserWarning, match=r"fit without them: X\[y > 0\], y\[y > 0\]\."):
        apply(_Nearest().fit(X, y), X[np.newaxis])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        class_map = apply(_Nearest().fit(X[y > 0], y[y > 0]), X[np.newaxis])
    assert class_map.tolist() == [[1, 1, 2, 3]]
