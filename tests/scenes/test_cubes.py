"""Pixels that leave a scene come back to where they were."""

import numpy as np
import pytest

from skhyp.scenes import (
    false_colour,
    labelled_pixels,
    mask_unlabelled,
    to_map,
    unroll,
)


def _random_scene(generator):
    rows, columns, bands = generator.integers(1, 9, size=3)
    cube = generator.integers(0, 10000, size=(rows, columns, bands)).astype(np.uint16)
    labels = generator.integers(-1, 4, size=(rows, columns))
    labels[generator.integers(rows), generator.integers(columns)] = 2
    return cube, labels


@pytest.mark.parametrize("seed", range(20))
def test_pixels_return_to_where_they_came_from(seed):
    generator = np.random.default_rng(seed)
    cube, labels = _random_scene(generator)
    np.testing.assert_array_equal(to_map(unroll(cube), cube.shape), cube)
    np.testing.assert_array_equal(to_map(unroll(cube)[:, 0], cube.shape[:2]), cube[..., 0])

    X, y, positions = labelled_pixels(cube, labels)
    assert X.dtype == cube.dtype and y.dtype == labels.dtype
    assert len(X) == len(y) == len(positions) == np.count_nonzero(labels > 0)
    np.testing.assert_array_equal(cube[tuple(positions.T)], X)
    np.testing.assert_array_equal(np.lexsort(positions.T[::-1]), np.arange(len(positions)))
    np.testing.assert_array_equal(to_map(y, cube.shape, positions=positions), np.maximum(labels, 0))
    np.testing.assert_array_equal(
        to_map(X, cube.shape, positions=positions),
        np.where((labels > 0)[..., np.newaxis], cube, 0),
    )
    np.testing.assert_array_equal(
        mask_unlabelled(cube, labels), to_map(X, cube.shape, positions=positions)
    )


def test_nothing_labelled_zero_or_less_is_ever_a_class():
    cube = np.arange(8.0).reshape(2, 4, 1)
    _, y, _ = labelled_pixels(cube, [[0, -1, 3, -200], [1, 0, 0, 2]])
    np.testing.assert_array_equal(y, [3, 1, 2])
    _, y, positions = labelled_pixels(cube, [[np.nan, -1.5, 3, -np.inf], [1, 0, np.nan, 2]])
    np.testing.assert_array_equal(y, [3, 1, 2])
    np.testing.assert_array_equal(positions, [[0, 2], [1, 0], [1, 3]])
    assert y.dtype == np.int64
    masked = np.ma.masked_equal(np.array([[9, 9, 3, 9], [1, 9, 9, 2]]), 9)
    np.testing.assert_array_equal(labelled_pixels(cube, masked)[1], [3, 1, 2])
    np.testing.assert_array_equal(labelled_pixels(cube, np.full((2, 4), True))[1], [1] * 8)


@pytest.mark.parametrize(
    ("cube", "labels", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 3), int), r"cube must have the shape .* got shape \(2, 3\)"),
        (np.full((2, 3, 1), "a"), np.ones((2, 3), int), "cube must hold real numbers; got dtype"),
        (np.ones((2, 3, 4)), np.ones((3, 2), int), r"labels must have the shape \(2, 3\)"),
        (np.ones((2, 3, 4)), np.ones(6, int), r"rows and columns of cube; got shape \(6,\)"),
        (np.ones((1, 2, 4)), [[0, -3]], "all are unlabelled"),
        (np.ones((1, 2, 4)), [[np.nan, 0.0]], "all are unlabelled"),
        (np.ones((1, 2, 4)), [[1.0, 2.5]], "labels must be whole numbers.*got 2.5"),
        (np.ones((1, 2, 4)), [[1.0, np.inf]], "labels must be whole numbers.*got inf"),
        (np.ones((1, 2, 4)), [["soil", "tree"]], "labels must be whole numbers.*got dtype <U4"),
        (np.ones((1, 2, 4)), np.array([[1, None]]), "labels must be whole numbers.*dtype object"),
    ],
)
def test_scenes_without_clear_labels_are_refused_by_name(cube, labels, message):
    with pytest.raises(ValueError, match=message):
        labelled_pixels(cube, labels)


def test_unrolling_does_not_copy_even_a_file_on_disk(tmp_path):
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert np.shares_memory(unroll(cube), cube)
    np.save(tmp_path / "cube.npy", cube)
    on_disk = np.load(tmp_path / "cube.npy", mmap_mode="r")
    assert np.shares_memory(unroll(on_disk), on_disk)
    np.testing.assert_array_equal(unroll(np.asfortranarray(cube)), unroll(cube))
    with pytest.raises(ValueError, match="cube must have the shape"):
        unroll(cube[0])


@pytest.mark.parametrize(
    ("values", "fill_value", "expected"),
    [
        (np.array([5, 6], np.uint8), None, np.array([5, 0, 6], np.uint8)),
        (np.array([5, 6], np.float32), None, np.array([5, np.nan, 6], np.float32)),
        (np.array([True, True]), None, np.array([True, False, True])),
        (np.array(["a", "b"]), None, np.array(["a", "", "b"])),
        (np.array(["a", "b"], object), None, np.array(["a", "", "b"], object)),
        (np.array([5, 6], np.uint8), -1, np.array([5, -1, 6], np.int16)),
        (np.array([5, 6]), np.nan, np.array([5, np.nan, 6])),
        (np.array([5, 6], np.float32), -1, np.array([5, -1, 6], np.float32)),
        (np.array(["a", "b"]), "unlabelled", np.array(["a", "unlabelled", "b"])),
    ],
)
def test_pixels_without_a_result_get_a_value_that_the_map_can_hold(values, fill_value, expected):
    result = to_map(values, (1, 3), positions=[[0, 0], [0, 2]], fill_value=fill_value)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected[np.newaxis])


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.ones(5), {}, "values must hold 6 pixels.*got 5.*pass positions"),
        (np.ones((2, 3, 1)), {}, "values must have the shape"),
        (np.ones(2), {"positions": [[0, 0]]}, "one row for each of the 2 values; got 1"),
        (np.ones(2), {"positions": [0, 1]}, "positions must be integers of shape"),
        (np.ones(1), {"positions": [[0.0, 1.0]]}, "positions must be integers of shape"),
        (np.ones(1), {"positions": [[-1, 0]]}, r"within 2 rows and 3 columns; got \[-1, 0\]"),
        (np.ones(1), {"positions": [[0, 3]]}, r"within 2 rows and 3 columns; got \[0, 3\]"),
        (np.ones(2), {"positions": [[1, 2], [1, 2]]}, r"each pixel once; got \[1, 2\]"),
        (np.ones(1), {"positions": [[0, 0]], "fill_value": "no"}, "fill_value must be of the kind"),
        (["a"], {"positions": [[0, 0]], "fill_value": 0}, "fill_value must be of the kind"),
    ],
)
def test_results_that_do_not_fit_the_scene_are_refused_by_name(values, options, message):
    with pytest.raises(ValueError, match=message):
        to_map(values, (2, 3), **options)


def test_a_map_needs_rows_and_columns():
    with pytest.raises(ValueError, match="shape must hold the rows and the columns"):
        to_map([1, 2], (2,))


def test_masking_leaves_the_prediction_as_it_was():
    predicted = np.array([[1, 2], [3, 4]])
    masked = mask_unlabelled(predicted, [[1.0, np.nan], [0.0, 2.0]], fill_value=-1)
    np.testing.assert_array_equal(masked, [[1, -1], [-1, 4]])
    np.testing.assert_array_equal(predicted, [[1, 2], [3, 4]])
    nothing = mask_unlabelled(predicted, np.zeros((2, 2), int))
    np.testing.assert_array_equal(nothing, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="result_map must have the shape"):
        mask_unlabelled([1, 2], [1, 2])
    with pytest.raises(ValueError, match="rows and columns of result_map"):
        mask_unlabelled(predicted, [[1, 2]])


def test_a_picture_stretches_each_channel_between_its_percentiles():
    cube = np.random.default_rng(0).normal(size=(20, 30, 5)) * [1, 10, 100, 1000, 1e4]
    picture = false_colour(cube, bands=(4, 2, 0), percentiles=(10, 90))
    assert picture.shape == (20, 30, 3)
    for channel, band in zip(np.moveaxis(picture, 2, 0), (4, 2, 0), strict=True):
        low, high = np.percentile(cube[..., band], (10, 90))
        expected = np.clip((cube[..., band] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(channel, expected)
        assert channel.min() == 0 and channel.max() == 1
    np.testing.assert_array_equal(false_colour(cube), false_colour(cube, bands=(4, 2, 0)))
    np.testing.assert_array_equal(false_colour(cube[..., :3]), false_colour(cube, bands=(0, 1, 2)))


def test_a_picture_is_defined_where_the_scene_is_missing_or_constant():
    cube = np.zeros((5, 20, 3))
    cube[0, 0] = [np.nan, 1, np.inf]
    cube[..., 2] = np.nan
    picture = false_colour(cube, bands=(0, 1, 2))
    assert np.isfinite(picture).all()
    np.testing.assert_array_equal(picture[..., [0, 2]], 0)
    # One pixel in a hundred differs: beyond the percentiles, and still to be seen.
    assert picture[0, 0, 1] == 1 and picture[..., 1].sum() == 1


@pytest.mark.parametrize(
    ("bands", "percentiles", "options", "message"),
    [
        (2, (2, 98), {}, "cube must have three bands or more, or pass bands; got 2"),
        (4, (2, 98), {"bands": (0, 1)}, r"bands must be three integers; got \(0, 1\)"),
        (4, (2, 98), {"bands": (0, 1, 0.5)}, "bands must be three integers"),
        (4, (2, 98), {"bands": (0, 1, 4)}, "bands must lie between 0 and 3"),
        (4, (2, 98), {"bands": (0, 1, -1)}, "bands must lie between 0 and 3"),
        (4, (98, 2), {}, r"percentiles must be two rising numbers.*got \(98, 2\)"),
        (4, (0, 101), {}, "percentiles must be two rising numbers"),
        (4, (50,), {}, "percentiles must be two rising numbers"),
    ],
)
def test_pictures_that_cannot_be_made_are_refused_by_name(bands, percentiles, options, message):
    with pytest.raises(ValueError, match=message):
        false_colour(np.ones((2, 2, bands)), percentiles=percentiles, **options)
