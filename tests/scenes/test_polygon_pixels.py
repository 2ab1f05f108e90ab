"""Polygons cover the pixels that GDAL and GEOS say, whatever the blocks, and each pixel once."""

import numpy as np
import pytest
import shapely
from rasterio import Affine
from rasterio.features import geometry_mask

from skhyp.scenes import _polygon_pixels
from skhyp.scenes._polygon_pixels import pixels_within

SHAPE = (17, 13)


def some_polygons(seed):
    """Polygons with holes and parts, within the scene, across its edges and beyond."""
    rng = np.random.default_rng(seed)
    rings = [rng.uniform(-6, 22, (rng.integers(3, 9), 2)) for _ in range(rng.integers(1, 4))]
    parts = [part for ring in rings for part in _parts(shapely.make_valid(shapely.Polygon(ring)))]
    return shapely.MultiPolygon(_parts(shapely.union_all(parts)))


def _parts(geometry):
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]


def as_mask(positions):
    mask = np.zeros(SHAPE, int)
    np.add.at(mask, tuple(positions.T), 1)
    return mask


@pytest.mark.parametrize("seed", range(40))
def test_centres_are_those_that_gdal_finds(seed):
    polygons = some_polygons(seed)
    expected = geometry_mask([polygons], SHAPE, Affine.identity(), invert=True)
    np.testing.assert_array_equal(as_mask(pixels_within(polygons, SHAPE, None)), expected)


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_the_areas_that_geos_finds(seed):
    polygons = some_polygons(seed)
    edges = _polygon_pixels._edges(polygons)
    shares = np.zeros(SHAPE)
    for window in _polygon_pixels._windows_around(edges, SHAPE, 10**6):
        shares[window] = _polygon_pixels._covered_shares(edges, window)
    rows, columns = np.indices(SHAPE)
    pixels = shapely.box(columns, rows, columns + 1, rows + 1)
    areas = shapely.area(shapely.intersection(pixels, polygons))
    np.testing.assert_allclose(shares, areas, atol=1e-12)
    for least in (0.25, 1):
        found = as_mask(pixels_within(polygons, SHAPE, least))
        np.testing.assert_array_equal(found, areas >= least - 1e-9)


@pytest.mark.parametrize("min_coverage", [None, 0.3, 1])
@pytest.mark.parametrize("max_pixels", [1, 30])
def test_blocks_leave_no_trace(min_coverage, max_pixels):
    polygons = some_polygons(7)
    whole = pixels_within(polygons, SHAPE, min_coverage)
    by_blocks = pixels_within(polygons, SHAPE, min_coverage, max_pixels)
    np.testing.assert_array_equal(by_blocks, whole)
    assert len(whole)


def test_a_centre_on_a_common_edge_is_within_one_of_two_polygons():
    corners = [(0, 0), (6.5, 0), (13, 0), (0, 8.5), (6.5, 8.5), (13, 8.5), (0, 17), (6.5, 17)]
    corners.append((13, 17))
    squares = [(0, 1, 4, 3), (1, 2, 5, 4), (3, 4, 7, 6), (4, 5, 8, 7)]
    triangles = [part for a, b, c, d in squares for part in ((a, b, c), (a, c, d))]
    for pieces in (squares, triangles):
        polygons = [shapely.Polygon([corners[i] for i in piece]) for piece in pieces]
        counts = sum(as_mask(pixels_within(polygon, SHAPE, None)) for polygon in polygons)
        assert (counts == 1).all()


def test_what_is_outside_or_thin_covers_nothing():
    for outside in (
        shapely.box(13, 0, 20, 5),
        shapely.box(-3, -3, 0, 0),
        shapely.box(0, 50, 5, 60),
    ):
        assert pixels_within(outside, SHAPE, None).shape == (0, 2)
        assert pixels_within(outside, SHAPE, 1e-6).shape == (0, 2)
    thin = shapely.box(2.6, 0, 2.9, 5)
    assert not len(pixels_within(thin, SHAPE, None))
    assert len(pixels_within(thin, SHAPE, 0.3)) == 5
