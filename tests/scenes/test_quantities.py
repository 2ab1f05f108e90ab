"""A map of a quantity says what it is and in which unit, as other libraries read it."""

import joblib
import numpy as np
import pytest
import rasterio
import xarray
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.__main__ import main
from skhyp.scenes import apply, open_scene

from .conftest import BANDS_BY_NUMBER, SHAPE, data_array

pytestmark = BANDS_BY_NUMBER

FORMATS = ["map.tif", "map.hdr", "map.zarr"]
NAMES, UNITS = ["Chlorophyll a + b", "Größe der Blätter"], ["µg cm⁻²", "%"]


@pytest.fixture(scope="module")
def X(cube):
    return cube.reshape(-1, SHAPE[2]) / 10000


@pytest.fixture(scope="module")
def shares(cube):
    return cube / 10000


@pytest.fixture(scope="module")
def protein(X):
    return PLSRegression(2).fit(X, X[:, 0] * 20)


@pytest.fixture(scope="module")
def two(X):
    return Ridge().fit(X, X[:, :2])


def _described(path):
    """Return the names and the units that a map has, read without our own code, by band."""
    if path.suffix == ".zarr":
        with xarray.open_zarr(path, chunks=None) as store:
            values = store["map"]
            if values.ndim == 2:
                return [values.attrs["long_name"]], [values.attrs["units"]]
            return values["output"].values.tolist(), values["output_units"].values.tolist()
    with rasterio.open(path.with_suffix(".img") if path.suffix == ".hdr" else path) as dataset:
        assert np.isnan(dataset.nodata)
        units = list(dataset.units)
        if path.suffix == ".hdr":
            units = dataset.tags(ns="ENVI")["band_units"].strip("{}").split(", ")
        return list(dataset.descriptions), units


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # by the tests
@pytest.mark.parametrize("out", FORMATS)
class TestWhatIsWritten:
    def test_the_name_and_the_unit_of_one_value(self, protein, shares, out, tmp_path):
        path = tmp_path / out
        apply(protein, shares, path, long_name=" Protein content ", units="µg cm⁻²")
        assert _described(path) == (["Protein content"], ["µg cm⁻²"])
        scene = open_scene(path)
        assert (scene.band_names, scene.units) == (["Protein content"], ["µg cm⁻²"])
        np.testing.assert_array_equal(np.asarray(scene)[..., 0], apply(protein, shares))

    def test_the_names_and_the_units_of_several_targets(self, two, shares, out, tmp_path):
        path = tmp_path / out
        apply(two, shares, path, long_name=NAMES, units=np.array(UNITS))
        assert _described(path) == (NAMES, UNITS)
        assert (open_scene(path).band_names, open_scene(path).units) == (NAMES, UNITS)

    def test_one_unit_is_that_of_all_targets(self, two, shares, out, tmp_path):
        apply(two, shares, tmp_path / out, long_name=NAMES, units="1")
        assert _described(tmp_path / out) == (NAMES, ["1", "1"])

    def test_a_single_column_is_a_map_with_one_output(self, X, shares, out, tmp_path):
        model = PLSRegression(2).fit(X, X[:, :1])
        apply(model, shares, tmp_path / out, long_name="Protein", units=["%"])
        assert _described(tmp_path / out) == (["Protein"], ["%"])
        scene = open_scene(tmp_path / out)
        assert scene.shape == (*SHAPE[:2], 1) and scene.band_names == ["Protein"]

    def test_names_as_long_as_anybody_writes_them(self, two, shares, out, tmp_path):
        names = ["n" * 3000 + "1", "n" * 3000 + "2"]
        apply(two, shares, tmp_path / out, long_name=names, units="u" * 3000)
        assert _described(tmp_path / out) == (names, ["u" * 3000] * 2)

    def test_a_unit_of_wavelengths_makes_no_wavelengths_of_values(self, two, shares, out, tmp_path):
        names = ["Red edge position", "Its width"]
        apply(two, shares, tmp_path / out, long_name=names, units="nm")
        assert open_scene(tmp_path / out).wavelengths is None
        assert open_scene(tmp_path / out).units == ["nm", "nm"]

    def test_probabilities_have_one_name_beside_those_of_classes(self, model, cube, out, tmp_path):
        arguments = {"method": "predict_proba", "class_names": ["", "Corn", "Hay", "Woods"]}
        path = tmp_path / out
        apply(model, cube, path, **arguments, long_name="Probability", units="1")
        assert _described(path) == (["Corn", "Hay", "Woods"], ["1"] * 3)
        if out == "map.tif":
            with rasterio.open(path) as dataset:
                assert {dataset.tags(band)["long_name"] for band in (1, 2, 3)} == {"Probability"}
        if out == "map.zarr":
            with xarray.open_zarr(path, chunks=None) as store:
                assert store["map"].attrs["long_name"] == "Probability"

    def test_without_a_name_nothing_is_made_up(self, protein, shares, out, tmp_path):
        apply(protein, shares, tmp_path / out)
        assert open_scene(tmp_path / out).units is None
        if out == "map.tif":
            assert open_scene(tmp_path / out).band_names is None


def test_a_header_of_envi_has_no_signs_that_would_end_a_name(two, shares, tmp_path):
    apply(two, shares, tmp_path / "map.hdr", long_name=["a, b", "c = {d}"], units="g {dry} m-2")
    scene = open_scene(tmp_path / "map.hdr")
    assert scene.band_names == ["a_ b", "c _ _d_"] and scene.units == ["g _dry_ m-2"] * 2


def test_names_that_would_be_one_in_a_header_are_refused(two, shares, tmp_path):
    names = ["Chlorophyll, a", "Chlorophyll= a"]
    with pytest.raises(ValueError, match=r"one name for different outputs.*Write a \.tif"):
        apply(two, shares, tmp_path / "map.hdr", long_name=names)
    assert not list(tmp_path.iterdir())
    apply(two, shares, tmp_path / "map.tif", long_name=names)
    assert open_scene(tmp_path / "map.tif").band_names == names


def test_numbers_alone_have_no_place_for_a_name(protein, shares, tmp_path):
    expected = apply(protein, shares)
    apply(protein, shares, tmp_path / "map.npy", long_name="Protein", units="%")
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)
    np.testing.assert_array_equal(apply(protein, shares, long_name="Protein"), expected)


def test_a_lazy_map_has_the_attributes_and_coordinates_of_a_store(protein, two, cube, shares):
    pytest.importorskip("dask")
    chunked = data_array(cube).chunk({"y": 8}) / 10000
    one = apply(protein, chunked, long_name="Protein", units="%")
    assert one.attrs["long_name"] == "Protein" and one.attrs["units"] == "%"
    both = apply(two, chunked, long_name=NAMES, units=UNITS)
    assert both["output"].values.tolist() == NAMES and "units" not in both.attrs
    assert both["output_units"].values.tolist() == UNITS
    np.testing.assert_allclose(
        both.sel(output=NAMES[1]).values, apply(two, shares)[..., 1], rtol=1e-6
    )
    assert (open_scene(both).band_names, open_scene(both).units) == (NAMES, UNITS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"long_name": NAMES[:1]}, "long_name must be 2 strings, one for each output; got"),
        ({"long_name": "Pigments"}, "long_name must be 2 strings"),
        ({"long_name": [*NAMES, "Water"]}, "long_name must be 2 strings"),
        ({"long_name": {"a": 1, "b": 2}}, "long_name must be 2 strings"),
        ({"long_name": ["a", 3]}, "long_name must be text that is not empty"),
        ({"long_name": ["a", " "]}, "long_name must be text that is not empty"),
        ({"long_name": ["a", "a "]}, "long_name must name each output differently"),
        ({"long_name": ["a", "b\nc"]}, "long_name must be text of a single line"),
        ({"long_name": 7}, "long_name.*must be"),
        ({"units": ["%"] * 3}, "units must be 2 strings"),
        ({"units": ""}, 'units must be text that is not empty.*of a ratio, is "1"'),
        ({"units": ["%", None]}, "units must be text that is not empty"),
        ({"units": "m\udcff"}, "units must be text of a single line"),
    ],
)
def test_what_does_not_fit_the_outputs_is_refused_before_any_work(
    two, shares, arguments, message, tmp_path
):
    with pytest.raises(ValueError, match=message):
        apply(two, shares, tmp_path / "map.tif", **arguments)
    assert not list(tmp_path.iterdir())


def test_labels_of_classes_are_no_quantity(model, cube):
    with pytest.raises(ValueError, match="long_name and units must be None for a map of classes"):
        apply(model, cube, long_name="Crop", units="1")
    with pytest.raises(ValueError, match="must be one string for predict_proba"):
        apply(model, cube, method="predict_proba", long_name=["a", "b", "c"])


def test_codes_may_be_named_too(X, shares, tmp_path):
    names = ["Brightness", "Greenness"]
    path = tmp_path / "map.tif"
    apply(PCA(2).fit(X), shares, path, method="transform", long_name=names)
    assert open_scene(path).band_names == names


def test_work_on_a_map_with_another_name_or_unit_is_not_gone_on_with(
    protein, shares, tmp_path, monkeypatch
):
    arguments = {"estimator": protein, "scene": shares, "out": tmp_path / "map.tif", "resume": True}
    named = {"long_name": "Protein", "units": "%"}

    def fail(*_):
        raise OSError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr("skhyp.scenes.maps._geotiff_maps.GeoTiffMap._write", fail)
        with pytest.raises(OSError, match="ends here"):
            apply(**arguments, **named)
    for other, told in (
        ({**named, "units": "g kg-1"}, r"units \['%'\] \(now \['g kg-1'\]\)"),
        ({**named, "long_name": "Nitrogen"}, r"long_name \['Protein'\] \(now \['Nitrogen'\]\)"),
        ({}, r"units \['%'\] \(now None\)"),
    ):
        with pytest.raises(ValueError, match=rf"unfinished map of something else: .*{told}"):
            apply(**arguments, **other)
    apply(**arguments, **named)
    assert open_scene(tmp_path / "map.tif").units == ["%"]


class Odd(Ridge):
    """Gives no number for some spectra, and infinity for others."""

    def predict(self, X):
        values = np.array(super().predict(X))
        values[X[:, 0] % 0.04 > 0.03] = np.nan
        values[X[:, 0] % 0.04 < 0.01] = np.inf
        return values


def test_what_a_regressor_has_no_value_for_is_missing_and_infinity_stays(X, shares, tmp_path):
    model = Odd().fit(X, X[:, 0])
    expected = model.predict(X).reshape(SHAPE[:2])
    assert np.isnan(expected).any() and np.isinf(expected).any()
    for out in FORMATS:
        apply(model, shares, tmp_path / out, long_name="Cover", units="1")
        np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / out))[..., 0], expected)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_map_has_the_type_of_the_predictions(X, shares, dtype):
    class Typed(Ridge):
        def predict(self, X):
            return super().predict(X).astype(dtype)

    kept = "float32" if dtype == "float16" else dtype
    assert apply(Typed().fit(X, X[:, 0]), shares).dtype == kept


def test_whole_numbers_of_a_regressor_are_no_classes(X, shares, tmp_path):
    marked = shares.copy()
    marked[2, 3] = np.nan
    model = DummyRegressor(strategy="constant", constant=[7, 0])
    model.fit(X, np.zeros((len(X), 2), int))
    path = tmp_path / "map.tif"
    apply(model, marked, path, long_name=["Leaves", "Flowers"], units="1")
    scene = open_scene(path)
    values = scene.read()
    assert scene.class_names is None and scene.units == ["1", "1"]
    assert (values[2, 3] == scene.nodata).all() and not (values[0] == scene.nodata).any()
    assert set(np.unique(values[values != scene.nodata])) == {0, 7}


@pytest.mark.parametrize(
    "regressor",
    [
        Ridge(),
        PLSRegression(2),
        MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=5, random_state=0),
        RandomForestRegressor(2, random_state=0),
    ],
    ids=lambda regressor: type(regressor).__name__,
)
@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge", "ignore:A column-vector y")
def test_any_regressor_after_a_preprocessor_maps_what_it_predicts(
    regressor, n_targets, X, shares, tmp_path
):
    y = X[:, 0] if n_targets is None else X[:, :n_targets]
    model = make_pipeline(HypPreprocessor(method="snv"), regressor).fit(X, y)
    expected = model.predict(X)
    names = ["Protein", "Water"][: n_targets or 1]
    path = tmp_path / "map.tif"
    apply(model, shares, path, long_name=names, units="%")
    scene = open_scene(path)
    assert (scene.band_names, scene.units) == (names, ["%"] * len(names))
    values = np.asarray(scene).reshape(len(X), -1).squeeze()
    np.testing.assert_allclose(values, expected.reshape(len(X), -1).squeeze(), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:y residual is constant")
def test_a_model_that_was_fitted_to_one_value_gives_it_everywhere(X, shares):
    values = apply(PLSRegression(1).fit(X, np.full(len(X), 12.5)), shares, long_name="Protein")
    np.testing.assert_allclose(values, 12.5)


def test_from_a_shell_names_follow_their_option(protein, two, shares, tmp_path):
    np.save(tmp_path / "scene.npy", shares)
    for model, names, units in ((protein, ["Protein content"], ["%"]), (two, NAMES, UNITS)):
        joblib.dump(model, tmp_path / "model.joblib")
        paths = [str(tmp_path / name) for name in ("model.joblib", "scene.npy", "map.tif")]
        arguments = ["--long-name", *names, "--units", *units, "--quiet"]
        assert main(["apply", *paths, *arguments]) == 0
        scene = open_scene(tmp_path / "map.tif")
        assert (scene.band_names, scene.units) == (names, units)


def test_a_classifier_says_so_from_a_shell_too(cube, tmp_path, capsys):
    X = cube.reshape(-1, SHAPE[2])[:60]
    joblib.dump(LogisticRegression().fit(X / 10000, np.arange(60) % 2), tmp_path / "model.joblib")
    np.save(tmp_path / "scene.npy", cube)
    paths = [str(tmp_path / name) for name in ("model.joblib", "scene.npy", "map.tif")]
    assert main(["apply", *paths, "--units", "%", "--quiet"]) == 1
    assert "units must be None for a map of classes" in capsys.readouterr().err


def test_a_transformed_scene_has_the_names_of_what_it_gives(cube):
    named = open_scene(data_array(cube).assign_attrs(units="1"))
    assert named.units == ["1"] * SHAPE[2] and open_scene(named).units == named.units
    scores = named.through(PCA(2).fit(cube.reshape(-1, SHAPE[2])))
    assert scores.band_names == ["pca0", "pca1"] and scores.units is None
