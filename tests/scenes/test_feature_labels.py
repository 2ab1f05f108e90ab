"""Polygons and points of files and tables give the pixels that they cover, or say why not."""

import dataclasses
import types

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyogrio import raw
from rasterio import warp
from rasterio.features import rasterize
from sklearn.model_selection import GroupKFold

from skhyp.scenes import labelled_pixels, labelled_points, open_scene

from .conftest import CRS, SHAPE, TRANSFORM, write_geotiff

LABELS = {"column": "crop", "return_groups": True}


def square(row, column, height, width):
    """Return the polygon of some pixels, with its edges between them."""
    left, top = TRANSFORM @ (column, row)
    return shapely.box(left, top - 30 * height, left + 30 * width, top)


FIELDS = [square(2, 3, 4, 5), square(10, 1, 3, 2), square(12, 10, 6, 4), square(0, 0, 1, 1)]
CROPS = ["corn", "woods", "corn", "grass"]


def in_system(geometries, crs):
    def moved(points):
        return np.column_stack(warp.transform(CRS, crs, *points.T.tolist()))

    return shapely.transform(np.array(geometries, object), moved)


def write_features(path, geometries, classes, crs=CRS, column="crop", **options):
    raw.write(
        path,
        shapely.to_wkb(np.array(geometries, object)),
        [np.asarray(classes)],
        [column],
        geometry_type=options.pop("geometry_type", "Unknown"),
        crs=crs,
        **options,
    )
    return path


def table(geometries, classes, crs=CRS):
    """Return what has of a GeoDataFrame all that is needed."""

    class Table(dict):
        geometry = pd.Series(np.array(geometries, object), name="geometry")
        columns = ("crop", "geometry")

    Table.crs = crs
    return Table(crop=classes)


@pytest.fixture
def scene(files):
    return open_scene(files["tif"])


def numbers_of(geometries, **options):
    """Return the number of the feature at each pixel, by GDAL, and -1."""
    shapes = [(geometry, number) for number, geometry in enumerate(geometries)]
    return rasterize(shapes, SHAPE[:2], fill=-1, transform=TRANSFORM, dtype="int32", **options)


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson", ".fgb"])
def test_polygons_in_another_system_give_the_pixels_that_they_cover(tmp_path, scene, cube, ending):
    # Not along the grid, so that no centre is near an edge.
    fields = [shapely.affinity.rotate(field, 20) for field in FIELDS]
    crs = "EPSG:4326" if ending == ".geojson" else "EPSG:3035"
    path = write_features(
        tmp_path / f"fields{ending}", in_system(fields, crs), np.array(CROPS, object), crs,
        geometry_type="Polygon",
    )  # fmt: skip
    X, y, positions, groups = labelled_pixels(scene, path, **LABELS)
    read = shapely.from_wkb(raw.read(path)[2])  # FlatGeobuf sorts
    first = [FIELDS.index(min(FIELDS, key=back.distance)) for back in in_system_back(read, crs)]
    expected = numbers_of([fields[number] for number in first])
    np.testing.assert_array_equal(positions, np.argwhere(expected >= 0))
    np.testing.assert_array_equal(groups, expected[expected >= 0])
    np.testing.assert_array_equal(y, np.array(CROPS)[first][groups])
    np.testing.assert_array_equal(X, cube[tuple(positions.T)])
    np.testing.assert_array_equal(X.wavelengths, scene.wavelengths)


def in_system_back(geometries, crs):
    def moved(points):
        return np.column_stack(warp.transform(crs, CRS, *points.T.tolist()))

    return [shapely.centroid(each) for each in shapely.transform(geometries, moved)]


def test_without_groups_the_return_is_as_ever_and_groups_keep_polygons_whole(tmp_path, scene):
    path = write_features(tmp_path / "fields.gpkg", FIELDS, np.array(CROPS, object))
    whole = labelled_pixels(scene, path, **LABELS)
    assert len(whole) == 4
    for found, expected in zip(labelled_pixels(scene, path, column="crop"), whole, strict=False):
        np.testing.assert_array_equal(found, expected)
    X, y, _, groups = whole
    assert np.bincount(groups).tolist() == [20, 6, 24, 1]
    for train, test in GroupKFold(3).split(X, y, groups):
        assert not set(groups[train]) & set(groups[test])


def test_a_table_is_as_good_as_a_file(scene):
    expected = labelled_pixels(scene, table(FIELDS, CROPS), **LABELS)
    again = labelled_pixels(
        scene, table(in_system(FIELDS, "EPSG:3035"), pd.Series(CROPS, dtype="category"),
                     rasterio.CRS.from_epsg(3035)), **LABELS
    )  # fmt: skip
    for found, other in zip(again, expected, strict=True):
        np.testing.assert_array_equal(found, other)
    with pytest.raises(ValueError, match="column must name the column of the table"):
        labelled_pixels(scene, table(FIELDS, CROPS))
    with pytest.raises(ValueError, match=r"those that the table has: crop; got 'kind'"):
        labelled_pixels(scene, table(FIELDS, CROPS), column="kind")
    with pytest.raises(ValueError, match="layer='one' is for files"):
        labelled_pixels(scene, table(FIELDS, CROPS), column="crop", layer="one")


def test_numbers_give_numbers_and_what_is_missing_is_counted(tmp_path, scene):
    path = write_features(
        tmp_path / "fields.gpkg", FIELDS, np.array([7, 0, 9, 7]),
        field_mask=[np.array([False, False, True, False])],
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"1 of 4 features of .* have no crop, .* out: 2\."):
        _, y, _ = labelled_pixels(scene, path, column="crop")
    assert y.dtype.kind == "i" and np.unique(y).tolist() == [0, 7]
    with pytest.warns(UserWarning, match=r"2 of 4 features of .* have no crop"):
        _, y, _ = labelled_pixels(
            scene, table(FIELDS, ["corn", None, " ", "nan corn"]), column="crop"
        )
    assert np.unique(y).tolist() == ["corn", "nan corn"]
    with pytest.warns(UserWarning, match=r"2 of 4 features .* no geometry, .*: 1, 2\."):
        labelled_pixels(
            scene, table([FIELDS[0], None, shapely.Polygon(), FIELDS[3]], CROPS), column="crop"
        )
    with pytest.raises(ValueError, match="both texts and numbers"):
        labelled_pixels(scene, table(FIELDS, ["corn", 1, 2, 3]), column="crop")
    with pytest.raises(ValueError, match="must have texts or numbers"):
        labelled_pixels(scene, table(FIELDS, [np.datetime64("2026-01-01")] * 4), column="crop")


def test_pixels_of_two_classes_are_an_error_that_names_the_features(tmp_path, scene):
    fields = [*FIELDS[:2], square(4, 4, 4, 2), square(2, 3, 1, 1)]
    path = write_features(tmp_path / "fields.gpkg", fields, np.array(["a", "b", "b", "a"], object))
    with pytest.raises(
        ValueError,
        match=r"4 pixels .* different crop, the first in row 4 and column 4\..*"
        r"0 \(fid 1, 'a'\) and 2 \(fid 3, 'b'\), 4\. .*overlaps='drop'",
    ):
        labelled_pixels(scene, path, column="crop")
    _, _, positions, groups = labelled_pixels(scene, path, overlaps="drop", **LABELS)
    expected = numbers_of(fields[:3])
    expected[4:6, 4:6] = -1  # the fourth is of the class of the first, which comes first
    np.testing.assert_array_equal(positions, np.argwhere(expected >= 0))
    np.testing.assert_array_equal(groups, expected[expected >= 0])


def test_features_outside_are_counted_and_all_outside_an_error(scene):
    far, beside = shapely.box(0, 0, 100, 100), square(0, SHAPE[1], 3, 3)
    fields, crops = [far, FIELDS[0], beside, square(-2, -2, 3, 3)], ["a", "b", "c", "d"]
    with pytest.warns(UserWarning, match=r"2 of 4 features of the table lie outside .* out: 0, 2"):
        _, _, positions, groups = labelled_pixels(scene, table(fields, crops), **LABELS)
    assert np.bincount(groups).tolist() == [0, 20, 0, 1] and [0, 0] in positions.tolist()
    with pytest.raises(ValueError, match=r"2 of 4 features .* lie outside"):
        labelled_pixels(scene, table(fields, crops), outside="raise", **LABELS)
    with pytest.raises(ValueError, match=r"2 of 2 features .* WGS 84 / UTM zone 33N"):
        labelled_pixels(scene, table([far, beside], ["a", "b"]), **LABELS)
    parts = labelled_pixels(scene, table([far, beside], ["a", "b"]), outside="drop", **LABELS)
    assert [len(part) for part in parts] == [0, 0, 0, 0] and parts[0].shape[1] == SHAPE[2]
    labelled_pixels(scene, table(fields, crops), outside="drop", **LABELS)


def test_covered_shares_are_taken_where_they_are_enough(scene):
    half = square(2, 3, 2, 2.5)
    _, _, positions = labelled_pixels(scene, table([half], ["a"]), column="crop", min_coverage=0.5)
    assert positions.tolist() == [[2, 3], [2, 4], [2, 5], [3, 3], [3, 4], [3, 5]]
    _, _, positions = labelled_pixels(scene, table([half], ["a"]), column="crop", min_coverage=1)
    assert positions.tolist() == [[2, 3], [2, 4], [3, 3], [3, 4]]
    small = square(8, 8, 0.4, 0.4)
    with pytest.warns(
        UserWarning, match=r"1 of 2 features .* centre of no pixel.*min_coverage.*: 1 \('b'"
    ):
        labelled_pixels(scene, table([half, small], ["a", "b"]), column="crop")
    with pytest.warns(UserWarning, match=r"1 of 2 features .* cover no pixel by 0\.5.*: 1 \('b'"):
        labelled_pixels(scene, table([half, small], ["a", "b"]), column="crop", min_coverage=0.5)
    with (
        pytest.warns(UserWarning, match="centre of no pixel"),
        pytest.raises(ValueError, match="no feature has one"),
    ):
        labelled_pixels(scene, table([small], ["a"]), column="crop")
    for wrong in (0, 1.5, True, "half"):
        with pytest.raises(ValueError, match="min_coverage must be None or a share"):
            labelled_pixels(scene, table([half], ["a"]), column="crop", min_coverage=wrong)


def test_points_holes_parts_and_heights_are_heeded(scene):
    ring = shapely.difference(square(1, 1, 5, 5), square(2, 2, 3, 3))
    two = shapely.MultiPolygon([square(10, 1, 1, 1), square(10, 4, 1, 1)])
    point = shapely.centroid(square(15, 3, 1, 1))
    points = shapely.MultiPoint([shapely.centroid(square(15, c, 1, 1)) for c in (5, 5, 7, 99)])
    high = shapely.force_3d(square(20, 2, 1, 1), 300.0)
    features = [ring, two, point, points, high]
    _, _, positions, groups = labelled_pixels(scene, table(features, list("abcde")), **LABELS)
    assert np.bincount(groups).tolist() == [16, 2, 1, 2, 1]
    assert [3, 3] not in positions.tolist() and positions[-1].tolist() == [20, 2]
    x, y = shapely.get_coordinates(point).T
    assert labelled_points(scene, x, y, ["c"])[2].tolist() == positions[groups == 2].tolist()
    line = shapely.LineString([TRANSFORM @ (1, 1), TRANSFORM @ (5, 5)])
    with pytest.raises(
        ValueError, match=r"1 of 2 features are LineString: 1\. Leave them out, or draw"
    ):
        labelled_pixels(scene, table([ring, line], ["a", "b"]), column="crop")


def test_rings_that_cross_are_mended_and_named(scene):
    left, top = TRANSFORM @ (2, 2)
    bow = shapely.Polygon(
        [(left, top), (left + 120, top - 120), (left + 120, top), (left, top - 120)]
    )
    nothing = shapely.Polygon([(left, top), (left + 60, top), (left, top)])
    with pytest.warns(UserWarning, match="not valid|centre of no pixel") as told:
        _, _, _, groups = labelled_pixels(
            scene, table([FIELDS[1], bow, nothing], ["b", "a", "c"]), **LABELS
        )
    assert "2 of 3 features of the table are not valid" in str(told[0].message)
    assert "1 of 3 features of the table cover the centre of no pixel" in str(told[1].message)
    # Twelve of 4 x 4, with those on the diagonals: each triangle has half of the square's pixels.
    mended = shapely.make_valid(bow)
    assert np.count_nonzero(groups == 1) == np.count_nonzero(numbers_of([mended]) == 0)


def test_reference_systems_are_not_guessed(tmp_path, scene):
    bare = write_features(tmp_path / "bare.shp", FIELDS, np.array(CROPS, object))
    bare.with_suffix(".prj").unlink()
    with pytest.raises(ValueError, match=r"bare.shp has no reference system.*crs=scene.crs.*33N"):
        labelled_pixels(scene, bare, column="crop")
    expected = labelled_pixels(scene, table(FIELDS, CROPS), **LABELS)
    for found, other in zip(
        labelled_pixels(scene, bare, crs=scene.crs, **LABELS), expected, strict=True
    ):
        np.testing.assert_array_equal(found, other)
    placed = dataclasses.replace(scene, crs=None)
    assert len(labelled_pixels(placed, bare, column="crop")[0]) == len(expected[0])
    with pytest.raises(ValueError, match=r"has no reference system that the table could be"):
        labelled_pixels(placed, table(FIELDS, CROPS), column="crop")
    with pytest.raises(ValueError, match="it has no transform"):
        labelled_pixels(np.zeros(SHAPE), table(FIELDS, CROPS), column="crop")
    beyond = table([*in_system(FIELDS, "EPSG:4326"), shapely.Point(0, 95)], [*CROPS, "x"])
    beyond.__class__.crs = "EPSG:4326"
    with pytest.raises(
        ValueError, match=r"these coordinates do not go from EPSG:4326 to WGS 84 / UTM .*\[0\.0, 52"
    ):
        labelled_pixels(scene, beyond, column="crop")


def test_what_has_no_place_in_the_system_of_the_scene_is_cut_off_or_outside(scene):
    world = shapely.box(-180, -90, 180, 90)
    X, *_ = labelled_pixels(scene, table([world], ["a"], "EPSG:4326"), column="crop")
    assert len(X) == SHAPE[0] * SHAPE[1]
    beyond = [shapely.box(150, -20, 180, 90), shapely.Point(-165, 0)]
    field = in_system(FIELDS[:1], "EPSG:4326")
    with pytest.warns(UserWarning, match=r"2 of 3 features .* lie outside"):
        X, *_ = labelled_pixels(
            scene, table([*field, *beyond], list("abc"), "EPSG:4326"), column="crop"
        )
    assert len(X) == 20


def test_long_edges_are_divided_before_they_are_brought_to_another_system(tmp_path):
    """Straight along a parallel of 2 degrees is 300 m off straight in the scene."""
    transform = rasterio.Affine(100, 0, 350_000, 0, -100, 5_802_000)
    cube = np.ones((40, 1400, 1), np.uint8)
    scene = open_scene(write_geotiff(tmp_path / "wide.tif", cube, transform=transform))
    west, east, south, north = 13, 14.9, 52.2, 52.33
    labels = table([shapely.box(west, south, east, north)], ["a"], "EPSG:4326")
    _, _, positions = labelled_pixels(scene, labels, column="crop")
    x, y = transform @ (np.arange(1400).repeat(40) + 0.5, np.tile(np.arange(40) + 0.5, 1400))
    longitude, latitude = warp.transform(CRS, "EPSG:4326", x, y)
    inside = (np.array(latitude) < north) & (np.array(longitude) > west)
    inside &= (np.array(latitude) > south) & (np.array(longitude) < east)
    found = np.zeros((1400, 40), bool)
    found[positions[:, 1], positions[:, 0]] = True
    differs = np.count_nonzero(found.ravel() != inside)
    assert differs < 20 < inside.sum() < inside.size

    # Two that share an edge have each pixel along it once, whatever else they are.
    parts = [shapely.box(west, 52.325, east, north), shapely.box(west, 51.5, east, 52.325)]
    _, _, positions = labelled_pixels(scene, table(parts, ["a", "b"], "EPSG:4326"), column="crop")
    below = (np.array(latitude) <= 52.2) & (np.array(longitude) > west)
    below &= np.array(longitude) < east
    assert abs(len(positions) - np.count_nonzero(inside | below)) < 20


def test_a_rotated_scene_finds_its_pixels(tmp_path, cube):
    turned = TRANSFORM @ rasterio.Affine.rotation(30)
    scene = open_scene(write_geotiff(tmp_path / "turned.tif", cube, transform=turned))
    corners = [turned @ corner for corner in [(3, 2), (8, 2), (8, 6), (3, 6)]]
    _, _, positions = labelled_pixels(
        scene, table([shapely.Polygon(corners)], ["a"]), column="crop", min_coverage=1
    )
    assert positions.tolist() == [[row, column] for row in range(2, 6) for column in range(3, 8)]


def test_layers_are_chosen_and_files_that_are_none_refused(tmp_path, scene):
    path = tmp_path / "many.gpkg"
    write_features(path, FIELDS, np.array(CROPS, object), layer="fields")
    raw.write(path, None, [np.array(["x"], object)], ["style"], geometry_type=None, append=True,
              layer="layer_styles")  # fmt: skip
    assert len(labelled_pixels(scene, path, column="crop")[0])
    write_features(path, FIELDS[:1], np.array(["x"], object), layer="test", append=True)
    with pytest.raises(ValueError, match=r"\['fields', 'test'\]; got None"):
        labelled_pixels(scene, path, column="crop")
    with pytest.raises(ValueError, match=r"\['fields', 'test'\]; got 'layer_styles'"):
        labelled_pixels(scene, path, column="crop", layer="layer_styles")
    for layer in ("test", 1):
        assert np.unique(labelled_pixels(scene, path, column="crop", layer=layer)[1]) == ["x"]
    with pytest.raises(ValueError, match=r"those that .* has: crop; got 'kind'"):
        labelled_pixels(scene, path, column="kind", layer=0)
    text = tmp_path / "text.gpkg"
    text.write_text("no")
    with pytest.raises(ValueError, match=r"text.gpkg is not read as a file of polygons"):
        labelled_pixels(scene, text, column="crop")
    with pytest.raises(FileNotFoundError, match=r"There is no file .*none.gpkg"):
        labelled_pixels(scene, tmp_path / "none.gpkg", column="crop")
    with pytest.raises(ValueError, match=r"many.gpkg is .*labelled_pixels\(scene, path, column"):
        labelled_pixels(scene, path)


def test_what_is_for_features_is_refused_for_maps(scene, labels):
    for options in (
        {"layer": "a"}, {"crs": CRS}, {"min_coverage": 0.5}, {"overlaps": "drop"},
        {"outside": "drop"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="is for polygons and points, whose classes"):
            labelled_pixels(scene, labels, **options)
    with pytest.raises(ValueError, match=r"field_numbers\(positions, y\) gives those of a map"):
        labelled_pixels(scene, labels, return_groups=True)
    with pytest.raises(ValueError, match=r"column='crop' is for polygons .* numpy.ndarray"):
        labelled_pixels(scene, labels, column="crop")
    for name in ("overlaps", "outside"):
        with pytest.raises(ValueError, match=f"{name} must be 'raise'|{name} must be 'warn'"):
            labelled_pixels(scene, table(FIELDS, CROPS), column="crop", **{name: "ignore"})


def test_pixels_without_data_and_bad_bands_are_left_out(tmp_path, cube):
    marked = cube.copy()
    marked[2, 3, 5] = 65535
    scene = open_scene(write_geotiff(tmp_path / "scene.tif", marked, nodata=65535))
    labels = table(FIELDS, CROPS)
    X, y, positions, groups = labelled_pixels(scene, labels, **LABELS)
    assert len(X) == len(y) == len(groups) == 50 and [2, 3] not in positions.tolist()
    good = np.arange(SHAPE[2]) != 5
    X, *_ = labelled_pixels(dataclasses.replace(scene, good_bands=good), labels, column="crop")
    assert X.shape == (51, SHAPE[2] - 1)


def test_curves_are_short_edges(tmp_path, scene):
    left, top = TRANSFORM @ (2, 2)
    arc = f"{left} {top - 150}, {left + 150} {top}, {left + 300} {top - 150}"
    path = tmp_path / "curve.csv"
    path.write_text(
        f'WKT,crop\n"CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING({arc}),'
        f'({left + 300} {top - 150},{left} {top - 150})))",corn\n'
    )
    _, _, positions = labelled_pixels(scene, path, column="crop", crs=CRS)
    half_disc = shapely.intersection(
        shapely.Point(left + 150, top - 150).buffer(150, quad_segs=90), square(2, 2, 5, 10)
    )
    np.testing.assert_array_equal(positions, np.argwhere(numbers_of([half_disc]) == 0))


def test_the_names_of_a_table_are_all_that_is_asked_of_it(scene):
    other = types.SimpleNamespace(geometry=pd.Series([1]), crs=CRS, columns=["crop"])
    with pytest.raises(ValueError, match="must be those of shapely"):
        labelled_pixels(scene, other, column="crop")
