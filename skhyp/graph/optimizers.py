"""Optimizers: what an update does to the flat parameters, and by how much at each step.

Whatever depends on the step alone (the learning rate, Adam's correction for its first steps) is
computed here in NumPy and handed to the graph as one number per step, so that a search over
learning rates and schedules never traces anything anew.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

BETA_1, BETA_2 = 0.9, 0.999


def learning_rates(
    schedule: str,
    steps: np.ndarray,
    *,
    learning_rate: float,
    decay_steps: int,
    decay_rate: float,
    boundaries: Sequence[float],
    values: Sequence[float],
    n_steps_total: int,
) -> np.ndarray:
    """Return the learning rate at each of ``steps`` (updates counted from zero).

    "exponential" falls in stairs, ``learning_rate * decay_rate ** (step // decay_steps)``;
    "piecewise" takes ``values[i]`` after step ``boundaries[i]``; "cosine" falls along half a
    cosine to zero at ``n_steps_total``.
    """
    if schedule == "exponential":
        return learning_rate * decay_rate ** (steps // decay_steps).astype(np.float64)
    if schedule == "piecewise":
        # A boundary is the last step at the former rate.
        stage = np.searchsorted(boundaries, steps, side="left")
        return np.concatenate([[learning_rate], values])[stage]
    if schedule == "cosine":
        part = np.minimum(steps / float(n_steps_total), 1)
        return learning_rate * 0.5 * (1 + np.cos(np.pi * part))
    return np.full(len(steps), float(learning_rate))


def step_sizes(optimizer: str, rates: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the factor of each update's direction, for steps counted from zero.

    Adam's is corrected for moments that started at zero (Kingma and Ba, 2015, section 2).
    """
    if optimizer == "sgd":
        return rates
    t = steps + 1.0
    return rates * np.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)


def n_moments(optimizer: str) -> int:
    """Return how many vectors of moments the optimizer keeps."""
    return {"adam": 2, "sgd": 0}[optimizer]


Moments = tuple[tf.Tensor, ...]


def adam(
    parameters: tf.Tensor,
    gradient: tf.Tensor,
    moments: Moments,
    step_size: tf.Tensor,
    epsilon: tf.Tensor,
) -> tuple[tf.Tensor, Moments]:
    """Move the parameters by Adam's rule; ``moments`` are the first and the second."""
    first, second = moments
    first += (1 - BETA_1) * (gradient - first)
    # Gradients of directions are inverse to the length: those of a very dim spectrum are huge.
    square = tf.minimum(tf.square(gradient), gradient.dtype.max)
    second += (1 - BETA_2) * (square - second)
    parameters -= step_size * first / (tf.sqrt(second) + epsilon)
    return parameters, (first, second)


def sgd(
    parameters: tf.Tensor,
    gradient: tf.Tensor,
    moments: Moments,
    step_size: tf.Tensor,
    epsilon: tf.Tensor,
) -> tuple[tf.Tensor, Moments]:
    """Move the parameters down the gradient; there are no moments to keep."""
    return parameters - step_size * gradient, moments


OPTIMIZERS = {"adam": adam, "sgd": sgd}
