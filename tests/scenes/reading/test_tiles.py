"""Files on one grid are one scene, with the pixels that each of them has."""

import dataclasses

import numpy as np
import pytest
import rasterio

from skhyp.scenes import apply, labelled_pixels, open_scene

from ..conftest import (
    BANDS_BY_NUMBER,
    CRS,
    SHAPE,
    TRANSFORM,
    WAVELENGTHS,
    write_envi,
    write_geotiff,
)

# (rows, columns) of each: the second overlaps the first, the fourth lies apart.
PARTS = [
    (slice(0, 12), slice(0, 9)),
    (slice(0, 14), slice(7, 17)),
    (slice(12, 23), slice(0, 9)),
    (slice(18, 23), slice(12, 17)),
]


def tile(folder, number, cube, *, at=None, **options):
    rows, columns = PARTS[number]
    shift = TRANSFORM.translation(*(at or (columns.start, rows.start)))
    options = {"wavelengths": WAVELENGTHS, "transform": TRANSFORM @ shift, **options}
    return write_geotiff(folder / f"tile_{number}.tif", cube, **options)


@pytest.fixture(scope="module")
def numbers(cube):
    """The number of the tile at each pixel, -1 between them, and what the scene should be."""
    of_tiles = np.full(SHAPE[:2], -1)
    expected = np.full(SHAPE, 65535, np.uint16)
    for number in reversed(range(len(PARTS))):
        of_tiles[PARTS[number]] = number
        expected[PARTS[number]] = cube[PARTS[number]] + number
    return of_tiles, expected


@pytest.fixture(scope="module")
def tiles(tmp_path_factory, cube):
    folder = tmp_path_factory.mktemp("tiles")
    return [tile(folder, n, cube[PARTS[n]] + np.uint16(n), nodata=65535) for n in range(len(PARTS))]


def test_tiles_are_one_scene_of_which_the_first_has_what_is_in_two(tiles, numbers):
    scene = open_scene(tiles)
    _, expected = numbers
    assert (
        scene.transform == tuple(TRANSFORM)[:6] and scene.shape == SHAPE and scene.nodata == 65535
    )
    np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(scene), expected)
    part = scene.read(rows=slice(10, 20), columns=slice(6, 14), bands=[4, 1])
    np.testing.assert_array_equal(part, expected[10:20, 6:14][..., [4, 1]])
    positions = np.argwhere(np.ones(SHAPE[:2], bool))[::-1]
    np.testing.assert_array_equal(scene.spectra_at(positions), expected[tuple(positions.T)])
    assert set(tiles) <= set(scene.files)
    assert "tile_0.tif and 3 more: 23 rows x 17 columns x 12 bands" in repr(scene)
    other = open_scene(tiles[::-1])
    assert other.transform == scene.transform
    assert other.read()[0, 8, 0] == expected[0, 8, 0] + 1


def test_a_pattern_is_its_files_in_the_order_of_their_names(tiles, numbers):
    pattern = tiles[0].with_name("tile_*.tif")
    for given in (str(pattern), pattern, [open_scene(path) for path in tiles]):
        np.testing.assert_array_equal(np.asarray(open_scene(given)), numbers[1])
    with pytest.raises(FileNotFoundError, match=r"nor any that the pattern fits"):
        open_scene(tiles[0].with_name("none_*.tif"))
    alone = open_scene(tiles[:1])
    assert alone.name == str(tiles[0]) and alone.shape == (12, 9, 12)


def test_a_name_with_brackets_is_a_file_if_there_is_one(tmp_path, cube):
    path = write_geotiff(tmp_path / "scene[1].tif", cube)
    assert open_scene(path).name == str(path)


def test_labels_and_maps_are_those_of_one_file(tmp_path, tiles, numbers, model):
    of_tiles, expected = numbers
    labels = np.where(of_tiles >= 0, of_tiles + 1, 0)
    labels[::2] = 0
    X, y, positions = labelled_pixels(tiles, labels)
    np.testing.assert_array_equal(positions, np.argwhere(labels > 0))
    np.testing.assert_array_equal(X, expected[labels > 0])
    gap = np.where(of_tiles < 0, 1, labels)
    np.testing.assert_array_equal(labelled_pixels(tiles, gap)[2], positions)
    label_tiles = [
        tile(tmp_path, n, labels[PARTS[n]].astype(np.float32)[..., None], wavelengths=None)
        for n in range(4)
    ]
    again = labelled_pixels(tiles, label_tiles)
    for found, other in zip(again, (X, y, positions), strict=True):
        np.testing.assert_array_equal(found, other)


@BANDS_BY_NUMBER
def test_a_map_of_tiles_is_that_of_one_file_and_resumed_only_for_the_same(
    tmp_path, tiles, numbers, model
):
    whole = write_geotiff(tmp_path / "whole.tif", numbers[1], nodata=65535)
    expected = apply(model, whole)
    out = apply(model, tiles, tmp_path / "map.tif", working_memory=1, resume=True)
    with rasterio.open(out) as class_map:
        np.testing.assert_array_equal(class_map.read(1), expected)
        assert class_map.transform == TRANSFORM and class_map.crs == CRS
    with pytest.raises(ValueError, match=r"tile_2\.tif"):
        apply(model, tiles, tiles[2])
    chunks = open_scene(tiles).to_xarray(chunk_memory=1)
    np.testing.assert_array_equal(apply(model, chunks).compute().values, expected)
    identities = {repr(open_scene(order).source.identity) for order in (tiles, tiles[::-1])}
    assert len(identities) == 2


def test_between_tiles_floats_are_nan_and_integers_need_a_number(tmp_path, cube):
    paths = [tile(tmp_path, n, cube[PARTS[n]].astype(np.float32)) for n in (0, 3)]
    block = np.asarray(open_scene(paths))
    assert np.isnan(block[15, 3]).all() and np.isfinite(block[20, 14]).all()
    paths = [tile(tmp_path, n, cube[PARTS[n]]) for n in (0, 3)]
    with pytest.raises(
        ValueError, match=r"Tiles of uint16 leave gaps.*open_scene\(\.\.\., nodata=0"
    ):
        open_scene(paths)
    scene = open_scene(paths, nodata=0)
    assert scene.nodata == 0 and not scene.read()[15, 3].any()
    with pytest.raises(ValueError, match=r"leave gaps.*nodata is -1"):
        open_scene(paths, nodata=-1)
    together = [tile(tmp_path, n, cube[PARTS[n]], at=(0, 12 * (n // 2))) for n in (0, 2)]
    assert open_scene(together).nodata is None


def test_tiles_unlike_each_other_are_refused_by_name(tmp_path, tiles, cube):
    part = cube[PARTS[2]]

    def other(cube=part, **options):
        path = tile(tmp_path, 2, cube, **{"nodata": 65535, **options})
        return [tiles[0], path]

    for message, paths in {
        r"lie on one grid: .*tile_2.tif .* row 12\.00 and column 0\.50": lambda: other(
            at=(0.5, 12)
        ),
        r"lie on one grid": lambda: other(transform=TRANSFORM @ TRANSFORM.scale(2)),
        r"same number of bands: .*tile_2.tif has 11, .*tile_0.tif 12": lambda: other(
            part[..., :11], wavelengths=WAVELENGTHS[:11]
        ),
        r"same type of numbers: .*tile_2.tif has float32": lambda: other(part.astype(np.float32)),
        r"same wavelengths: .* 12 from 452.* nm, .* open_scene": lambda: other(
            wavelengths=WAVELENGTHS + 2
        ),
        r"same wavelengths: .*tile_2.tif has none": lambda: other(wavelengths=None),
        r"same nodata: .*tile_2.tif has 0.*, .* 65535.*nodata=": lambda: other(nodata=0),
        r"same reference system: .*zone 32N, .*zone 33N": lambda: other(crs="EPSG:32632"),
    }.items():  # fmt: skip
        made = paths()
        with pytest.raises(ValueError, match=message):
            open_scene(made)
    placeless = dataclasses.replace(open_scene(tiles[1]), transform=None)
    with pytest.raises(ValueError, match=r"tile_1.tif does not say where it lies among tiles"):
        open_scene([tiles[0], placeless])
    good = np.arange(SHAPE[2]) != 3
    marked = dataclasses.replace(open_scene(tiles[1]), good_bands=good)
    with pytest.raises(ValueError, match=r"same good_bands.*open_scene\(\.\.\., good_bands=\)"):
        open_scene([tiles[0], marked])
    np.testing.assert_array_equal(open_scene([tiles[0], marked], good_bands=good).good_bands, good)


def test_other_lists_are_what_they_were(cube):
    assert open_scene(cube[:2, :3].tolist()).shape == (2, 3, SHAPE[2])
    with pytest.raises(ValueError, match="must all be paths or scenes"):
        open_scene(["a.tif", 3])


def test_tiles_of_envi_keep_their_bad_bands(tmp_path, cube):
    bad = (np.arange(SHAPE[2]) != 3).astype(int)
    paths = [
        write_envi(
            tmp_path / f"tile_{row}", cube[row : row + 12], "bil", bbl=bad,
            map_info=f"{{UTM, 1, 1, 364095, {5809965 - 30 * row}, 30, 30, 33, North, WGS-84}}",
        )
        for row in (0, 11)
    ]  # fmt: skip
    scene = open_scene(str(tmp_path / "tile_*.hdr"))
    np.testing.assert_array_equal(scene.good_bands, bad.astype(bool))
    np.testing.assert_array_equal(np.asarray(scene), cube)
    assert {path.with_suffix(".img") for path in paths} <= set(scene.files)
