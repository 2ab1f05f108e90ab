"""Polynomials are found exactly, whatever the spacing of the bands."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from skhyp import HypPreprocessor
from skhyp.inputs._savitzky_golay import savitzky_golay_matrix
from skhyp.spectra import Spectra

UNEVEN = 400 + np.cumsum(np.random.default_rng(0).uniform(3, 9, 40))


@pytest.mark.parametrize("deriv", [0, 1, 2, 3])
@pytest.mark.parametrize("positions", [UNEVEN, UNEVEN[::-1]], ids=["rising", "falling"])
def test_a_polynomial_and_its_derivatives_come_out_at_every_band(positions, deriv):
    polynomial = np.polynomial.Polynomial([0.3, -1e-3, 2e-6, 5e-9])
    matrix = savitzky_golay_matrix(positions, 9, 3, deriv)
    expected = polynomial.deriv(deriv)(positions)
    found = polynomial(positions) @ matrix
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("deriv", [0, 1, 2])
def test_evenly_spaced_bands_have_the_weights_of_scipy_per_nm(deriv):
    wavelengths = np.arange(400.0, 800, 5)
    expected = savgol_filter(np.eye(80), 11, 2, deriv=deriv, delta=5, axis=1)
    found = savitzky_golay_matrix(wavelengths, 11, 2, deriv)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("n_bands", "order"), [(1, 0), (2, 0), (3, 2), (4, 2)])
def test_short_segments_have_what_their_bands_determine(n_bands, order):
    positions = UNEVEN[:n_bands]
    values = (positions - 400) ** order
    np.testing.assert_allclose(values @ savitzky_golay_matrix(positions, 11, 2, 0), values)
    assert not savitzky_golay_matrix(positions, 11, 2, 3).any()


def test_a_derivative_is_per_nm_where_wavelengths_are_known_and_else_per_band():
    wavelengths = np.arange(1100.0, 1200, 2)
    X = np.tile(0.01 * (wavelengths - 1000), (3, 1))
    derivative = HypPreprocessor(method="savgol", window_length=5, deriv=1)
    np.testing.assert_allclose(derivative.fit_transform(Spectra(X, wavelengths)), 0.01, rtol=1e-9)
    np.testing.assert_allclose(derivative.fit_transform(X), 0.02, rtol=1e-9)
    backwards = Spectra(X[:, ::-1], wavelengths[::-1])
    np.testing.assert_allclose(derivative.fit_transform(backwards), 0.01, rtol=1e-9)
