"""What the splitters promise holds for any scene: guards, each pixel once, classes apart."""

import re

import numpy as np
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_validate
from sklearn.neighbors import KNeighborsClassifier

from skhyp.datasets import load_indian_pines
from skhyp.model_selection import (
    LeaveOneFieldOut,
    SpatialBlockKFold,
    SpatialShuffleSplit,
    field_numbers,
    leakage_report,
    stratified_pixel_sample,
)


@st.composite
def labelled_scenes(draw):
    """Positions and classes of labelled pixels: fields of several classes, in any order."""
    rows, columns = draw(st.integers(4, 30)), draw(st.integers(4, 30))
    seed = draw(st.integers(0, 2**32 - 1))
    n_classes = draw(st.integers(1, 5))
    rng = np.random.default_rng(seed)
    size = draw(st.integers(1, 8))
    coarse = rng.integers(0, n_classes + 1, (-(-rows // size), -(-columns // size)))
    labels = np.kron(coarse, np.ones((size, size), int))[:rows, :columns]
    labels[rng.integers(rows), rng.integers(columns)] = 1
    positions = rng.permutation(np.argwhere(labels > 0)) + rng.integers(0, 1000, 2)
    origin = positions.min(axis=0) - np.argwhere(labels > 0).min(axis=0)
    y = labels[tuple((positions - origin).T)]
    return positions, y


def _distance(places, others):
    return np.abs(places[:, None] - others[None]).max(axis=2).min(axis=1)


def _splits(splitter, y, positions):
    """Return the splits, or None where the splitter says that there can be none."""
    try:
        return list(splitter.split(y, y, positions))
    except ValueError as error:
        reasons = "too few for|leaves no training pixel|No class has two fields"
        if re.search(reasons, str(error)):
            return None
        raise


@settings(max_examples=150)
@given(
    labelled_scenes(),
    st.integers(2, 6),
    st.integers(1, 9),
    st.integers(0, 4),
    st.integers(0, 99),
)
def test_folds_test_each_pixel_once_and_keep_their_guard(scene, n_splits, block_size, guard, seed):
    positions, y = scene
    folds = SpatialBlockKFold(
        n_splits, block_size=block_size, guard=guard, missing_classes="ignore", random_state=seed
    )
    splits = _splits(folds, y, positions)
    assume(splits is not None)
    tested = np.concatenate([test for _, test in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(y)))
    for train, test in splits:
        assert len(train) and len(test)
        assert _distance(positions[train], positions[test]).min() > guard
        assert leakage_report(train, test, positions).distances.min() > guard
        left_out = np.setdiff1d(np.arange(len(y)), np.concatenate([train, test]))
        if len(left_out):
            assert _distance(positions[left_out], positions[test]).max() <= guard


@settings(max_examples=150)
@given(labelled_scenes(), st.integers(3, 5), st.integers(0, 99))
def test_classes_of_several_blocks_are_never_all_in_one_fold(scene, n_splits, seed):
    positions, y = scene
    size = 3
    folds = SpatialBlockKFold(n_splits, block_size=size, random_state=seed)
    folds.missing_classes = "ignore"
    splits = _splits(folds, y, positions)
    assume(splits is not None)
    fold_of = np.empty(len(y), int)
    for number, (_, test) in enumerate(splits):
        fold_of[test] = number
    offset = np.random.RandomState(seed).randint(size, size=2)
    corners = (positions - positions.min(axis=0) + offset) // size
    for label in np.unique(y):
        n_blocks = len(np.unique(corners[y == label], axis=0))
        assert n_blocks == 1 or len(np.unique(fold_of[y == label])) > 1


@settings(max_examples=100)
@given(
    labelled_scenes(),
    st.floats(0.1, 0.6),
    st.integers(1, 6),
    st.integers(0, 3),
    st.integers(0, 99),
)
def test_splits_at_random_keep_their_guard_and_differ(scene, test_size, block_size, guard, seed):
    positions, y = scene
    splitter = SpatialShuffleSplit(
        3, test_size=test_size, block_size=block_size, guard=guard, missing_classes="ignore",
        random_state=seed,
    )  # fmt: skip
    splits = _splits(splitter, y, positions)
    assume(splits is not None)
    if len(np.unique(positions // 4, axis=0)) > 30 and block_size <= 2:
        assert len({tuple(test) for _, test in splits}) == 3
    for train, test in splits:
        assert len(train) and len(test) and not np.intersect1d(train, test).size
        assert _distance(positions[train], positions[test]).min() > guard


@settings(max_examples=100)
@given(labelled_scenes(), st.integers(0, 3))
def test_a_field_is_tested_as_a_whole_and_nothing_of_it_is_trained_on(scene, guard):
    positions, y = scene
    splitter = LeaveOneFieldOut(guard=guard)
    fields = field_numbers(positions, y)
    splits = _splits(splitter, y, positions)
    assume(splits is not None)
    assert len(splits) == splitter.get_n_splits(y, y, positions)
    for train, test in splits:
        assert len(np.unique(fields[test])) == 1
        assert set(np.flatnonzero(fields == fields[test[0]])) == set(test)
        assert _distance(positions[train], positions[test]).min() > guard


@settings(max_examples=100)
@given(labelled_scenes())
def test_fields_are_connected_and_apart(scene):
    positions, y = scene
    fields = field_numbers(positions, y)
    assert set(fields) == set(range(fields.max() + 1)) and fields[0] == 0
    near = np.abs(positions[:, None] - positions[None]).max(axis=2) <= 1
    alike = y[:, None] == y[None]
    assert (fields[:, None] == fields[None])[near & alike].all()
    assert not (fields[:, None] == fields[None])[~alike].any()
    for field in np.unique(fields):
        members = np.flatnonzero(fields == field)
        reached = {members[0]}
        while more := set(np.flatnonzero(near[list(reached)].any(axis=0) & (fields == field))) - (
            reached
        ):
            reached |= more
        assert reached == set(members)


def test_folds_have_their_share_of_each_class_on_a_real_scene():
    scene = load_indian_pines()
    y = scene.target
    folds = SpatialBlockKFold(5, block_size=5, random_state=0)
    for _, test in folds.split(y, y, scene.positions):
        large = np.bincount(y) > 400
        shares = np.bincount(y[test], minlength=17)[large] / np.bincount(y)[large]
        assert np.all((shares > 0.1) & (shares < 0.3))
        assert abs(len(test) / len(y) - 0.2) < 0.02


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    positions = np.argwhere(np.ones((24, 24)))
    y = 1 + (positions[:, 1] // 6) % 3
    return y[:, None] + rng.normal(scale=0.3, size=(len(y), 4)), y, positions


def test_positions_come_by_groups_at_construction_or_by_routing(scene):
    X, y, positions = scene
    folds = SpatialBlockKFold(3, block_size=4, random_state=0)
    model = LogisticRegression()
    by_groups = cross_validate(model, X, y, cv=folds, groups=positions)["test_score"]
    held = SpatialBlockKFold(3, block_size=4, random_state=0, positions=positions)
    np.testing.assert_array_equal(cross_validate(model, X, y, cv=held)["test_score"], by_groups)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(model, X, y, cv=folds, params={"positions": positions})
        search = GridSearchCV(model, {"C": [1.0]}, cv=folds).fit(X, y, positions=positions)
    np.testing.assert_array_equal(routed["test_score"], by_groups)
    assert search.best_score_ == pytest.approx(by_groups.mean())
    predicted = cross_val_predict(model, X, y, cv=folds, groups=positions)
    assert predicted.shape == y.shape
    search = GridSearchCV(clone(model), {"C": [1.0]}, cv=folds).fit(X, y, groups=positions)
    assert search.best_score_ == pytest.approx(by_groups.mean())


def test_the_same_seed_gives_the_same_folds_and_another_one_others(scene):
    X, y, positions = scene

    def tested(seed):
        folds = SpatialBlockKFold(3, block_size=4, random_state=seed)
        return [test.tolist() for _, test in folds.split(X, y, positions)]

    assert tested(0) == tested(0) != tested(1)


def test_without_classes_blocks_are_dealt_by_their_size(scene):
    X, _, positions = scene
    for y in (None, X[:, 0]):
        sizes = [
            len(test)
            for _, test in SpatialBlockKFold(4, block_size=4, random_state=0).split(X, y, positions)
        ]
        assert max(sizes) - min(sizes) < 40


def test_a_class_that_cannot_be_trained_on_is_an_error_that_says_why(scene):
    X, y, positions = scene
    y = y.copy()
    y[0] = 9
    folds = SpatialBlockKFold(3, block_size=6, random_state=0)
    with pytest.raises(ValueError, match=r"does not train on: \[9\].*too few blocks of 6 x 6"):
        list(folds.split(X, y, positions))
    folds.missing_classes = "warn"
    with pytest.warns(UserWarning, match="does not train on"):
        list(folds.split(X, y, positions))
    folds.missing_classes = "ignore"
    assert len(list(folds.split(X, y, positions))) == 3


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (SpatialBlockKFold(1), "n_splits must be an integer of 2 or more"),
        (SpatialBlockKFold(block_size=0), "block_size must be an integer of 1 or more"),
        (SpatialBlockKFold(guard=-1), "guard must be an integer of 0 or more"),
        (SpatialBlockKFold(guard=1.5), "guard must be an integer"),
        (SpatialBlockKFold(missing_classes="maybe"), "missing_classes must be"),
        (SpatialBlockKFold(block_size=100), r"makes \d blocks? of the pixels, too few for 5 parts"),
        (SpatialBlockKFold(2, guard=50), "guard=50 leaves no training pixel"),
        (SpatialShuffleSplit(test_size=1.2), "test_size must lie between 0 and 1"),
        (SpatialBlockKFold(positions=[[0, 0]]), "one row for each of the 576 samples; got 1"),
    ],
)
def test_parameters_that_make_no_split(scene, splitter, message):
    X, y, positions = scene
    given_already = splitter.positions is not None
    with pytest.raises(ValueError, match=message):
        list(splitter.split(X, y, None if given_already else positions))


def test_positions_are_asked_for(scene):
    X, y, _ = scene
    with pytest.raises(ValueError, match="needs the positions of the pixels"):
        list(SpatialBlockKFold().split(X, y))
    with pytest.raises(ValueError, match="must be integers of shape"):
        list(SpatialBlockKFold().split(X, y, np.arange(len(y))))


def test_a_class_of_one_field_is_never_tested(scene):
    X, _, positions = scene
    y = np.where(positions[:, 1] < 5, 1, np.where(positions[:, 1] > 20, 1, 2))
    tested = [set(y[test]) for _, test in LeaveOneFieldOut().split(X, y, positions)]
    assert tested == [{1}, {1}]
    with pytest.raises(ValueError, match="No class has two fields"):
        list(LeaveOneFieldOut().split(X, np.where(positions[:, 1] < 5, 1, 2), positions))


def test_memorised_neighbours_score_high_at_random_and_low_in_blocks():
    rng = np.random.default_rng(0)
    positions = np.argwhere(np.ones((40, 40)))
    # Classes that have nothing to do with the features but where they lie, which the features tell.
    y = rng.integers(1, 5, (10, 10))[tuple((positions // 4).T)]
    X = positions + rng.normal(scale=0.1, size=positions.shape)
    model = KNeighborsClassifier(1)
    shuffled = StratifiedKFold(5, shuffle=True, random_state=0)
    at_random = cross_validate(model, X, y, cv=shuffled)["test_score"].mean()
    folds = SpatialBlockKFold(5, block_size=4, guard=2, random_state=0)
    folds.missing_classes = "ignore"
    in_blocks = cross_validate(model, X, y, cv=folds, groups=positions)["test_score"].mean()
    assert at_random > 0.7 and in_blocks < at_random - 0.2


@pytest.mark.parametrize("as_mask", [False, True])
def test_leakage_counts_the_test_pixels_that_are_near(as_mask):
    positions = np.array([[0, 0], [0, 1], [1, 1], [0, 4], [9, 9]])
    train, test = np.array([0]), np.array([1, 2, 3, 4])
    if as_mask:
        train, test = (np.isin(np.arange(5), side) for side in (train, test))
    report = leakage_report(train, test, positions, radii=(1, 4))
    assert report.distances.tolist() == [1, 1, 4, 9]
    assert report.shares == {1: 0.5, 4: 0.75}
    assert "50.0% of 4 test pixels are within 1 pixel of" in str(report)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [], [[0, 0]]), "test must have one pixel or more"),
        (([0], [5], [[0, 0], [1, 1]]), "test must have indices from 0 to 1"),
        (([0.5], [1], [[0, 0], [1, 1]]), "train must be indices or a mask"),
        (([True], [1], [[0, 0], [1, 1]]), "train as a mask must have one entry"),
    ],
)
def test_leakage_of_what_is_not_there(arguments, message):
    with pytest.raises(ValueError, match=message):
        leakage_report(*arguments)


@settings(max_examples=60)
@given(labelled_scenes(), st.integers(1, 40), st.floats(0.1, 1), st.integers(0, 99))
def test_samples_have_as_many_of_each_class_and_leave_the_rest(scene, n_per_class, share, seed):
    _, y = scene
    drawn = stratified_pixel_sample(y, n_per_class, max_share=share, random_state=seed)
    assert (np.diff(drawn) > 0).all()
    for label in np.unique(y):
        n_members = np.count_nonzero(y == label)
        assert np.count_nonzero(y[drawn] == label) == max(
            1, min(n_per_class, int(share * n_members))
        )


def test_inputs_that_do_not_fit_are_said_so(scene):
    X, y, positions = scene
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        list(SpatialBlockKFold().split(X, y[:5], positions))
    with pytest.raises(ValueError, match="one sample or more"):
        list(SpatialBlockKFold().split(X[:0], y[:0], positions[:0]))
    with pytest.raises(ValueError, match="radii must be integers"):
        leakage_report([0], [1], [[0, 0], [1, 1]], radii=[1.5])


def test_pixels_of_several_scenes_at_the_same_positions_are_told_of(scene):
    _, y, positions = scene
    twice, labels = np.vstack([positions, positions]), np.r_[y, y]
    splitter = SpatialBlockKFold(3, block_size=4, missing_classes="ignore", random_state=0)
    with pytest.warns(UserWarning, match=rf"{len(y)} of {2 * len(y)} positions are those of ano"):
        next(splitter.split(labels, labels, twice))
    apart = np.vstack([positions, np.add(positions, [1000, 0])])
    assert list(splitter.split(labels, labels, apart))
