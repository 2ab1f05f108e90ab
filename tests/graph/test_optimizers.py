"""Learning rates against Keras' schedules, and update rules against their formulae."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph.optimizers import OPTIMIZERS, learning_rates, n_moments, step_sizes

STEPS = np.arange(95)


def _rates(schedule, steps=STEPS, **options):
    defaults = {
        "learning_rate": 0.02,
        "decay_steps": 10,
        "decay_rate": 0.5,
        "boundaries": (20, 40),
        "values": (0.005, 0.001),
        "n_steps_total": 80,
    }
    return learning_rates(schedule, steps, **{**defaults, **options})


def _of_keras(schedule, steps=STEPS):
    return [float(schedule(int(step))) for step in steps]


def test_a_constant_rate_stays():
    rates = _rates("constant")
    np.testing.assert_array_equal(rates, np.full(95, 0.02))
    assert rates.dtype == np.float64


@pytest.mark.parametrize("decay_steps", [1, 7, 200])
@pytest.mark.parametrize("decay_rate", [0.5, 0.96, 1.0])
def test_an_exponential_rate_falls_in_the_stairs_of_keras(decay_steps, decay_rate):
    keras_schedule = keras.optimizers.schedules.ExponentialDecay(
        0.02, decay_steps, decay_rate, staircase=True
    )
    rates = _rates("exponential", decay_steps=decay_steps, decay_rate=decay_rate)
    np.testing.assert_allclose(rates, _of_keras(keras_schedule), rtol=1e-4)
    assert np.all(rates[:decay_steps] == 0.02)


def test_a_piecewise_rate_is_that_of_keras():
    keras_schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [20, 40], [0.02, 0.005, 0.001]
    )
    np.testing.assert_allclose(_rates("piecewise"), _of_keras(keras_schedule), rtol=1e-6)


def test_a_boundary_is_the_last_step_at_the_former_rate():
    rates = _rates("piecewise", np.array([0, 19, 20, 21, 40, 41]))
    np.testing.assert_array_equal(rates, [0.02, 0.02, 0.02, 0.005, 0.005, 0.001])


def test_a_cosine_rate_falls_to_zero_as_in_keras_and_stays_there():
    keras_schedule = keras.optimizers.schedules.CosineDecay(0.02, 80)
    rates = _rates("cosine")
    np.testing.assert_allclose(rates, _of_keras(keras_schedule), rtol=1e-4, atol=1e-9)
    assert rates[0] == 0.02 and rates[40] == pytest.approx(0.01) and np.all(rates[80:] == 0)


@pytest.mark.parametrize("schedule", ["constant", "exponential", "piecewise", "cosine"])
def test_rates_depend_on_the_step_alone(schedule):
    np.testing.assert_array_equal(_rates(schedule)[33:50], _rates(schedule, STEPS[33:50]))


def test_step_sizes_of_sgd_are_the_rates():
    rates = _rates("exponential")
    np.testing.assert_array_equal(step_sizes("sgd", rates, STEPS), rates)


def test_step_sizes_of_adam_are_corrected_for_moments_that_started_at_zero():
    rates = _rates("exponential")
    expected = [
        rate * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        for step, rate in zip(STEPS, rates, strict=True)
    ]
    np.testing.assert_allclose(step_sizes("adam", rates, STEPS), expected, rtol=1e-12)


def _gradients(n, size=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, size)) * np.logspace(-6, 3, size)


def _run(name, start, gradients, rate):
    parameters = tf.constant(start)
    moments = tuple(tf.zeros(len(start), tf.float64) for _ in range(n_moments(name)))
    steps = np.arange(len(gradients))
    sizes = step_sizes(name, np.full(len(gradients), rate), steps)
    for gradient, size in zip(gradients, sizes, strict=True):
        parameters, moments = OPTIMIZERS[name](
            parameters, tf.constant(gradient), moments, size, 1e-8
        )
    return parameters.numpy(), [moment.numpy() for moment in moments]


def test_adam_follows_the_formula_of_tensorflow_1():
    start, gradients = np.linspace(-1, 1, 6), _gradients(50)
    expected, m, v = start.copy(), np.zeros(6), np.zeros(6)
    for t, gradient in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        rate = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        expected -= rate * m / (np.sqrt(v) + 1e-8)
    parameters, moments = _run("adam", start, gradients, 0.01)
    np.testing.assert_allclose(parameters, expected, rtol=1e-11)
    np.testing.assert_allclose(moments, [m, v], rtol=1e-10)


def test_adam_agrees_with_that_of_keras():
    # Keras writes the same formula, its epsilon included.
    start, gradients = np.linspace(-1, 1, 6), _gradients(50)
    variable = keras.Variable(start, dtype="float64")
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-8)
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [variable])
    parameters, _ = _run("adam", start, gradients, 0.01)
    np.testing.assert_allclose(parameters, variable.numpy(), rtol=1e-5, atol=1e-6)


def test_sgd_goes_down_the_gradient_and_remembers_nothing():
    start, gradients = np.linspace(-1, 1, 6), _gradients(5)
    parameters, moments = _run("sgd", start, gradients, 0.1)
    np.testing.assert_allclose(parameters, start - 0.1 * gradients.sum(axis=0), rtol=1e-12)
    assert moments == [] and n_moments("sgd") == 0


@pytest.mark.parametrize("gradient", [0.0, 1e-30, 1e15])
def test_adam_takes_a_finite_step_whatever_the_gradient(gradient):
    parameters, _ = _run("adam", np.zeros(3), np.full((1, 3), gradient), 0.01)
    assert np.all(np.abs(parameters) <= 0.0100001)
    assert np.all((parameters != 0) == (gradient != 0))
