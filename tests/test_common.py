"""scikit-learn's own suite over every estimator, and what the suite does not cover."""

import inspect
import re

import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skhyp import (
    AdaptiveCosineEstimator,
    BandResampler,
    ConstrainedEnergyMinimization,
    FullyConstrainedLeastSquares,
    HypPreprocessor,
    MatchedFilter,
    MinimumNoiseFraction,
    ReedXiaoliDetector,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralEnsembleClassifier,
    SpectralEnsembleRegressor,
    SpectralKernelClassifier,
    SpectralKernelRegressor,
    SpectralPLSRegressor,
    SpectralUnmixer,
)
from skhyp.fitting._training_parameters import LayerParameters, TrainingParameters

DETECTORS = [
    AdaptiveCosineEstimator,
    ConstrainedEnergyMinimization,
    MatchedFilter,
    ReedXiaoliDetector,
]
TRANSFORMERS = [
    BandResampler,
    FullyConstrainedLeastSquares,
    HypPreprocessor,
    MinimumNoiseFraction,
    SpectralAutoencoder,
    SpectralUnmixer,
    *DETECTORS,
]
NETWORKS = [SpectralAutoencoder, SpectralUnmixer, SpectralCNNClassifier, SpectralCNNRegressor]
# The suite asks how estimators behave, and little of layers: few of them are traced in less time.
SMALL = {
    SpectralAutoencoder: {"hidden_layer_sizes": (16,)},
    # Some of the suite's spectra have one band, and most have negative values.
    SpectralUnmixer: {"n_endmembers": 2, "positive": False},
    FullyConstrainedLeastSquares: {"n_endmembers": 2},
    SpectralCNNClassifier: {"dense_layer_sizes": (16,)},
    SpectralCNNRegressor: {"dense_layer_sizes": (16,)},
}
# In closed form: they have no epochs.
SOLVED = [
    *DETECTORS,
    FullyConstrainedLeastSquares,
    MinimumNoiseFraction,
    SpectralKernelClassifier,
    SpectralKernelRegressor,
    SpectralPLSRegressor,
]
# What their members learn is the members' own business.
ENSEMBLES = {
    SpectralEnsembleClassifier: [("bayes", GaussianNB()), ("share", DummyClassifier())],
    SpectralEnsembleRegressor: [("ridge", Ridge()), ("mean", DummyRegressor())],
}
ESTIMATORS = [BandResampler, HypPreprocessor, *NETWORKS, *SOLVED, *ENSEMBLES]

FOR_ALL = ["check_param_validation", "check_dataframe_column_names_consistency"]
FOR_TRANSFORMERS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
]


def _check_of_scikit_learn(name):
    """Return scikit-learn's check, under its public or its private name."""
    for candidate in (name, f"_{name}"):
        if hasattr(estimator_checks, candidate):
            return getattr(estimator_checks, candidate)
    raise AttributeError(f"scikit-learn has no {name} any more: find what replaced it.")


def _brief(estimator, max_epochs=2):
    """Return an instance for checks in which it matters little what has been learned."""
    if estimator in ENSEMBLES:
        return estimator(estimators=ENSEMBLES[estimator])
    if estimator in NETWORKS:
        return estimator(max_epochs=max_epochs, **SMALL[estimator])
    return estimator(**SMALL.get(estimator, {}))


def _suite_of_scikit_learn():
    # So many epochs as the checks need: what is left out is that "auto" goes on for longer.
    mark = parametrize_with_checks([_brief(estimator, 30) for estimator in ESTIMATORS])
    names, checks = mark.args
    # As a list: before 1.7 or so scikit-learn passes a generator, which pytest 9 deprecates.
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


@_suite_of_scikit_learn()
def test_passes_the_suite_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        (SpectralCNNClassifier, "check_classifiers_train"),  # which asks for accuracy
        (SpectralCNNClassifier, "check_fit_idempotent"),
        (SpectralCNNRegressor, "check_regressors_train"),
        (SpectralCNNRegressor, "check_fit_idempotent"),
        (SpectralAutoencoder, "check_transformer_general"),
        (SpectralAutoencoder, "check_fit_idempotent"),
    ],
)
def test_with_its_defaults_it_passes_what_depends_on_what_was_learned(estimator, check):
    _check_of_scikit_learn(check)(estimator.__name__, estimator())


@pytest.mark.parametrize("check", FOR_ALL)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_passes_checks_beyond_the_suite(estimator, check):
    _check_of_scikit_learn(check)(estimator.__name__, _brief(estimator))


# The checks themselves pass a DataFrame to one method and an array to the next.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize("check", FOR_TRANSFORMERS)
@pytest.mark.parametrize("estimator", TRANSFORMERS)
def test_transformers_pass_checks_beyond_the_suite(estimator, check):
    _check_of_scikit_learn(check)(estimator.__name__, _brief(estimator))


def _documented_parameters(estimator):
    """Return the names in the numpydoc section Parameters, in their order."""
    document = inspect.getdoc(estimator)
    section = re.search(r"^Parameters\n-+\n(.*?)\n\n\w[\w ]*\n-+\n", document, re.M | re.S)
    return re.findall(r"^(\w+) : ", section.group(1), re.M)


def _constructor_parameters(estimator):
    return inspect.signature(estimator).parameters


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_are_documented_in_the_order_of_the_constructor(estimator):
    assert _documented_parameters(estimator) == list(_constructor_parameters(estimator))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_have_constraints_and_the_other_way_round(estimator):
    assert set(estimator._parameter_constraints) == set(_constructor_parameters(estimator))


@pytest.mark.parametrize("estimator", NETWORKS)
def test_what_networks_share_stands_in_one_order(estimator):
    own = list(_constructor_parameters(estimator))
    for parameters in (LayerParameters, TrainingParameters):
        if issubclass(estimator, parameters):
            shared = list(parameters._parameter_constraints)
            assert [name for name in own if name in shared] == shared


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_defaults_are_documented(estimator):
    document = inspect.getdoc(estimator)
    for name, parameter in _constructor_parameters(estimator).items():
        line = re.search(rf"^{name} : (.*)$", document, re.M).group(1)
        default = re.search(r"default=(.*)$", line).group(1)
        assert default.replace('"', "'") == repr(parameter.default), name


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_defaults_are_plain_values(estimator):
    for name, parameter in _constructor_parameters(estimator).items():
        assert isinstance(parameter.default, str | int | float | bool | tuple | None), name


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_are_keyword_only(estimator):
    kinds = {parameter.kind for parameter in _constructor_parameters(estimator).values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_constructor_only_assigns(estimator):
    given = {name: object() for name in _constructor_parameters(estimator)}
    assert vars(estimator(**given)) == given


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_tags_hide_no_expected_failures(estimator):
    tags = get_tags(estimator())
    assert not tags.non_deterministic
    assert not tags._skip_test
    assert tags.classifier_tags is None or not tags.classifier_tags.poor_score
    assert tags.regressor_tags is None or not tags.regressor_tags.poor_score


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_clone_of_a_fitted_estimator_is_unfitted(estimator, spectra):
    fitted = _brief(estimator).fit(*spectra)
    assert fitted.n_features_in_ == 40
    unfitted = clone(fitted)
    assert set(vars(unfitted)) == set(_constructor_parameters(estimator))
    assert repr(unfitted) == repr(fitted)
