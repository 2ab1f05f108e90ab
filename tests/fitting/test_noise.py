"""The covariance of noise, where it is known."""

import numpy as np
import pytest

from skhyp.fitting import _noise
from skhyp.fitting._noise import noise_along_spectra, noise_of_pairs, whitening_of


@pytest.fixture(scope="module")
def noise():
    """200,000 draws of noise in four bands, and its covariance."""
    covariance = np.array([[4, 1, 0, 0], [1, 1, 0, 0.1], [0, 0, 9, 2], [0, 0.1, 2, 1]])
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(4), covariance, 200_000)
    return draws, covariance


def test_half_the_moments_of_differences_are_the_covariance(noise):
    draws, covariance = noise
    differences = draws[::2] - draws[1::2]
    found, n_taken = noise_of_pairs(lambda: iter(np.split(differences, 10)), 4, 0.0)
    assert n_taken == 100_000
    np.testing.assert_allclose(found, covariance, atol=0.1)


def test_the_longest_differences_are_left_out():
    differences = np.vstack([np.full((70, 1), 2.0), np.full((30, 1), 1000.0)])
    found, n_taken = noise_of_pairs(lambda: iter([differences]), 1, 0.3)
    assert n_taken == 70
    assert found.item() == 2.0


def test_differences_of_zero_are_left_out():
    differences = np.array([[0.0], [2.0], [0.0], [-2.0]])
    found, n_taken = noise_of_pairs(lambda: iter([differences]), 1, 0.0)
    assert (found.item(), n_taken) == (2.0, 2)


def test_of_many_differences_the_limit_is_found_in_some_evenly_spread(monkeypatch):
    monkeypatch.setattr(_noise, "_MOST_LENGTHS", 100)
    lengths = np.random.default_rng(0).permutation(np.arange(1.0, 10_001))[:, np.newaxis]
    for parts in ([10_000], [3_000, 17, 6_983], [7] * 1_428 + [4]):
        blocks = np.split(lengths, np.cumsum(parts)[:-1])
        limit = _noise._longest(lambda blocks=blocks: iter(blocks), 0.3)
        assert limit == pytest.approx(7_000, abs=700)
        whole = _noise._longest(lambda: iter([lengths]), 0.3)
        assert limit == pytest.approx(whole, abs=1_000)


def test_no_differences_are_no_noise():
    found, n_taken = noise_of_pairs(lambda: iter([]), 3, 0.3)
    assert n_taken == 0
    np.testing.assert_array_equal(found, np.zeros((3, 3)))


def test_along_smooth_spectra_noise_of_each_band_is_found():
    deviations = np.array([1.0, 1, 1, 1, 1, 1, 1, 1])
    spectra = np.linspace(0, 7, 8) + np.random.default_rng(0).normal(size=(100_000, 8)) * deviations
    found = noise_along_spectra(lambda: iter([spectra]), np.array([[0, 8]]), 8)
    np.testing.assert_array_equal(found, np.diag(np.diag(found)))
    np.testing.assert_allclose(np.diag(found)[1:-1], deviations[1:-1] ** 2, rtol=0.02)


def test_bands_are_not_compared_across_segments():
    spectra = np.array([[1.0, 2, 3, 100, 101, 500], [1, 2, 3, 100, 101, 500]])
    found = noise_along_spectra(lambda: iter([spectra]), np.array([[0, 3], [3, 5], [5, 6]]), 6)
    # By one to the neighbour at the ends, by nothing between: of the sixth the mean of the others.
    np.testing.assert_allclose(np.diag(found), [0.5, 0, 0.5, 0.5, 0.5, 0.4])


def test_whitening_evens_noise_out_and_has_an_inverse(noise):
    _, covariance = noise
    whitening, inverse = whitening_of(covariance, 0.0)
    np.testing.assert_allclose(whitening @ covariance @ whitening, np.eye(4), atol=1e-9)
    np.testing.assert_allclose(whitening @ inverse, np.eye(4), atol=1e-9)
    np.testing.assert_allclose(whitening, whitening.T, atol=1e-12)


def test_with_all_shrinkage_noise_is_alike_in_all_directions(noise):
    _, covariance = noise
    whitening, _ = whitening_of(covariance, 1.0)
    np.testing.assert_allclose(whitening, np.eye(4) / np.sqrt(np.trace(covariance) / 4), atol=1e-9)


def test_a_direction_without_noise_can_be_inverted():
    whitening, inverse = whitening_of(np.diag([1.0, 0.0]), 0.0)
    np.testing.assert_allclose(whitening @ inverse, np.eye(2), atol=1e-9)
