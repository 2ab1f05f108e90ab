"""The graph of a scene's pixels: who is joined to whom, and what passes along."""

import numpy as np
import pytest

from skhyp.neighbours import PixelGraph


def two_groups(n_each=40, n_components=3, seed=0):
    rng = np.random.default_rng(seed)
    first, second = (rng.normal(centre, 1, (n_each, n_components)) for centre in (0, 30))
    return np.concatenate([first, second])


def transition(graph):
    weights = graph.weights.toarray().astype(float)
    return weights / weights.sum(axis=1, keepdims=True)


def test_each_pixel_is_joined_to_its_nearest_and_to_those_that_are_joined_to_it():
    Z = two_groups()
    graph = PixelGraph.from_components(Z, n_neighbors=4)
    distances = np.linalg.norm(Z[:, np.newaxis] - Z, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :4]
    expected = np.zeros((80, 80), bool)
    np.put_along_axis(expected, nearest, True, axis=1)
    np.testing.assert_array_equal(graph.weights.toarray() > 0, expected | expected.T)
    assert graph.n_pixels == 80


def test_weights_are_symmetric_and_fall_off_by_the_distances_of_both_neighbourhoods():
    Z = two_groups(10, 2)
    weights = PixelGraph.from_components(Z, n_neighbors=3).weights.toarray()
    np.testing.assert_array_equal(weights, weights.T)
    distances = np.linalg.norm(Z[:, np.newaxis] - Z, axis=2)
    reach = np.sort(distances, axis=1)[:, 3]
    expected = np.exp(-(distances**2) / np.outer(reach, reach))
    np.testing.assert_allclose(weights[weights > 0], expected[weights > 0], rtol=1e-4)
    assert (np.diag(weights) == 0).all()


def test_positions_keep_apart_what_is_alike_but_far():
    Z = np.zeros((40, 2)) + np.random.default_rng(0).normal(0, 0.01, (40, 2))
    positions = np.column_stack([np.zeros(40, int), np.r_[0:20, 500:520]])
    near = PixelGraph.from_components(Z, positions, n_neighbors=3).weights.toarray()
    assert not near[:20, 20:].any()
    anywhere = PixelGraph.from_components(Z, positions, n_neighbors=3, position_weight=0)
    alike = PixelGraph.from_components(Z, n_neighbors=3)
    np.testing.assert_array_equal(anywhere.weights.toarray(), alike.weights.toarray())
    assert alike.weights.toarray()[:20, 20:].any()


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 0.99])
def test_smoothing_solves_its_equation(alpha):
    graph = PixelGraph.from_components(two_groups(), n_neighbors=5)
    values = np.random.default_rng(1).uniform(size=(80, 3))
    steps = transition(graph)
    expected = np.linalg.solve(np.eye(80) - alpha * steps, (1 - alpha) * values)
    smoothed = graph.smooth(values, alpha=alpha)
    assert smoothed.dtype == np.float32
    np.testing.assert_allclose(smoothed, expected, atol=1e-3)


def test_probabilities_stay_probabilities():
    graph = PixelGraph.from_components(two_groups(), n_neighbors=5)
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), 80)
    smoothed = graph.smooth(probabilities, alpha=0.99)
    np.testing.assert_allclose(smoothed.sum(axis=1), 1, atol=1e-3)
    assert smoothed.min() >= 0


def test_a_label_tells_of_its_own_group_alone():
    graph = PixelGraph.from_components(two_groups(), n_neighbors=5)
    known = np.zeros((80, 2))
    known[3, 0] = known[70, 1] = 1
    spread = graph.smooth(known, alpha=0.99)
    np.testing.assert_array_equal(spread.argmax(axis=1), np.repeat([0, 1], 40))


def test_pixels_of_which_many_are_equal_have_finite_weights():
    Z = np.zeros((30, 2))
    Z[-1] = 1
    weights = PixelGraph.from_components(Z, n_neighbors=4).weights
    assert np.isfinite(weights.toarray()).all()
    assert weights.max() == 1


def test_a_pixel_beside_many_equal_ones_takes_part_in_the_mean():
    graph = PixelGraph.from_components(np.r_[np.zeros(15), 1.9][:, np.newaxis], n_neighbors=10)
    values = np.r_[np.tile([[0.3, 0.7]], (15, 1)), [[0.9, 0.1]]]
    np.testing.assert_allclose(graph.smooth(values, alpha=0.9)[-1], [0.36, 0.64], atol=1e-3)


@pytest.mark.parametrize("n_pixels", [2, 3])
def test_few_pixels_are_joined_to_all_others(n_pixels):
    graph = PixelGraph.from_components(np.eye(n_pixels), n_neighbors=10)
    assert (graph.weights.toarray() > 0).sum() == n_pixels * (n_pixels - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors"),
        ({"position_weight": -1}, "position_weight"),
        ({"search": "quick"}, "search"),
        ({"positions": [[0, 0]]}, "positions must have one row for each"),
        ({"Z": np.full((4, 2), np.nan)}, "NaN"),
        ({"Z": np.eye(4) * 1e18}, r"must lie within 1e\+17, got 1e\+18"),
        ({"positions": np.argwhere(np.eye(4)), "position_weight": 1e300}, "position_weight=1e"),
        ({"Z": np.ma.masked_array(np.eye(4), np.eye(4) > 0)}, "mask"),
        ({"Z": np.zeros((1, 2))}, "minimum of 2"),
    ],
)
def test_what_makes_no_graph_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PixelGraph.from_components(**{"Z": np.eye(4), **change})


@pytest.mark.parametrize("alpha", [1, 1.5, -0.1, "much", np.nan])
def test_what_is_no_share_of_neighbours_is_refused(alpha):
    with pytest.raises(
        ValueError, match=r"alpha must be a number of 0 or more and 0\.9999 or less"
    ):
        PixelGraph.from_components(np.eye(4)).smooth(np.eye(4), alpha=alpha)


def test_values_of_other_pixels_are_refused():
    with pytest.raises(ValueError, match="a row for each of the 4 pixels, got 3"):
        PixelGraph.from_components(np.eye(4)).smooth(np.eye(3))
