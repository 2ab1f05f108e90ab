"""Which spectra are compared to see the noise."""

import numpy as np
import pytest
from sklearn import config_context

from skhyp.inputs._pixel_pairs import ImagePairs, SamplePairs, neighbours, replicates
from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.scenes import open_scene


def numbered(rows, columns):
    """Return an image whose only band is the number of each pixel, from 1."""
    return np.arange(1, rows * columns + 1, dtype=np.float32).reshape(rows, columns, 1)


def pairs_of(found):
    """Return the first bands of all pairs, in a set."""
    return {
        (int(spectra[first, 0]), int(spectra[second, 0]))
        for spectra, firsts, seconds in found.pairs()
        for first, second in zip(firsts, seconds, strict=True)
    }


def test_pixels_are_paired_with_those_to_the_right_and_below():
    found = ImagePairs(ScenePixels(open_scene(numbered(2, 3))))
    assert pairs_of(found) == {(1, 2), (2, 3), (4, 5), (5, 6), (1, 4), (2, 5), (3, 6)}


@pytest.mark.parametrize("shape", [(7, 5), (1, 6), (6, 1), (1, 1)])
@pytest.mark.parametrize("working_memory", [1e-4, 1e-3, 1024])
def test_pairs_are_the_same_whatever_the_blocks(shape, working_memory):
    rows, columns = shape
    image = numbered(rows, columns)
    with config_context(working_memory=working_memory):
        pixels = ScenePixels(open_scene(image))
    found = [
        pair
        for spectra, first, second in ImagePairs(pixels).pairs()
        for pair in zip(spectra[first, 0], spectra[second, 0], strict=True)
    ]
    assert len(found) == len(set(found)) == rows * (columns - 1) + columns * (rows - 1)
    assert {int(second - first) for first, second in found} <= {1, columns}


def test_pixels_without_data_are_in_no_pair():
    image = numbered(2, 3)
    image[0, 1] = np.nan
    found = ImagePairs(ScenePixels(open_scene(image)))
    assert pairs_of(found) == {(4, 5), (5, 6), (1, 4), (3, 6)}
    assert sum(map(len, found.blocks())) == 5


def test_positions_in_any_order_give_the_pairs_of_the_image():
    rng = np.random.default_rng(0)
    image = numbered(6, 4)
    positions = rng.permutation(np.argwhere(np.ones((6, 4), bool)))
    X = image[tuple(positions.T)]
    there = pairs_of(ImagePairs(ScenePixels(open_scene(image))))
    assert pairs_of(SamplePairs(X, *neighbours(positions))) == there
    assert pairs_of(SamplePairs(X, *neighbours(positions + np.array([100, 7])))) == there


def test_the_last_pixel_of_a_row_is_not_beside_the_first_of_the_next():
    first, second = neighbours(np.array([[0, 3], [1, 0], [5, 5]]))
    assert len(first) == len(second) == 0


def test_replicates_are_paired_within_their_groups():
    first, second = replicates(np.array(["b", "a", "b", "c", "b", "a"]))
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == {(1, 5), (0, 2), (2, 4)}


def test_spectra_in_memory_are_paired_block_by_block(monkeypatch):
    monkeypatch.setattr("skhyp.inputs._pixel_pairs._VALUES_AT_ONCE", 4)
    X = numbered(1, 30)[0]
    found = SamplePairs(X, np.arange(29), np.arange(1, 30))
    assert pairs_of(found) == {(number, number + 1) for number in range(1, 30)}
    np.testing.assert_array_equal(np.concatenate(list(found.blocks())), X)
