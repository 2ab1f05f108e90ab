"""deephyp 0.1.5, as it is on PyPI, on TensorFlow 2 whose TensorFlow 1 interface stands in."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.model_selection import StratifiedKFold
from task import (
    DENSE_LAYER_SIZES,
    EPOCHS_BEFORE_APPLICATION,
    HIDDEN_LAYER_SIZES,
    INITIAL_STANDARD_DEVIATION,
    KERNEL_SIZES,
    LEARNING_RATE,
    LEARNING_RATES,
    N_COMPONENTS,
    N_FILTERS,
    N_FOLDS,
    Prepared,
    Task,
    classification_quality,
    reconstruction_quality,
)

# deephyp imports tensorflow and uses a name that NumPy has dropped; its own code runs unchanged.
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
sys.modules["tensorflow"] = tf
np.float = float  # noqa: NPY001

from deephyp import autoencoder, data  # noqa: E402
from deephyp import classifier as classification  # noqa: E402

MODEL = "model"


class TimedIterator(data.Iterator):
    """deephyp's own iterator, which notes when an epoch ends."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.epoch_ends: list[float] = []

    def reset_batch(self) -> None:
        super().reset_batch()
        self.epoch_ends.append(time.perf_counter())


class Training:
    """A network of deephyp and its training.

    The first run builds the network and trains it. Later runs train it anew for one epoch more,
    and give the seconds from the end of the first epoch to the end of the last: deephyp opens a
    session and writes a checkpoint in each call, and this leaves both out, to its favour.
    """

    def __init__(self, build: Callable[[], Any], X: np.ndarray, targets: np.ndarray, task: Task):
        self._build, self._X, self._targets, self._task = build, X, targets, task
        self._epochs = task.epochs or EPOCHS_BEFORE_APPLICATION
        self.network: Any = None

    def run(self) -> float | None:
        if self.network is None:
            tf.reset_default_graph()
            tf.set_random_seed(self._task.seed)
            np.random.seed(self._task.seed)  # noqa: NPY002 (deephyp shuffles by this generator)
            self.network = self._build()
            folder, _ = self._train(self._epochs)
            self.network.add_model(addr=folder, modelName=MODEL)
            return None
        _, epoch_ends = self._train(self._epochs + 1)
        return epoch_ends[-1] - epoch_ends[0]

    def _train(self, n_epochs: int) -> tuple[str, list[float]]:
        batches = TimedIterator(self._X, self._targets, self._task.batch_size)
        batches.shuffle()
        folder = tempfile.mkdtemp(dir=self._task.folder)
        last = n_epochs - 1  # deephyp trains epochs 0 to n_epochs, the last one included
        self.network.train(
            dataTrain=batches,
            dataVal=batches,
            train_op_name="loss",
            n_epochs=last,
            save_addr=folder,
            save_epochs=[last],
        )
        return str(Path(folder) / f"epoch_{last}"), batches.epoch_ends

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        return self.network.encoder_decoder(modelName=MODEL, dataSamples=X)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.network.predict_labels(modelName=MODEL, dataSamples=X)

    def encode(self, X: np.ndarray) -> np.ndarray:
        return self.network.encoder(modelName=MODEL, dataSamples=X)


def dense_autoencoder(task: Task) -> Prepared:
    X = task.spectra()
    return autoencoder_training(dense_training(X, task), X)


def conv_autoencoder(task: Task) -> Prepared:
    def build() -> Any:
        network = autoencoder.cnn_1D_network(
            inputSize=X.shape[1],
            zDim=N_COMPONENTS,
            encoderNumFilters=list(N_FILTERS),
            encoderFilterSize=list(KERNEL_SIZES),
            activationFunc="relu",
            weightStd=INITIAL_STANDARD_DEVIATION,
            padding="VALID",
            encoderStride=[1] * len(N_FILTERS),
        )
        network.add_train_op("loss", lossFunc="CSA", learning_rate=LEARNING_RATE)
        return network

    X = task.spectra()
    return autoencoder_training(Training(build, X, X, task), X)


def dense_training(X: np.ndarray, task: Task) -> Training:
    def build() -> Any:
        network = autoencoder.mlp_1D_network(
            inputSize=X.shape[1],
            encoderSize=[*HIDDEN_LAYER_SIZES, N_COMPONENTS],
            activationFunc="relu",
            weightStd=INITIAL_STANDARD_DEVIATION,
        )
        network.add_train_op("loss", lossFunc="CSA", learning_rate=LEARNING_RATE)
        return network

    return Training(build, X, X, task)


def autoencoder_training(training: Training, X: np.ndarray) -> Prepared:
    return Prepared(training.run, lambda: reconstruction_quality(training.reconstruct, X))


def classifier_training(
    X: np.ndarray, y: np.ndarray, task: Task, learning_rate: float = LEARNING_RATE
) -> Training:
    n_classes = int(y.max())

    def build() -> Any:
        network = classification.cnn_1D_network(
            inputSize=X.shape[1],
            numClasses=n_classes,
            convFilterSize=list(KERNEL_SIZES),
            convNumFilters=list(N_FILTERS),
            convStride=[1] * len(N_FILTERS),
            fcSize=list(DENSE_LAYER_SIZES),
            activationFunc="relu",
            weightStd=INITIAL_STANDARD_DEVIATION,
            padding="VALID",
        )
        network.add_train_op("loss", balance_classes=False, learning_rate=learning_rate)
        return network

    return Training(build, X, np.eye(n_classes)[y - 1], task)


def classifier(task: Task) -> Prepared:
    training = classifier_training(*task.labelled(), task)
    return Prepared(training.run, lambda: classification_quality(training.predict, task))


def labels(task: Task) -> Prepared:
    X = task.spectra()
    training = classifier_training(*task.labelled(), task)
    training.run()
    return Prepared(lambda: training.predict(X))


def label_of_one(task: Task) -> Prepared:
    return labels(task)


def codes(task: Task) -> Prepared:
    X = task.spectra()
    training = dense_training(X[: 10 * task.batch_size], task)
    training.run()
    return Prepared(lambda: training.encode(X))


def min_max(task: Task) -> Prepared:
    X = task.scene()

    def run() -> np.ndarray:
        image = data.HypImg(X)
        image.pre_process("minmax")
        return image.spectraPrep

    return Prepared(run)


def search(task: Task) -> Prepared:
    """Prepare what a user of deephyp writes: a loop, a new graph for each fit."""
    X, y = task.labelled()
    best: list[Training] = []

    def run() -> None:
        folds = list(StratifiedKFold(N_FOLDS).split(X, y))
        scores = []
        for learning_rate in LEARNING_RATES:
            accuracies = []
            for train, test in folds:
                training = classifier_training(X[train], y[train], task, learning_rate)
                training.run()
                accuracies.append(np.mean(training.predict(X[test]) == y[test]))
            scores.append(np.mean(accuracies))
        best.append(classifier_training(X, y, task, LEARNING_RATES[int(np.argmax(scores))]))
        best[-1].run()

    return Prepared(run, lambda: classification_quality(best[-1].predict, task))
