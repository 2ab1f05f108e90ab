"""The strength of smoothing is the one that folds in space find best, and none where it harms."""

import re

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import LeaveOneGroupOut

from skhyp.model_selection import SmoothingChoice, SpatialBlockKFold, choose_smoothing
from skhyp.scenes import ClassSmoothing, apply, labelled_pixels, open_scene

FOLDS = SpatialBlockKFold(2, block_size=8, guard=1, random_state=0)
SHAPE = (32, 40, 5)


def _scene(fields, seed=0):
    """Return spectra of fields with noise, and labels of one pixel in eight."""
    rng = np.random.default_rng(seed)
    cube = fields[..., np.newaxis] + rng.normal(scale=1.0, size=SHAPE)
    return cube, np.where(rng.uniform(size=SHAPE[:2]) < 0.12, fields, 0)


@pytest.fixture(scope="module")
def fields():
    columns = np.where(np.arange(SHAPE[1]) // 10 % 2 == 0, 1, 2)
    return columns * np.ones((SHAPE[0], 1), int)


@pytest.fixture(scope="module")
def scene(fields):
    return _scene(fields)


@pytest.fixture(scope="module")
def choice(scene):
    cube, labels = scene
    return choose_smoothing(
        LogisticRegression(), cube, *labelled_pixels(cube, labels), strengths=[16, 4], cv=FOLDS
    )


def test_fields_are_smoothed_and_the_map_gets_better(scene, fields, choice):
    cube, labels = scene
    assert choice.smoothing.strength == 16 and choice.strengths.tolist() == [0, 4, 16]
    assert (np.diff(choice.log_loss) < 0).all() and (np.diff(choice.accuracy) > 0).all()
    X, y, _ = labelled_pixels(cube, labels)
    model = LogisticRegression().fit(X, y)
    wrong = [
        (apply(model, cube, smoothing=smoothing) != fields).mean()
        for smoothing in (None, choice.smoothing)
    ]
    assert wrong[1] < wrong[0] / 2


def test_a_scene_without_fields_is_left_as_it_is():
    mixed = np.random.default_rng(2).integers(1, 3, SHAPE[:2])
    cube, labels = _scene(mixed)
    smoothing = ClassSmoothing.for_scene(cube, strength=1, contrast=np.inf)
    choice = choose_smoothing(
        LogisticRegression(), cube, *labelled_pixels(cube, labels), smoothing=smoothing, cv=FOLDS
    )
    assert choice.smoothing.strength == 0 and choice.strengths.tolist() == [0, 1, 2, 4, 8, 16, 32]
    assert choice.smoothing.contrast == np.inf
    class_map = apply(model := LogisticRegression().fit(*labelled_pixels(cube, labels)[:2]), cube)
    np.testing.assert_array_equal(apply(model, cube, smoothing=choice.smoothing), class_map)


@pytest.mark.parametrize("n_pixels", [300, 10_000])
def test_scores_are_those_of_smoothed_maps_at_the_test_pixels(scene, choice, n_pixels, monkeypatch):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", n_pixels * 500)
    cube, labels = scene
    X, y, positions = labelled_pixels(cube, labels)
    again = choose_smoothing(
        LogisticRegression(), cube, X, y, positions, strengths=[4, 16], cv=FOLDS, working_memory=1
    )
    n_test = [len(test) for _, test in FOLDS.split(X, y, positions)]
    for found in (choice, again):
        for fold, (train, test) in enumerate(FOLDS.split(X, y, positions)):
            model = LogisticRegression().fit(X[train], y[train])
            for number, strength in enumerate([0, 4, 16]):
                smoothing = ClassSmoothing.for_scene(cube, strength=strength)
                scores = apply(model, cube, method="predict_proba", smoothing=smoothing)
                at_test = scores[tuple(positions[test].T)]
                assert found.log_losses[fold, number] == pytest.approx(log_loss(y[test], at_test))
                accuracy = accuracy_score(y[test], 1 + at_test.argmax(axis=1))
                assert found.accuracies[fold, number] == accuracy
        assert found.accuracy == pytest.approx(np.average(found.accuracies, axis=0, weights=n_test))
        assert found.log_loss == pytest.approx(np.average(found.log_losses, axis=0, weights=n_test))


def test_the_lowest_of_strengths_that_chance_may_tell_apart_is_chosen(scene):
    cube, labels = scene
    X, y, positions = labelled_pixels(cube, labels)
    choice = choose_smoothing(
        LogisticRegression(), cube, X, y, positions, strengths=[15.9, 16, 16.1], cv=FOLDS
    )
    assert np.argmin(choice.log_loss) == 3 and choice.smoothing.strength == 15.9
    error = choice.standard_error
    assert error[3] == 0 and (error[:3] > 0).all()


def test_the_table_is_told_in_words(choice):
    lines = str(choice).splitlines()
    assert isinstance(choice, SmoothingChoice) and len(lines) == 4
    assert lines[0].split() == ["strength", "log", "loss", "beyond", "the", "least", "accuracy"]
    assert [line.endswith("chosen") for line in lines[1:]] == [False, False, True]
    assert re.match(r"SmoothingChoice\(smoothing=ClassSmoothing\(strength=16", repr(choice))


def test_labels_may_be_strings_and_spectra_a_data_frame(scene, choice):
    pandas = pytest.importorskip("pandas")
    cube, labels = scene
    X, y, positions = labelled_pixels(cube, labels)
    names = pandas.Series(np.where(y == 1, "corn", "soil"))
    frame = pandas.DataFrame(X, columns=[f"band {number}" for number in range(SHAPE[2])])
    named = choose_smoothing(
        LogisticRegression(), cube, frame, names, positions, strengths=[4, 16], cv=FOLDS
    )
    np.testing.assert_allclose(named.log_losses, choice.log_losses, rtol=1e-6)


def test_the_estimator_stays_as_it_is_and_files_are_read(scene, choice, tmp_path):
    cube, labels = scene
    np.save(tmp_path / "cube.npy", cube)
    estimator = LogisticRegression()
    found = choose_smoothing(
        estimator,
        tmp_path / "cube.npy",
        *labelled_pixels(tmp_path / "cube.npy", labels),
        strengths=(4, 16),
        cv=FOLDS,
    )
    assert not hasattr(estimator, "coef_")
    np.testing.assert_array_equal(found.log_losses, choice.log_losses)


def test_pixels_of_classes_that_were_not_learned_count_as_errors_alone(scene, fields):
    cube, labels = scene
    X, y, positions = labelled_pixels(cube, labels)
    groups = np.digitize(positions[:, 1], [14, 28])
    y = np.where(groups == 2, np.where(y == 1, 5, y), y)

    class Thirds:
        def split(self, X, y, positions):
            return LeaveOneGroupOut().split(X, y, np.digitize(positions[:, 1], [14, 28]))

    choice = choose_smoothing(LinearDiscriminantAnalysis(), cube, X, y, positions, cv=Thirds())
    model = LinearDiscriminantAnalysis().fit(X[groups != 2], y[groups != 2])
    known = (groups == 2) & (y != 5)
    expected = log_loss(y[known], model.predict_proba(X[known]), labels=[1, 2])
    assert choice.log_losses[2, 0] == pytest.approx(expected)
    assert choice.accuracies[2, 0] == (model.predict(X[groups == 2]) == y[groups == 2]).mean()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": RidgeClassifier()}, "must be a classifier with predict_proba; RidgeClass"),
        ({"strengths": [1, -2]}, "strength must be a number of 0 or more; got -2"),
        ({"positions": [[0, 0]]}, "one row for each of"),
        ({"scene": np.ones((40, 40, 5))}, "No two neighbouring pixels"),
        ({"smoothing": 3}, "smoothing must be a ClassSmoothing, .* or None; got 3"),
        ({"cv": 5}, "cv must be a splitter, of pixels by their places"),
        ({"cv": SpatialBlockKFold(2, block_size=1000, random_state=0)}, "too few for 2 parts"),
    ],
)
def test_what_cannot_be_scored_is_refused(scene, changes, message):
    cube, labels = scene
    names = ("scene", "X", "y", "positions")
    given = dict(zip(names, (cube, *labelled_pixels(cube, labels)), strict=True))
    with pytest.raises(ValueError, match=message):
        choose_smoothing(**{"estimator": LogisticRegression(), "cv": FOLDS, **given, **changes})


def test_a_test_pixel_without_data_is_named(scene):
    cube, labels = scene
    X, y, positions = labelled_pixels(cube, labels)
    holed = cube.copy()
    holed[tuple(positions[7])] = np.nan
    with pytest.raises(ValueError, match=re.escape(f"such as {positions[7].tolist()}.")):
        choose_smoothing(LogisticRegression(), open_scene(holed), X, y, positions, cv=FOLDS)
