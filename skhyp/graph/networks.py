"""The networks there are, and their descriptions as plain values, which fitted estimators keep."""

import dataclasses
from typing import Any

from .autoencoders import ConvAutoencoder, DenseAutoencoder
from .classifiers import ConvClassifier
from .regressors import ConvRegressor
from .unmixers import LinearUnmixer

_NETWORKS = {
    network.__name__: network
    for network in (
        DenseAutoencoder,
        ConvAutoencoder,
        LinearUnmixer,
        ConvClassifier,
        ConvRegressor,
    )
}


def describe(network: Any) -> dict[str, Any]:
    """Return the kind of a network and all its fields, as strings, numbers and tuples."""
    return {"network": type(network).__name__, **dataclasses.asdict(network)}


def from_description(description: dict[str, Any], **changes: Any) -> Any:
    """Return the network of a description, with fields changed."""
    fields = {**description, **changes}
    return _NETWORKS[fields.pop("network")](**fields)


def differing_fields(description: dict[str, Any], network: Any) -> list[str]:
    """Return in which fields a network is not the described one, its precisions aside."""
    other = describe(network)
    # Fields that came after a description was written are at their defaults in it.
    defaults = {field.name: field.default for field in dataclasses.fields(network)}
    described = defaults | description
    names = {**described, **other}.keys() - {"dtype", "layers_dtype"}
    return sorted(name for name in names if described.get(name) != other.get(name))
