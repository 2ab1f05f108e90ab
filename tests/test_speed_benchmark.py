"""The benchmark of speed runs its contenders in processes and reports all that happens to them."""

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

FAILING = """
import os
from task import Prepared

def min_max(task):
    def run():
        raise ValueError("this one crashes")
    return Prepared(run)

def vanish(task):
    print("last words", flush=True)
    os._exit(3)
"""


@pytest.fixture(scope="module")
def benchmarks():
    """The folder of the benchmarks is on the path."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@pytest.fixture
def small_run(benchmarks, tmp_path, monkeypatch):
    """W7 in small, run twice: skhyp, NumPy, two contenders that fail and one that is not there."""
    import speed
    import workloads

    (tmp_path / "failing.py").write_text(FAILING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name, package in (("failing", "numpy"), ("absent", "no_such_package")):
        monkeypatch.setitem(workloads.PACKAGES, name, (package,))
        monkeypatch.setitem(workloads.MODULES, name, name)
    entries = (
        *(entry for entry in workloads.WORKLOADS["W7"].entries if entry.contender == "skhyp"),
        workloads.Entry("numpy", "min_max"),
        workloads.Entry("failing", "min_max"),
        workloads.Entry("failing", "vanish", "vanishes"),
        workloads.Entry("absent", "min_max"),
    )
    workload = replace(workloads.WORKLOADS["W7"], entries=entries)
    monkeypatch.setitem(workloads.WORKLOADS, "W7", workload)
    arguments = "--workloads W7 --scale 0.01 --repeats 2 --contenders skhyp numpy failing absent"
    speed.main([*arguments.split(), "--output", str(tmp_path / "results" / "small")])
    return tmp_path / "results"


def test_a_small_run_writes_all_figures_and_names_who_failed_and_who_is_absent(small_run):
    assert sorted(path.name for path in small_run.iterdir()) == [
        "small.json",
        "small.md",
        "small.png",
    ]
    content = json.loads((small_run / "small.json").read_text())
    timed = [(r["contender"], r["kind"], r["repeat"]) for r in content["records"]]
    assert sorted(timed) == [
        (contender, kind, repeat)
        for contender in ("numpy", "skhyp")
        for kind in ("first", "warm")
        for repeat in (0, 1)
    ]
    assert all(record["seconds"] > 0 for record in content["records"])
    assert len(content["limits"]) == 2 and content["versions"]["skhyp"]["tensorflow"]
    assert content["not installed"] == {"absent": "no_such_package is not installed"}
    errors = {(f["contender"], f["repeat"]): f["error"] for f in content["failures"]}
    assert errors["failing", 0] == errors["failing", 1] == "ValueError: this one crashes"
    assert "ended with status 3" in errors["failing, vanishes", 0]
    assert "last words" in errors["failing, vanishes", 0]

    table = (small_run / "small.md").read_text()
    assert "these are no results" in table
    assert "| failing | failed, see below |" in table
    assert "* W7, failing, repeat 1 failed: ValueError: this one crashes" in table
    assert "| absent | does not take part, see below |" in table
    assert "* absent does not take part: no_such_package is not installed" in table


def test_ratios_are_taken_within_a_repeat(benchmarks):
    import speed_report

    def record(contender, repeat, seconds):
        named = {"workload": "W1", "contender": contender, "repeat": repeat}
        return {**named, "kind": "warm", "seconds": seconds}

    records = [record("deephyp", 0, 3.0), record("deephyp", 1, 8.0)]
    records += [record("skhyp", 0, 1.0), record("skhyp", 1, 2.0), record("skhyp", 2, 9.0)]
    assert speed_report.ratios({"records": records}, "W1", "skhyp", "warm") == [3.0, 4.0]
    assert speed_report.spread([3.0, 4.0], "x") == "3.5x [3 to 4]"


def test_an_error_while_writing_leaves_the_former_results(benchmarks, tmp_path):
    import speed_report

    def fail(path):
        raise RuntimeError("the disk is full")

    former = tmp_path / "speed.json"
    former.write_text("former")
    writers = {former: lambda path: path.write_text("new"), tmp_path / "speed.png": fail}
    with pytest.raises(RuntimeError, match="the disk is full"):
        speed_report.write_together(writers)
    assert former.read_text() == "former" and list(tmp_path.iterdir()) == [former]


def test_the_least_cost_of_the_networks_is_counted(benchmarks):
    from workloads import WORKLOADS, conv_weights, dense_weights

    assert dense_weights() == [103 * 50, 50 * 30, 30 * 10, 10 * 3]
    assert conv_weights(20)[:3] == [84 * 20 * 10, 75 * 10 * 100, 66 * 10 * 100]
    assert conv_weights(20)[3] == 66 * 10 * 20
    slow = {"flops per second": 2.0, "bytes per second": 1e30}
    n_bytes_rule = {"flops per second": 1e30, "bytes per second": 1.0}
    assert WORKLOADS["W4b"].ideal_seconds(slow) == 207_400 * sum(dense_weights())
    assert WORKLOADS["W7"].ideal_seconds(n_bytes_rule) == 207_400 * 103 * 6


def test_the_scene_is_the_same_each_time_and_classes_are_even(benchmarks, tmp_path):
    from pavia_sized_scene import write_scene

    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write_scene(tmp_path / name, scale=0.001)
    arrays = {path.name: np.load(path) for path in (tmp_path / "first").iterdir()}
    assert arrays["scene.npy"].dtype == np.uint16 and arrays["scene.npy"].shape == (207, 103)
    assert np.ptp(arrays["spectra.npy"], axis=1).tolist() == [1.0] * 207
    assert np.bincount(arrays["training_labels.npy"]).tolist() == [0] + [50] * 9
    for name, array in arrays.items():
        assert np.array_equal(array, np.load(tmp_path / "second" / name))


def test_times_taken_beside_busy_others_are_told_apart(benchmarks):
    import speed_report

    busy = {"seconds": 1.0, "seconds watched": 1.0, "cores used by others": 0.5}
    assert speed_report.is_disturbed(busy)
    assert not speed_report.is_disturbed({**busy, "cores used by others": None})
    assert not speed_report.is_disturbed({**busy, "cores used by others": 0.05})
    # Half of a millisecond is beyond what the kernel counts.
    assert not speed_report.is_disturbed({**busy, "seconds watched": 0.001})
    # Of many short calls, or of epochs, all of the time that they took together counts.
    assert speed_report.is_disturbed({**busy, "seconds": 0.001})
    assert speed_report.is_watched(busy)
    assert not speed_report.is_watched({**busy, "seconds watched": 0.1})
    assert not speed_report.is_watched({**busy, "cores used by others": None})


def test_a_network_that_is_another_one_is_not_set_against_the_limit(benchmarks):
    import speed_report

    named = {"workload": "W3", "repeat": 0, "seconds": 1.0}
    other = "scikit-learn, MLPClassifier 20-20 (another network)"
    content = {
        "records": [
            {**named, "contender": contender, "kind": kind}
            for contender in ("skhyp", other)
            for kind in ("first", "warm")
        ],
        "contenders": ["skhyp", "scikit-learn"],
        "scale": 1,
    }
    best = {"flops per second": 1e11, "bytes per second": 1e10}
    rows = speed_report.speed_table(content, "W3", best)
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ")[3] for row in rows if "| " in row}
    assert float(cells["skhyp"]) > 0 and cells[other] == ""


def test_scaling_writes_how_the_cost_of_fits_grows(benchmarks, tmp_path, monkeypatch):
    import scaling

    # What the benchmark sets for its processes is gone at the end of the test.
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    monkeypatch.setattr(scaling, "write_scene", partial(scaling.write_scene, scale=0.01))
    small = partial(scaling.measure_limits, size=64, n_bytes=2**16)
    monkeypatch.setattr(scaling, "measure_limits", small)
    # Fits run in a process of their own, which finds skhyp as this one does.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    arguments = "--series fits --fits 3 --repeats 1 --output"
    scaling.main([*arguments.split(), str(tmp_path / "small")])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "small.json",
        "small.md",
        "small.png",
    ]
    records = json.loads((tmp_path / "small.json").read_text())["records"]
    assert [record["size"] for record in records] == [1, 2, 3]
    assert min(record["seconds"] for record in records) > 0
    assert "| 3 | " in (tmp_path / "small.md").read_text()
