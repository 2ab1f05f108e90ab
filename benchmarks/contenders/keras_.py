"""Keras 3 on TensorFlow, by compile, fit and predict."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from task import (
    EPOCHS_BEFORE_APPLICATION,
    LEARNING_RATE,
    PREDICTION_ROWS,
    Prepared,
    Task,
    classification_quality,
    reconstruction_quality,
)

from contenders import keras_networks

# Updates a call: the default, and what is tried beside it (its label in workloads.py names it).
ONE, SEVERAL = 1, 32


class Training:
    """A model and its training: the first run builds and compiles, later ones train on.

    Training on is what Keras does without tracing again, so this is to its favour.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        loss: Any,
        X: np.ndarray,
        targets: np.ndarray,
        task: Task,
        n_steps: int = ONE,
    ):
        self._build, self._loss, self._data, self._task = build, loss, (X, targets), task
        self._n_steps = n_steps
        self.model: Any = None

    def run(self) -> None:
        if self.model is None:
            keras.utils.set_random_seed(self._task.seed)
            self.model = self._build()
            self.model.compile(
                keras.optimizers.Adam(LEARNING_RATE), self._loss, steps_per_execution=self._n_steps
            )
        self.model.fit(
            *self._data,
            batch_size=self._task.batch_size,
            epochs=self._task.epochs or EPOCHS_BEFORE_APPLICATION,
            verbose=0,
        )

    def apply(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(X, batch_size=PREDICTION_ROWS, verbose=0)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return 1 + np.argmax(self.apply(X), axis=1)


def dense_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(keras_networks.dense_autoencoder, task)


def dense_autoencoder_in_several_steps(task: Task) -> Prepared:
    return train_autoencoder(keras_networks.dense_autoencoder, task, SEVERAL)


def conv_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(keras_networks.conv_autoencoder, task)


def conv_autoencoder_in_several_steps(task: Task) -> Prepared:
    return train_autoencoder(keras_networks.conv_autoencoder, task, SEVERAL)


def train_autoencoder(
    build: Callable[[int], keras.Model], task: Task, n_steps: int = ONE
) -> Prepared:
    training = autoencoder_training(build, task, n_steps)
    return Prepared(training.run, lambda: reconstruction_quality(training.apply, task.spectra()))


def autoencoder_training(
    build: Callable[[int], keras.Model], task: Task, n_steps: int = ONE
) -> Training:
    X = task.spectra()
    loss = keras.losses.CosineSimilarity()
    return Training(lambda: build(X.shape[1]), loss, X, X, task, n_steps)


def classifier_training(task: Task) -> Training:
    X, y = task.labelled()
    return Training(
        lambda: keras_networks.conv_classifier(X.shape[1], int(y.max())),
        "sparse_categorical_crossentropy",
        X,
        y - 1,
        task,
    )


def classifier(task: Task) -> Prepared:
    training = classifier_training(task)
    return Prepared(training.run, lambda: classification_quality(training.predict, task))


def labels(task: Task) -> Prepared:
    X = task.spectra()
    training = classifier_training(task)
    training.run()
    return Prepared(lambda: training.predict(X))


def label_of_one(task: Task) -> Prepared:
    return labels(task)


def label_of_one_called(task: Task) -> Prepared:
    x = task.spectra()
    training = classifier_training(task)
    training.run()
    return Prepared(lambda: 1 + np.argmax(training.model(x), axis=1))


def codes(task: Task) -> Prepared:
    X = task.spectra()
    training = autoencoder_training(keras_networks.dense_autoencoder, task)
    training.run()
    encoder = training.model.layers[0]
    return Prepared(lambda: encoder.predict(X, batch_size=PREDICTION_ROWS, verbose=0))
