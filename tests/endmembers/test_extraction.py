"""VCA and N-FINDR: pure pixels are found, whatever the order, light, noise and blocks."""

from itertools import combinations

import numpy as np
import pytest

from skhyp.endmembers import _projected_pixels as projected_pixels
from skhyp.endmembers import n_findr, vca
from skhyp.endmembers._vertex_components import signal_to_noise_db, vertices_of
from skhyp.inputs._band_moments import moments_of

METHODS = [vca, n_findr]
N_BANDS = 60


def make_mixtures(n_endmembers=4, n_spectra=600, noise=0.0, seed=0, light=None):
    """Return mixtures, of which the first are pure, their shares, and the pure spectra."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n_endmembers, N_BANDS))
    pure = 0.1 + np.abs(0.3 + 0.05 * np.cumsum(steps, axis=1))
    shares = rng.dirichlet(np.ones(n_endmembers), n_spectra)
    shares[:n_endmembers] = np.eye(n_endmembers)
    X = shares @ pure
    if light is not None:
        X *= rng.uniform(*light, (n_spectra, 1))
    return X + noise * rng.standard_normal(X.shape), shares, pure


def principal_components(X, n_components):
    """Return spectra on as many of them."""
    centred = X - X.mean(axis=0)
    return centred @ np.linalg.eigh(centred.T @ centred)[1][:, -n_components:]


def volume(vertices):
    """Return that of a simplex, times a constant."""
    return abs(np.linalg.det(vertices[1:] - vertices[0]))


@pytest.mark.parametrize("extract", METHODS)
@pytest.mark.parametrize("n_endmembers", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_pure_pixels_are_found_exactly(extract, n_endmembers, seed):
    X, _, pure = make_mixtures(n_endmembers, seed=seed)
    spectra, indices = extract(X, n_endmembers, random_state=seed)
    assert sorted(indices.tolist()) == list(range(n_endmembers))
    np.testing.assert_allclose(spectra, pure[indices], rtol=1e-9)


@pytest.mark.parametrize("extract", METHODS)
def test_as_many_as_bands_and_one_are_found(extract):
    X = np.random.default_rng(0).dirichlet(np.ones(4), 300)
    X[:4] = np.eye(4)
    spectra, indices = extract(X[:, :3], 4, random_state=0)
    assert sorted(indices.tolist()) == [0, 1, 2, 3]
    np.testing.assert_allclose(spectra, X[indices, :3], atol=1e-12)


def test_endmembers_have_less_noise_than_their_pixels():
    clean, _, _ = make_mixtures()
    X, _, _ = make_mixtures(noise=0.01)
    for extract in METHODS:
        spectra, indices = extract(X, 4, random_state=0)
        assert np.std(spectra - clean[indices]) < 0.5 * np.std(X[indices] - clean[indices])


def test_light_is_no_endmember_where_there_is_little_noise():
    X, _, pure = make_mixtures(light=(0.3, 1.0))
    found, indices = vca(X, 4, random_state=0)
    assert sorted(indices.tolist()) == [0, 1, 2, 3]
    cosines = np.sum(found * pure[indices], axis=1)
    cosines /= np.linalg.norm(found, axis=1) * np.linalg.norm(pure[indices], axis=1)
    np.testing.assert_allclose(cosines, 1, rtol=1e-9)


def test_pixels_without_light_are_none():
    X, _, _ = make_mixtures(light=(0.3, 1.0))
    X[100:110] = 0
    X[110:120] *= 1e-9
    assert sorted(vca(X, 4, random_state=0).indices.tolist()) == [0, 1, 2, 3]


def test_no_pixel_makes_the_volume_of_n_findr_larger():
    X, _, _ = make_mixtures(noise=0.05, n_spectra=80)
    indices = n_findr(X, 4, random_state=0).indices
    components = principal_components(X, 3)
    largest = volume(components[indices])
    for place in range(4):
        for other in range(80):
            replaced = indices.copy()
            replaced[place] = other
            assert volume(components[replaced]) <= largest * (1 + 1e-6)


def test_the_volume_of_n_findr_is_the_largest_of_all_of_few_pixels():
    X, _, _ = make_mixtures(n_endmembers=3, noise=0.03, n_spectra=25)
    components = principal_components(X, 2)
    largest = max(volume(components[list(places)]) for places in combinations(range(25), 3))
    starts = [n_findr(X, 3, random_state=seed).indices for seed in range(3)]
    found = max(volume(components[indices]) for indices in starts)
    np.testing.assert_allclose(found, largest, rtol=1e-9)


@pytest.mark.parametrize("noise_db", [10.0, 20.0, 40.0])
def test_the_signal_to_noise_ratio_is_estimated(noise_db):
    X, _, _ = make_mixtures(n_spectra=4000)
    noise = np.sqrt(np.mean(np.square(X)) / 10 ** (noise_db / 10))
    noisy, _, _ = make_mixtures(n_spectra=4000, noise=noise)
    found = signal_to_noise_db(moments_of(lambda: iter([noisy])), 4)
    np.testing.assert_allclose(found, noise_db, atol=0.5)


@pytest.mark.parametrize("extract", METHODS)
def test_one_seed_gives_one_set(extract):
    X, _, _ = make_mixtures(noise=0.05)
    first, second = (extract(X, 5, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.spectra, second.spectra)
    np.testing.assert_array_equal(first.indices, second.indices)


def test_random_directions_come_of_the_seed():
    X, _, _ = make_mixtures(noise=0.05)
    found = {tuple(vca(X, 5, random_state=seed).indices.tolist()) for seed in range(5)}
    assert len(found) > 1


@pytest.mark.parametrize("extract", METHODS)
def test_a_cube_and_integers_are_taken_as_they_are(extract):
    X, _, _ = make_mixtures()
    stored = np.round(10_000 * X).astype(np.int16)
    of_rows = extract(stored, 4, random_state=0)
    of_cube = extract(stored.reshape(20, 30, N_BANDS), 4, random_state=0)
    np.testing.assert_array_equal(of_rows.spectra, of_cube.spectra)
    assert sorted(of_cube.indices.tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("kept", [0, 2**24])
def test_blocks_leave_no_trace(monkeypatch, kept):
    monkeypatch.setattr(projected_pixels, "_KEPT_VALUES", kept)
    X, _, _ = make_mixtures(noise=0.05)

    def blocks():
        yield from np.array_split(X, [7, 300, 301])

    in_blocks = vertices_of(blocks, moments_of(blocks), 5, np.random.RandomState(0))
    whole = vca(X, 5, random_state=0)
    np.testing.assert_array_equal(in_blocks.indices, whole.indices)
    np.testing.assert_allclose(in_blocks.spectra, whole.spectra, rtol=1e-9)


@pytest.mark.parametrize("extract", METHODS)
@pytest.mark.parametrize(
    ("X", "n_endmembers", "message"),
    [
        (np.eye(5), 1, "n_endmembers must be an integer of 2 or more; got 1"),
        (np.eye(5), 2.0, r"n_endmembers must be an integer of 2 or more; got 2\.0"),
        (np.eye(5), True, "n_endmembers must be an integer of 2 or more; got True"),
        (np.eye(5)[:, :2], 4, "not be more than the number of bands and one; got 4 for 2"),
        (np.eye(5)[:3], 4, "n_samples = 3"),
        (np.full((5, 4), np.nan), 2, "contains NaN"),
        (1e200 * np.eye(5), 2, "beyond the range of float64"),
        (np.ones((9, 4)), 2, "there are no 2 endmembers. Set n_endmembers=1, or less"),
        (np.outer(np.arange(9.0), np.ones(4)) + np.eye(4)[0], 3, "there are no 3 endmembers"),
    ],
)
def test_what_has_no_such_endmembers_is_refused(extract, X, n_endmembers, message):
    with pytest.raises(ValueError, match=message):
        extract(X, n_endmembers, random_state=0)
