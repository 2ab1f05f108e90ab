"""Networks as layers of scikit-learn: convolutions written out, views as what comes before them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _sklearn_steps as steps
from ._sklearn_steps import Steps

Layer = tuple[NDArray[Any], NDArray[Any]]

# What scikit-learn's networks call the activations that they have.
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "linear": "identity"}


def refuse_other_activation(estimator: Any, parameter: str) -> None:
    """Raise a ValueError if there is no such activation in scikit-learn."""
    activation = estimator.architecture_[parameter]
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"{type(estimator).__name__}({parameter}={activation!r}) has no equal in "
            f"scikit-learn. Of {parameter}, {', '.join(map(repr, ACTIVATIONS))} convert."
        )


def body_layers(network: Any, arrays: dict[str, NDArray[Any]]) -> tuple[list[Layer], Layer]:
    """Return the layers of a body that an activation follows, and the last one."""
    layers = convolution_layers(network, arrays, "convolution")
    layers += dense_layers(arrays, "dense", len(network.dense_layer_sizes))
    return layers, (arrays["output_kernel"], arrays["output_bias"])


def dense_layers(arrays: dict[str, NDArray[Any]], name: str, n_layers: int) -> list[Layer]:
    """Return kernels and biases of dense layers."""
    numbers = range(1, n_layers + 1)
    return [(arrays[f"{name}_{i}_kernel"], arrays[f"{name}_{i}_bias"]) for i in numbers]


def convolution_layers(network: Any, arrays: dict[str, NDArray[Any]], name: str) -> list[Layer]:
    """Return convolutions as dense layers; the first is of bands, each with its channels."""
    layers = []
    for i, stride in enumerate(network.strides):
        kernel, bias = arrays[f"{name}_{i + 1}_kernel"], arrays[f"{name}_{i + 1}_bias"]
        length, n_positions = network.lengths[i : i + 2]
        matrix = _written_out(kernel, length, n_positions, stride, network.padding)
        layers.append((matrix, np.tile(bias, n_positions)))
    return layers


def _written_out(
    kernel: NDArray[Any], length: int, n_positions: int, stride: int, padding: str
) -> NDArray[Any]:
    """Return the matrix by which a convolution multiplies (length * channels) values."""
    from skhyp.graph.convolutions import padding_around

    width, n_channels, n_filters = kernel.shape
    before, _ = padding_around(length, width, stride, padding)
    matrix = np.zeros((length, n_channels, n_positions, n_filters), kernel.dtype)
    for tap in range(width):
        bands = np.arange(n_positions) * stride + tap - before
        positions = np.flatnonzero((bands >= 0) & (bands < length))
        matrix[bands[positions], :, positions] = kernel[tap]
    return matrix.reshape(length * n_channels, n_positions * n_filters)


def views(
    network: Any, statistics: dict[str, NDArray[Any]], first: NDArray[Any]
) -> tuple[Steps, NDArray[Any]]:
    """Return the steps that make views of spectra, and the first layer of their columns.

    What is linear in a view, as its weight and the whitening, becomes a part of that layer.
    ``first`` is the layer (bands * channels, values) of the views as the network has them.
    """
    from skhyp.graph.views import CLIPPING, VIEW_WEIGHTS

    if not network.views:
        return [], first
    n_bands, limits = network.n_bands, (-CLIPPING, CLIPPING)
    channels = first.reshape(n_bands, network.n_channels, -1)
    # The product of each column that the steps give.
    products = {view: VIEW_WEIGHTS[view] * channels[:, i] for i, view in enumerate(network.views)}
    branches: Steps = []
    layers = []

    def clipped(name: str, unit: float) -> Any:
        scale, mean = statistics[f"{name}_scale"], statistics[f"{name}_mean"]
        return steps.affine(unit / scale, -mean / scale, limits)

    if "snv" in products or "whitened" in products:
        layer = products.get("snv", 0)
        if "whitened" in products:
            layer = layer + statistics["whitening"] @ products["whitened"]
        branches.append(("snv", clipped("snv", np.sqrt(n_bands))))
        layers.append(layer)
    for view in network.derivatives:
        matrix = np.sqrt(n_bands) * statistics[f"{view}_filter"]
        made = [("filter", steps.linear(matrix)), ("standardised", clipped(view, 1.0))]
        branches.append((view, steps.in_pipeline(made)))
        layers.append(products[view])
    made = []
    if branches:
        variate = steps.standard_normal_variate(n_bands)
        made = [*variate, ("views", steps.side_by_side(branches))]
    if "bands" in products:
        bands = clipped("bands", 1.0)
        if made:
            both = [("snv", steps.in_pipeline(made)), ("bands", bands)]
            made = [("views", steps.side_by_side(both))]
        else:
            made = [("bands", bands)]
        layers.append(products["bands"])
    return made, np.concatenate(layers)


def activated(layers: list[Layer], activations: list[str]) -> Steps:
    """Return layers with their activations as transformers."""
    made: Steps = []
    for number, ((kernel, bias), activation) in enumerate(
        zip(layers, activations, strict=True), start=1
    ):
        ones, limits = np.ones(len(bias)), None
        if activation == "relu":
            limits = (0.0, np.inf)
        elif activation == "sigmoid":  # (1 + tanh(x / 2)) / 2
            kernel, bias = kernel / 2, bias / 2
        made.append((f"layer-{number}", steps.linear(kernel)))
        made.append((f"bias-{number}", steps.affine(ones, bias, limits)))
        if activation in ("tanh", "sigmoid"):
            made.append((f"tanh-{number}", steps.elementwise(np.tanh)))
        if activation == "sigmoid":
            made.append((f"sigmoid-{number}", steps.affine(ones / 2, ones / 2)))
    return made
