"""PyTorch with a training loop written by hand, not compiled."""

from collections.abc import Callable

import numpy as np
import torch
import torch._dynamo
from task import (
    EPOCHS_BEFORE_APPLICATION,
    LEARNING_RATE,
    PREDICTION_ROWS,
    Prepared,
    Task,
    classification_quality,
    reconstruction_quality,
)
from torch import nn

from contenders.torch_networks import ConvAutoencoder, ConvClassifier, DenseAutoencoder


def train(
    model: nn.Module, loss: Callable, X: torch.Tensor, targets: torch.Tensor, task: Task
) -> None:
    """Train in shuffled batches of tensors that are there as a whole: no loader, no copies."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(task.epochs or EPOCHS_BEFORE_APPLICATION):
        for rows in torch.randperm(len(X)).split(task.batch_size):
            optimizer.zero_grad()
            loss(model(X[rows]), targets[rows]).backward()
            optimizer.step()


def cosine_spectral_angle(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (1 - nn.functional.cosine_similarity(output, target)).mean()


def apply(model: nn.Module, X: np.ndarray) -> np.ndarray:
    """Return the outputs of the model for rows of X, in chunks."""
    with torch.inference_mode():
        chunks = torch.from_numpy(X).split(PREDICTION_ROWS)
        return torch.cat([model(chunk) for chunk in chunks]).numpy()


def predict(model: nn.Module, X: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        chunks = torch.from_numpy(X).split(PREDICTION_ROWS)
        return 1 + torch.cat([model(chunk).argmax(dim=1) for chunk in chunks]).numpy()


def dense_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(DenseAutoencoder, task)


def conv_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(ConvAutoencoder, task)


def train_autoencoder(network: type[nn.Module], task: Task) -> Prepared:
    torch.manual_seed(task.seed)
    spectra = task.spectra()
    model, X = network(spectra.shape[1]), torch.from_numpy(spectra)
    return Prepared(
        lambda: train(model, cosine_spectral_angle, X, X, task),
        lambda: reconstruction_quality(lambda rows: apply(model, rows), spectra),
    )


def classifier(task: Task) -> Prepared:
    torch.manual_seed(task.seed)
    X, y = task.labelled()
    model = ConvClassifier(X.shape[1], int(y.max()))
    X, targets = torch.from_numpy(X), torch.from_numpy(y - 1)
    return Prepared(
        lambda: train(model, nn.functional.cross_entropy, X, targets, task),
        lambda: classification_quality(lambda rows: predict(model, rows), task),
    )


def labels(task: Task) -> Prepared:
    X = task.spectra()
    model = ConvClassifier(X.shape[1])
    return Prepared(lambda: predict(model, X))


def label_of_one(task: Task) -> Prepared:
    return labels(task)


def codes(task: Task) -> Prepared:
    X = task.spectra()
    encoder = DenseAutoencoder(X.shape[1]).encoder
    return Prepared(lambda: apply(encoder, X))
