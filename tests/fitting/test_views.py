"""Slopes and curvatures are those of the preprocessor, and stop where the spectrum does."""

import numpy as np
import pytest

from skhyp import HypPreprocessor, SpectralCNNRegressor
from skhyp.fitting._views import DERIVATIVE_ORDERS, derivative_filter
from skhyp.spectra import Spectra

WHOLE = np.array([[0, 60]])


@pytest.mark.parametrize(
    ("wavelengths", "window"),
    [
        (None, 5),
        (np.arange(60) * 2 + 1100.0, 15),
        (np.arange(60) * 10 + 400.0, 5),
        (2000.0 - 4 * np.arange(60), 7),
    ],
)
def test_a_window_has_some_30_nm_and_5_bands_or_more(wavelengths, window):
    for view in DERIVATIVE_ORDERS:
        matrix = derivative_filter(view, wavelengths, WHOLE, 60)
        assert np.ptp(np.flatnonzero(np.abs(matrix[:, 30]) > 1e-12)) + 1 == window


def test_no_filter_reaches_over_a_gap():
    for view in DERIVATIVE_ORDERS:
        matrix = derivative_filter(view, None, np.array([[0, 20], [20, 60]]), 60)
        assert not matrix[:20, 20:].any() and not matrix[20:, :20].any()
        assert matrix[:20, :20].any() and matrix[20:, 20:].any()


def test_one_band_has_no_slope():
    for view in DERIVATIVE_ORDERS:
        matrix = derivative_filter(view, np.array([500.0]), np.array([[0, 1]]), 1)
        np.testing.assert_array_equal(matrix, [[0.0]])


@pytest.mark.parametrize(("view", "deriv"), [("slope", 1), ("curvature", 2)])
def test_a_view_is_what_two_preprocessors_give_per_band(view, deriv):
    rng = np.random.default_rng(0)
    X = Spectra(np.cumsum(rng.normal(size=(40, 60)), axis=1), np.arange(60) * 4 + 1000.0)
    network = SpectralCNNRegressor(views=(view,), max_epochs=1, random_state=0).fit(X, X[:, 0])
    described, *fitted = network._computation(X.dtype)
    from skhyp.graph.inference import apply_rows

    found = apply_rows(described, "derivative", *fitted, np.asarray(X), view=view)
    variate = HypPreprocessor(method="snv").fit_transform(X)
    savgol = HypPreprocessor(method="savgol", window_length=7, deriv=deriv)
    expected = savgol.fit_transform(variate) * 4**deriv
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_bands_that_were_left_out_end_slopes_whoever_left_them_out():
    rng = np.random.default_rng(1)
    X = Spectra(rng.normal(size=(20, 41)), np.arange(41) * 5 + 500.0)
    kept = X[:, np.arange(41) != 20]
    network = SpectralCNNRegressor(max_epochs=1, random_state=0).fit(kept, X[:, 3])
    np.testing.assert_array_equal(network.segments_, [[0, 20], [20, 40]])
