"""The networks in Keras, for the contenders that train them by fit and by scikeras."""

import keras
from keras import layers
from task import DENSE_LAYER_SIZES, HIDDEN_LAYER_SIZES, KERNEL_SIZES, N_COMPONENTS, N_FILTERS


def convolutions(n_bands: int) -> list:
    """Return an input, convolutions over the bands and a flattening."""
    convolved = [
        layers.Conv1D(n_filters, size, activation="relu")
        for n_filters, size in zip(N_FILTERS, KERNEL_SIZES, strict=True)
    ]
    return [keras.Input((n_bands,)), layers.Reshape((n_bands, 1)), *convolved, layers.Flatten()]


def dense_encoder(n_bands: int) -> keras.Sequential:
    sizes = (*HIDDEN_LAYER_SIZES, N_COMPONENTS)
    return keras.Sequential(
        [keras.Input((n_bands,)), *(layers.Dense(size, activation="relu") for size in sizes)]
    )


def dense_autoencoder(n_bands: int) -> keras.Sequential:
    decoder = [layers.Dense(size, activation="relu") for size in HIDDEN_LAYER_SIZES[::-1]]
    return keras.Sequential([dense_encoder(n_bands), *decoder, layers.Dense(n_bands)])


def conv_autoencoder(n_bands: int) -> keras.Sequential:
    length = n_bands - sum(size - 1 for size in KERNEL_SIZES)
    decoder = [
        layers.Conv1DTranspose(n_filters, size, activation=activation)
        for n_filters, size, activation in zip(
            (*N_FILTERS[-2::-1], 1), KERNEL_SIZES[::-1], ("relu", "relu", None), strict=True
        )
    ]
    return keras.Sequential(
        [
            *convolutions(n_bands),
            layers.Dense(N_COMPONENTS, activation="relu"),
            layers.Dense(length * N_FILTERS[-1], activation="relu"),
            layers.Reshape((length, N_FILTERS[-1])),
            *decoder,
            layers.Flatten(),
        ]
    )


def conv_classifier(n_bands: int, n_classes: int) -> keras.Sequential:
    hidden = [layers.Dense(size, activation="relu") for size in DENSE_LAYER_SIZES]
    output = layers.Dense(n_classes, activation="softmax")
    return keras.Sequential([*convolutions(n_bands), *hidden, output])
