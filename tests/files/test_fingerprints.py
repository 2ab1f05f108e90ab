"""Fingerprints are equal where objects are, in any process and whatever holds their numbers."""

import functools
import os

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skhyp import HypPreprocessor
from skhyp.files._fingerprints import NoFingerprintError, file_stamps, fingerprint

MODELS = {
    "forest": RandomForestClassifier(4, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "histograms": HistGradientBoostingClassifier(max_iter=3, random_state=0),
    "outliers": IsolationForest(n_estimators=4, random_state=0),
    "neighbours": KNeighborsClassifier(algorithm="ball_tree"),
    "machine": SVC(),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [0.1, 1]},
        cv=2,
    ),
    "votes": VotingClassifier([("a", SVC()), ("b", RandomForestClassifier(2, random_state=1))]),
    "function": make_pipeline(FunctionTransformer(np.log1p), HypPreprocessor(method="snv"), SVC()),
}


@pytest.fixture(scope="module")
def fitted():
    X = np.random.default_rng(0).uniform(1, 2, (60, 6))
    y = np.arange(60) % 3
    return {name: clone(model).fit(X + y[:, None], y) for name, model in MODELS.items()}


def test_models_have_the_same_one_loaded_elsewhere_mapped_or_not_and_after_use(
    fitted, tmp_path, run_forked
):
    for name, model in fitted.items():
        joblib.dump(model, tmp_path / f"{name}.joblib")
        before = fingerprint(model)
        model.predict(np.ones((5, 6)))
        assert fingerprint(model) == before, name
    script = """
import sys, joblib
from skhyp.files._fingerprints import fingerprint
for path in sys.argv[1:]:
    print(fingerprint(joblib.load(path)), fingerprint(joblib.load(path, mmap_mode="r")))
"""
    paths = [str(tmp_path / f"{name}.joblib") for name in fitted]
    run = run_forked(script, *paths)  # where strings have other hashes
    assert run.returncode == 0, run.stderr
    found = [line.split() for line in run.stdout.splitlines()]
    assert found == [[fingerprint(model)] * 2 for model in fitted.values()]


def test_models_that_differ_have_others(fitted):
    rng = np.random.default_rng(1)
    X, y = rng.uniform(1, 2, (60, 6)), np.arange(60) % 3
    others = {name: clone(model).fit(X, y) for name, model in MODELS.items()}
    all_of_them = [fingerprint(model) for model in [*fitted.values(), *others.values()]]
    assert len(set(all_of_them)) == len(all_of_them)


def test_of_an_array_the_values_count_and_not_how_they_lie(tmp_path):
    array = np.arange(24.0).reshape(4, 6)
    np.save(tmp_path / "array.npy", array)
    same = [
        np.asfortranarray(array),
        np.repeat(array, 2, axis=0)[::2],
        array.astype(">f8"),
        np.load(tmp_path / "array.npy", mmap_mode="r"),
    ]
    assert {fingerprint(each) for each in same} == {fingerprint(array)}
    changed = array.copy()
    changed[3, 5] += 1e-9
    others = [changed, array.reshape(6, 4), array.astype(np.float32), array.T, array[:3], -array]
    found = [fingerprint(each) for each in [array, *others]]
    assert len(set(found)) == len(found)


def test_what_lies_between_the_fields_of_records_does_not_count():
    dtype = np.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 8]})
    one, other = (np.frombuffer(bytes([filler]) * 64, np.uint8).copy() for filler in (0, 255))
    records = [memory.view(dtype) for memory in (one, other)]
    for record in records:
        record["a"], record["b"] = 3, 0.5
    assert fingerprint(records[0]) == fingerprint(records[1])
    records[1]["b"][2] = 0.25
    assert fingerprint(records[0]) != fingerprint(records[1])


def test_objects_that_are_equal_apart_or_shared_have_the_same_one():
    shared = np.ones(3)
    assert fingerprint([shared, shared]) == fingerprint([np.ones(3), np.ones(3)])
    assert fingerprint({"b", "a", "c"}) == fingerprint({"c", "a", "b"})
    assert fingerprint(functools.partial(max, 3)) == fingerprint(functools.partial(max, 3))
    different = [
        1,
        1.0,
        True,
        "1",
        b"1",
        None,
        [],
        (),
        {},
        set(),
        [[]],
        [1],
        (1,),
        {1: 1},
        "",
        [""],
    ]
    assert len({fingerprint(each) for each in different}) == len(different)
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])


def test_functions_are_what_they_do():
    def adding(n):
        return lambda x: x + n

    assert fingerprint(adding(1)) == fingerprint(adding(1)) != fingerprint(adding(2))
    assert fingerprint(lambda x: x * 2) != fingerprint(lambda x: x * 3)


def test_what_a_function_is_given_and_looks_up_counts():
    def thresholded(threshold):
        def function(X, *, at=threshold):
            return at < X

        return function

    def looking_up(number):
        names = {"number": number}
        exec("def function(X):\n    return X + number", names)
        return names["function"]

    for made in (thresholded, looking_up):
        assert fingerprint(made(1)) == fingerprint(made(1)) != fingerprint(made(2))


class _Kind:
    """A class of a user's, which the next run may have with another body."""

    def predict(self, X):
        return X + 1


def test_classes_of_the_user_are_what_they_do():
    same = type("_Kind", (), {"predict": _Kind.predict, "__module__": _Kind.__module__})
    other = type("_Kind", (), {"predict": lambda self, X: X + 2, "__module__": _Kind.__module__})
    assert fingerprint(same()) != fingerprint(other())


def test_parts_that_are_known_by_name_only_count_or_are_an_error():
    one, other = np.ones((2, 2)), np.eye(2)
    assert fingerprint(one.dot) != fingerprint(other.dot)
    assert fingerprint({1: 2}.get) != fingerprint({1: 3}.get)
    cached = [functools.lru_cache(function) for function in (lambda x: x, lambda x: 2 * x)]
    assert fingerprint(cached[0]) != fingerprint(cached[1])
    masked = [np.ma.masked_array([1, 2], mask=mask) for mask in ([0, 1], [1, 0])]
    assert fingerprint(masked[0]) != fingerprint(masked[1])
    assert fingerprint(np.log1p) != fingerprint(np.expm1)
    with pytest.raises(NoFingerprintError, match="has no fingerprint"):
        fingerprint(np.frompyfunc(lambda x: x, 1, 1))


def test_an_object_may_have_itself_for_a_part():
    def looped(value):
        whole = {"value": value}
        whole["self"] = whole
        return whole

    assert fingerprint(looped(1)) == fingerprint(looped(1)) != fingerprint(looped(2))


def test_what_cannot_be_taken_apart_is_an_error():
    with pytest.raises(NoFingerprintError, match="generator"):
        fingerprint([1, (i for i in (1,))])


def test_files_are_known_by_size_and_time_and_folders_by_all_that_is_in_them(tmp_path):
    folder = tmp_path / "scene.zarr"
    (folder / "deep").mkdir(parents=True)
    for name in ("scene.tif", "scene.zarr/deep/0.0", "scene.zarr/.zarray"):
        (tmp_path / name).write_bytes(b"12")
        os.utime(tmp_path / name, ns=(1, 1))
    paths = [tmp_path / "scene.tif", folder]
    before = file_stamps(paths)
    assert file_stamps([*paths, paths[0]]) == before
    (tmp_path / "scene.tif.aux.xml").write_text("statistics of a viewer")
    assert file_stamps([*paths, tmp_path / "scene.tif.aux.xml"]) == before
    for changed in ("scene.tif", "scene.zarr/deep/0.0"):
        os.utime(tmp_path / changed, ns=(1, 2))
        assert file_stamps(paths) != before
        os.utime(tmp_path / changed, ns=(1, 1))
        assert file_stamps(paths) == before
    (folder / "deep" / "0.1").write_bytes(b"")
    assert file_stamps(paths) != before
