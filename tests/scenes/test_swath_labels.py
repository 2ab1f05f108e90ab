"""Labels on the ground find the pixels of a swath through its lookup table, each once."""

import json
from dataclasses import replace

import numpy as np
import pytest

from skhyp.scenes import SwathLookup, labelled_pixels, labelled_points, open_scene

from .conftest import CRS

PLACE = (30.0, 0.0, 500_000.0, 0.0, -30.0, 5_800_000.0)


def table_of(rows, columns, swath):
    parts = {
        name: open_scene(np.asarray(values)[..., np.newaxis].astype(np.int32)).source
        for name, values in (("rows", rows), ("columns", columns))
    }
    return SwathLookup(**parts, swath=swath, crs=CRS, transform=PLACE, name="the table")


@pytest.fixture
def swath():
    """A swath of 3 x 2 pixels, each of which is 2 x 2 places on the ground, mirrored in one."""
    scene = open_scene(np.arange(24, dtype=np.float32).reshape(3, 2, 4))
    along, across = np.indices((6, 4)) // 2
    rows, columns = along + 1, 2 - across
    rows[0, 0] = columns[0, 0] = 0  # nothing lies there
    rows[5, 3] *= -1  # filled in from a neighbour
    return replace(scene, lookup=table_of(rows, columns, (3, 2)))


def box(left, top, right, bottom):
    """Return a polygon around places, from the first column and row to those after the last."""
    x = [PLACE[2] + 30 * column for column in (left, right)]
    y = [PLACE[5] - 30 * row for row in (top, bottom)]
    return [[[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]], [x[0], y[0]]]]


@pytest.fixture
def drawn(tmp_path):
    """A function that writes polygons of classes to a file."""
    pytest.importorskip("pyogrio")

    def write(*classes_and_boxes):
        features = [
            {
                "type": "Feature",
                "properties": {"crop": crop},
                "geometry": {"type": "Polygon", "coordinates": box(*corners)},
            }
            for crop, corners in classes_and_boxes
        ]
        path = tmp_path / "areas.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    return write


def test_polygons_label_the_pixels_that_they_show_once(swath, drawn):
    path = drawn(("corn", (0, 0, 2, 2)), ("oats", (2, 0, 4, 6)))
    X, y, positions, groups = labelled_pixels(
        swath, path, column="crop", crs=CRS, return_groups=True
    )
    assert positions.tolist() == [[0, 0], [0, 1], [1, 0], [2, 0]]
    assert y.tolist() == ["oats", "corn", "oats", "oats"]
    assert groups.tolist() == [1, 0, 1, 1]
    np.testing.assert_array_equal(X, np.asarray(swath)[tuple(positions.T)])


def test_a_pixel_has_the_class_of_most_of_its_places_or_none(swath, drawn):
    # Of the pixel (1, 1): three places of oats and one of corn; of (2, 1), two of each.
    path = drawn(
        ("corn", (0, 2, 1, 3)),
        ("oats", (1, 2, 2, 4)),
        ("oats", (0, 3, 1, 4)),
        ("corn", (0, 4, 1, 6)),
        ("oats", (1, 4, 2, 6)),
    )
    _, y, positions, groups = labelled_pixels(
        swath, path, column="crop", crs=CRS, return_groups=True
    )
    assert positions.tolist() == [[1, 1]] and y.tolist() == ["oats"] and groups.tolist() == [1]


def test_a_pixel_of_which_little_is_labelled_is_not(drawn):
    scene = open_scene(np.arange(16, dtype=np.float32).reshape(2, 2, 4))
    along, across = np.indices((6, 6)) // 3
    swath = replace(scene, lookup=table_of(along + 1, across + 1, (2, 2)))
    # Of nine places each: one, five and nine.
    path = drawn(
        ("corn", (0, 0, 1, 1)),
        ("oats", (3, 0, 6, 1)),
        ("oats", (3, 1, 5, 2)),
        ("oats", (0, 3, 3, 6)),
    )
    for min_coverage, expected in (
        (None, [[0, 1], [1, 0]]),
        (0.5, [[0, 1], [1, 0]]),
        (1, [[1, 0]]),
    ):
        _, y, positions = labelled_pixels(
            swath, path, column="crop", crs=CRS, min_coverage=min_coverage
        )
        assert positions.tolist() == expected and set(y.tolist()) == {"oats"}


def test_a_map_on_the_ground_labels_the_swath(swath):
    label_map = np.zeros((6, 4), np.uint8)
    label_map[:2, :2], label_map[2:, 2:] = 3, 5
    of_ground = replace(open_scene(label_map[..., np.newaxis]), crs=CRS, transform=PLACE)
    _, y, positions = labelled_pixels(swath, of_ground)
    assert positions.tolist() == [[0, 1], [1, 0], [2, 0]] and y.tolist() == [3, 5, 5]
    finer = np.kron(label_map, np.ones((2, 2), np.uint8))
    half = (15.0, 0.0, PLACE[2], 0.0, -15.0, PLACE[5])
    of_finer = replace(open_scene(finer[..., np.newaxis]), crs=CRS, transform=half)
    _, y_of_finer, of_the_same = labelled_pixels(swath, of_finer, min_coverage=0.5)
    assert of_the_same.tolist() == positions.tolist() and y_of_finer.tolist() == y.tolist()


def test_a_map_of_the_swath_stays_one(swath):
    _, y, positions = labelled_pixels(swath, [[0, 1], [2, 0], [0, 0]])
    assert positions.tolist() == [[0, 1], [1, 0]] and y.tolist() == [1, 2]


def test_points_find_their_pixels(swath):
    x, y = PLACE[2] + 30 * np.array([3.5, 0.5]), PLACE[5] - 30 * np.array([5.5, 1.5])
    X, labels, positions = labelled_points(swath, x, y, ["elm", "oak"])
    assert positions.tolist() == [[2, 0], [0, 1]] and labels.tolist() == ["elm", "oak"]
    np.testing.assert_array_equal(X[0], np.asarray(swath)[2, 0])


def test_points_beside_the_swath_are_refused_or_left_out(swath):
    x, y = PLACE[2] + 30 * np.array([0.5, 3.5]), PLACE[5] - 30 * np.array([0.5, 5.5])
    with pytest.raises(ValueError, match=r"1 of 2 points lie beside the swath .* number 0"):
        labelled_points(swath, x, y, ["elm", "oak"])
    _, labels, positions = labelled_points(swath, x, y, ["elm", "oak"], outside="drop")
    assert positions.tolist() == [[2, 0]] and labels.tolist() == ["oak"]


def test_labels_where_the_swath_has_no_pixel_are_an_error(swath, drawn):
    with pytest.raises(ValueError, match="No pixel of the array is labelled: its lookup table"):
        labelled_pixels(swath, drawn(("corn", (0, 0, 1, 1))), column="crop", crs=CRS)


def test_a_swath_without_a_place_on_the_ground_says_so(swath, drawn):
    nowhere = replace(swath, lookup=replace(swath.lookup, transform=None))
    with pytest.raises(ValueError, match="does not say where it lies"):
        labelled_pixels(nowhere, drawn(("corn", (0, 0, 2, 2))), column="crop", crs=CRS)
