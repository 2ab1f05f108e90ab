"""The bands of a scene are found for a model whatever it is wrapped in, or it is said."""

import warnings

import numpy as np
import pandas
import pytest
import rasterio
import xarray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RANSACRegressor, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    StandardScaler,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from skhyp import HypPreprocessor
from skhyp.inspection import band_permutation_importance
from skhyp.scenes import apply, labelled_pixels, open_scene
from skhyp.wavelengths import wavelength_names

from .conftest import write_geotiff

N_BANDS = 8
WAVELENGTHS = 450 + 250 * np.arange(N_BANDS)
# Without data where the scene has no nodata value for them.
DROPPED = [2, 5]
KEPT = np.setdiff1d(np.arange(N_BANDS), DROPPED)
# Where the bands of the turned scene lie in that of the model.
ORDER = np.array([7, 3, 0, 5, 1, 6, 2, 4])


@pytest.fixture(scope="module")
def fields():
    """Spectra of two classes, as rows of a scene with 6 rows and 10 columns."""
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat([1, 2], 5), 6)
    X = rng.normal(1000, 30, (60, N_BANDS))
    X[:, :4] += 400 * y[:, np.newaxis] * np.array([1, -0.5, 0.7, -1])
    return X.astype(np.float32), y


def _preprocessor(bands=None, wavelengths=WAVELENGTHS):
    return HypPreprocessor(wavelengths=wavelengths, bands=KEPT if bands is None else bands)


def _pipeline(model=None, **options):
    return make_pipeline(_preprocessor(**options), model or GaussianNB())


class Wrapper(ClassifierMixin, BaseEstimator):
    """As a stranger makes it: no number of features, a fitted part where it is custom."""

    def __init__(self, estimator, place="estimator_"):
        self.estimator = estimator
        self.place = place

    def fit(self, X, y):
        fitted = clone(self.estimator).fit(X, y)
        self.classes_ = fitted.classes_
        several = {"estimators_": [fitted], "calibrated_classifiers_": {"only": (fitted, 1.0)}}
        setattr(self, self.place, several.get(self.place, fitted))
        return self

    def predict(self, X):
        held = getattr(self, self.place)
        if isinstance(held, dict):
            held = held["only"]
        return (held[0] if isinstance(held, list | tuple) else held).predict(X)


def _prefit(X, y):
    return CalibratedClassifierCV(FrozenEstimator(_pipeline().fit(X, y)))


def _side_by_side():
    halves = [
        ("visible", HypPreprocessor(bands=[0, 1, 3], wavelengths=WAVELENGTHS[:4]), slice(0, 4)),
        ("infrared", HypPreprocessor(bands=[0, 2, 3], wavelengths=WAVELENGTHS[4:]), [4, 5, 6, 7]),
    ]
    return make_pipeline(ColumnTransformer(halves), GaussianNB())


def _mapped_back():
    """Sub-bands by a mask, a callable and a remainder that is dropped."""
    infrared = HypPreprocessor(wavelengths=WAVELENGTHS[[4, 6, 7]])
    parts = [
        ("visible", HypPreprocessor(wavelengths=WAVELENGTHS[[0, 1]]), np.arange(N_BANDS) < 2),
        ("one", HypPreprocessor(wavelengths=WAVELENGTHS[[3]]), [3]),
        ("infrared", infrared, lambda X: np.array([4, 6, 7])),
    ]
    return make_pipeline(ColumnTransformer(parts), GaussianNB())


def _union():
    parts = [
        ("reflectance", _preprocessor()),
        ("components", make_pipeline(_preprocessor(), PCA(2))),
    ]
    return make_pipeline(FeatureUnion(parts), GaussianNB())


def _selected_before():
    select = ColumnTransformer([("kept", "passthrough", KEPT)])
    preprocessor = HypPreprocessor(wavelengths=WAVELENGTHS[KEPT])
    return make_pipeline(select, preprocessor, GaussianNB())


def _selected_by(X, y):
    selector = SelectFromModel(
        _pipeline(LinearDiscriminantAnalysis(), bands=np.arange(N_BANDS)),
        importance_getter="named_steps.lineardiscriminantanalysis.coef_",
        max_features=3,
        threshold=-np.inf,
    )
    return make_pipeline(selector, NearestCentroid())


WRAPPED = {
    "calibrated": lambda X, y: CalibratedClassifierCV(_pipeline(), cv=2),
    "calibrated at once": lambda X, y: CalibratedClassifierCV(_pipeline(), cv=2, ensemble=False),
    "frozen": lambda X, y: FrozenEstimator(_pipeline().fit(X, y)),
    "calibrated prefit": _prefit,
    "voting": lambda X, y: VotingClassifier([("a", _pipeline()), ("b", _pipeline())]),
    "stacking": lambda X, y: StackingClassifier([("a", _pipeline())], cv=2),
    "bagging": lambda X, y: BaggingClassifier(_pipeline(), n_estimators=3, random_state=0),
    "one versus rest": lambda X, y: OneVsRestClassifier(_pipeline()),
    "one versus one": lambda X, y: OneVsOneClassifier(_pipeline()),
    "output code": lambda X, y: OutputCodeClassifier(_pipeline(), random_state=0),
    "tuned threshold": lambda X, y: TunedThresholdClassifierCV(_pipeline(), cv=2),
    "fixed threshold": lambda X, y: FixedThresholdClassifier(_pipeline()),
    "self-training": lambda X, y: SelfTrainingClassifier(_pipeline()),
    "target": lambda X, y: TransformedTargetRegressor(_pipeline(Ridge())),
    "consensus": lambda X, y: RANSACRegressor(
        _pipeline(Ridge()), min_samples=20, residual_threshold=9, random_state=0
    ),
    "search": lambda X, y: GridSearchCV(_pipeline(), {"gaussiannb__var_smoothing": [1e-9]}, cv=2),
    "search in a search": lambda X, y: GridSearchCV(
        CalibratedClassifierCV(_pipeline(), cv=2), {"method": ["sigmoid"]}, cv=2
    ),
    "pipeline in a pipeline": lambda X, y: Pipeline([("none", None), ("inner", _pipeline())]),
    "pipeline behind a scaler": lambda X, y: make_pipeline(StandardScaler(), _pipeline()),
    "pipeline behind others": lambda X, y: make_pipeline(
        SimpleImputer(), FunctionTransformer(), SelectKBest(k="all"), _pipeline()
    ),
    "union": lambda X, y: _union(),
    "columns": lambda X, y: _side_by_side(),
    "columns in any form": lambda X, y: _mapped_back(),
    "columns before": lambda X, y: _selected_before(),
    "a stranger's estimator_": lambda X, y: Wrapper(_pipeline()),
    "a stranger's estimators_": lambda X, y: Wrapper(_pipeline(), "estimators_"),
    "a stranger's calibrated": lambda X, y: Wrapper(_pipeline(), "calibrated_classifiers_"),
    "a stranger in another": lambda X, y: Wrapper(Wrapper(_pipeline())),
}
# Those that need all bands, as they fit one part or more to all of them, or look at them first.
OF_ALL_BANDS = {
    "selected by a model": _selected_by,
    "with one that knows": lambda X, y: VotingClassifier(
        [("knows", _pipeline()), ("trusts", GaussianNB())]
    ),
    "stacking with the spectra": lambda X, y: StackingClassifier(
        [("a", _pipeline())], GaussianNB(), cv=2, passthrough=True
    ),
    "a row's length first": lambda X, y: make_pipeline(Normalizer(), _pipeline()),
}


@pytest.fixture(scope="module", params=WRAPPED)
def wrapped(request, fields):
    """A model in which a preprocessor drops bands, whatever it is wrapped in."""
    X, y = fields
    if request.param == "self-training":
        y = np.where(np.arange(60) % 7 == 0, -1, y)
    return WRAPPED[request.param](X, y).fit(X, y)


@pytest.fixture(scope="module", params=OF_ALL_BANDS)
def of_all_bands(request, fields):
    return OF_ALL_BANDS[request.param](*fields).fit(*fields)


def _scene(X, order=None, **facts):
    cube, wavelengths = X.reshape(6, 10, -1), facts.pop("wavelengths", WAVELENGTHS)
    if order is not None:
        cube, wavelengths = cube[..., order].copy(), wavelengths[order]
    return open_scene(cube, wavelengths=wavelengths, **facts)


def _assert_mapped(model, scene, X):
    expected = np.reshape(model.predict(X), (6, 10))
    np.testing.assert_allclose(apply(model, scene), expected, rtol=1e-6)


def test_bands_in_another_order_are_found(wrapped, fields):
    _assert_mapped(wrapped, _scene(fields[0], ORDER), fields[0])


def test_other_wavelengths_are_refused(wrapped, fields):
    with pytest.raises(ValueError, match=r"no band within 0\.5 nm of"):
        apply(wrapped, _scene(fields[0], wavelengths=WAVELENGTHS + 7))


def test_bands_that_no_part_uses_may_be_without_data(wrapped, fields):
    gaps = fields[0].copy()
    gaps[:, DROPPED[0]], gaps[::3, DROPPED[1]] = -9999, np.nan
    _assert_mapped(wrapped, _scene(gaps, nodata=-9999), fields[0])


def test_a_band_that_one_part_uses_has_to_have_data(of_all_bands, fields):
    X = fields[0]
    _assert_mapped(of_all_bands, _scene(X, ORDER), X)
    gaps = X.copy()
    # The four bands that tell the classes are those a selector keeps.
    gaps[1, [0, 2]], gaps[4, [1, 3]] = np.nan, -9999
    class_map = apply(of_all_bands, _scene(gaps, nodata=-9999)).ravel()
    assert (class_map[[1, 4]] == 0).all() and (class_map > 0).sum() == 58


def test_what_a_part_takes_for_missing_is_missing_in_the_map(fields):
    X, y = fields
    parts = [
        ("a", make_pipeline(HypPreprocessor(nodata=-1, bands=[0, 1]), GaussianNB())),
        ("b", make_pipeline(HypPreprocessor(nodata=-2), GaussianNB())),
    ]
    model = VotingClassifier(parts).fit(X, y)
    gaps = X.copy()
    gaps[0, 1], gaps[1, 4], gaps[2, 4], gaps[3, 0] = -1, -2, -1, -9999
    class_map = apply(model, open_scene(gaps.reshape(6, 10, -1), nodata=-9999)).ravel()
    assert np.flatnonzero(class_map == 0).tolist() == [0, 1, 3]


def test_parts_that_know_other_wavelengths_are_an_error_that_names_both(fields):
    shifted = WAVELENGTHS.copy()
    shifted[6] += 4
    parts = [("a", _pipeline()), ("b", CalibratedClassifierCV(_pipeline(wavelengths=shifted)))]
    model = VotingClassifier(parts).fit(*fields)
    with pytest.raises(
        ValueError, match=r"1 of 8 differ. Band 6 .*estimators_\[0\].*estimators_\[1\]"
    ):
        apply(model, _scene(fields[0]))
    with pytest.raises(ValueError, match="Fit all parts to the same bands"):
        band_permutation_importance(model, *fields)


def test_parts_fitted_to_other_names_are_an_error_too(fields):
    X, y = fields
    first, second = (
        CalibratedClassifierCV(GaussianNB(), cv=2).fit(
            pandas.DataFrame(X, columns=wavelength_names(known)), y
        )
        for known in (WAVELENGTHS, WAVELENGTHS + 5)
    )
    model = Wrapper(first)
    model.estimators_, model.classes_ = [first, second], first.classes_
    with pytest.raises(
        ValueError,
        match=r"8 of 8 differ.*450 nm for .*estimators_\[0\].*455 nm for .*estimators_\[1\]",
    ):
        apply(model, _scene(X))


def test_names_of_columns_that_are_others_than_a_part_was_told_are_an_error(fields):
    X, y = fields
    named = pandas.DataFrame(X, columns=wavelength_names(WAVELENGTHS + 3))
    model = BaggingClassifier(_pipeline(), n_estimators=2, random_state=0).fit(named, y)
    both = r"453 nm for BaggingClassifier, and at 450 nm for HypPreprocessor \(estimators_\[0\]"
    with pytest.raises(ValueError, match=both):
        apply(model, _scene(X))


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        ColumnTransformer([("named", StandardScaler(), ["450 nm", "950 nm"])]),
        ColumnTransformer([("from to", MinMaxScaler(), slice("700 nm", "1200 nm"))]),
        make_pipeline(MinMaxScaler(), SelectKBest(k=3)),
        RFE(LinearDiscriminantAnalysis(), n_features_to_select=2),
        SequentialFeatureSelector(NearestCentroid(), n_features_to_select=2, cv=2),
        AdaBoostClassifier(n_estimators=3, random_state=0),
        OneVsRestClassifier(GaussianNB()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_names_of_columns_are_wavelengths_in_any_model_without_a_warning(model, fields):
    X, y = fields
    named = pandas.DataFrame(X, columns=wavelength_names(WAVELENGTHS))
    method = "predict" if hasattr(model, "predict") else "transform"
    model = clone(model).fit(named, y)
    expected = getattr(model, method)(named)
    found = apply(model, _scene(X, ORDER), method=method)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-6)


def test_bands_by_number_are_warned_of_once_where_a_scene_knows_more(fields):
    X, y = fields
    model = CalibratedClassifierCV(GaussianNB(), cv=2).fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        class_map = apply(model, _scene(X))
    assert [str(warning.message)[:55] for warning in caught] == [
        "the array knows the wavelengths of its bands, but Calib"
    ]
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(class_map, np.reshape(model.predict(X), (6, 10)))
    apply(model, open_scene(X.reshape(6, 10, -1)))  # which knows none
    apply(_pipeline().fit(X, y), open_scene(X.reshape(6, 10, -1)))


@pytest.mark.parametrize("knows", ["what labelled_pixels gives", "is told", "named columns"])
def test_each_mend_of_bands_by_number_followed_to_the_letter_is_heard_no_more(knows, fields):
    X, y = fields
    scene = _scene(X, ORDER)
    with pytest.warns(UserWarning, match=r"learns them of what labelled_pixels gives or is told"):
        apply(GaussianNB().fit(X, y), scene)
    if knows == "is told":
        model = make_pipeline(HypPreprocessor(wavelengths=WAVELENGTHS), GaussianNB()).fit(X, y)
        _assert_mapped(model, scene, X)
    elif knows == "named columns":
        named = pandas.DataFrame(X, columns=wavelength_names(WAVELENGTHS))
        _assert_mapped(GaussianNB().fit(named, y), scene, named)
    else:
        labelled, y, _ = labelled_pixels(_scene(X), y.reshape(6, 10) + 1)
        _assert_mapped(make_pipeline(HypPreprocessor(), GaussianNB()).fit(labelled, y), scene, X)


def test_bands_by_number_are_refused_where_the_few_that_are_known_lie_elsewhere(fields):
    X, y = fields
    halves = [
        ("known", HypPreprocessor(wavelengths=WAVELENGTHS[:4]), slice(0, 4)),
        ("unknown", HypPreprocessor(), slice(4, None)),
    ]
    model = make_pipeline(ColumnTransformer(halves), GaussianNB()).fit(X, y)
    _assert_mapped(model, _scene(X), X)
    with pytest.raises(ValueError, match="some of its bands only, and 4 of these are others"):
        apply(model, _scene(X, ORDER))


@pytest.mark.parametrize("kind", ["fitted before", "parameter"])
def test_a_pattern_that_was_fitted_elsewhere_has_no_say(kind, fields):
    X, y = fields
    pattern = _pipeline(wavelengths=WAVELENGTHS + 50).fit(X, y)
    if kind == "fitted before":
        model = Wrapper(pattern).fit(X, y)
        model.estimator_ = _pipeline().fit(X, y)
    else:
        model = Wrapper(_pipeline(wavelengths=WAVELENGTHS + 50)).fit(X, y)
        model.estimator_ = _pipeline().fit(X, y)
    _assert_mapped(model, _scene(X, ORDER), X)


@pytest.mark.parametrize(
    "bands", [[3, 1], np.array([0.0, 1.0]), np.array([0, 99]), np.array([1, 1]), "red", 7, None]
)
def test_what_a_stranger_calls_bands_is_no_choice_of_bands_unless_it_can_be(bands, fields):
    X, y = fields
    model = GaussianNB().fit(X, y)
    model.bands_ = bands
    gaps = X.copy()
    gaps[5, 6] = np.nan
    class_map = apply(model, gaps.reshape(6, 10, -1)).ravel()
    assert np.flatnonzero(class_map == 0).tolist() == [5]


def test_a_function_whose_effect_on_bands_is_not_known_hides_what_comes_after(fields):
    X, y = fields
    hidden = make_pipeline(FunctionTransformer(np.sqrt), _pipeline()).fit(X, y)
    with pytest.warns(UserWarning, match="Pipeline does not know those"):
        _assert_mapped(hidden, _scene(X), X)
    told = make_pipeline(FunctionTransformer(np.sqrt, feature_names_out="one-to-one"), _pipeline())
    _assert_mapped(told.fit(X, y), _scene(X), X)


def test_a_chain_adds_columns_that_are_no_bands(fields):
    X, y = fields
    named = pandas.DataFrame(X, columns=wavelength_names(WAVELENGTHS))
    kept = make_pipeline(HypPreprocessor(bands=[0, 1, 2]), GaussianNB())
    chain = ClassifierChain(kept).fit(named, np.column_stack([y, 3 - y]))
    expected = chain.predict(named)
    gaps = X[:, ORDER].copy()
    gaps[:, 0] = -9999
    scene = open_scene(gaps.reshape(6, 10, -1), wavelengths=WAVELENGTHS[ORDER], nodata=-9999)
    np.testing.assert_array_equal(apply(chain, scene).reshape(-1, 2), expected)


def test_outputs_of_several_models_are_mapped_by_the_bands_of_all(fields):
    X, y = fields
    model = MultiOutputClassifier(_pipeline()).fit(X, np.column_stack([y, 3 - y]))
    found = apply(model, _scene(X, ORDER)).reshape(-1, 2)
    np.testing.assert_array_equal(found, model.predict(X))


def test_bags_of_some_bands_know_them_by_the_columns_that_each_was_given(fields):
    X, y = fields
    parts = BaggingClassifier(
        make_pipeline(HypPreprocessor(), GaussianNB()),
        n_estimators=2,
        max_features=2,
        random_state=0,
    ).fit(X, y)
    used = np.unique(parts.estimators_features_)
    assert len(used) < N_BANDS
    gaps = X.copy()
    gaps[:, np.setdiff1d(np.arange(N_BANDS), used)] = np.nan
    gaps[7, used[0]] = np.nan
    class_map = apply(parts, gaps.reshape(6, 10, -1)).ravel()
    assert np.flatnonzero(class_map == 0).tolist() == [7]


@pytest.mark.parametrize("form", ["scene.tif", "scene.zarr", "scene.npy", "an array in chunks"])
def test_bands_that_do_not_matter_may_be_any_of_any_kind_of_scene(form, fields, tmp_path):
    X, y = fields
    model = _mapped_back().fit(X, y)
    expected = np.reshape(model.predict(X), (6, 10))
    cube, wavelengths = X[:, ORDER].reshape(6, 10, -1), WAVELENGTHS[ORDER]
    keeps = FunctionTransformer(feature_names_out="one-to-one").fit(X[:, ORDER])
    if form == "an array in chunks":
        coordinates = {"wavelength": ("band", wavelengths, {"units": "nm"})}
        array = xarray.DataArray(cube, coordinates, ("y", "x", "band"))
        np.testing.assert_array_equal(apply(model, array.chunk({"y": 2})), expected)
        return
    path = apply(keeps, cube, tmp_path / form, method="transform")
    scene = open_scene(path, wavelengths=wavelengths)
    np.testing.assert_array_equal(apply(model, scene), expected)


def test_an_unfitted_pattern_tells_nothing_of_a_part_that_is_kept_elsewhere(fields):
    X, y = fields
    model = Wrapper(_pipeline(wavelengths=WAVELENGTHS + 50), place="kept_elsewhere_").fit(X, y)
    model.n_features_in_ = N_BANDS
    with pytest.warns(UserWarning, match="Wrapper does not know those"):
        _assert_mapped(model, _scene(X), X)


@pytest.mark.parametrize("twin", [0, 2])
def test_of_bands_at_one_wavelength_a_model_is_given_the_good_one(fields, twin):
    X, y = fields
    cube = np.insert(X, twin, 5000 - X[:, 1], axis=1).reshape(6, 10, -1)
    wavelengths = np.insert(WAVELENGTHS, twin, WAVELENGTHS[1])
    is_good = np.arange(N_BANDS + 1) != twin
    scene = open_scene(cube, wavelengths=wavelengths, good_bands=is_good)
    labels = y.reshape(6, 10)
    model = make_pipeline(HypPreprocessor(), GaussianNB()).fit(*labelled_pixels(scene, labels)[:2])
    np.testing.assert_array_equal(apply(model, scene), labels)
    both = open_scene(cube, wavelengths=wavelengths)
    with pytest.raises(ValueError, match="one band at 700 nm, of which the array has several"):
        apply(model, both)


@pytest.mark.parametrize("place", ["estimator_", "estimators_", "calibrated_classifiers_"])
def test_a_wrapper_of_a_pipeline_that_scales_first_knows_the_bands(fields, place):
    X, y = fields
    inner = make_pipeline(StandardScaler(), _pipeline())
    turned = open_scene(X[:, ORDER].reshape(6, 10, -1), wavelengths=WAVELENGTHS[ORDER])
    for part in (inner, make_pipeline(StandardScaler(), _preprocessor(), GaussianNB())):
        model = Wrapper(part, place).fit(X, y)
        np.testing.assert_array_equal(apply(model, turned), model.predict(X).reshape(6, 10))


def test_two_bands_at_one_wavelength_in_another_order_are_said_to_be_two(fields):
    X, y = fields
    wavelengths = np.where(np.arange(N_BANDS) == 2, WAVELENGTHS[1], WAVELENGTHS)
    model = make_pipeline(HypPreprocessor(wavelengths=wavelengths), GaussianNB()).fit(X, y)
    turned = open_scene(X[:, ::-1].reshape(6, 10, -1).copy(), wavelengths=wavelengths[::-1])
    with pytest.raises(ValueError, match="several at one wavelength, bands 5, 6, which cannot"):
        apply(model, turned)


class Turner(Wrapper):
    """A stranger that gives its part the bands from the last to the first."""

    def fit(self, X, y):
        return super().fit(X[:, ::-1], y)

    def predict(self, X):
        return super().predict(X[:, ::-1])


def test_a_wrapper_that_moves_the_bands_is_not_mapped_by_what_its_part_knows(fields):
    X, y = fields
    scene = open_scene(X.reshape(6, 10, -1), wavelengths=WAVELENGTHS)
    spectra = scene.read().reshape(60, -1)
    model = Turner(make_pipeline(HypPreprocessor(), GaussianNB())).fit(spectra, y)
    assert model.score(spectra, y) > 0.9
    with pytest.raises(ValueError, match="X has other bands than those that HypPreprocessor"):
        apply(model, scene)


def _stored(path, X, **profile):
    """Return a scene that is stored in a file."""
    cube = np.rint(1000 * (X - X.min() + 1)).astype(np.uint16).reshape(6, 10, -1)
    write_geotiff(path, cube, wavelengths=WAVELENGTHS)
    with rasterio.open(path, "r+") as file:
        for fact, value in profile.items():
            setattr(file, fact, [value] * file.count)
    return open_scene(path)


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: CalibratedClassifierCV(model)])
def test_a_model_of_spectra_that_were_computed_is_not_given_stored_ones_in_silence(
    fields, tmp_path, wrap
):
    X, y = fields
    scene = _stored(tmp_path / "scene.tif", X)
    stored, y, _ = labelled_pixels(scene, y.reshape(6, 10) + 1)
    model = wrap(make_pipeline(HypPreprocessor(), GaussianNB()))
    with pytest.warns(UserWarning, match="fitted to numbers computed, and is given .* as stored"):
        apply(model.fit(stored / 10_000, y), scene)
    _assert_mapped(model.fit(stored, y), scene, stored)
    computed = HypPreprocessor(method="l2").fit(scene)
    model.fit(computed.transform(stored), y)
    apply(model, scene.through(computed))
    with pytest.warns(UserWarning, match="fitted to numbers computed"):
        apply(model, scene)


def test_a_scene_of_another_scale_than_that_of_the_model_is_told_of(fields, tmp_path):
    X, y = fields
    scene = _stored(tmp_path / "scene.tif", X, scales=1e-4)
    stored, y, _ = labelled_pixels(scene, y.reshape(6, 10) + 1)
    model = make_pipeline(HypPreprocessor(), GaussianNB()).fit(stored, y)
    _assert_mapped(model, scene, stored)
    _assert_mapped(model, scene.to_xarray(), stored)
    message = (
        r"numbers as stored, of the scale 0\.0001, and is given .* as stored, of the scale 0\.01"
    )
    with pytest.warns(UserWarning, match=message):
        apply(model, _stored(tmp_path / "other.tif", X, scales=1e-2))
    scaled = scene.to_xarray() * 1e-4
    scaled.encoding["scale_factor"] = 1e-4  # as xarray leaves it where it decodes
    scaled.attrs = {}
    with pytest.warns(UserWarning, match="is given .* computed"):
        apply(model, scaled).compute()
