"""What EnMAP-Box opens and maps is what was fitted here."""

import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralCNNClassifier, SpectralCNNRegressor
from skhyp.datasets import load_enmapbox_dataset
from skhyp.export import to_enmapbox
from skhyp.plotting import class_colours
from skhyp.scenes import apply, open_scene
from skhyp.spectra._spectra import spectra_with

SMALL = {
    "max_epochs": 1,
    "random_state": 0,
    "n_filters": (3,),
    "kernel_sizes": 8,
    "dense_layer_sizes": (5,),
}
TRUSTED = ("sklearn.", "numpy.", "scipy.", "enmapboxprocessing.typing")
N_BANDS = 40


@pytest.fixture(scope="module")
def cube():
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((9, 7, N_BANDS)).cumsum(axis=2)
    cube = (100 * (walks - walks.min() + 1)).astype(np.uint16)
    cube[2, 3] = 0  # no data
    return cube


@pytest.fixture(scope="module")
def scene(cube):
    return open_scene(cube, nodata=0)


@pytest.fixture(scope="module")
def training(cube):
    is_known = cube.any(axis=2)
    X = cube[is_known]
    return X, np.arange(len(X)) % 3


@pytest.fixture(scope="module")
def classifiers(training):
    """The same network, fitted to labels of other kinds."""
    X, numbers = training
    labels = {
        "from 0": np.array([0, 1, 2]),
        "from 1": np.array([2, 5, 300]),
        "negative": np.array([-1, 0, 4]),
        "texts": np.array(["grass", "soil", "water"]),
        "two": np.array(["grass", "soil", "soil"]),
    }
    models = {}
    for kind, classes in labels.items():
        model = make_pipeline(HypPreprocessor(nodata=0), SpectralCNNClassifier(**SMALL))
        models[kind] = model.fit(X, classes[numbers]), classes[numbers]
    return models


@dataclass
class Category:
    value: int
    name: str
    color: str


@dataclass
class Target:
    name: str
    color: str | None


@pytest.fixture
def opened(monkeypatch):
    """A function that opens a file as EnMAP-Box does: with types that it trusts, or not at all."""
    module = ModuleType("enmapboxprocessing.typing")
    module.Category, module.Target = Category, Target
    monkeypatch.setitem(sys.modules, "enmapboxprocessing", ModuleType("enmapboxprocessing"))
    monkeypatch.setitem(sys.modules, "enmapboxprocessing.typing", module)

    def open_file(path):
        types = skops.io.get_untrusted_types(file=path)
        assert all(name.startswith(TRUSTED) for name in types), types
        dump = skops.io.load(path, trusted=types)
        assert dump["X"].ndim == dump["y"].ndim == 2
        assert len(dump["X"]) == len(dump["y"])
        return dump

    return open_file


def mapped(model, features, cube, names):
    """Map a raster as EnMAP-Box does: bands by name or in their order, 0 where there are none."""
    if set(features) <= set(names):
        cube = cube[..., [names.index(name) for name in features]]
    assert cube.shape[2] == len(features)
    is_valid = (cube != 0).all(axis=2)
    result = np.zeros(is_valid.shape)
    result[is_valid] = model.predict(
        np.transpose([band[is_valid] for band in cube.T.swapaxes(1, 2)])
    )
    return result


@pytest.mark.parametrize("kind", ["from 0", "from 1", "negative", "texts", "two"])
def test_a_scene_is_mapped_there_as_here(
    classifiers, training, cube, scene, opened, tmp_path, kind
):
    model, y = classifiers[kind]
    dump = opened(to_enmapbox(tmp_path / "model.skops", model, training[0], y, scene=scene))
    values = [category.value for category in dump["categories"]]
    there = mapped(dump["classifier"], dump["features"], cube, [])
    here = np.array([0, *values])[np.searchsorted(model.classes_, model.predict(training[0])) + 1]
    np.testing.assert_array_equal(there[cube.any(axis=2)], here)
    if kind == "from 1":
        assert values == [2, 5, 300]
        np.testing.assert_array_equal(there, apply(model, scene))
    else:
        assert values == list(range(1, len(model.classes_) + 1))
    assert [category.name for category in dump["categories"]] == [str(c) for c in model.classes_]
    assert dump["classifier"].classes_.tolist() == values
    np.testing.assert_array_equal(
        np.array(values)[np.searchsorted(model.classes_, y)], dump["y"][:, 0]
    )
    np.testing.assert_array_equal(dump["X"], training[0])


def test_probabilities_come_in_the_order_of_the_categories(classifiers, training, opened, tmp_path):
    model, y = classifiers["texts"]
    dump = opened(to_enmapbox(tmp_path / "model.skops", model, training[0], y))
    expected = model.predict_proba(training[0])
    np.testing.assert_allclose(dump["classifier"].predict_proba(training[0]), expected, atol=1e-5)


def test_values_are_mapped_there_as_here(training, cube, scene, opened, tmp_path):
    X, numbers = training
    y = np.column_stack([numbers * 10.0 + 3, -numbers])
    model = SpectralCNNRegressor(**SMALL).fit(X, y)
    path = to_enmapbox(
        tmp_path / "model.skops", model, X, y, names=["sand", "clay"], colours=["gold", "#123456"]
    )
    dump = opened(path)
    assert dump["targets"] == [Target("sand", "#ffd700"), Target("clay", "#123456")]
    np.testing.assert_array_equal(dump["y"], y)
    np.testing.assert_allclose(dump["regressor"].predict(X), model.predict(X), rtol=1e-4)
    single = SpectralCNNRegressor(**SMALL).fit(X, y[:, 0])
    dump = opened(to_enmapbox(tmp_path / "model.skops", single, X, y[:, 0]))
    there = mapped(dump["regressor"], dump["features"], cube, [])
    expected = np.nan_to_num(apply(single, scene))
    np.testing.assert_allclose(there, expected, rtol=1e-4)


def test_bands_are_found_by_the_names_of_good_ones(classifiers, training, cube, opened, tmp_path):
    X, numbers = training
    is_good = np.arange(N_BANDS) % 5 > 0
    names = [f"B{number}" for number in range(N_BANDS)]
    scene = open_scene(cube, nodata=0)
    known = {"band_names": names, "good_bands": is_good}
    scene = type(scene)(**{**vars(scene), **known})
    model = SpectralCNNClassifier(**SMALL).fit(X[:, is_good], numbers + 1)
    path = to_enmapbox(tmp_path / "model.skops", model, X[:, is_good], numbers + 1, scene=scene)
    dump = opened(path)
    assert dump["features"] == [name for name, good in zip(names, is_good, strict=True) if good]
    there = mapped(dump["classifier"], dump["features"], cube, names)
    np.testing.assert_array_equal(there[cube.any(axis=2)], model.predict(X[:, is_good]))


def test_numbers_that_no_raster_has_are_warned_of(training, tmp_path):
    X, numbers = training
    for known in ("as stored", "as stored, scale 0.0001", "reflectance"):
        spectra = spectra_with(X, np.linspace(400, 1000, N_BANDS), known)
        model = make_pipeline(HypPreprocessor(), RandomForestClassifier(3, random_state=0))
        model.fit(spectra, numbers + 1)
        path = tmp_path / "model.skops"
        if known.startswith("as stored"):
            to_enmapbox(path, model, X, numbers + 1)
        else:
            with pytest.warns(UserWarning, match="numbers that are reflectance, but EnMAP-Box"):
                to_enmapbox(path, model, X, numbers + 1)


def test_names_and_colours_of_a_map_of_labels_are_taken(classifiers, training, opened, tmp_path):
    model, y = classifiers["from 1"]
    labels = open_scene(np.ones((2, 2, 1), np.uint8))
    known = {"class_names": {2: "oats", 5: "rye"}, "class_colours": {5: "#00ff00"}}
    labels = type(labels)(**{**vars(labels), **known})
    dump = opened(to_enmapbox(tmp_path / "model.skops", model, training[0], y, scene=labels))
    colours = class_colours(300)
    assert dump["categories"] == [
        Category(2, "oats", colours[2]),
        Category(5, "rye", "#00ff00"),
        Category(300, "300", colours[300]),
    ]


@pytest.mark.parametrize("locations", [None, [[3.5, 4.5]]])
def test_what_is_written_is_read(classifiers, training, tmp_path, locations):
    X, (model, y) = training[0], classifiers["texts"]
    known = {}
    if locations is not None:
        known = {"locations": np.repeat(locations, len(X), axis=0), "crs": "EPSG:32633"}
    names = [f"{400 + number} nm" for number in range(N_BANDS)]
    path = to_enmapbox(tmp_path / "m.skops", model, X, y, features=names, **known)
    dataset = load_enmapbox_dataset(path)
    np.testing.assert_array_equal(dataset.data, X)
    assert dataset.data.wavelengths[1] == 401
    assert dataset.feature_names == names
    assert dataset.class_names == {1: "grass", 2: "soil", 3: "water"}
    assert list(dataset.class_colours.values()) == class_colours(3)[1:]
    assert [dataset.class_names[label] for label in dataset.target] == y.tolist()
    assert dataset.crs == known.get("crs")
    if locations is None:
        assert dataset.locations is None
    else:
        np.testing.assert_array_equal(dataset.locations, known["locations"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "model.pkl"}, r"path must end in \.skops"),
        ({"features": ["a", "b"]}, "features must have a name for each of the 40 bands"),
        ({"names": {"grass": "Gras"}}, "names must have an entry for the label 'soil'"),
        ({"colours": dict.fromkeys(["grass", "soil", "water"], "mud")}, "colours must be colours"),
        ({"crs": "EPSG:4326"}, "crs='EPSG:4326' is that of locations"),
        ({"locations": [[1, 2]]}, "locations must have x and y of each of 62 spectra"),
        ({"y": ["clay"] * 62}, "y has the label 'clay', which is none of the classes"),
        ({"y": ["soil"]}, "inconsistent numbers of samples"),
        ({"X": np.ones((62, 3))}, "X has 3 bands, but the estimator was fitted to 40"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(classifiers, training, tmp_path, arguments, message):
    model, y = classifiers["texts"]
    given = {"path": "model.skops", "X": training[0], "y": y} | arguments
    path = tmp_path / given.pop("path")
    with pytest.raises(ValueError, match=message):
        to_enmapbox(path, model, given.pop("X"), given.pop("y"), **given)
    assert not any(tmp_path.iterdir())


def test_estimators_of_scikit_learn_are_written_if_they_have_labels_from_1(
    training, opened, tmp_path
):
    X, numbers = training
    forest = RandomForestClassifier(5, random_state=0).fit(X, numbers)
    with pytest.raises(ValueError, match="RandomForestClassifier was fitted to the classes"):
        to_enmapbox(tmp_path / "model.skops", forest, X, numbers)
    forest.fit(X, numbers + 1)
    dump = opened(to_enmapbox(tmp_path / "model.skops", forest, X, numbers + 1))
    np.testing.assert_array_equal(dump["classifier"].predict(X), forest.predict(X))


def test_what_predicts_nothing_is_refused(training, tmp_path):
    X, numbers = training
    with pytest.raises(ValueError, match="must be a classifier or a regressor"):
        to_enmapbox(tmp_path / "model.skops", HypPreprocessor().fit(X), X, numbers)
