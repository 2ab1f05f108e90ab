"""The networks in PyTorch, for the contenders that train it by hand and by skorch."""

from itertools import pairwise

from task import DENSE_LAYER_SIZES, HIDDEN_LAYER_SIZES, KERNEL_SIZES, N_COMPONENTS, N_FILTERS
from torch import nn


def dense_layers(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Return dense layers, each with a ReLU."""
    return [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]


def convolutions() -> list[nn.Module]:
    """Return convolutions over the bands of spectra (n, n_bands), each with a ReLU, flattened."""
    channels = (1, *N_FILTERS)
    layers: list[nn.Module] = [nn.Unflatten(1, (1, -1))]
    for (before, after), size in zip(pairwise(channels), KERNEL_SIZES, strict=True):
        layers += [nn.Conv1d(before, after, size), nn.ReLU()]
    return [*layers, nn.Flatten()]


def n_flattened(n_bands: int) -> int:
    """Return the values that the convolutions make of a spectrum."""
    return N_FILTERS[-1] * (n_bands - sum(size - 1 for size in KERNEL_SIZES))


class DenseAutoencoder(nn.Module):
    def __init__(self, n_bands: int):
        super().__init__()
        sizes = (n_bands, *HIDDEN_LAYER_SIZES, N_COMPONENTS)
        self.encoder = nn.Sequential(*dense_layers(sizes))
        self.decoder = nn.Sequential(*dense_layers(sizes[::-1])[:-1])  # a linear output

    def forward(self, x):
        return self.decoder(self.encoder(x))


class ConvAutoencoder(nn.Module):
    def __init__(self, n_bands: int):
        super().__init__()
        flattened = n_flattened(n_bands)
        self.encoder = nn.Sequential(*convolutions(), *dense_layers((flattened, N_COMPONENTS)))
        decoder = [*dense_layers((N_COMPONENTS, flattened)), nn.Unflatten(1, (N_FILTERS[-1], -1))]
        channels = (1, *N_FILTERS)[::-1]
        for (before, after), size in zip(pairwise(channels), KERNEL_SIZES[::-1], strict=True):
            decoder += [nn.ConvTranspose1d(before, after, size), nn.ReLU()]
        self.decoder = nn.Sequential(*decoder[:-1], nn.Flatten())

    def forward(self, x):
        return self.decoder(self.encoder(x))


class ConvClassifier(nn.Sequential):
    def __init__(self, n_bands: int = 103, n_classes: int = 9):
        sizes = (n_flattened(n_bands), *DENSE_LAYER_SIZES)
        super().__init__(
            *convolutions(), *dense_layers(sizes), nn.Linear(DENSE_LAYER_SIZES[-1], n_classes)
        )
