"""Neighbours that are found exactly, and by an index."""

import sys

import numpy as np
import pytest

from skhyp.neighbours import PixelGraph, _pixel_graph
from skhyp.neighbours._search import approximate_neighbours, exact_neighbours


def features(n_rows=3000, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, 4)).astype(np.float32)


def test_exact_neighbours_are_the_nearest_others_in_their_order():
    X = features(60)
    distances, numbers = exact_neighbours(X, 5)
    all_distances = np.linalg.norm(X[:, np.newaxis] - X, axis=2)
    np.fill_diagonal(all_distances, np.inf)
    np.testing.assert_array_equal(numbers, np.argsort(all_distances, axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(all_distances, axis=1)[:, :5], rtol=1e-4)


def test_an_index_finds_nearly_all_of_them():
    pytest.importorskip("faiss")
    X = features()
    exact, approximate = exact_neighbours(X, 5)[1], approximate_neighbours(X, 5)[1]
    found = [len(np.intersect1d(*rows)) for rows in zip(exact, approximate, strict=True)]
    assert np.mean(found) > 0.95 * 5
    assert (approximate != np.arange(len(X))[:, np.newaxis]).all()


def test_an_index_finds_the_same_each_time():
    pytest.importorskip("faiss")
    X = features()
    first, second = approximate_neighbours(X, 5), approximate_neighbours(X, 5)
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_array_equal(first[0], second[0])


def test_an_index_leaves_a_pixel_out_of_its_own_neighbours_though_others_equal_it():
    pytest.importorskip("faiss")
    distances, numbers = approximate_neighbours(np.zeros((50, 3), np.float32), 4)
    assert (distances == 0).all()
    assert (numbers != np.arange(50)[:, np.newaxis]).all()


def test_many_pixels_are_looked_up_in_an_index(monkeypatch):
    pytest.importorskip("faiss")
    X = features(300)
    monkeypatch.setattr(_pixel_graph, "MOST_COMPARED", 299)
    by_size = PixelGraph.from_components(X)
    monkeypatch.setattr(_pixel_graph, "exact_neighbours", None)
    by_choice = PixelGraph.from_components(X, search="approximate")
    np.testing.assert_array_equal(by_size.weights.toarray(), by_choice.weights.toarray())


def test_without_the_package_an_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r"graph of 9 pixels needs faiss.*skhyp\[neighbours\]"):
        PixelGraph.from_components(np.eye(9), search="approximate")
