"""Fitted networks as scikit-learn's, with what comes before them; and what is linear anyway."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

from skhyp.fitting._views import derivative_filter

from . import _sklearn_steps as steps
from ._sklearn_layers import (
    ACTIVATIONS,
    Layer,
    activated,
    body_layers,
    convolution_layers,
    dense_layers,
    refuse_other_activation,
    views,
)
from ._sklearn_steps import Steps


def classifier_steps(classifier: Any) -> Steps:
    """Return the views of a fitted classifier, and its network with its labels."""
    before, layers, (kernel, bias) = _body(classifier)
    classes = _plain_labels(classifier.classes_)
    is_binary = len(classes) == 2
    if is_binary:  # one value: the log-odds of the second class
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    network = MLPClassifier()
    _set_layers(network, classifier, [*layers, (kernel, bias)])
    network.out_activation_ = "logistic" if is_binary else "softmax"
    network.classes_ = classes
    network._label_binarizer = _binarizer(classes)
    return [*before, ("classifier", network)]


def regressor_steps(regressor: Any) -> Steps:
    """Return the views of a fitted regressor, and its network, in the unit of the targets."""
    before, layers, (kernel, bias) = _body(regressor)
    statistics = _statistics(regressor)
    scale, mean = statistics["target_scale"], statistics["target_mean"]
    network = MLPRegressor()
    _set_layers(network, regressor, [*layers, (kernel * scale, bias * scale + mean)])
    network.out_activation_ = "identity"
    return [*before, ("regressor", network)]


def linear_regressor_steps(regressor: Any) -> Steps:
    """Return the scaling of a fitted SpectralPLSRegressor, and its coefficients."""
    n_bands, scaling = regressor.n_features_in_, regressor.scaling_
    coefficients = np.atleast_2d(regressor.coef_)
    before: Steps = []
    if scaling is not None:
        before = steps.standard_normal_variate(n_bands)
        if scaling != "snv":
            wavelengths, segments = regressor.wavelengths_, regressor.segments_
            matrix = derivative_filter(scaling, wavelengths, segments, n_bands)
            coefficients = coefficients @ matrix.T
        coefficients = coefficients * np.sqrt(n_bands)
    linear = LinearRegression()
    linear.coef_ = coefficients[0] if regressor.coef_.ndim == 1 else coefficients
    linear.intercept_ = regressor.intercept_
    linear.n_features_in_ = n_bands
    return [*before, ("regressor", linear)]


def encoder_steps(autoencoder: Any) -> Steps:
    """Return what makes codes, layer by layer."""
    refuse_other_activation(autoencoder, "activation")
    refuse_other_activation(autoencoder, "latent_activation")
    network, arrays = autoencoder._fitted_network(), autoencoder.weights_
    arrays = {name: values.astype(np.float64) for name, values in arrays.items()}
    made: Steps = []
    if network.own_scale:
        n_bands = network.n_bands
        made += [*steps.unit_magnitude(n_bands), ("length", steps.unit_norm("l2", n_bands))]
        root = np.full(n_bands, np.sqrt(n_bands))
        made.append(("scale", steps.affine(root, 0 * root)))
    elif network.scaled:
        made.append(_scale(autoencoder, network.n_bands))
    if network.has_convolutions:
        layers = convolution_layers(network, arrays, "encoder")
        layers.append((arrays["latent_kernel"], arrays["latent_bias"]))
    else:
        layers = dense_layers(arrays, "encoder", network.n_layers)
    activations = [network.activation] * (len(layers) - 1) + [network.latent_activation]
    return made + activated(layers, activations)


def unmixer_steps(unmixer: Any) -> Steps:
    """Return what makes abundances: a product, nothing below zero, and the sum one."""
    from skhyp.graph.layers import Layers
    from skhyp.graph.parameters import split

    network = unmixer._fitted_network(dtype="float64")
    arrays = split(unmixer.parameters_.astype(np.float64), network.parameters)
    matrix, offset = map(np.asarray, network.shares_of_differences(Layers(arrays)))
    layer = (matrix, offset - arrays["center"] @ matrix)
    total = ("sum", steps.unit_norm("l1", network.n_endmembers))
    return [_scale(unmixer, network.n_bands), *activated([layer], ["relu"]), total]


def _scale(estimator: Any, n_bands: int) -> tuple[str, Any]:
    from skhyp.graph.autoencoders import SATURATION

    scale = np.full(n_bands, _statistics(estimator)["scale"])
    return "scale", steps.affine(1 / scale, 0 * scale, (-SATURATION, SATURATION))


def _body(estimator: Any) -> tuple[Steps, list[Layer], Layer]:
    """Return what makes the views, and the layers, in float64."""
    refuse_other_activation(estimator, "activation")
    network, arrays = estimator._fitted_network(), estimator.weights_
    arrays = {name: values.astype(np.float64) for name, values in arrays.items()}
    layers, last = body_layers(network, arrays)
    before, first = views(network, _statistics(estimator), layers[0][0])
    return before, [(first, layers[0][1]), *layers[1:]], last


def _statistics(estimator: Any) -> dict[str, NDArray[np.float64]]:
    from skhyp.graph.parameters import split

    network = estimator._fitted_network()
    return split(estimator.statistics_.astype(np.float64), network.statistics)


def _set_layers(network: Any, estimator: Any, layers: list[Layer]) -> None:
    dtype = estimator.parameters_.dtype
    network.set_params(
        activation=ACTIVATIONS[estimator.architecture_["activation"]],
        hidden_layer_sizes=tuple(len(bias) for _, bias in layers[:-1]),
    )
    network.coefs_ = [np.ascontiguousarray(kernel, dtype) for kernel, _ in layers]
    network.intercepts_ = [bias.astype(dtype) for _, bias in layers]
    network.n_layers_ = len(layers) + 1
    network.n_outputs_ = len(layers[-1][1])
    network.n_features_in_ = len(layers[0][0])


def _binarizer(classes: NDArray[Any]) -> LabelBinarizer:
    binarizer = LabelBinarizer()
    binarizer.classes_ = classes
    binarizer.y_type_ = "binary" if len(classes) == 2 else "multiclass"
    binarizer.sparse_input_ = False
    return binarizer


def _plain_labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return labels as an array that files hold without objects in it."""
    if classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes):
        return classes.astype(str)
    if classes.dtype.kind not in "biufUS":
        raise ValueError(
            f"estimator must have labels that are numbers or strings, got {classes.tolist()}."
        )
    return classes
