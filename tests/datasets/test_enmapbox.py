"""Datasets of EnMAP-Box are read, whatever version wrote them."""

import json
import pickle
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import skops.io

from skhyp.datasets import load_enmapbox_dataset
from skhyp.model_selection import SpatialBlockKFold

X = [[1, 2], [3, 4], [5, 6], [7, 8]]
CLASSES = {
    "categories": [
        {"value": 2, "name": "soil", "color": "#a0522d"},
        {"value": 7, "name": "grass", "color": "#00ff00"},
    ],
    "features": ["red", "near infrared"],
    "X": X,
    "y": [[2], [7], [7], [2]],
    "classifier": None,
}
VALUES = {
    "targets": [{"name": "sand", "color": None}, {"name": "clay", "color": "#123456"}],
    "features": ["450 nm", "550 nm"],
    "X": X,
    "y": [[0.5, 1], [0.25, 2], [0, 3], [1, 4]],
    "locations": [[100, 200], [130, 200], [160, 230], [100, 260]],
    "crs": "EPSG:32633",
}


@dataclass
class Category:
    value: int
    name: str
    color: str


class TupleCategory(NamedTuple):
    value: int
    name: str
    color: str


# As files call them.
for kind in (Category, TupleCategory):
    kind.__module__, kind.__name__ = "enmapboxprocessing.typing", "Category"
    kind.__qualname__ = "Category"


def written(folder, content, ending):
    path = folder / f"dataset{ending}"
    path.write_bytes(content)
    return path


def as_objects(kind):
    """Return the dataset with arrays, and objects that are EnMAP-Box's."""
    categories = [kind(**category) for category in CLASSES["categories"]]
    return CLASSES | {"categories": categories, "X": np.array(X), "y": np.array(CLASSES["y"])}


@contextmanager
def enmapbox(kind):
    """Have EnMAP-Box installed, with a type of its own for classes."""
    module = ModuleType("enmapboxprocessing.typing")
    module.Category = kind
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "enmapboxprocessing", ModuleType("enmapboxprocessing"))
        patch.setitem(sys.modules, module.__name__, module)
        yield


def assert_classes(dataset):
    np.testing.assert_array_equal(dataset.data, X)
    np.testing.assert_array_equal(dataset.target, [2, 7, 7, 2])
    assert dataset.class_names == {2: "soil", 7: "grass"}
    assert dataset.class_colours == {2: "#a0522d", 7: "#00ff00"}
    assert dataset.feature_names == ["red", "near infrared"]
    assert dataset.locations is dataset.crs is None


def test_json_is_read(tmp_path):
    assert_classes(load_enmapbox_dataset(written(tmp_path, json.dumps(CLASSES).encode(), ".json")))


def test_skops_is_read_where_enmapbox_is_not_installed(tmp_path):
    with enmapbox(Category):
        content = skops.io.dumps(as_objects(Category))
    assert_classes(load_enmapbox_dataset(written(tmp_path, content, ".skops")))


@pytest.mark.parametrize("kind", [Category, TupleCategory])
def test_pickles_are_read_by_those_who_trust_them(tmp_path, kind):
    with enmapbox(kind):
        content = pickle.dumps(as_objects(kind))
    path = written(tmp_path, content, ".pkl")
    with pytest.raises(ValueError, match=r"is a pickle, .* trusted=True"):
        load_enmapbox_dataset(path)
    assert_classes(load_enmapbox_dataset(path, trusted=True))


def test_values_and_places_are_read(tmp_path):
    dataset = load_enmapbox_dataset(written(tmp_path, json.dumps(VALUES).encode(), ".json"))
    np.testing.assert_array_equal(dataset.data.wavelengths, [450, 550])
    np.testing.assert_array_equal(dataset.target, VALUES["y"])
    assert dataset.target_names == ["sand", "clay"]
    assert dataset.crs == "EPSG:32633"
    positions = np.floor(dataset.locations[:, ::-1] / 30).astype(int)
    folds = SpatialBlockKFold(2, block_size=2, random_state=0).split(X, groups=positions)
    assert sum(len(test) for _, test in folds) == len(X)


def test_nothing_in_a_file_of_skops_is_made(tmp_path):
    schema = {"content": {"X": {"__loader__": "FunctionNode", "__class__": "exit"}}}
    path = tmp_path / "dataset.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    with pytest.raises(ValueError, match=r"no dataset of EnMAP-Box.*exit"):
        load_enmapbox_dataset(path)


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (b"{", ".json"),
        (b"[]", ".json"),
        (json.dumps({"X": X}).encode(), ".json"),
        (json.dumps(CLASSES | {"features": ["red"]}).encode(), ".json"),
        (json.dumps(CLASSES | {"y": [2, 7, 7, 2]}).encode(), ".json"),
        (json.dumps(CLASSES | {"y": [[0.5]] * 4}).encode(), ".json"),
        (b"no archive", ".skops"),
        (skops.io.dumps([1]), ".skops"),
    ],
)
def test_other_files_are_refused(tmp_path, content, ending):
    with pytest.raises(ValueError, match=r"dataset\.\w+ is no dataset of EnMAP-Box"):
        load_enmapbox_dataset(written(tmp_path, content, ending))
    with pytest.raises(ValueError, match=r"path must end in \.skops, \.json or \.pkl"):
        load_enmapbox_dataset(written(tmp_path, content, ".txt"))
