"""What SpectralCNNClassifier does, apart from what scikit-learn's suite asks of it."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skhyp import SpectralCNNClassifier

ACTIVATIONS = ["relu", "sigmoid", "linear", "tanh", "elu", "softplus"]
N_LAYERS = 3  # of the small classifier: a convolution, a dense layer, the logits


@pytest.mark.parametrize(
    ("given", "computed"),
    [
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("uint8", "float32"),
        ("uint16", "float32"),
        ("int16", "float32"),
    ],
)
def test_shapes_and_dtypes_follow_the_input(spectra, small_classifier, given, computed):
    X, y = (100 * spectra[0]).astype(given), spectra[1]
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    assert classifier.parameters_.dtype == computed
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        result = getattr(classifier, method)(X)
        assert result.shape == (120, 3) and result.dtype == computed
    assert classifier.predict_features(X).dtype == computed
    assert classifier.predict(X).shape == (120,)


@pytest.mark.parametrize(
    "rearrange",
    [np.asfortranarray, lambda X: X.astype(">f4"), lambda X: np.repeat(X, 2, 1)[:, ::2]],
)
def test_memory_layout_and_byte_order_do_not_matter(spectra, fitted_classifier, rearrange):
    X = spectra[0]
    expected = fitted_classifier.predict_proba(X)
    assert np.array_equal(fitted_classifier.predict_proba(rearrange(X)), expected)


def _reduces_the_loss(spectra, **parameters):
    curve = SpectralCNNClassifier(**parameters).fit(*spectra).loss_curve_
    return np.isfinite(curve).all() and curve[-1] < 0.9 * curve[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns(spectra, small_classifier, activation):
    assert _reduces_the_loss(spectra, **small_classifier, activation=activation)


@pytest.mark.parametrize("initializer", ["glorot", "he", "truncated_normal", "normal"])
def test_every_initializer_learns(spectra, small_classifier, initializer):
    assert _reduces_the_loss(spectra, **small_classifier, initializer=initializer)


def test_constant_initializer_learns(spectra, small_classifier):
    parameters = small_classifier | {"initializer": "constant", "initializer_std": 0.01}
    curve = SpectralCNNClassifier(**parameters).fit(*spectra).loss_curve_
    assert curve[-1] < curve[0]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "exponential", "piecewise", "cosine"])
def test_every_optimizer_and_schedule_learns(spectra, small_classifier, optimizer, schedule):
    given = {"learning_rate_boundaries": (10,), "learning_rate_values": (0.02,), "decay_steps": 9}
    parameters = small_classifier | given | {"optimizer": optimizer, "max_epochs": 40}
    rate = 0.1 if optimizer == "sgd" else 0.01
    parameters |= {"learning_rate_schedule": schedule, "learning_rate": rate}
    assert _reduces_the_loss(spectra, **parameters)


@pytest.mark.parametrize(
    "views", [None, ("snv",), ("bands",), ("whitened",), ("bands", "whitened", "snv")]
)
def test_every_view_learns(spectra, small_classifier, views):
    assert _reduces_the_loss(spectra, **small_classifier, views=views)


@pytest.mark.parametrize("views", [("snv", "snv"), ("msc",)])
def test_unknown_or_repeated_views_are_refused(spectra, small_classifier, views):
    with pytest.raises(ValueError, match="views"):
        SpectralCNNClassifier(**small_classifier, views=views).fit(*spectra)


@pytest.mark.parametrize(
    "parameters",
    [
        {"padding": "same"},
        {"strides": 1},
        {"n_filters": (4, 3), "strides": (1, 2)},
        {"dense_layer_sizes": ()},
        {"dense_layer_sizes": (8, 8)},
        {"dropout": 0.3},
    ],
)
def test_every_structure_learns(spectra, small_classifier, parameters):
    assert _reduces_the_loss(spectra, **small_classifier | parameters)


def test_default_classifier_learns_the_classes(spectra_factory):
    X, y = spectra_factory()
    X_new, y_new = spectra_factory(seed=1)
    assert SpectralCNNClassifier(max_epochs=30, random_state=0).fit(X, y).score(X_new, y_new) > 0.95


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["grass", "corn", "woods"]),
        np.array(["grass", "corn", "woods"], dtype=object),
        np.array([1.0, 2.0, 7.0]),
        np.array([-5, 0, 300]),
        np.array([3, 1, 2], np.uint8),
    ],
)
def test_labels_of_any_sortable_type_come_back(spectra, small_classifier, labels):
    X, y = spectra[0], labels[spectra[1]]
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    assert classifier.classes_.tolist() == sorted(labels.tolist())
    assert classifier.predict(X).dtype == y.dtype
    assert classifier.score(X, y) > 0.9


def test_boolean_labels_come_back(spectra, small_classifier):
    y = spectra[1] == 1
    predicted = SpectralCNNClassifier(**small_classifier).fit(spectra[0], y).predict(spectra[0])
    assert predicted.dtype == bool and np.mean(predicted == y) > 0.9


def test_probabilities_sum_to_one_and_decide(spectra, fitted_classifier):
    P = fitted_classifier.predict_proba(spectra[0])
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(fitted_classifier.predict(spectra[0]), P.argmax(axis=1))
    assert np.mean(P.argmax(axis=1) == spectra[1]) > 0.9


def test_log_probabilities_are_finite_where_probabilities_vanish(spectra, small_classifier):
    parameters = small_classifier | {"learning_rate": 0.3, "max_epochs": 60, "views": ("bands",)}
    classifier = SpectralCNNClassifier(**parameters).fit(*spectra)
    X = np.r_[spectra[0], 100 * spectra[0]]
    P, log_P = classifier.predict_proba(X), classifier.predict_log_proba(X)
    assert P.min() == 0
    assert np.isfinite(log_P).all()
    np.testing.assert_allclose(np.exp(log_P), P, rtol=1e-4, atol=1e-30)


def test_decision_function_of_many_classes_is_the_logits(spectra, fitted_classifier):
    logits = fitted_classifier.decision_function(spectra[0]).astype(np.float64)
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted_classifier.predict_proba(spectra[0]), P, rtol=1e-4)


def test_decision_function_of_two_classes_is_one_score(spectra, small_classifier):
    X, y = spectra[0], np.array(["a", "b"])[(spectra[1] > 0).astype(int)]
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    scores = classifier.decision_function(X)
    assert scores.shape == (120,)
    assert np.array_equal(scores > 0, classifier.predict(X) == "b")
    probability = 1 / (1 + np.exp(-scores.astype(np.float64)))
    np.testing.assert_allclose(classifier.predict_proba(X)[:, 1], probability, rtol=1e-4)


@pytest.mark.parametrize(("layer", "n_values"), [(0, 4 * 9), (1, 16), (2, 3)])
def test_features_of_every_layer_by_either_index(spectra, fitted_classifier, layer, n_values):
    features = fitted_classifier.predict_features(spectra[0], layer=layer)
    from_the_end = fitted_classifier.predict_features(spectra[0], layer=layer - N_LAYERS)
    assert features.shape == (120, n_values) and np.ptp(features) > 0
    assert np.array_equal(features, from_the_end)
    assert (features.min() >= 0) == (layer < 2)


def test_features_lead_to_the_logits(spectra, fitted_classifier):
    features, w = fitted_classifier.predict_features(spectra[0]), fitted_classifier.weights_
    logits = features @ w["output_kernel"] + w["output_bias"]
    expected = fitted_classifier.decision_function(spectra[0])
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    assert np.array_equal(fitted_classifier.predict_features(spectra[0], layer=-1), expected)


@pytest.mark.parametrize("layer", [3, -4, 1.5, "dense_1", None])
def test_layers_that_do_not_exist_are_refused(spectra, fitted_classifier, layer):
    with pytest.raises(ValueError, match="layer"):
        fitted_classifier.predict_features(spectra[0], layer=layer)


def test_early_stopping_stops_and_keeps_the_best_epoch(spectra_factory, small_classifier):
    spectra = spectra_factory(noise=0.3)
    parameters = small_classifier | {"early_stopping": True, "patience": 4}
    stopped = SpectralCNNClassifier(**parameters | {"max_epochs": 500}).fit(*spectra)
    best = int(np.argmin(stopped.validation_loss_curve_))
    assert stopped.n_iter_ == len(stopped.validation_loss_curve_) == best + 5 < 500
    until_best = SpectralCNNClassifier(**parameters | {"max_epochs": best + 1}).fit(*spectra)
    assert np.array_equal(stopped.parameters_, until_best.parameters_)


def test_early_stopping_needs_two_of_each_class(spectra, small_classifier):
    y = np.where(np.arange(120) == 7, 9, spectra[1])
    with pytest.raises(ValueError, match="at least 2"):
        SpectralCNNClassifier(**small_classifier, early_stopping=True).fit(spectra[0], y)


@pytest.mark.parametrize("validation_fraction", [0.001, 0.5, 0.97])
def test_any_validation_fraction_leaves_every_class_to_learn(
    spectra, small_classifier, validation_fraction
):
    parameters = small_classifier | {"early_stopping": True, "max_epochs": 2}
    classifier = SpectralCNNClassifier(**parameters, validation_fraction=validation_fraction)
    assert len(classifier.fit(*spectra).validation_loss_curve_) == 2


def test_a_validation_fraction_that_leaves_too_few_is_named(spectra, small_classifier):
    parameters = small_classifier | {"early_stopping": True, "validation_fraction": 0.99}
    with pytest.raises(ValueError, match="validation_fraction"):
        SpectralCNNClassifier(**parameters).fit(*spectra)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_warm_start_twice_is_one_longer_fit(spectra, small_classifier, dropout):
    parameters = small_classifier | {"dropout": dropout, "batch_size": 50}
    whole = SpectralCNNClassifier(**parameters | {"max_epochs": 20}).fit(*spectra)
    parts = SpectralCNNClassifier(**parameters | {"max_epochs": 10, "warm_start": True})
    parts.fit(*spectra).fit(*spectra)
    assert np.array_equal(parts.parameters_, whole.parameters_)
    assert parts.loss_curve_ == whole.loss_curve_ and parts.n_iter_ == 20


def test_warm_start_refuses_other_classes(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier, warm_start=True).fit(*spectra)
    expected = classifier.predict(spectra[0])
    with pytest.raises(ValueError, match="warm_start=True needs the classes"):
        classifier.fit(spectra[0], spectra[1] + 1)
    assert np.array_equal(classifier.predict(spectra[0]), expected)


@pytest.mark.parametrize("schedule", ["constant", "exponential"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_partial_fit_epochs_are_those_of_fit(spectra, small_classifier, schedule, class_weight):
    parameters = small_classifier | {"batch_size": 50, "max_epochs": 5, "decay_steps": 4}
    parameters |= {"learning_rate_schedule": schedule, "class_weight": class_weight}
    whole = SpectralCNNClassifier(**parameters).fit(*spectra)
    parts = SpectralCNNClassifier(**parameters).partial_fit(*spectra, classes=[0, 1, 2])
    for _ in range(4):
        parts.partial_fit(*spectra)
    assert np.array_equal(parts.parameters_, whole.parameters_)
    assert np.array_equal(parts.classes_, whole.classes_)


def test_partial_fit_needs_the_classes_first(spectra, small_classifier):
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        SpectralCNNClassifier(**small_classifier).partial_fit(*spectra)


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2, 3]])
def test_partial_fit_refuses_other_classes_later(spectra, small_classifier, classes):
    classifier = SpectralCNNClassifier(**small_classifier)
    classifier.partial_fit(*spectra, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not those of the first call"):
        classifier.partial_fit(*spectra, classes=classes)


def test_partial_fit_refuses_labels_beyond_the_classes(spectra, small_classifier):
    with pytest.raises(ValueError, match=r"not in classes: \[2\]"):
        SpectralCNNClassifier(**small_classifier).partial_fit(*spectra, classes=[0, 1])


def test_partial_fit_takes_batches_without_some_classes(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier)
    classifier.partial_fit(*spectra, classes=[2, 1, 0])
    few = spectra[1] < 2
    for _ in range(3):
        classifier.partial_fit(spectra[0][few], spectra[1][few])
    assert classifier.predict_proba(spectra[0]).shape == (120, 3)
    assert classifier.n_iter_ == 4


def test_a_class_without_spectra_is_unlikely(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier)
    for _ in range(10):
        classifier.partial_fit(*spectra, classes=[0, 1, 2, 3])
    assert classifier.predict_proba(spectra[0])[:, 3].mean() < 0.1


def test_divergence_names_the_learning_rate_and_keeps_the_former_fit(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier).fit(*spectra)
    P, curve = classifier.predict_proba(spectra[0]), list(classifier.loss_curve_)
    with pytest.raises(ValueError, match="learning_rate"):
        classifier.set_params(learning_rate=1e30).fit(*spectra)
    assert np.array_equal(classifier.predict_proba(spectra[0]), P)
    assert classifier.loss_curve_ == curve


@pytest.mark.parametrize("failure", ["divergence", "one class", "too few of a class"])
def test_failure_on_other_bands_keeps_the_former_fit(spectra, small_classifier, failure):
    X, y = spectra
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    P = classifier.predict_proba(X)
    if failure == "divergence":
        classifier.set_params(learning_rate=1e30)
    y_failing = {"divergence": y, "one class": np.zeros(120), "too few of a class": y}[failure]
    if failure == "too few of a class":
        classifier.set_params(early_stopping=True)
        y_failing = np.where(np.arange(120) == 7, 9, y)
    with pytest.raises(ValueError, match=r"learning_rate|one class|at least 2"):
        classifier.fit(X[:, :30], y_failing)
    assert np.array_equal(classifier.predict_proba(X), P)


def test_divergence_of_a_first_fit_leaves_an_unfitted_estimator(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier | {"learning_rate": 1e30})
    with pytest.raises(ValueError, match="learning_rate"):
        classifier.fit(*spectra)
    with pytest.raises(NotFittedError):
        classifier.predict(spectra[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_leaves_a_usable_estimator(spectra, small_classifier, request, early_stopping):
    classifier = SpectralCNNClassifier(**small_classifier, early_stopping=early_stopping)
    whole = SpectralCNNClassifier(**classifier.get_params()).set_params(max_epochs=2).fit(*spectra)
    request.getfixturevalue("interrupted_after_two_epochs")
    with pytest.warns(ConvergenceWarning, match="interrupted after 2 of 20 epochs"):
        classifier.fit(*spectra)
    expected = whole.predict_proba(spectra[0])
    assert np.array_equal(classifier.predict_proba(spectra[0]), expected)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1, 1: 3, 2: 1}])
def test_integer_weights_are_repeats(spectra, small_classifier, class_weight):
    X, y = spectra[0].astype(np.float64), spectra[1]
    weights = np.arange(len(X)) % 3
    parameters = small_classifier | {"batch_size": 256, "class_weight": class_weight}
    weighted = SpectralCNNClassifier(**parameters).fit(X, y, sample_weight=weights)
    repeated = SpectralCNNClassifier(**parameters).fit(
        np.repeat(X, weights, axis=0), np.repeat(y, weights)
    )
    P = weighted.predict_proba(X)
    np.testing.assert_allclose(P, repeated.predict_proba(X), rtol=1e-6, atol=1e-9)
    unweighted = SpectralCNNClassifier(**parameters).fit(X, y)
    assert not np.allclose(P, unweighted.predict_proba(X), rtol=1e-6, atol=1e-9)


def test_spectra_of_weight_zero_are_left_out_with_their_classes(spectra, small_classifier):
    X, y = spectra
    kept = y < 2
    weighted = SpectralCNNClassifier(**small_classifier).fit(X, y, sample_weight=kept * 1.0)
    left_out = SpectralCNNClassifier(**small_classifier).fit(X[kept], y[kept])
    assert weighted.classes_.tolist() == [0, 1]
    assert np.array_equal(weighted.parameters_, left_out.parameters_)


def test_weights_that_leave_one_class_are_refused(spectra, small_classifier):
    weights = (spectra[1] == 1).astype(float)
    with pytest.raises(ValueError, match="one class"):
        SpectralCNNClassifier(**small_classifier).fit(*spectra, sample_weight=weights)


@pytest.mark.parametrize(("weight", "message"), [(0, "weight.*zero"), (-1, "negative")])
def test_useless_weights_are_refused(spectra, small_classifier, weight, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        SpectralCNNClassifier(**small_classifier).fit(*spectra, sample_weight=np.full(120, weight))


@pytest.fixture(scope="module")
def imbalanced_recalls(spectra_factory):
    """The recall of a rare class that looks much like the common one, for some class weights."""
    X, y = spectra_factory((240, 15), n_bands=20, noise=0.2)
    X_new, y_new = spectra_factory((200, 200), n_bands=20, noise=0.2, seed=1)
    parameters = {"views": ("bands",), "kernel_sizes": 5, "n_filters": (4,), "learning_rate": 0.01}

    def recall(class_weight):
        classifier = SpectralCNNClassifier(
            **parameters,
            dense_layer_sizes=(),
            max_epochs=20,
            class_weight=class_weight,
            random_state=0,
        )
        return np.mean(classifier.fit(X, y).predict(X_new)[y_new == 1] == 1)

    weights = {"none": None, "balanced": "balanced", "balanced_batch": "balanced_batch"}
    weights["dict"] = {0: 1, 1: 16}
    return {name: recall(class_weight) for name, class_weight in weights.items()}


@pytest.mark.parametrize("class_weight", ["balanced", "balanced_batch", "dict"])
def test_class_weights_raise_the_recall_of_a_rare_class(imbalanced_recalls, class_weight):
    assert imbalanced_recalls[class_weight] > imbalanced_recalls["none"] + 0.2


def test_balancing_by_batch_is_not_balancing_over_the_whole(spectra_factory, small_classifier):
    X, y = spectra_factory((90, 20, 10))
    fitted = [
        SpectralCNNClassifier(**small_classifier, class_weight=class_weight).fit(X, y).parameters_
        for class_weight in (None, "balanced", "balanced_batch")
    ]
    assert not any(np.array_equal(fitted[i], fitted[j]) for i, j in [(0, 1), (0, 2), (1, 2)])


def test_dict_of_balancing_weights_is_balanced(spectra_factory, small_classifier):
    X, y = spectra_factory((90, 20, 10))
    by_hand = {0: 120 / 270, 1: 120 / 60, 2: 120 / 30}
    fitted = [
        SpectralCNNClassifier(**small_classifier, class_weight=class_weight).fit(
            X.astype(np.float64), y
        )
        for class_weight in ("balanced", by_hand)
    ]
    np.testing.assert_allclose(fitted[0].parameters_, fitted[1].parameters_, rtol=1e-6, atol=1e-9)


def test_dict_of_class_weights_takes_string_labels(spectra, small_classifier):
    y = np.array(["corn", "grass", "woods"])[spectra[1]]
    named = SpectralCNNClassifier(
        **small_classifier, class_weight={"corn": 2, "grass": 1, "woods": 1}
    )
    numbered = SpectralCNNClassifier(**small_classifier, class_weight={0: 2, 1: 1, 2: 1})
    expected = numbered.fit(*spectra).parameters_
    assert np.array_equal(named.fit(spectra[0], y).parameters_, expected)


@pytest.mark.parametrize("class_weight", [{0: -1}, {0: 0, 1: 0, 2: 0}])
def test_useless_class_weights_are_refused(spectra, small_classifier, class_weight):
    with pytest.raises(ValueError, match="class_weight"):
        SpectralCNNClassifier(**small_classifier, class_weight=class_weight).fit(*spectra)


@pytest.mark.parametrize(
    "faulty",
    [
        np.full(40, 0.5),
        np.zeros(40),
        np.linspace(0.3, 0.6, 40) * 1e6,
        np.linspace(0.3, 0.6, 40) * 1e30,
    ],
    ids=["flat", "zero", "1e6", "1e30"],
)
@pytest.mark.parametrize(
    "views", [("snv", "whitened", "bands"), ("bands",), ("snv", "slope", "curvature")]
)
def test_one_faulty_spectrum_does_not_spoil_the_others(
    spectra, spectra_factory, small_classifier, views, faulty
):
    X, y = np.r_[spectra[0], faulty[None].astype(np.float32)], np.r_[spectra[1], 0]
    X_new, y_new = spectra_factory(seed=1)
    parameters = small_classifier | {"views": views, "max_epochs": 40}
    clean = SpectralCNNClassifier(**parameters).fit(*spectra).score(X_new, y_new)
    classifier = SpectralCNNClassifier(**parameters).fit(X, y)
    assert clean > 0.9
    assert classifier.score(X_new, y_new) > clean - 0.05
    assert np.isfinite(classifier.predict_log_proba(X)).all()


@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN"), (np.inf, "infinity")])
@pytest.mark.parametrize("method", ["fit", "predict", "predict_proba", "predict_features"])
def test_values_that_are_not_finite_are_refused(
    spectra, fitted_classifier, small_classifier, method, value, message
):
    X = spectra[0].copy()
    X[3, 5] = value
    if method == "fit":
        with pytest.raises(ValueError, match=message):
            SpectralCNNClassifier(**small_classifier).fit(X, spectra[1])
    else:
        with pytest.raises(ValueError, match=message):
            getattr(fitted_classifier, method)(X)


def test_one_class_is_refused(spectra, small_classifier):
    with pytest.raises(ValueError, match=r"at least two classes, got one class: \[4\]"):
        SpectralCNNClassifier(**small_classifier).fit(spectra[0], np.full(120, 4))


def test_one_sample_is_refused_as_one_class(spectra, small_classifier):
    with pytest.raises(ValueError, match="one class"):
        SpectralCNNClassifier(**small_classifier).fit(spectra[0][:1], spectra[1][:1])


def test_one_spectrum_of_each_class_is_enough(spectra, small_classifier):
    first = [int(np.flatnonzero(spectra[1] == label)[0]) for label in range(3)]
    X, y = spectra[0][first], spectra[1][first]
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    assert classifier.predict(X).tolist() == y.tolist()


@pytest.mark.parametrize("parameters", [{}, {"views": None}, {"padding": "same"}])
def test_one_band_can_be_classified(parameters):
    y = np.arange(60) % 2
    X = (y + 0.1 * np.sin(np.arange(60)))[:, None].astype(np.float32)
    classifier = SpectralCNNClassifier(**parameters, random_state=0, max_epochs=60).fit(X, y)
    assert classifier.score(X, y) > 0.95


@pytest.mark.parametrize("method", ["fit", "predict", "predict_proba"])
def test_cubes_are_refused_with_the_way_out(fitted_classifier, small_classifier, method):
    cube = np.ones((3, 4, 40), np.float32)
    if method == "fit":
        with pytest.raises(ValueError, match="unroll"):
            SpectralCNNClassifier(**small_classifier).fit(cube, np.arange(3))
    else:
        with pytest.raises(ValueError, match="unroll"):
            getattr(fitted_classifier, method)(cube)


@pytest.mark.parametrize("method", ["predict", "decision_function", "predict_features"])
def test_another_number_of_bands_is_refused(spectra, fitted_classifier, method):
    with pytest.raises(ValueError, match=r"30 features.*expecting 40"):
        getattr(fitted_classifier, method)(spectra[0][:, :30])


def test_default_kernels_shrink_silently(spectra):
    classifier = SpectralCNNClassifier(max_epochs=1).fit(spectra[0][:, :10], spectra[1])
    assert classifier.weights_["convolution_1_kernel"].shape == (10, 3, 16)


def test_kernels_that_were_asked_for_shrink_with_a_warning(spectra, small_classifier):
    classifier = SpectralCNNClassifier(**small_classifier | {"kernel_sizes": 12})
    with pytest.warns(UserWarning, match=r"kernel_sizes=12 do not fit 10 bands"):
        classifier.fit(spectra[0][:, :10], spectra[1])
    assert classifier.weights_["convolution_1_kernel"].shape == (10, 3, 4)


def test_verbose_shows_a_bar(spectra, small_classifier, capsys):
    pytest.importorskip("tqdm")
    SpectralCNNClassifier(**small_classifier, verbose=1, early_stopping=True).fit(*spectra)
    shown = capsys.readouterr()
    assert not shown.out
    assert "SpectralCNNClassifier: 100%" in shown.err and "validation_loss=" in shown.err


def test_verbose_prints_lines_without_tqdm(spectra, small_classifier, capsys, monkeypatch):
    for module in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, module, None)
    SpectralCNNClassifier(**small_classifier, verbose=1).fit(*spectra)
    shown = capsys.readouterr()
    assert not shown.out
    assert "SpectralCNNClassifier: epoch 20 of 20, loss " in shown.err


@pytest.mark.usefixtures("fitted_classifier")  # what TensorFlow writes once was written then
def test_silent_by_default(spectra, small_classifier, capfd):
    SpectralCNNClassifier(**small_classifier).fit(*spectra).predict(spectra[0])
    assert capfd.readouterr() == ("", "")


def test_weights_are_named_views_of_the_parameters(fitted_classifier):
    weights = fitted_classifier.weights_
    layers = ["convolution_1", "dense_1", "output"]
    assert list(weights) == [f"{layer}_{part}" for layer in layers for part in ("kernel", "bias")]
    assert all(np.shares_memory(w, fitted_classifier.parameters_) for w in weights.values())
    assert sum(w.size for w in weights.values()) == fitted_classifier.parameters_.size


@pytest.mark.parametrize("n_rows", [1, 31, 33, 120])
def test_a_row_does_not_depend_on_the_rows_beside_it(spectra, fitted_classifier, n_rows):
    P = fitted_classifier.predict_proba(spectra[0][:n_rows])
    assert np.array_equal(P, fitted_classifier.predict_proba(spectra[0])[:n_rows])


def test_an_interrupted_fit_is_kept_where_warnings_are_errors(
    spectra, small_classifier, interrupted_after_two_epochs
):
    classifier = SpectralCNNClassifier(**small_classifier)
    warnings.simplefilter("error")  # until the end of this test
    with pytest.raises(ConvergenceWarning):
        classifier.fit(*spectra)
    assert classifier.n_iter_ == 2 and len(classifier.predict(spectra[0])) == len(spectra[0])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: 1e39, 1: 1, 2: 1}, r"class_weight=.* got weights from 1 to 1e\+39"),
        ({0: np.inf, 1: 1, 2: 1}, "class_weight must be a number of 0 or more, and finite"),
        ({0: np.nan, 1: 1, 2: 1}, "class_weight must be a number of 0 or more, and finite"),
        ({0: -1, 1: 1, 2: 1}, "class_weight must be a number of 0 or more, and finite"),
        ({0: "2", 1: 1, 2: 1}, "class_weight must be a number of 0 or more, and finite"),
        ({0: 0, 1: 0, 2: 0}, "class_weight must be above 0 for a class that occurs"),
    ],
)
def test_weights_of_classes_that_make_no_sense_are_refused(
    spectra, small_classifier, class_weight, message
):
    with pytest.raises(ValueError, match=message):
        SpectralCNNClassifier(class_weight=class_weight, **small_classifier).fit(*spectra)


def test_weights_of_classes_matter_beside_each_other_alone(spectra, small_classifier):
    fitted = [
        SpectralCNNClassifier(class_weight={0: unit, 1: 2 * unit, 2: unit}, **small_classifier).fit(
            *spectra
        )
        for unit in (1.0, 2.0**1000, 2.0**-1000)
    ]
    for other in fitted[1:]:
        np.testing.assert_array_equal(other.parameters_, fitted[0].parameters_)


@pytest.mark.parametrize("parameters", [{"dropout": 1 - 1e-10}, {"views": {"snv", "bands"}}])
def test_extreme_dropout_and_views_in_no_order_are_refused(spectra, small_classifier, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        SpectralCNNClassifier(**small_classifier, **parameters).fit(*spectra)


def test_a_spectrum_beyond_what_raw_spectra_can_be_has_no_class(spectra, small_classifier):
    X, y = spectra
    raw = {"views": None, "activation": "linear"}
    classifier = SpectralCNNClassifier(**raw, **small_classifier).fit(X, y)
    bright = X[:3].copy()
    bright[1] = 3e38
    for method in (classifier.predict, classifier.predict_proba):
        with pytest.raises(ValueError, match=r"1 of 3 rows of X .* row 1"):
            method(bright)
