"""PyTorch with a training loop written by hand: eagerly, and compiled with the fused Adam."""

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


class Training:
    """Training in shuffled batches of tensors that are there as a whole: no loader, no copies."""

    def __init__(
        self,
        model: nn.Module,
        loss: Callable,
        X: np.ndarray,
        targets: np.ndarray,
        task: Task,
        is_compiled: bool,
    ):
        self.model, self._task, self._is_compiled = model, task, is_compiled
        self._X, self._targets = torch.from_numpy(X), torch.from_numpy(targets)

        def loss_of(x: torch.Tensor, its_targets: torch.Tensor) -> torch.Tensor:
            return loss(model(x), its_targets)

        self._loss_of = torch.compile(loss_of) if is_compiled else loss_of

    def run(self) -> None:
        fused = self._is_compiled or None
        optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=fused)
        for _ in range(self._task.epochs or EPOCHS_BEFORE_APPLICATION):
            for rows in torch.randperm(len(self._X)).split(self._task.batch_size):
                optimizer.zero_grad()
                self._loss_of(self._X[rows], self._targets[rows]).backward()
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


def dense_autoencoder_compiled(task: Task) -> Prepared:
    return train_autoencoder(DenseAutoencoder, task, is_compiled=True)


def conv_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(ConvAutoencoder, task)


def conv_autoencoder_compiled(task: Task) -> Prepared:
    return train_autoencoder(ConvAutoencoder, task, is_compiled=True)


def train_autoencoder(network: type[nn.Module], task: Task, is_compiled: bool = False) -> Prepared:
    training = autoencoder_training(network, task, is_compiled)
    return Prepared(
        training.run,
        lambda: reconstruction_quality(lambda rows: apply(training.model, rows), task.spectra()),
    )


def autoencoder_training(
    network: type[nn.Module], task: Task, is_compiled: bool = False
) -> Training:
    torch.manual_seed(task.seed)
    X = task.spectra()
    return Training(network(X.shape[1]), cosine_spectral_angle, X, X, task, is_compiled)


def classifier(task: Task) -> Prepared:
    return train_classifier(task)


def classifier_compiled(task: Task) -> Prepared:
    return train_classifier(task, is_compiled=True)


def train_classifier(task: Task, is_compiled: bool = False) -> Prepared:
    torch.manual_seed(task.seed)
    X, y = task.labelled()
    model = ConvClassifier(X.shape[1], int(y.max()))
    training = Training(model, nn.functional.cross_entropy, X, y - 1, task, is_compiled)
    return Prepared(
        training.run, lambda: classification_quality(lambda rows: predict(model, rows), task)
    )


def labels(task: Task) -> Prepared:
    X = task.spectra()
    model = ConvClassifier(X.shape[1])
    return Prepared(lambda: predict(model, X))


def label_of_one(task: Task) -> Prepared:
    return labels(task)


def codes(task: Task) -> Prepared:
    X = task.spectra()
    training = autoencoder_training(DenseAutoencoder, task)
    training.run()
    return Prepared(lambda: apply(training.model.encoder, X))
