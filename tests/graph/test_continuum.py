"""The continuum is the upper convex hull, whatever the order and the scale of the spectrum."""

from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial import ConvexHull

from skhyp import HypPreprocessor
from skhyp.graph import continuum
from skhyp.graph.continuum import remove_continuum, upper_hull


def _every_chord(spectrum, positions):
    """Return the largest chord over each band: the definition of the hull, in O(B^3)."""
    n_bands = len(spectrum)
    hull = spectrum.astype(np.float64)
    for left in range(n_bands):
        for right in range(left + 1, n_bands):
            for band in range(left + 1, right):
                share = (positions[band] - positions[left]) / (positions[right] - positions[left])
                chord = spectrum[left] + share * (spectrum[right] - spectrum[left])
                hull[band] = max(hull[band], chord)
    return hull


def _removed(X, positions=None, segments=None):
    X = np.asarray(X)
    positions = np.arange(X.shape[1]) if positions is None else positions
    segments = [(0, X.shape[1])] if segments is None else segments
    return remove_continuum(tf.constant(X), positions, segments).numpy()


@pytest.mark.parametrize("seed", range(10))
def test_the_hull_is_the_highest_chord_over_each_band(seed):
    generator = np.random.default_rng(seed)
    n_bands = (1, 2, 4, 5, 12)[seed // 2]  # each number of bands is compiled anew
    positions = np.cumsum(generator.uniform(1, 20, n_bands)) + 400
    # Few levels make ties and points on one line.
    X = generator.integers(0, 4, (40, n_bands)).astype(np.float64)
    X += (seed % 2) * generator.uniform(0, 1, X.shape)
    hull = np.array([_every_chord(x, positions) for x in X])
    expected = np.divide(X, hull, out=np.ones_like(X), where=hull > 0)
    np.testing.assert_allclose(_removed(X, positions), expected, rtol=1e-12, atol=1e-12)


def test_the_hull_passes_through_the_vertices_of_scipy():
    generator = np.random.default_rng(0)
    positions = np.sort(generator.uniform(400, 2500, 60))
    X = generator.uniform(1, 2, (20, 60))
    for spectrum, ratio in zip(X, _removed(X, positions), strict=True):
        # Feet far below the spectrum, so that the lower hull is theirs alone.
        points = np.column_stack([positions, spectrum])
        feet = [[positions[0], -9.0], [positions[-1], -9.0]]
        vertices = sorted(v for v in ConvexHull(np.vstack([points, feet])).vertices if v < 60)
        hull = np.interp(positions, positions[vertices], spectrum[vertices])
        np.testing.assert_allclose(ratio, spectrum / hull, rtol=1e-12)
        np.testing.assert_array_equal(np.flatnonzero(ratio == 1), vertices)


def test_wavelengths_may_fall():
    X = np.random.default_rng(0).uniform(0, 1, (9, 12))
    positions = np.cumsum(np.arange(1.0, 13))
    np.testing.assert_allclose(
        _removed(X[:, ::-1], positions[::-1]), _removed(X, positions)[:, ::-1], rtol=1e-12
    )


def test_unequal_steps_of_wavelength_count():
    X = np.array([[1.0, 1.0, 2.0]])
    np.testing.assert_allclose(_removed(X, [0, 1, 2]), [[1, 1 / 1.5, 1]])
    np.testing.assert_allclose(_removed(X, [0, 1, 10]), [[1, 1 / 1.1, 1]])


def test_each_segment_has_a_hull_of_its_own():
    X = np.random.default_rng(0).uniform(0, 1, (9, 12))
    cut = [(0, 5), (5, 6), (6, 12)]
    expected = np.hstack([_removed(X[:, slice(*part)]) for part in cut])
    np.testing.assert_allclose(_removed(X, segments=cut), expected, rtol=1e-14)
    assert not np.allclose(expected, _removed(X))
    np.testing.assert_array_equal(expected[:, 5], 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1, 1e30])
def test_gain_does_not_change_the_result(dtype, scale):
    X = np.random.default_rng(0).uniform(1, 2, (9, 12)).astype(dtype)
    scaled = (X.astype(np.float64) * scale).astype(dtype)
    result = _removed(scaled)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, _removed(X), rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_leaves_ends_and_maxima_at_one_and_nothing_above(dtype):
    X = np.random.default_rng(0).uniform(0.1, 7, (3000, 8)).astype(dtype)
    X[:1500] = np.linspace(X[:1500, 0], X[:1500, -1], 8, axis=1)  # all bands lie on the hull
    result = _removed(X, [400, 411, 423, 430, 444, 453, 467, 470])
    assert np.all(result <= 1)
    np.testing.assert_array_equal(result[:, [0, -1]], 1)
    np.testing.assert_array_equal(result[np.arange(3000), X.argmax(axis=1)], 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_spectra_at_either_end_of_the_floats_stay_between_zero_and_one(dtype):
    limits = np.finfo(dtype)
    X = np.random.default_rng(0).uniform(0, 1, (4, 12)).astype(dtype)
    X[:, 0] = 1
    X = X * np.array([[limits.max], [limits.tiny], [9 * limits.smallest_subnormal], [1]], dtype)
    result = _removed(X)
    assert np.all((result >= 0) & (result <= 1))
    np.testing.assert_allclose(result[0], _removed(X[:1] / limits.max)[0], rtol=1e-6)


def test_negative_values_count_as_zero_and_nothing_over_nothing_is_one():
    X = np.array([[1.0, -5.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -3.0], [0.0, 0.0, 2.0]])
    expected = [[1, 0, 1], [1, 1, 1], [1, 1, 1], [1, 0, 1]]
    np.testing.assert_array_equal(_removed(X), expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("band", [0, 3, 5])
def test_a_row_with_an_unknown_value_is_nan_and_others_do_not_see_it(value, band):
    X = np.random.default_rng(0).uniform(1, 2, (5, 6))
    expected = _removed(X)
    X[2, band] = value
    result = _removed(X)
    assert np.isnan(result[2]).all()
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(result[others], expected[others])


def test_hulls_of_as_many_bands_are_traced_once_whatever_spectra_and_wavelengths(monkeypatch):
    traced = []

    def noting(x, y):
        traced.append(y.shape[1])
        return upper_hull(x, y)

    monkeypatch.setattr(continuum, "upper_hull", noting)
    own_cache = lru_cache(continuum._compiled_hull.__wrapped__)
    monkeypatch.setattr(continuum, "_compiled_hull", own_cache)
    for n_rows, dtype, step in [(3, np.float32, 1), (3, np.float64, 1), (5, np.float64, 11.5)]:
        _removed(np.ones((n_rows, 3), dtype), [400 + step * band for band in range(3)])
    assert traced == [3]
    _removed(np.ones((3, 6)), segments=[(0, 1), (1, 6)])
    assert traced == [3, 5]


def test_rows_beyond_one_chunk_are_treated_alike():
    X = np.random.default_rng(0).uniform(0, 1, (4100, 5)).astype(np.float32)
    np.testing.assert_array_equal(_removed(X)[4090:], _removed(X[4090:]))


@pytest.mark.parametrize("n_bands", [3, 300])
def test_smooth_and_noisy_spectra_have_their_hulls(n_bands):
    generator = np.random.default_rng(n_bands)
    x = np.cumsum(generator.uniform(1, 20, n_bands))
    smooth = 1 - np.outer(generator.uniform(0.1, 1, 20), np.linspace(-1, 1, n_bands) ** 2)
    # Over equal steps a parabola is its own hull, turned over it lies under one chord.
    hull = tf.function(upper_hull, autograph=False, jit_compile=True)  # as it is in use
    hulls = hull(tf.range(n_bands, dtype=tf.float64), tf.constant(smooth)).numpy()
    np.testing.assert_array_equal(hulls, smooth)
    chord = hull(tf.range(n_bands, dtype=tf.float64), tf.constant(-smooth)).numpy()
    np.testing.assert_allclose(chord, np.repeat(-smooth[:, :1], n_bands, axis=1), rtol=1e-12)
    y = smooth + 0.01 * generator.standard_normal(smooth.shape)
    noisy = hull(tf.constant(x), tf.constant(y)).numpy()
    assert np.all(noisy >= y)
    slopes = np.diff(noisy, axis=1) / np.diff(x)
    assert np.all(np.diff(slopes, axis=1) <= 1e-12)  # it never bends upwards
    assert np.all((noisy == y).sum(axis=1) >= 2)


def test_the_preprocessor_removes_the_continuum_over_wavelength_and_by_segment():
    generator = np.random.default_rng(0)
    X = generator.uniform(0.1, 1, (7, 14))
    X[:, 6] = -0.1
    # Band 4 is dropped, and the second detector starts at band 9, before the first one ends.
    wavelengths = np.r_[400, 412, 421, 433, 440, 452, 461, 470, 481, 476, 487, 499, 509, 520.0]
    kept = np.delete(np.arange(14), 4)
    preprocessor = HypPreprocessor(method="continuum", wavelengths=wavelengths, bands=[(439, 441)])
    with pytest.warns(UserWarning, match="6 of 13 bands 1 in every spectrum"):
        result = preprocessor.fit_transform(X)
    for segment in (slice(0, 4), slice(4, 8), slice(8, 13)):
        spectra = np.maximum(X[:, kept[segment]], 0)
        hull = np.array([_every_chord(x, wavelengths[kept[segment]]) for x in spectra])
        np.testing.assert_allclose(result[:, segment], spectra / hull, rtol=1e-12)
