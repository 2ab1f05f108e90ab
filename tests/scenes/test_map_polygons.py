"""The polygons of a map give the map back."""

import dataclasses

import numpy as np
import pytest
import shapely
from pyogrio import raw, read_info

from skhyp.scenes import labelled_pixels, open_scene, polygons_of

from .conftest import CRS, SHAPE, TRANSFORM, write_geotiff


@pytest.fixture(scope="module")
def class_map(tmp_path_factory):
    classes = np.random.default_rng(0).integers(0, 4, SHAPE[:2]).astype(np.uint8)
    classes[:9, :8] = 2
    classes[3:6, 3:6] = 7
    path = tmp_path_factory.mktemp("map") / "map.tif"
    return write_geotiff(path, classes[..., np.newaxis], nodata=3), classes


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".fgb"])
def test_polygons_give_the_map_back(tmp_path, class_map, ending):
    path, classes = class_map
    out = polygons_of(path, tmp_path / f"fields{ending}")
    assert out == tmp_path / f"fields{ending}"
    cube, labels = np.asarray(open_scene(path)), np.where(classes == 3, 0, classes + 1)
    _, y, positions = labelled_pixels(cube, labels)
    scene = dataclasses.replace(open_scene(path), nodata=None)
    _, found, places, groups = labelled_pixels(scene, out, column="class", return_groups=True)
    np.testing.assert_array_equal(places, positions)
    np.testing.assert_array_equal(found, y.astype(int) - 1)
    _, _, geometries, (numbers, n_pixels) = raw.read(out, columns=["class", "pixels"])
    np.testing.assert_array_equal(np.bincount(groups), n_pixels)
    assert shapely.is_valid(shapely.from_wkb(geometries)).all()
    assert read_info(out)["crs"] == CRS and set(numbers) == {0, 1, 2, 7}


def test_names_are_written_and_small_fields_left_out(tmp_path, class_map):
    named = dataclasses.replace(
        open_scene(class_map[0]), class_names={2: "corn", 7: "woods"}, nodata=None
    )
    out = polygons_of(named, tmp_path / "fields.gpkg", min_pixels=9)
    meta, _, _, columns = raw.read(out)
    assert meta["fields"].tolist() == ["class", "name", "pixels"]
    fields = dict(zip(columns[1].tolist(), columns[2].tolist(), strict=True))
    assert fields["woods"] == 9 and fields["corn"] >= 63 and 0 not in columns[0]
    with pytest.raises(FileExistsError, match="may have other layers"):
        polygons_of(named, out)
    with pytest.raises(ValueError, match="no field of 999 pixels"):
        polygons_of(named, tmp_path / "none.gpkg", min_pixels=999)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fields.gpkg"]


def test_what_is_no_map_of_classes_is_refused(tmp_path, class_map, files):
    scene = open_scene(class_map[0])
    out = tmp_path / "fields.gpkg"
    for message, given in {
        "no transform": dataclasses.replace(scene, transform=None),
        "no reference system to write": dataclasses.replace(scene, crs=None),
        "has one band": files["tif"],
        r"is no map of classes: it has 0\.5": dataclasses.replace(
            open_scene(np.full((3, 3, 1), 0.5)), crs=CRS, transform=tuple(TRANSFORM)[:6]
        ),
    }.items():
        with pytest.raises(ValueError, match=message):
            polygons_of(given, out)
    with pytest.raises(ValueError, match=r"must end in one of \.gpkg, \.geojson, \.fgb"):
        polygons_of(scene, tmp_path / "fields.shp")
    for wrong in (0, 1.5, True):
        with pytest.raises(ValueError, match="min_pixels must be an integer"):
            polygons_of(scene, out, min_pixels=wrong)
    assert not out.exists()
