"""What SpectralUnmixer does, apart from what scikit-learn's suite asks of it."""

import warnings

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from skhyp import SpectralUnmixer
from skhyp.metrics import spectral_angle
from skhyp.scenes import apply, open_scene

SMALL = {"n_endmembers": 3, "max_epochs": 60, "random_state": 0}


def mixtures(n_endmembers=3, n_spectra=1000, purity=1.0, noise=0.01, seed=0, n_bands=60):
    """Return mixed spectra without a purer one than ``purity``, endmembers and abundances."""
    rng = np.random.default_rng(seed)
    bands = np.linspace(0, 1, n_bands)
    centers, widths = rng.uniform(0, 1, (2, n_endmembers, 4, 1))
    bumps = np.exp(-(((bands - centers) / (0.05 + 0.2 * widths)) ** 2))
    endmembers = 0.1 + np.einsum("ek,ekb->eb", rng.uniform(0.1, 0.3, (n_endmembers, 4)), bumps)
    abundances = rng.dirichlet(np.ones(n_endmembers), 20 * n_spectra)
    abundances = abundances[abundances.max(axis=1) <= purity][:n_spectra]
    X = abundances @ endmembers + noise * rng.standard_normal((len(abundances), n_bands))
    return X, endmembers, abundances


def matched(unmixer, X, endmembers):
    """Return the endmembers and abundances that were found, in the order of the true ones."""
    angles = spectral_angle(endmembers, unmixer.endmembers_, against="library")
    order = linear_sum_assignment(angles)[1]
    return unmixer.endmembers_[order], unmixer.transform(X)[:, order]


@pytest.mark.parametrize(
    ("n_endmembers", "purity", "noise"), [(3, 1.0, 0.01), (3, 0.8, 0.002), (5, 0.7, 0.002)]
)
def test_endmembers_and_abundances_are_found_though_no_pixel_is_pure(n_endmembers, purity, noise):
    X, endmembers, abundances = mixtures(n_endmembers, 2000, purity, noise)
    unmixer = SpectralUnmixer(n_endmembers=n_endmembers, random_state=0).fit(X)
    found, shares = matched(unmixer, X, endmembers)
    # What is lost beside knowing the endmembers is as much again, at most.
    known = np.linalg.lstsq(endmembers.T, X.T, rcond=None)[0].T
    least = np.sqrt(np.mean((known - abundances) ** 2))
    assert np.sqrt(np.mean((shares - abundances) ** 2)) < 2 * least
    assert np.degrees(spectral_angle(found, endmembers)).max() < 2


@pytest.mark.parametrize("loss", ["csa", "sa", "sid"])
def test_losses_of_shape_find_them_too(loss):
    X, endmembers, abundances = mixtures(purity=0.8, noise=0.002)
    unmixer = SpectralUnmixer(n_endmembers=3, loss=loss, random_state=0).fit(X)
    found, shares = matched(unmixer, X, endmembers)
    assert np.sqrt(np.mean((shares - abundances) ** 2)) < 0.05
    assert np.degrees(spectral_angle(found, endmembers)).max() < 2


def test_abundances_are_shares_and_mixtures_are_what_they_say():
    X, *_ = mixtures()
    unmixer = SpectralUnmixer(**SMALL).fit(X)
    shares = unmixer.transform(X)
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    mixed = unmixer.inverse_transform(shares)
    np.testing.assert_allclose(mixed, shares @ unmixer.endmembers_, rtol=1e-9)
    np.testing.assert_allclose(mixed, unmixer.reconstruct(X), rtol=1e-9)
    np.testing.assert_allclose(unmixer.transform(unmixer.endmembers_), np.eye(3), atol=1e-3)
    np.testing.assert_array_equal(unmixer.components_, unmixer.endmembers_)


def test_the_unit_of_the_spectra_does_not_matter():
    X, *_ = mixtures()
    unmixer = SpectralUnmixer(**SMALL).fit(X)
    brighter = SpectralUnmixer(**SMALL).fit(4096 * X)
    np.testing.assert_array_equal(brighter.transform(4096 * X), unmixer.transform(X))
    np.testing.assert_array_equal(brighter.endmembers_, 4096 * unmixer.endmembers_)


def test_endmembers_are_positive_unless_they_may_be_negative():
    X, *_ = mixtures(noise=0.02)
    X = X - 0.12
    X[:, X.mean(axis=0) < 0] += 0.12
    assert SpectralUnmixer(**SMALL).fit(X).endmembers_.min() >= 0
    assert SpectralUnmixer(positive=False, **SMALL).fit(X).endmembers_.min() < 0


def test_spectra_that_no_positive_endmembers_mix_to_are_told_of():
    X, *_ = mixtures()
    unmixer = SpectralUnmixer(**SMALL)
    with pytest.warns(UserWarning, match=r"negative in 60 of 60 bands.*positive=False") as told:
        unmixer.fit(-X)
    assert told[0].filename == __file__
    unmixer.set_params(positive=False).fit(-X)


def test_more_volume_is_left_where_it_weighs_less():
    X, *_ = mixtures(noise=0.02)
    volumes = []
    for weight in (0.1, 1.0, 10.0):
        corners = SpectralUnmixer(volume_weight=weight, **SMALL).fit(X).weights_["corners"]
        volumes.append(abs(np.linalg.det(np.c_[corners, np.ones(3)])))
    assert volumes[0] > volumes[1] > volumes[2]


def test_more_endmembers_than_bands_tell_apart_are_cut_with_a_warning():
    X, *_ = mixtures()
    unmixer = SpectralUnmixer(n_endmembers=5, max_epochs=2)
    with pytest.warns(UserWarning, match="n_endmembers=5 is cut to 4: .* with 3 bands") as told:
        unmixer.fit(X[:, :3])
    assert told[0].filename == __file__
    assert unmixer.transform(X[:, :3]).shape == (1000, 4)


def test_numbers_that_are_no_number_of_endmembers_are_refused():
    X, *_ = mixtures()
    for n_endmembers in (1, 0, 2.5):
        with pytest.raises(ValueError, match="'n_endmembers' parameter"):
            SpectralUnmixer(n_endmembers=n_endmembers).fit(X)


@pytest.mark.parametrize(
    "X", [np.ones((30, 20)), np.zeros((30, 20)), np.eye(2, 20)[[0, 1] * 9]], ids=["1", "0", "two"]
)
def test_spectra_that_are_all_alike_have_abundances_as_well(X):
    unmixer = SpectralUnmixer(n_endmembers=4, max_epochs=2, random_state=0).fit(X)
    shares = unmixer.transform(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(unmixer.endmembers_).all()


def test_a_saturated_pixel_does_not_move_the_endmembers():
    X, endmembers, _ = mixtures()
    spoiled = np.vstack([X, np.full((1, 60), 1e6)])
    with pytest.warns(UserWarning, match="1 of 1001 spectra"):
        unmixer = SpectralUnmixer(**SMALL).fit(spoiled)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, _ = matched(unmixer, X, endmembers)
    assert np.degrees(spectral_angle(found, endmembers)).max() < 10


def test_a_scene_is_unmixed_pixel_by_pixel_with_its_wavelengths():
    X, *_ = mixtures(n_spectra=600)
    cube = X.reshape(20, 30, 60).astype(np.float32)
    cube[3, 4] = np.nan
    wavelengths = np.linspace(400, 1000, 60)
    scene = open_scene(cube, wavelengths=wavelengths)
    unmixer = SpectralUnmixer(**SMALL).fit(scene)
    np.testing.assert_array_equal(unmixer.wavelengths_, wavelengths)
    np.testing.assert_array_equal(unmixer.endmembers_.wavelengths, wavelengths)
    shares = np.asarray(apply(unmixer, scene, method="transform"))
    assert shares.shape == (20, 30, 3) and np.isnan(shares[3, 4]).all()
    np.testing.assert_array_equal(shares.reshape(600, 3), unmixer.transform(scene))
