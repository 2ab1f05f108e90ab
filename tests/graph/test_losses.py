"""The losses against plain arithmetic: their values, their gradients, and what must not break."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, softmax

from skhyp.graph.losses import (
    HUBER_DELTA,
    LOSSES,
    TRAINING_LOSSES,
    batch_balancing_weights,
    loss_of_rows,
)
from skhyp.metrics import MEASURES

GAIN_FREE = ["csa", "sa", "sid"]
SPECTRAL = ["sse", *GAIN_FREE]
OF_VALUES = ["squared_error", "absolute_error", "huber", "quantile"]
FLOOR = 1e-12


def _shares(x):
    positive = np.maximum(x, 0)
    shares = positive / positive.sum() if positive.any() else np.full(len(x), 1 / len(x))
    return np.maximum(shares, FLOOR)


def _by_hand(name, x, y):
    """The textbook formulae for one pair, in float64."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if name == "sse":
        return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    if name == "sid":
        p, q = _shares(x), _shares(y)
        return np.sum(p * np.log(p / q)) + np.sum(q * np.log(q / p))
    cosine = x @ y / (np.linalg.norm(x) * np.linalg.norm(y))
    return 1 - cosine if name == "csa" else np.arccos(np.clip(cosine, -1, 1))


def _value_and_gradient(name, target, output, functions=LOSSES):
    """The losses of the rows, and the gradient of their sum with respect to the output."""
    target, output = tf.constant(target), tf.constant(output)
    with tf.GradientTape() as tape:
        tape.watch(output)
        losses = functions[name](target, output)
    return losses.numpy(), tape.gradient(losses, output).numpy()


def _slopes(name, x, y, step=1e-6):
    """Central differences of the textbook formula, band by band."""
    steps = step * np.eye(len(y))
    return np.array([_by_hand(name, x, y + h) - _by_hand(name, x, y - h) for h in steps]) / (
        2 * step
    )


def _spectra(seed, shape=(40, 17), low=-0.2, dtype=np.float64):
    return np.random.default_rng(seed).uniform(low, 1.0, shape).astype(dtype)


@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-10), (np.float32, 1e-4)])
@pytest.mark.parametrize("n_bands", [1, 2, 17, 200])
def test_losses_agree_with_the_textbook_formulae(name, dtype, rtol, n_bands):
    # One band of both signs is an angle of 0 or pi; the textbook has a cosine of exactly 1 there.
    X = _spectra(0, (40, n_bands), dtype=dtype)
    Y = _spectra(1, (40, n_bands), dtype=dtype)
    losses, _ = _value_and_gradient(name, X, Y)
    assert losses.dtype == dtype
    expected = [_by_hand(name, x, y) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(losses, expected, rtol=rtol, atol=rtol * 1e-3)


@pytest.mark.filterwarnings("ignore:Distributions.*have no negative values:UserWarning")
@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_losses_are_the_measures_of_skhyp_metrics(name, dtype, atol):
    assert set(LOSSES) - {"cross_entropy", *OF_VALUES} == set(MEASURES)
    X = _spectra(2, dtype=dtype)
    Y = np.concatenate([X[:10], X[10:20] + dtype(1e-3), _spectra(3, (20, 17), dtype=dtype)])
    X[20], Y[21], X[22], Y[22] = 0, 0, 0, 0
    losses, _ = _value_and_gradient(name, X, Y)
    np.testing.assert_allclose(losses, MEASURES[name](X, Y), rtol=10 * atol, atol=atol)


@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize("distance", [1.0, 1e-1, 1e-3])
def test_gradients_are_the_slopes_of_the_textbook_formulae(name, distance):
    X = _spectra(4, (10, 7), low=0.1)
    Y = X + distance * _spectra(5, (10, 7), low=0.1)
    _, gradient = _value_and_gradient(name, X, Y)
    for x, y, found in zip(X, Y, gradient, strict=True):
        expected = _slopes(name, x, y)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["sse", "csa", "sa"])
def test_gradients_are_right_where_values_are_negative(name):
    X, Y = _spectra(6, (10, 7), low=-1.0), _spectra(7, (10, 7), low=-1.0)
    _, gradient = _value_and_gradient(name, X, Y)
    for x, y, found in zip(X, Y, gradient, strict=True):
        np.testing.assert_allclose(found, _slopes(name, x, y), rtol=1e-6, atol=1e-8)


def _plain_angles(name, target, output):
    """The measure by the cosine, which TensorFlow differentiates; not for angles near 0 or pi."""
    x, y = tf.math.l2_normalize(target, axis=1), tf.math.l2_normalize(output, axis=1)
    cosine = tf.reduce_sum(x * y, axis=1)
    return 1 - cosine if name == "csa" else tf.acos(cosine)


@pytest.mark.parametrize("name", ["csa", "sa"])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_training_computes_the_same_angles_of_ordinary_spectra_in_fewer_passes(name, dtype, rtol):
    X, Y = _spectra(23, (40, 30), dtype=dtype), _spectra(24, (40, 30), dtype=dtype)
    expected = _value_and_gradient(name, X, Y)
    for computed, those in zip(
        _value_and_gradient(name, X, Y, TRAINING_LOSSES), expected, strict=True
    ):
        np.testing.assert_allclose(computed, those, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("name", ["csa", "sa"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", ["zero", "tiny", "small", "huge"])
def test_training_takes_the_careful_way_as_soon_as_one_spectrum_needs_it(name, dtype, row):
    X, Y = _spectra(25, dtype=dtype), _spectra(26, dtype=dtype)
    limits = np.finfo(dtype)
    scale = {"zero": 0, "tiny": limits.tiny, "small": limits.tiny**0.6, "huge": limits.max**0.6}
    rtol = 20 * limits.eps
    for values in (X, Y):
        faulty = values.copy()
        faulty[7] *= dtype(scale[row])
        pair = (faulty, Y) if values is X else (X, faulty)
        expected = _value_and_gradient(name, *pair)
        trained = _value_and_gradient(name, *pair, TRAINING_LOSSES)
        for computed, those in zip(trained, expected, strict=True):
            assert np.isfinite(computed).all()
            np.testing.assert_allclose(computed, those, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", ["csa", "sa"])
@pytest.mark.parametrize("low", [0.1, -1.0])
@pytest.mark.parametrize("n_bands", [2, 7, 200])
def test_gradients_of_angles_are_those_of_the_plain_formula(name, low, n_bands):
    X, Y = (tf.constant(_spectra(seed, (40, n_bands), low=low)) for seed in (18, 19))
    upstream = tf.constant(np.random.default_rng(20).standard_normal(40))
    gradients = []
    for measure in (LOSSES[name], lambda *pair: _plain_angles(name, *pair)):
        with tf.GradientTape() as tape:
            tape.watch(Y)
            weighted = tf.reduce_sum(upstream * measure(X, Y))
        gradients.append(tape.gradient(weighted, Y))
    np.testing.assert_allclose(*gradients, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["csa", "sa"])
def test_gradients_of_angles_pass_through_what_made_the_output(name):
    X, Y = _spectra(21, (10, 7), low=0.1), _spectra(22, (10, 7), low=0.1)
    scale, target = tf.constant(np.linspace(0.5, 2, 7)), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch([scale, target])
        losses = LOSSES[name](target, scale * Y)
    slopes, none = tape.gradient(losses, [scale, target])
    expected = [_slopes(name, x, scale.numpy() * y) * y for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(slopes, np.sum(expected, axis=0), rtol=1e-6, atol=1e-8)
    assert none is None  # a target is data: nothing is learned of it


@pytest.mark.parametrize("name", ["csa", "sa"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("uses_xla", [False, True], ids=["", "XLA"])
def test_where_there_is_no_direction_there_is_no_slope(name, dtype, uses_xla):
    x = np.array([0.2, 0.5, -0.1], dtype)
    zero, tiny = np.zeros(3, dtype), np.full(3, np.finfo(dtype).tiny / 4, dtype)
    pairs = [(zero, x), (x, zero), (zero, zero), (tiny, x), (x, tiny), (x, x), (x, 4 * x), (x, -x)]
    X, Y = (np.array(side) for side in zip(*pairs, strict=True))

    @tf.function(jit_compile=uses_xla)
    def value_and_gradient(target, output):
        with tf.GradientTape() as tape:
            tape.watch(output)
            losses = LOSSES[name](target, output)
        return losses, tape.gradient(losses, output)

    losses, gradient = value_and_gradient(tf.constant(X), tf.constant(Y))
    apart, opposite = (1, 2) if name == "csa" else (np.pi / 2, np.pi)
    expected = [apart, apart, 0, apart, apart, 0, 0, opposite]
    np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=1e-14)
    assert np.isfinite(gradient).all()
    assert np.all(gradient[:5] == 0)
    # Of the same and of the opposite direction, what is left is the rounding of a unit vector.
    bound = 1e-6 if dtype is np.float32 else 1e-15
    if name == "csa":
        assert np.abs(gradient[5:]).max() < 10 * bound
    else:
        assert np.all(gradient[5:7] == 0)


def test_divergence_has_no_slope_along_bands_that_count_as_zero():
    X, Y = _spectra(8, (10, 7), low=0.1), _spectra(9, (10, 7), low=0.1)
    Y[:, 2] = -0.3
    _, gradient = _value_and_gradient("sid", X, Y)
    assert np.all(gradient[:, 2] == 0) and np.all(gradient[:, [0, 1, 3, 4, 5, 6]] != 0)
    for x, y, found in zip(X, Y, gradient, strict=True):
        np.testing.assert_allclose(found, _slopes("sid", x, y), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("angle", [1e-3, 1e-6, 1e-9, 1e-12])
def test_small_angles_keep_their_digits(angle):
    # Constructed by rotation: no formula for the angle is trusted.
    x = np.array([[3.0, 4.0, 0.0]])
    y = 2 * (np.cos(angle) * x + 5 * np.sin(angle) * np.array([[0.0, 0.0, 1.0]]))
    value, gradient = _value_and_gradient("sa", x, y)
    np.testing.assert_allclose(value, angle, rtol=1e-3 if angle < 1e-11 else 1e-6)
    # Turning further increases the angle by one over the length of y.
    np.testing.assert_allclose(gradient[0, 2], 1 / 10, rtol=1e-3 if angle < 1e-11 else 1e-6)


@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_perfect_reconstruction_has_no_loss_and_no_slope(name, dtype):
    X = _spectra(10, (500, 50), dtype=dtype)
    losses, gradient = _value_and_gradient(name, X, X.copy())
    assert np.all(losses == 0)
    assert np.all(gradient == 0)


def test_the_arccosine_fails_for_perfect_reconstructions_and_the_angle_does_not():
    X = _spectra(11, (2000, 50), low=0.0, dtype=np.float32)
    units = tf.math.l2_normalize(X, axis=1)
    naive = tf.acos(tf.reduce_sum(units * units, axis=1)).numpy()
    assert np.isnan(naive).mean() > 0.05
    losses, gradient = _value_and_gradient("sa", X, X.copy())
    assert np.all(losses == 0) and np.all(gradient == 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "with_one_zero"), [("csa", 1.0), ("sa", np.pi / 2), ("sse", 2.0)])
def test_a_zero_spectrum_is_as_far_as_an_orthogonal_one(name, with_one_zero, dtype):
    X = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 0]], dtype)
    Y = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 0]], dtype)
    losses, gradient = _value_and_gradient(name, X, Y)
    np.testing.assert_allclose(losses, [with_one_zero, with_one_zero, 0], rtol=1e-6)
    assert np.isfinite(gradient).all()
    assert np.all(gradient[2] == 0)


@pytest.mark.parametrize("nothing", [0.0, -1.0])
def test_a_spectrum_without_positive_values_diverges_like_a_flat_one(nothing):
    X = np.array([[1.0, 2.0, 3.0], [nothing] * 3, [nothing] * 3])
    Y = np.array([[nothing] * 3, [1.0, 2.0, 3.0], [nothing] * 3])
    losses, gradient = _value_and_gradient("sid", X, Y)
    flat = _by_hand("sid", [1, 2, 3], [1, 1, 1])
    np.testing.assert_allclose(losses, [flat, flat, 0], rtol=1e-12)
    np.testing.assert_allclose(gradient[1], _slopes("sid", [1, 1, 1], Y[1]), rtol=1e-6)
    assert np.all(gradient[[0, 2]] == 0)


@pytest.mark.parametrize("name", GAIN_FREE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-100, -20, 1, 60])
def test_a_gain_of_a_power_of_two_changes_no_bit(name, dtype, exponent):
    X, Y = _spectra(12, dtype=dtype), _spectra(13, dtype=dtype)
    gain = dtype(2.0**exponent)
    losses, gradient = _value_and_gradient(name, X, Y)
    brighter, slope = _value_and_gradient(name, X, gain * Y)
    np.testing.assert_array_equal(brighter, losses)
    np.testing.assert_array_equal(slope * gain, gradient)


@pytest.mark.parametrize("name", GAIN_FREE)
@pytest.mark.parametrize("gain", [1e-30, 1e-3, 1e18])
def test_any_gain_changes_nothing_but_rounding(name, gain):
    X, Y = _spectra(14, dtype=np.float32), _spectra(15, dtype=np.float32)
    losses, _ = _value_and_gradient(name, X, Y)
    brighter, _ = _value_and_gradient(name, X * np.float32(gain), Y * np.float32(7))
    np.testing.assert_allclose(brighter, losses, rtol=2e-5)


def _hard_cases(seed, dtype, n_bands):
    """Pairs over all magnitudes, with zeros, both signs, near and perfect reconstructions."""
    rng = np.random.default_rng(seed)
    n = 3000
    magnitudes = 10 ** rng.uniform(-30, 18, (n, 1))
    X = rng.uniform(-0.5, 1, (n, n_bands)) * magnitudes
    X[rng.uniform(size=X.shape) < 0.1] = 0
    X = X.astype(dtype)
    Y = (rng.uniform(-0.5, 1, (n, n_bands)) * 10 ** rng.uniform(-30, 18, (n, 1))).astype(dtype)
    kinds = rng.integers(0, 7, n)
    nearly = X * (1 + 1e-6 * rng.standard_normal(X.shape)).astype(dtype)
    for kind, other in enumerate([X, nearly, -X, np.zeros_like(X), np.abs(X)]):
        Y[kinds == kind] = other[kinds == kind]
    X[rng.uniform(size=n) < 0.05] = 0
    return X, Y


@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_bands", [1, 2, 60])
def test_no_finite_spectra_give_a_value_or_slope_that_is_not_finite(name, dtype, n_bands):
    X, Y = _hard_cases(16, dtype, n_bands)
    losses, gradient = _value_and_gradient(name, X, Y)
    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()
    assert np.all(losses >= 0)


@pytest.mark.parametrize("name", GAIN_FREE)
def test_only_spectra_below_the_smallest_normal_number_count_as_zero(name):
    # Bands are zero or as large as the largest: TensorFlow may flush a smaller one to zero.
    tiny = np.finfo(np.float32).tiny
    values = np.array([0, tiny / 1000, tiny / 2, tiny, 2 * tiny, 1], np.float32)
    X = np.repeat(values, len(values))[:, None] * np.array([[1, 1, 0, 0]], np.float32)
    Y = np.tile(values, len(values))[:, None] * np.array([[1, 1, 1, 0]], np.float32)
    losses, _ = _value_and_gradient(name, X, Y)
    np.testing.assert_allclose(losses, MEASURES[name](X, Y), rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_cross_entropy_is_minus_the_logarithm_of_the_softmax(dtype, scale):
    rng = np.random.default_rng(17)
    logits = (scale * rng.standard_normal((50, 6))).astype(dtype)
    classes = rng.integers(0, 6, 50).astype(np.int32)
    losses, gradient = _value_and_gradient("cross_entropy", classes, logits)
    wide = logits.astype(np.float64)
    expected = -log_softmax(wide, axis=1)[np.arange(50), classes]
    np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, softmax(wide, axis=1) - np.eye(6)[classes], atol=1e-5)


def _deephyp_weights(classes, n_classes):
    counts = np.array([np.sum(classes == c) + 1 for c in range(n_classes)])
    return np.array([counts.max() / counts[c] for c in classes])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [4, 9])
def test_balancing_weights_follow_deephyps_rule(dtype, n_classes):
    classes = np.array([0, 0, 0, 0, 1, 2, 2, 3], np.int32)
    weights = batch_balancing_weights(
        tf.constant(classes), tf.ones(8, tf.bool), n_classes, tf.as_dtype(dtype)
    ).numpy()
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, [1, 1, 1, 1, 5 / 2, 5 / 3, 5 / 3, 5 / 2], rtol=1e-6)
    np.testing.assert_allclose(weights, _deephyp_weights(classes, n_classes), rtol=1e-6)


def test_rows_that_pad_a_batch_do_not_count_for_their_class():
    classes = np.array([0, 1, 1, 0, 0, 0, 0], np.int32)
    is_real = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    weights = batch_balancing_weights(tf.constant(classes), tf.constant(is_real), 2, tf.float64)
    np.testing.assert_allclose(weights[:3], _deephyp_weights(classes[:3], 2))


# Errors of 1.5, -0.2 and 0 in one row, of 0.1, -0.5 and -4 in the next.
TARGETS = [[2.0, 1.0, -3.0], [0.5, 0.0, 1.0]]
OUTPUTS = [[0.5, 1.2, -3.0], [0.4, 0.5, 5.0]]
OF_ROWS = {
    "squared_error": [(2.25 + 0.04) / 3, (0.01 + 0.25 + 16) / 3],
    "absolute_error": [(1.5 + 0.2) / 3, (0.1 + 0.5 + 4) / 3],
    # Up to 0.3 the square, beyond 0.3 times twice the error less 0.3.
    "huber": [(0.3 * 2.7 + 0.04) / 3, (0.01 + 0.3 * 0.7 + 0.3 * 7.7) / 3],
    # 0.9 of what is above, 0.1 of what is below.
    "quantile": [(0.9 * 1.5 + 0.1 * 0.2) / 3, (0.9 * 0.1 + 0.1 * 0.5 + 0.1 * 4) / 3],
}


def _loss_and_slope(name, targets, outputs, level=0.9, dtype="float64", functions=LOSSES):
    targets, outputs = tf.constant(targets, dtype), tf.constant(outputs, dtype)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = loss_of_rows(functions[name], targets, outputs, tf.constant(level, dtype))
    return losses.numpy(), tape.gradient(losses, outputs).numpy()


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])
def test_losses_of_values_are_the_means_of_what_is_computed_by_hand(name, dtype, rtol):
    for functions in (LOSSES, TRAINING_LOSSES):
        losses, _ = _loss_and_slope(name, TARGETS, OUTPUTS, dtype=dtype, functions=functions)
        assert losses.dtype == dtype
        np.testing.assert_allclose(losses, OF_ROWS[name], rtol=rtol)


@pytest.mark.parametrize("name", OF_VALUES)
def test_gradients_of_losses_of_values_are_their_slopes(name):
    rng = np.random.default_rng(0)
    targets, outputs = rng.normal(size=(2, 30, 4))
    _, slopes = _loss_and_slope(name, targets, outputs)
    step = 1e-6
    for target in range(4):
        moved = step * np.eye(4)[target]
        higher, lower = (
            _loss_and_slope(name, targets, outputs + sign * moved)[0] for sign in (1, -1)
        )
        np.testing.assert_allclose(slopes[:, target], (higher - lower) / (2 * step), atol=1e-8)


def test_the_loss_of_huber_is_smooth_where_its_parts_meet():
    at = np.array([[HUBER_DELTA - 1e-9], [HUBER_DELTA + 1e-9]])
    losses, slopes = _loss_and_slope("huber", np.zeros((2, 1)), at)
    np.testing.assert_allclose(losses, HUBER_DELTA**2, rtol=1e-7)
    np.testing.assert_allclose(slopes, 2 * HUBER_DELTA, rtol=1e-7)
    far = np.array([[1e30], [-1e30]])
    np.testing.assert_allclose(
        _loss_and_slope("huber", np.zeros((2, 1)), far, dtype="float32")[1].ravel(),
        [2 * HUBER_DELTA, -2 * HUBER_DELTA],
        rtol=1e-6,
    )


@pytest.mark.parametrize("level", [0.1, 0.5, 0.75])
def test_the_quantile_of_a_sample_has_the_least_pinball_loss(level):
    sample = np.random.default_rng(0).normal(size=(1001, 1))
    candidates = np.linspace(-2, 2, 401)
    samples, values = np.tile(sample, (401, 1)), np.repeat(candidates, 1001)[:, np.newaxis]
    means = _loss_and_slope("quantile", samples, values, level)[0].reshape(401, 1001).mean(axis=1)
    assert candidates[np.argmin(means)] == pytest.approx(np.quantile(sample, level), abs=0.011)


@pytest.mark.parametrize("name", OF_VALUES)
def test_what_is_predicted_exactly_has_no_loss_and_no_step(name):
    losses, slopes = _loss_and_slope(name, TARGETS, TARGETS, 0.5)
    np.testing.assert_array_equal(losses, 0)
    # On the kink of the pinball, any slope between those beside it would do.
    assert np.abs(slopes).max() <= (0.5 / 3 if name == "quantile" else 0)
