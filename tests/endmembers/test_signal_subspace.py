"""HySime: the number of endmembers, the noise, and by what it was found."""

import numpy as np
import pytest

from skhyp.endmembers import signal_subspace
from skhyp.scenes import open_scene
from skhyp.spectra import Spectra

N_BANDS = 50


def make_image(n_endmembers=4, noise=0.01, seed=0):
    """Return an image of smooth shares and noise that grows from band to band."""
    rng = np.random.default_rng(seed)
    pure = 0.1 + np.abs(0.3 + 0.05 * np.cumsum(rng.normal(size=(n_endmembers, N_BANDS)), axis=1))
    row, column = np.meshgrid(np.linspace(0, 3, 60), np.linspace(0, 3, 70), indexing="ij")
    waves = [np.sin((k + 1) * row + k) + np.cos(k * column) for k in range(n_endmembers)]
    weights = np.exp(np.stack(waves, axis=-1))
    clean = weights / weights.sum(axis=2, keepdims=True) @ pure
    return clean + rng.normal(size=clean.shape) * noise * np.linspace(0.5, 1.5, N_BANDS)


@pytest.mark.parametrize("n_endmembers", [2, 4, 6])
@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3])
def test_the_number_of_endmembers_is_found(n_endmembers, noise):
    assert signal_subspace(make_image(n_endmembers, noise)).n_endmembers == n_endmembers


@pytest.mark.parametrize("noise", ["regression", "neighbours"])
def test_the_noise_of_each_band_is_measured(noise):
    found = signal_subspace(make_image(), noise=noise)
    deviations = np.sqrt(np.diag(found.noise_covariance))
    # Without the longest differences between neighbours, some of the noise is missing.
    expected = 0.01 * np.linspace(0.5, 1.5, N_BANDS)
    np.testing.assert_allclose(deviations, expected, rtol=0.25)


def test_a_direction_is_kept_if_more_is_lost_without_it_than_its_noise_brings():
    found = signal_subspace(make_image())
    error = found.projection_error + found.kept_noise
    assert int(np.argmin(error)) == found.n_endmembers
    assert found.projection_error[0] == pytest.approx(np.mean(make_image() ** 2) * N_BANDS)
    assert found.projection_error[-1] == 0 == found.kept_noise[0]
    np.testing.assert_allclose(found.directions.T @ found.directions, np.eye(N_BANDS), atol=1e-9)


def test_regression_in_closed_form_is_regression_band_by_band():
    X = make_image()[::4, ::4].reshape(-1, N_BANDS)[:, ::4]
    n_spectra, n_bands = X.shape
    variances = []
    for band in range(n_bands):
        others = np.delete(X, band, axis=1)
        weights = np.linalg.solve(others.T @ others, others.T @ X[:, band])
        variances.append(np.square(X[:, band] - others @ weights).sum())
    found = np.diag(signal_subspace(X).noise_covariance)
    np.testing.assert_allclose(found, np.divide(variances, n_spectra - n_bands + 1), rtol=1e-4)


def test_units_change_nothing_but_powers():
    image = make_image()
    found, times = signal_subspace(image), signal_subspace(1e4 * image)
    assert found.n_endmembers == times.n_endmembers
    np.testing.assert_allclose(times.power, 1e8 * found.power, rtol=1e-6)


def test_a_scene_is_read_block_by_block_without_bad_bands_and_missing_pixels():
    stored = np.round(1e4 * make_image()).astype(np.int16)
    stored[3:6, 4:9] = -1
    good = np.arange(N_BANDS) != 7
    scene = open_scene(stored, nodata=-1, good_bands=good)
    rows = stored[stored[..., 0] >= 0][:, good]
    np.testing.assert_allclose(signal_subspace(scene).power, signal_subspace(rows).power, rtol=1e-8)


def test_noise_that_is_known_is_taken():
    covariance = np.diag((0.01 * np.linspace(0.5, 1.5, N_BANDS)) ** 2)
    found = signal_subspace(make_image(), noise=covariance)
    np.testing.assert_array_equal(found.noise_covariance, covariance)
    assert found.n_endmembers in (3, 4)


@pytest.mark.parametrize(
    ("X", "noise", "message"),
    [
        (np.eye(4), "guess", "noise must be one of regression, neighbours or a matrix"),
        (np.eye(4), "neighbours", "needs an image, but X is spectra in rows"),
        (np.eye(4), np.eye(3), r"of shape \(4, 4\); got shape \(3, 3\)"),
        (np.eye(4), np.full((4, 4), np.nan), "noise must be finite"),
        (np.full((4, 3), np.nan), "regression", "signal_subspace needs complete spectra"),
        (np.eye(4)[:1], "regression", "minimum of 2 is required"),
    ],
)
def test_what_shows_no_subspace_is_refused(X, noise, message):
    with pytest.raises(ValueError, match=message):
        signal_subspace(X, noise=noise)


def test_it_says_what_it_found():
    assert repr(signal_subspace(make_image(3, 1e-3))) == "<SignalSubspace of 3 of 50 directions>"
    spectra = Spectra(make_image(3, 1e-3), np.linspace(400, 900, N_BANDS))
    assert signal_subspace(spectra).n_endmembers == 3
