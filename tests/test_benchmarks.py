"""The benchmark of accuracies compares what it says it compares."""

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
