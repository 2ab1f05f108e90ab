"""Flat vectors of parameters: how they are drawn, cut and masked."""

import numpy as np
import pytest
from scipy import stats

from skhyp.graph.parameters import (
    Parameter,
    decay_mask,
    initial_vector,
    kernel_and_bias,
    split,
)

LAYERS = (
    *kernel_and_bias("first", (5, 2, 300)),
    *kernel_and_bias("second", (300, 20), gain=0.1),
)

RANDOM = ["truncated_normal", "normal", "glorot", "he"]


def _draw(initializer, seed=0, parameters=LAYERS, std=0.1, dtype="float64"):
    rng = np.random.default_rng(seed)
    vector = initial_vector(
        parameters, rng, initializer=initializer, initializer_std=std, dtype=dtype
    )
    return vector, split(vector, parameters)


@pytest.mark.parametrize(
    ("shape", "n_outputs", "fan_in", "fan_out", "bias"),
    [
        ((30, 7), None, 30, 7, 7),
        ((5, 3, 8), None, 15, 40, 8),
        # A transposed convolution keeps the layout of its convolution: filters come last, and in.
        ((5, 3, 8), 3, 40, 15, 3),
        ((5, 8, 8), 8, 40, 40, 8),
    ],
)
def test_a_layer_counts_what_goes_in_and_what_comes_out(shape, n_outputs, fan_in, fan_out, bias):
    kernel, its_bias = kernel_and_bias("layer", shape, n_outputs=n_outputs)
    assert kernel == Parameter("layer_kernel", shape, fan_in, fan_out)
    assert (its_bias.name, its_bias.shape) == ("layer_bias", (bias,))
    assert its_bias.is_bias and not kernel.is_bias
    assert kernel.size == np.prod(shape)


def test_a_vector_is_cut_into_views_in_order():
    vector, named = _draw("normal")
    assert list(named) == ["first_kernel", "first_bias", "second_kernel", "second_bias"]
    assert [named[p.name].shape for p in LAYERS] == [p.shape for p in LAYERS]
    np.testing.assert_array_equal(np.concatenate([part.ravel() for part in named.values()]), vector)
    named["second_bias"][-1] = 7
    assert vector[-1] == 7


@pytest.mark.parametrize("initializer", [*RANDOM, "constant"])
def test_biases_start_at_zero(initializer):
    _, named = _draw(initializer)
    assert not named["first_bias"].any() and not named["second_bias"].any()
    assert named["first_kernel"].all() and named["second_kernel"].all()


@pytest.mark.parametrize(
    ("initializer", "first", "second"),
    [
        ("normal", stats.norm(0, 0.1), stats.norm(0, 0.1)),
        ("truncated_normal", stats.truncnorm(-2, 2, 0, 0.1), stats.truncnorm(-2, 2, 0, 0.1)),
        ("he", stats.norm(0, np.sqrt(2 / 10)), stats.norm(0, 0.1 * np.sqrt(2 / 300))),
        (
            "glorot",
            stats.uniform(-np.sqrt(6 / 1510), 2 * np.sqrt(6 / 1510)),
            stats.uniform(-0.1 * np.sqrt(6 / 320), 0.2 * np.sqrt(6 / 320)),
        ),
    ],
)
def test_kernels_follow_the_distribution_asked_for(initializer, first, second):
    _, named = _draw(initializer)
    assert stats.kstest(named["first_kernel"].ravel(), first.cdf).pvalue > 1e-3
    assert stats.kstest(named["second_kernel"].ravel(), second.cdf).pvalue > 1e-3
    lowest, highest = first.support()
    assert lowest <= named["first_kernel"].min() and named["first_kernel"].max() <= highest


def test_a_constant_start_is_that_constant():
    _, named = _draw("constant", std=0.25)
    assert np.all(named["first_kernel"] == 0.25)


@pytest.mark.parametrize(
    "initializer", ("truncated_normal", "normal", "glorot", "he", "constant")[:-1]
)
def test_one_seed_is_one_model_in_either_precision(initializer):
    wide, _ = _draw(initializer, seed=3)
    narrow, _ = _draw(initializer, seed=3, dtype="float32")
    assert narrow.dtype == np.float32 and wide.dtype == np.float64
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))
    assert np.any(_draw(initializer, seed=4)[0] != wide)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_decay_leaves_biases_alone(dtype):
    mask = decay_mask(LAYERS, dtype)
    assert mask.dtype == dtype
    named = split(mask, LAYERS)
    assert named["first_kernel"].all() and named["second_kernel"].all()
    assert not named["first_bias"].any() and not named["second_bias"].any()
