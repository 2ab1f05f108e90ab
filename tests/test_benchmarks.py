"""The benchmarks of accuracies compare what they say they compare."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier


@pytest.fixture(scope="module")
def accuracy():
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import accuracy

        yield accuracy
    finally:
        sys.path.remove(folder)


def test_as_many_pixels_of_each_class_are_drawn_and_half_of_a_small_class(accuracy):
    y = np.repeat([1, 2, 3], [500, 100, 30])
    drawn = accuracy.draw_pixels(y, 50, seed=0)
    assert np.bincount(y[drawn]).tolist() == [0, 50, 50, 15]
    assert np.array_equal(drawn, accuracy.draw_pixels(y, 50, seed=0))
    assert not np.array_equal(drawn, accuracy.draw_pixels(y, 50, seed=1))


def test_fields_are_halved_across_their_longer_side(accuracy):
    labels = np.zeros((6, 10), int)
    labels[1:3, 0:8] = 4
    labels[4, 9] = 4
    first, second = (accuracy.halves_of_fields(labels, half) for half in (0, 1))
    assert np.array_equal(first | second, labels > 0) and not (first & second).any()
    assert np.array_equal(np.flatnonzero(first[1]), np.arange(4))


def test_validation_stays_within_the_drawn_pixels(accuracy):
    rng = np.random.default_rng(0)
    y = np.repeat([1, 2], 400)
    X = rng.integers(0, 1000, (800, 5))
    X[:, 0] = np.arange(800)
    tasks = [task for task in accuracy.validation_tasks({"scene": (X, y)}) if "scene" in task[0]]
    assert len(tasks) == 20
    for name, seed, (X_train, y_train, X_test, _) in tasks:
        drawn = set(np.flatnonzero(accuracy.draw_pixels(y, 50, seed)).tolist())
        used = [*X_train[:, 0].tolist(), *X_test[:, 0].tolist()]
        assert len(used) == len(set(used)) == 100 and set(used) == drawn
        assert np.bincount(y_train).tolist() == [0, *([10, 10] if "10 a" in name else [40, 40])]


def test_methods_take_turns_and_their_means_are_written(accuracy, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.repeat([1, 2], 50)
    X = rng.normal(size=(100, 4)) + y[:, None]
    draws = [("task", seed, (X[seed::2], y[seed::2], X, y)) for seed in range(2)]
    methods = {f"{k} neighbours": lambda seed, k=k: KNeighborsClassifier(k) for k in (1, 5)}
    records = accuracy.compare(iter(draws), methods)
    assert [record["method"] for record in records] == [*methods, *methods]
    monkeypatch.setattr(accuracy, "RESULTS", tmp_path)
    accuracy.write(records, "small")
    mean = 100 * np.mean([r["overall accuracy"] for r in records[::2]])
    written = (tmp_path / "small.md").read_text()
    assert f"{mean:.1f} ± " in written.partition("| overall accuracy, % |")[2].splitlines()[2]
    rows = [line for line in written.splitlines() if line.startswith("| task |")]
    assert len(rows) == 3 and all("**" in row for row in rows)
    assert (tmp_path / "small.json").exists()


@pytest.fixture
def few_labels(monkeypatch):
    """The benchmark of few labels, imported without its settings of threads."""
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    for name in (*libraries, "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "1")  # what is set in importing is taken back afterwards
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import few_labels

    return few_labels


def test_few_labels_of_each_class_train_and_blocks_are_apart(few_labels):
    positions = np.argwhere(np.ones((48, 48), bool))
    y = 1 + (positions[:, 0] // 6 + positions[:, 1] // 6) % 3
    y[::50] = 0
    scene = few_labels.PlacedPixels(np.zeros((len(y), 2)), y, positions)
    tasks = dict(few_labels.tasks(scene, 0))
    assert list(tasks) == [f"{n} a class" for n in few_labels.SIZES] + ["guarded blocks"]
    ((train, test),) = tasks["10 a class"]
    assert np.bincount(y[train]).tolist() == [0, 10, 10, 10]
    assert not set(train) & set(test)
    assert len(train) + len(test) == np.count_nonzero(y)
    blocks = tasks["guarded blocks"]
    assert len(blocks) == 2
    for train, test in blocks:
        assert np.bincount(y[train]).max() <= few_labels.MOST_IN_BLOCKS
        apart = np.abs(positions[train][:, None] - positions[test]).max(axis=2)
        assert apart.min() > few_labels.GUARD
    assert sorted(np.concatenate([test for _, test in blocks])) == np.flatnonzero(y).tolist()


def test_few_labels_are_compared_with_the_best_classical_method_of_the_row(few_labels):
    names = [*few_labels.ALONE, *few_labels.WITH_SCENE, *few_labels.IN_SCENE]
    names += [f"{name}{end}" for name in few_labels.classical_methods() for end in ("", ", SNV")]
    rows = [
        {
            **{"task": "meadow, 5 a class", "method": name, "draw": draw},
            **dict.fromkeys(few_labels.MEASURES, 50.0 + 2 * number + draw),
            **{"fit seconds": 1.0, "predict seconds": 0.5},
        }
        for number, name in enumerate(names)
        for draw in (0, 1)
    ]
    machine = {"processor": "abacus", "cores": 1, "system": "wood"}
    text = few_labels.report({"machine": machine, "skhyp": "0", "rows": rows})
    best, first = names[-1], 50.5
    assert f"| meadow, 5 a class | {first:.1f} |" in text
    assert f"**{first + 2 * (len(names) - 1):.1f}**" in text
    assert f"| meadow, 5 a class | {best} | {-2.0 * (len(names) - 1):+.1f} ± 0.0 |" in text


def test_tiles_are_put_into_one_image_with_nothing_between(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    from labelled_scenes import TILE_DISTANCE, PlacedPixels
    from smoothing import GAP, as_image

    tile = np.argwhere(np.ones((3, 4), bool))[:-1]  # a pixel has no data
    positions = np.concatenate([tile, tile + np.array([TILE_DISTANCE, 0])])
    X = np.arange(2.0 * len(positions)).reshape(-1, 2)
    cube, labels = as_image(PlacedPixels(X, np.arange(len(X)), positions))
    assert cube.shape == (6 + GAP, 4, 2) and labels.shape == cube.shape[:2]
    np.testing.assert_array_equal(cube[~np.isnan(cube).any(axis=2)], X)
    np.testing.assert_array_equal(labels[labels > 0], np.arange(1, len(X)))


def test_other_light_is_darker_and_of_families_that_training_does_not_draw(accuracy):
    import light

    from skhyp.spectra import Spectra

    wavelengths = np.linspace(400, 2400, 30)
    X = Spectra(np.ones((200, 30), np.float32), wavelengths)
    assert light.in_light(X, "full light", seed=0) is X
    half, shadow = (
        np.asarray(light.in_light(X, name, seed=0)) for name in ("half light", "shadow")
    )
    assert half.min() >= 0.1 and half.max() < 1
    assert (np.diff(shadow, axis=1) < 0).all() and shadow.max() < 1
    np.testing.assert_array_equal(shadow, np.asarray(light.in_light(X, "shadow", seed=0)))
    relative = wavelengths / 550
    curves = np.stack([relative**power for power in (-4.0, -1.3, 0.0)], axis=1)
    rho = shadow / (1 - shadow)
    residual = rho.T - curves @ np.linalg.lstsq(curves, rho.T, rcond=None)[0]
    assert np.abs(residual).max(axis=0).mean() > 1e-3
