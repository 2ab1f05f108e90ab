"""Folds that ask as much as the map does."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from skhyp.model_selection import MapDistanceKFold


def distances_of_folds(splitter, positions, y=None):
    distances = np.full(len(positions), np.nan)
    for train, test in splitter.split(positions, y, positions):
        distances[test] = KDTree(positions[train]).query(positions[test])[0]
    return distances


def scattered(n_pixels, seed=0, size=100):
    drawn = np.random.default_rng(seed).choice(size**2, n_pixels, replace=False)
    return np.column_stack([drawn // size, drawn % size])


def test_each_pixel_is_tested_once():
    positions = scattered(50)
    tested = [
        test
        for _, test in MapDistanceKFold(4, map_positions=(100, 100), random_state=0).split(
            positions, groups=positions
        )
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(50))
    assert len(tested) == 4


def test_labels_in_a_corner_are_dealt_out_in_large_clusters_for_a_map_of_all():
    corner = np.argwhere(np.ones((12, 12)))
    whole = MapDistanceKFold(3, map_positions=(100, 100), random_state=0)
    same = MapDistanceKFold(3, map_positions=(13, 13), random_state=0)
    assert np.median(distances_of_folds(same, corner)) == 1
    assert np.median(distances_of_folds(whole, corner)) >= 2


def test_distances_are_those_of_the_map_where_labels_are_scattered():
    positions = scattered(200)
    splitter = MapDistanceKFold(5, map_positions=(100, 100), random_state=0)
    of_map = KDTree(positions).query(np.argwhere(np.ones((100, 100))))[0]
    found = np.median(distances_of_folds(splitter, positions))
    assert found == pytest.approx(np.median(of_map[of_map > 0]), rel=0.35)


def test_the_pixels_of_the_map_may_be_given_one_by_one():
    positions = scattered(60)
    all_pixels = np.argwhere(np.ones((100, 100)))
    by_shape = MapDistanceKFold(3, map_positions=(100, 100), random_state=0)
    by_pixel = MapDistanceKFold(3, map_positions=all_pixels, random_state=0)
    for (_, first), (_, second) in zip(
        by_shape.split(positions, groups=positions),
        by_pixel.split(positions, groups=positions),
        strict=True,
    ):
        np.testing.assert_array_equal(first, second)


def test_each_class_is_in_several_folds_though_clusters_would_keep_it_in_one():
    positions = np.concatenate([np.argwhere(np.ones((6, 6))), [[90, 90], [90, 91], [91, 90]]])
    y = np.r_[np.zeros(36, int), np.ones(3, int)]
    splitter = MapDistanceKFold(3, map_positions=(100, 100), random_state=0)
    for train, test in splitter.split(positions, y, positions):
        assert set(y[test]) <= set(y[train])


def test_a_huge_map_costs_no_memory():
    positions = scattered(30)
    splitter = MapDistanceKFold(3, map_positions=(10**6, 10**6), random_state=0)
    assert len(list(splitter.split(positions, groups=positions))) == 3


def test_the_same_seed_gives_the_same_folds():
    positions = scattered(80)
    first, second = (
        [
            test.tolist()
            for _, test in MapDistanceKFold(
                4, map_positions=(100, 100), random_state=3, positions=positions
            ).split(positions)
        ]
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_splits": 1}, "n_splits must be an integer of 2 or more"),
        ({"n_splits": 9}, "n_splits=9 needs as many pixels or more, got 8"),
        ({"map_positions": (0, 4)}, "map_positions must be the row and the column"),
        ({"map_positions": [[0.5, 1]]}, "map_positions must be the row and the column"),
    ],
)
def test_what_is_no_fold_or_map_is_refused(change, message):
    positions = scattered(8)
    splitter = MapDistanceKFold(**{"n_splits": 2, "map_positions": (100, 100), **change})
    with pytest.raises(ValueError, match=message):
        list(splitter.split(positions, groups=positions))
