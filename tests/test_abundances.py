"""Shares of endmembers: the best that there are, of endmembers by name, over scenes."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import nnls
from sklearn import config_context
from sklearn.base import clone

from skhyp import FullyConstrainedLeastSquares
from skhyp.graph.mixtures import MAX_TABLED
from skhyp.libraries import SpectralLibrary
from skhyp.metrics import spectral_angle
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra

N_BANDS = 40
WAVELENGTHS = np.linspace(400, 1000, N_BANDS)
# Tables of solutions, and a system for each pixel.
NUMBERS = [1, 2, 5, MAX_TABLED + 2]
CONSTRAINTS = list(itertools.product([True, False], [True, False]))


def make_pure(n_endmembers=4, seed=0):
    steps = np.random.default_rng(seed).normal(size=(n_endmembers, N_BANDS))
    return 0.1 + np.abs(0.3 + 0.05 * np.cumsum(steps, axis=1))


def make_mixtures(pure, n_spectra=400, noise=0.05, seed=1):
    """Return spectra of few materials each, so noisy that most best shares are at a bound."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(len(pure), 0.5), n_spectra)
    return shares @ pure + noise * rng.standard_normal((n_spectra, N_BANDS)), shares


@pytest.fixture(scope="module")
def scene():
    X, _ = make_mixtures(make_pure(), 40 * 50, noise=0.01)
    X[:4] = make_pure()
    stored = np.round(1e4 * X).astype(np.int16).reshape(40, 50, N_BANDS)
    stored[5:9, 7:20] = -9999
    return open_scene(stored, wavelengths=WAVELENGTHS, nodata=-9999)


@pytest.mark.parametrize("n_endmembers", NUMBERS)
@pytest.mark.parametrize(("nonnegative", "sum_to_one"), CONSTRAINTS)
def test_shares_meet_the_conditions_of_the_best_ones(n_endmembers, nonnegative, sum_to_one):
    pure = make_pure(n_endmembers)
    X, _ = make_mixtures(pure)
    model = FullyConstrainedLeastSquares(
        endmembers=pure, nonnegative=nonnegative, sum_to_one=sum_to_one
    )
    shares = model.fit(X).transform(X)
    slopes = (shares @ pure - X) @ pure.T
    if sum_to_one:
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
        slopes -= np.sum(shares * slopes, axis=1, keepdims=True) / shares.sum(axis=1, keepdims=True)
    if nonnegative:
        assert shares.min() >= 0
        assert slopes.min() > -1e-9
        np.testing.assert_allclose(shares * slopes, 0, atol=1e-9)
        assert n_endmembers == 1 or (shares == 0).any()
    elif n_endmembers > 1:
        assert shares.min() < 0
        np.testing.assert_allclose(slopes, 0, atol=1e-9)


@pytest.mark.parametrize("n_endmembers", [5, MAX_TABLED + 2])
def test_shares_are_those_of_other_solvers(n_endmembers):
    pure = make_pure(n_endmembers)
    X, _ = make_mixtures(pure, 60)
    free = FullyConstrainedLeastSquares(endmembers=pure, sum_to_one=False).fit(X)
    expected = [nnls(pure.T, spectrum)[0] for spectrum in X]
    np.testing.assert_allclose(free.transform(X), expected, atol=1e-9)
    # One more band of much weight, in which shares add up to one.
    heavy = np.column_stack([pure, np.full(n_endmembers, 1e4)])
    expected = [nnls(heavy.T, np.append(spectrum, 1e4))[0] for spectrum in X]
    summed = FullyConstrainedLeastSquares(endmembers=pure).fit(X)
    np.testing.assert_allclose(summed.transform(X), expected, atol=1e-6)


@pytest.mark.parametrize("n_endmembers", NUMBERS)
def test_shares_of_mixtures_without_noise_are_exact(n_endmembers):
    pure = make_pure(n_endmembers)
    X, shares = make_mixtures(pure, noise=0)
    model = FullyConstrainedLeastSquares(endmembers=pure).fit(X)
    np.testing.assert_allclose(model.transform(X), shares, atol=1e-7)
    np.testing.assert_allclose(model.transform(pure), np.eye(n_endmembers), atol=1e-7)
    np.testing.assert_allclose(model.inverse_transform(shares), X, rtol=1e-12)


def test_as_many_endmembers_as_bands_and_one_have_shares():
    pure = np.vstack([np.zeros(3), np.eye(3)])
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 100)
    model = FullyConstrainedLeastSquares(endmembers=pure).fit(shares @ pure)
    np.testing.assert_allclose(model.transform(shares @ pure), shares, atol=1e-12)


def test_endmembers_that_are_nearly_alike_are_told_apart():
    pure = make_pure(3)
    pure[2] = pure[1] + 1e-5 * pure[2]
    X, shares = make_mixtures(pure, noise=0)
    model = FullyConstrainedLeastSquares(endmembers=pure).fit(X)
    np.testing.assert_allclose(model.transform(X), shares, atol=1e-8)


@pytest.mark.parametrize("unit", [1e-30, 1e-3, 1e4, 1e60])
def test_the_unit_of_spectra_changes_no_share(unit):
    pure = make_pure()
    X, _ = make_mixtures(pure)
    expected = FullyConstrainedLeastSquares(endmembers=pure).fit(X).transform(X)
    model = FullyConstrainedLeastSquares(endmembers=unit * pure).fit(unit * X)
    np.testing.assert_allclose(model.transform(unit * X), expected, atol=1e-9)


@pytest.mark.parametrize("n_endmembers", [5, MAX_TABLED + 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_spectrum_gives_the_same_bits_alone_and_in_a_scene(n_endmembers, dtype):
    pure = make_pure(n_endmembers)
    X = make_mixtures(pure, 6000)[0].astype(dtype)
    model = FullyConstrainedLeastSquares(endmembers=pure).fit(X)
    whole = model.transform(X)
    assert whole.dtype == dtype
    for rows in (slice(0, 1), slice(5999, 6000), slice(17, 60), slice(3000, 3300)):
        np.testing.assert_array_equal(model.transform(X[rows]), whole[rows])


def test_single_precision_and_integers_are_rounded_at_the_end_alone():
    pure = make_pure()
    stored = np.round(1e4 * make_mixtures(pure)[0]).astype(np.int16)
    model = FullyConstrainedLeastSquares(endmembers=1e4 * pure).fit(stored)
    exact = model.transform(stored.astype(np.float64))
    np.testing.assert_array_equal(model.transform(stored), exact.astype(np.float32))
    np.testing.assert_array_equal(model.transform(stored.astype("f")), exact.astype(np.float32))


@pytest.mark.parametrize("extraction", ["vca", "n-findr"])
def test_endmembers_are_taken_from_the_scene(scene, extraction):
    model = FullyConstrainedLeastSquares(n_endmembers=4, extraction=extraction, random_state=0)
    model.fit(scene)
    shares = model.transform(scene).reshape(40, 50, 4)
    assert np.isnan(shares[5:9, 7:20]).all()
    assert np.isnan(shares).sum() == 4 * 13 * 4
    truth = FullyConstrainedLeastSquares(endmembers=1e4 * make_pure()).fit(scene).transform(scene)
    order = [
        int(np.argmin([np.abs(one - own).max() for own in model.endmembers_]))
        for one in 1e4 * make_pure()
    ]
    assert sorted(order) == [0, 1, 2, 3]
    complete = ~np.isnan(truth).any(axis=1)
    difference = (shares.reshape(-1, 4)[:, order] - truth)[complete]
    assert np.sqrt(np.mean(difference**2)) < 0.1
    np.testing.assert_array_equal(model.wavelengths_, WAVELENGTHS)


@pytest.mark.parametrize("working_memory", [1, 64])
def test_the_blocks_of_a_scene_change_nothing(scene, working_memory):
    model = FullyConstrainedLeastSquares(n_endmembers=4, random_state=0)
    whole = clone(model).fit(scene)
    with config_context(working_memory=working_memory):
        in_blocks = clone(model).fit(scene)
    np.testing.assert_allclose(in_blocks.endmembers_, whole.endmembers_, rtol=1e-9)
    mapped = apply(whole, scene, method="transform", working_memory=working_memory)
    np.testing.assert_array_equal(np.asarray(mapped).reshape(-1, 4), whole.transform(scene))


def test_a_cube_is_its_pixels(scene):
    cube = np.asarray(scene.read())[10:]
    model = FullyConstrainedLeastSquares(n_endmembers=3, random_state=0).fit(cube)
    rows = clone(model).fit(cube.reshape(-1, N_BANDS))
    np.testing.assert_array_equal(model.transform(cube), rows.transform(cube.reshape(-1, N_BANDS)))


def test_errors_show_what_is_no_mixture(scene):
    pure = 1e4 * make_pure()
    model = FullyConstrainedLeastSquares(endmembers=pure).fit(scene)
    X = make_mixtures(pure, noise=0)[0]
    X[7] = X[7, ::-1] + 5000
    errors = model.reconstruction_error(X)
    difference = X - model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(errors, np.sqrt(np.mean(difference**2, axis=1)), atol=1e-7)
    assert int(np.argmax(errors)) == 7
    mapped = apply(model, scene, method="reconstruction_error")
    np.testing.assert_array_equal(np.ravel(mapped), model.reconstruction_error(scene))


def test_endmembers_of_a_library_have_names_and_are_resampled(scene):
    finer = np.arange(380, 1021)
    rows = [np.interp(finer, WAVELENGTHS, spectrum) for spectrum in 1e4 * make_pure()]
    library = SpectralLibrary(Spectra(rows, finer, fwhm=1), ["soil", "grass", "soil", "asphalt"])
    model = FullyConstrainedLeastSquares(endmembers=library).fit(scene)
    assert model.get_feature_names_out().tolist() == ["soil", "grass", "soil 2", "asphalt"]
    np.testing.assert_allclose(model.endmembers_, 1e4 * make_pure(), rtol=0.15)
    shares = model.set_output(transform="pandas").transform(1e4 * make_pure())
    assert shares.columns.tolist() == ["soil", "grass", "soil 2", "asphalt"]


def test_endmembers_of_a_table_have_its_index_for_names():
    columns = [f"{wavelength:.2f} nm" for wavelength in WAVELENGTHS]
    table = pd.DataFrame(make_pure(2), index=["soil", "grass"], columns=columns)
    model = FullyConstrainedLeastSquares(endmembers=table).fit(make_mixtures(make_pure(2))[0])
    assert model.get_feature_names_out().tolist() == ["soil", "grass"]
    unnamed = FullyConstrainedLeastSquares(endmembers=make_pure(2)).fit(make_pure(2))
    assert unnamed.get_feature_names_out().tolist() == ["endmember0", "endmember1"]


@pytest.mark.parametrize(("sum_to_one", "most"), [(True, 3), (False, 2)])
def test_more_endmembers_than_bands_tell_apart_are_cut_with_a_warning(sum_to_one, most):
    X = np.random.default_rng(0).uniform(size=(50, 2))
    model = FullyConstrainedLeastSquares(n_endmembers=9, sum_to_one=sum_to_one, random_state=0)
    with pytest.warns(UserWarning, match=f"n_endmembers=9 is cut to {most}: .* with 2 bands"):
        model.fit(X)
    assert model.endmembers_.shape == (most, 2) and model.transform(X).shape == (50, most)


def test_another_unit_is_warned_of(scene):
    with pytest.warns(UserWarning, match=r"endmembers are .* times as bright as X"):
        FullyConstrainedLeastSquares(endmembers=make_pure()).fit(scene)


def _beyond(pure):
    return Spectra(pure, WAVELENGTHS + 900, fwhm=16)


@pytest.mark.parametrize(
    ("endmembers", "message"),
    [
        (np.ones((2, 3)), "endmembers must have as many bands as X, which has 40; got 3"),
        (np.full((2, N_BANDS), np.nan), "endmembers must be complete; spectrum 0 has nan"),
        (np.ones((2, 3, 4)), r"one a row \(n_spectra, n_bands\); got shape \(2, 3, 4\)"),
        ([["a"] * N_BANDS], "endmembers must be numbers"),
        (np.vstack([make_pure(3), make_pure(3).mean(axis=0)]), "the 4 of them in 40 bands are"),
        (np.vstack([make_pure(2), make_pure(2)[:1]]), "are mixtures of 2"),
        (_beyond(make_pure()), "endmembers could not be resampled to the bands"),
    ],
)
def test_endmembers_that_are_none_are_refused(endmembers, message):
    X = Spectra(make_mixtures(make_pure())[0], WAVELENGTHS, fwhm=16)
    with pytest.raises(ValueError, match=message):
        FullyConstrainedLeastSquares(endmembers=endmembers).fit(X)


def test_mixtures_with_another_sum_are_endmembers_only_if_it_is_one():
    shade = np.vstack([make_pure(2), 0.5 * make_pure(2)[0]])
    X = make_mixtures(make_pure(2))[0]
    with pytest.raises(ValueError, match="must not be mixtures of each other"):
        FullyConstrainedLeastSquares(endmembers=shade, sum_to_one=False).fit(X)
    assert FullyConstrainedLeastSquares(endmembers=shade).fit(X).transform(X).shape == (400, 3)


def test_abundances_of_another_number_are_refused(scene):
    model = FullyConstrainedLeastSquares(endmembers=1e4 * make_pure()).fit(scene)
    with pytest.raises(ValueError, match=r"X has 3 abundances, but .* has 4 endmembers"):
        model.inverse_transform(np.ones((2, 3)))


def test_spectra_without_data_are_refused_by_name(scene):
    model = FullyConstrainedLeastSquares(endmembers=1e4 * make_pure()).fit(scene)
    with pytest.raises(ValueError, match="FullyConstrainedLeastSquares needs complete spectra"):
        model.transform(np.full((2, N_BANDS), np.nan))


def test_parameters_set_after_fit_change_nothing_before_the_next():
    X, _ = make_mixtures(make_pure())
    model = FullyConstrainedLeastSquares(endmembers=make_pure()).fit(X)
    before = model.transform(X)
    model.set_params(endmembers=make_pure(2), nonnegative=False, sum_to_one=False)
    np.testing.assert_array_equal(model.transform(X), before)
    with pytest.raises(ValueError, match="must be numbers"):
        model.set_params(endmembers=[["a"]]).fit(X)
    np.testing.assert_array_equal(model.transform(X), before)


def test_abundances_of_a_real_scene_are_like_those_published(shared_folder):
    folder = shared_folder / "scenes" / "jasper_ridge"
    published = np.load(folder / "abundances.npz")
    truth = published["abundances"].reshape(-1, 4)
    scene = open_scene(folder / "jasperRidge2_R198.hdr")
    # The published endmembers are of the scene over its largest value.
    pure = published["endmembers"] * float(np.max(scene.read()))
    given = FullyConstrainedLeastSquares(endmembers=pure).fit(scene).transform(scene)
    assert np.sqrt(np.mean((given - truth) ** 2)) < 0.1
    found = FullyConstrainedLeastSquares(n_endmembers=4, random_state=0).fit(scene)
    angles = spectral_angle(pure, found.endmembers_, against="library")
    order = min(itertools.permutations(range(4)), key=lambda places: angles[range(4), places].sum())
    shares = found.transform(scene)[:, order]
    assert np.sqrt(np.mean((shares - truth) ** 2)) < 0.2
