"""EnMAP and DESIS: a TIFF beside XML, in a folder or a zip archive."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest
import rasterio

from skhyp import HypPreprocessor
from skhyp.scenes import apply, open_scene

from ...conftest import ENVI_AXES
from .conftest import (
    COLUMNS,
    OUTSIDE,
    ROWS,
    TRANSFORM,
    assert_mapped,
    assert_refused,
    assert_values,
    cut,
    reflectance,
    write_raster,
    zipped,
)

NAME = "ENMAP01-____L2A-DT0000001053_20220611T072305Z_002_V010400_20231221T134421Z"
OF_DESIS = "DESIS-HSI-L2A-DT0884573241_001-20200601T234520-V0210"
# Two detectors, of which the bands that overlap are sorted in.
WAVELENGTHS = np.array([418.4, 550.5, 902.3, 911.6, 912.4, 1380.1, 1650.9, 2445.3])
FWHM = np.array([6.8, 6.8, 6.8, 10.2, 6.8, 10.2, 10.2, 10.2])
EMPTY = 5
GAINS = np.array([1e-4, 1e-4, 1e-4, 2e-4, 1e-4, 1e-4, 1e-4, 1e-4])
OFFSETS = np.array([0, 0, 0, 0, 0.01, 0, 0, 0])


def enmap_xml(*, level="L2A", n_bands=8, gain="GainOfBand", statistics=True):
    bands, means = "", ""
    for i in reversed(range(n_bands)):  # in any order: they are numbered
        bands += (
            f'<bandID number="{i + 1}"><wavelengthCenterOfBand>{WAVELENGTHS[i]}'
            f"</wavelengthCenterOfBand><FWHMOfBand>{FWHM[i]}</FWHMOfBand>"
            f"<{gain}>{GAINS[i]}</{gain}><OffsetOfBand>{OFFSETS[i]}</OffsetOfBand></bandID>"
        )
        mean = -1000000 if i == EMPTY else 0.2
        means += f'<bandID number="{i + 1}"><mean>{mean}</mean></bandID>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<level_X xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<base><format>ENMAP_{level}</format><level>{level}</level></base>"
        "<specific><backgroundValue>-32768</backgroundValue>"
        f"<bandCharacterisation>{bands}</bandCharacterisation></specific>"
        f"<product>{f'<bandStatistics>{means}</bandStatistics>' * statistics}</product></level_X>"
    )


def stored_cube():
    stored = np.round((reflectance(8) - OFFSETS) / GAINS).astype(np.int16)
    stored[..., EMPTY] = -32768
    stored[OUTSIDE] = -32768
    return stored


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivered") / NAME
    folder.mkdir()
    write_raster(folder / f"{NAME}-SPECTRAL_IMAGE.TIF", stored_cube(), nodata=-32768)
    clouds = np.arange(ROWS * COLUMNS, dtype=np.uint8).reshape(ROWS, COLUMNS, 1)
    write_raster(folder / f"{NAME}-QL_QUALITY_CLOUD.TIF", clouds)
    write_raster(folder / f"{NAME}-QL_QUALITY_CLOUDSHADOW.TIF", 0 * clouds)
    (folder / f"{NAME}-METADATA.XML").write_text(enmap_xml())
    return folder


@pytest.fixture
def folder(delivered, tmp_path):
    return shutil.copytree(delivered, tmp_path / NAME)


def assert_is_enmap(scene):
    missing = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2)
    missing[..., EMPTY] = True
    assert_values(scene, reflectance(8), missing)
    np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, rtol=0, atol=0.01)
    np.testing.assert_allclose(scene.fwhm, FWHM, rtol=0, atol=0.01)
    assert np.flatnonzero(~scene.good_bands).tolist() == [EMPTY]
    assert scene.bad_bands_by == "the file"
    assert scene.numbers == "reflectance" and scene.units == ["1"] * 8
    assert scene.scale is None and scene.offset is None
    assert scene.transform == tuple(TRANSFORM)[:6]


def test_a_folder_its_archive_its_image_and_its_metadata_are_one_scene(delivered):
    archive = zipped(delivered, inside=f"{NAME}/")
    ways = (
        delivered,
        archive,
        delivered / f"{NAME}-SPECTRAL_IMAGE.TIF",
        delivered / f"{NAME}-METADATA.XML",
    )
    for path in ways:
        assert_is_enmap(open_scene(path))
    assert set(open_scene(delivered).files) == set(delivered.iterdir())
    assert open_scene(archive).files == (archive,)


@pytest.mark.parametrize("packed", [False, True])
def test_a_map_lies_where_the_product_does(delivered, tmp_path, packed):
    path = zipped(delivered) if packed else delivered
    assert_mapped(path, tmp_path / "map.tif", empty=OUTSIDE)


def test_a_map_is_not_written_over_any_file_of_the_product(delivered):
    preprocessor = HypPreprocessor(nodata=None).fit(open_scene(delivered))
    for name in ("QL_QUALITY_CLOUD.TIF", "SPECTRAL_IMAGE.TIF"):
        path = delivered / f"{NAME}-{name}"
        before = path.read_bytes()
        with pytest.raises(ValueError, match="read from"):
            apply(preprocessor, delivered, path, method="transform")
        assert path.read_bytes() == before


def test_numbers_as_they_are_stored(delivered):
    scene = open_scene(delivered, raw=True)
    np.testing.assert_array_equal(np.asarray(scene), stored_cube())
    assert scene.nodata == -32768
    np.testing.assert_allclose(scene.scale, GAINS)
    np.testing.assert_allclose(scene.offset, OFFSETS)
    assert scene.numbers == "as stored, of another scale in each band"
    assert scene.wavelengths.tolist() == WAVELENGTHS.tolist()


@pytest.mark.parametrize("packed", [False, True])
def test_layers_of_quality_have_names(delivered, packed):
    path = zipped(delivered) if packed else delivered
    layer = open_scene(path, variable="ql_quality_cloud")
    assert np.asarray(layer)[..., 0].tolist() == np.arange(120).reshape(12, 10).tolist()
    assert layer.transform == tuple(TRANSFORM)[:6]
    with pytest.raises(ValueError, match=r"no layer 'CLOUDS'.*QL_QUALITY_CLOUD, QL_QUALITY_CLOUDS"):
        open_scene(path, variable="CLOUDS")
    assert open_scene(path, variable="SPECTRAL_IMAGE").shape == (12, 10, 8)


def test_it_is_pickled_as_a_reference(delivered):
    scene = pickle.loads(pickle.dumps(open_scene(zipped(delivered))))
    assert_is_enmap(scene)
    assert_is_enmap(open_scene(scene))


def test_a_scene_of_reflectance_has_no_stored_numbers_to_give(delivered):
    with pytest.raises(ValueError, match=r"raw=True is for a path.*scene of reflectance"):
        open_scene(open_scene(delivered), raw=True)
    assert open_scene(open_scene(delivered, raw=True), raw=True).dtype == np.int16


def test_large_images_in_archives_are_warned_of(delivered, monkeypatch):
    monkeypatch.setattr("skhyp.scenes.reading.products._deliveries._LARGEST_PACKED", 1000)
    with pytest.warns(UserWarning, match=r"ZIP is a packed archive.*Unpack it before it is mapped"):
        open_scene(zipped(delivered))


def test_tiles_of_products_are_one_scene(delivered, tmp_path):
    other = shutil.copytree(delivered, tmp_path / "other")
    image = other / f"{NAME}-SPECTRAL_IMAGE.TIF"
    moved = rasterio.Affine(30, 0, TRANSFORM.c + 30 * COLUMNS, 0, -30, TRANSFORM.f)
    with rasterio.open(image, "r+") as file:
        file.transform = moved
    scene = open_scene([delivered, other])
    assert scene.shape == (ROWS, 2 * COLUMNS, 8) and scene.bad_bands_by == "the file"
    one = np.asarray(open_scene(delivered))
    np.testing.assert_array_equal(np.asarray(scene), np.concatenate([one, one], axis=1))
    assert set(scene.files) == {*delivered.iterdir(), *other.iterdir()}
    assert open_scene([delivered, other], raw=True).dtype == np.int16


def test_dims_are_known(delivered):
    with pytest.raises(ValueError, match="product of EnMAP, which says itself"):
        open_scene(delivered, dims=("bands", "rows", "columns"))


def test_a_map_of_a_product_is_gone_on_with(delivered, tmp_path):
    path = zipped(delivered)
    preprocessor = HypPreprocessor(bands=[0, 1]).fit(open_scene(path))
    out = tmp_path / "map.tif"
    apply(preprocessor, path, out, method="transform", resume=True)
    whole = np.asarray(open_scene(delivered).through(preprocessor))
    np.testing.assert_array_equal(np.asarray(open_scene(out)), whole)


def test_the_other_names_that_files_have(folder):
    (folder / f"{NAME}-METADATA.XML").rename(folder / f"{NAME}-METADATA.XML.XML")
    (folder / f"{NAME}-SPECTRAL_IMAGE.TIF").rename(folder / f"{NAME}-SPECTRAL_IMAGE_COG.TIF")
    assert_is_enmap(open_scene(folder))
    assert_is_enmap(open_scene(folder.parent / NAME / f"{NAME}-SPECTRAL_IMAGE_COG.TIF"))
    outer = folder.parent / "download"
    outer.mkdir()
    folder.rename(outer / "unpacked")
    assert_is_enmap(open_scene(outer))
    outer.rename(outer.with_name("inner"))
    assert_is_enmap(open_scene(folder.parent))


@pytest.mark.parametrize("with_metadata", [True, False])
def test_an_image_as_bsq_with_a_header(folder, with_metadata):
    (folder / f"{NAME}-SPECTRAL_IMAGE.TIF").unlink()
    data = folder / f"{NAME}-SPECTRAL_IMAGE.BSQ"
    np.ascontiguousarray(stored_cube().transpose(ENVI_AXES["bsq"])).tofile(data)
    lists = {
        "wavelength": WAVELENGTHS,
        "fwhm": FWHM,
        "data gain values": GAINS,
        "data offset values": OFFSETS,
    }
    data.with_suffix(".HDR").write_text(
        f"ENVI\nsamples = {COLUMNS}\nlines = {ROWS}\nbands = 8\nheader offset = 0\n"
        "file type = ENVI Standard\ndata type = 2\ninterleave = bsq\nbyte order = 0\n"
        "map info = {UTM, 1, 1, 283455, 5786715, 30, 30, 33, North, WGS-84, units=Meters}\n"
        "data ignore value = -32768\nwavelength units = nanometers\n"
        + "".join(f"{k} = {{{', '.join(map(str, v))}}}\n" for k, v in lists.items())
    )
    if with_metadata:
        assert_is_enmap(open_scene(folder))
        return
    (folder / f"{NAME}-METADATA.XML").unlink()
    for path in (folder, data, data.with_suffix(".HDR")):
        scene = open_scene(path)
        assert scene.bad_bands_by == "water vapour at 1340 to 1445 nm, 1790 to 1955 nm"
        assert np.flatnonzero(~scene.good_bands).tolist() == [EMPTY]
        missing = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2) | (np.arange(8) == EMPTY)
        assert_values(scene, reflectance(8), missing)


def test_another_level_is_what_it_is_or_is_refused_by_its_name(folder):
    metadata = folder / f"{NAME}-METADATA.XML"
    metadata.write_text(enmap_xml(level="L1C", statistics=False))
    scene = open_scene(folder)
    assert scene.numbers == "radiance" and scene.units == ["W m-2 sr-1 nm-1"] * 8
    assert scene.good_bands is None and scene.bad_bands_by is None
    metadata.write_text(enmap_xml(level="L1B"))
    assert_refused(folder, "EnMAP L1B")
    metadata.write_text(enmap_xml(level="L0"))
    assert_refused(folder, "EnMAP L0")


def test_an_image_alone_is_opened_as_it_is_stored(folder):
    (folder / f"{NAME}-METADATA.XML").unlink()
    assert_refused(folder, "without its metadata.*METADATA.XML", "raw=True")
    scene = open_scene(folder / f"{NAME}-SPECTRAL_IMAGE.TIF", raw=True)
    np.testing.assert_array_equal(np.asarray(scene), stored_cube())


DAMAGE = {
    "no image": (lambda f: (f / f"{NAME}-SPECTRAL_IMAGE.TIF").unlink(), "SPECTRAL_IMAGE"),
    "no metadata": (lambda f: (f / f"{NAME}-METADATA.XML").unlink(), "METADATA.XML"),
    "metadata that end": (lambda f: cut(f / f"{NAME}-METADATA.XML", 900), "METADATA.XML is no XML"),
    "empty metadata": (lambda f: cut(f / f"{NAME}-METADATA.XML", 0), "METADATA.XML is no XML"),
    "an image that ends": (lambda f: cut(f / f"{NAME}-SPECTRAL_IMAGE.TIF", 900), "SPECTRAL_IMAGE"),
    "an empty image": (lambda f: cut(f / f"{NAME}-SPECTRAL_IMAGE.TIF", 0), "SPECTRAL_IMAGE"),
    "fewer bands": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(enmap_xml(n_bands=7)),
        "METADATA.XML .* 7 bands, and the image has 8",
    ),
    "no gains": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(enmap_xml(gain="Other")),
        "METADATA.XML .* no gainofband",
    ),
    "no number": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(enmap_xml().replace("550.5", "green")),
        "METADATA.XML .*'green', which is no number",
    ),
    "bands that are numbered twice": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(enmap_xml().replace('"8"', '"7"')),
        "METADATA.XML .*numbers of its bands are not 1 to 8",
    ),
    "entities": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(
            '<!DOCTYPE level_X [<!ENTITY a "b">]>' + enmap_xml().partition("?>")[2]
        ),
        "METADATA.XML .*document type",
    ),
    "two images": (
        lambda f: shutil.copy(f / f"{NAME}-SPECTRAL_IMAGE.TIF", f / "OTHER-SPECTRAL_IMAGE.TIF"),
        "several images",
    ),
    "a wavelength of 0": (
        lambda f: (f / f"{NAME}-METADATA.XML").write_text(enmap_xml().replace("550.5", "0")),
        "METADATA.XML has wavelengths that are none",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_names_the_file_and_what_is_missing(folder, damage):
    change, named = DAMAGE[damage]
    change(folder)
    assert_refused(folder, named)


def test_damaged_archives(folder, tmp_path):
    archive = zipped(folder)
    whole = archive.read_bytes()
    assert_refused(cut(archive, len(whole) // 2), "no zip archive that can be read")
    assert_refused(cut(archive, 0), "no zip archive that can be read")
    archive.write_bytes(whole.replace(b"II*\x00", b"IX*\x00"))
    with zipfile.ZipFile(archive, "w"):
        pass
    assert_refused(archive, "no image of EnMAP")
    (folder / f"{NAME}-SPECTRAL_IMAGE.TIF").unlink()
    assert_refused(zipped(folder), "no image of EnMAP")


@pytest.fixture
def desis(tmp_path):
    folder = tmp_path / OF_DESIS
    folder.mkdir()
    stored = np.round(reflectance(8) / 1e-4).astype(np.int16)
    stored[OUTSIDE] = -32768
    write_raster(
        folder / f"{OF_DESIS}-SPECTRAL_IMAGE.tif", stored, nodata=-32768, interleave="pixel"
    )
    write_raster(folder / f"{OF_DESIS}-QL_QUALITY-2.tif", np.ones((ROWS, COLUMNS, 10), np.uint8))
    waves = np.linspace(401.9, 999.5, 8)
    bands = "".join(
        f"<band><bandNumber>{i + 1}</bandNumber><wavelengthCenterOfBand>{wave:.2f}"
        "</wavelengthCenterOfBand><wavelengthWidthOfBand>3.5</wavelengthWidthOfBand>"
        "<gainOfBand>0.0001</gainOfBand><offsetOfBand>0</offsetOfBand></band>"
        for i, wave in enumerate(waves)
    )
    (folder / f"{OF_DESIS}-METADATA.xml").write_text(
        "<hsi_doc><specific><backgroundValue>-32768</backgroundValue>"
        f"<bandCharacterisation>{bands}</bandCharacterisation></specific></hsi_doc>"
    )
    (folder / f"{OF_DESIS}-SPECTRAL_IMAGE.hdr").write_text(
        f"ENVI\nsamples = {COLUMNS}\nlines = {ROWS}\nbands = 8\nfile type = TIFF\n"
        "data type = 2\ninterleave = bip\ndata ignore value = -32768\n"
        f"data gain values = {{{', '.join(['0.0001'] * 8)}}}\nwavelength units = Nanometers\n"
        f"wavelength = {{{', '.join(map(str, waves))}}}\nfwhm = {{{', '.join(['3.5'] * 8)}}}\n"
    )
    return folder


def test_desis_in_each_form(desis, tmp_path):
    image = desis / f"{OF_DESIS}-SPECTRAL_IMAGE.tif"
    ways = [desis, zipped(desis), image, desis / f"{OF_DESIS}-METADATA.xml"]
    for path in [*ways, image.with_suffix(".hdr")]:
        scene = open_scene(path)
        assert_values(scene, reflectance(8), np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2))
        np.testing.assert_allclose(scene.wavelengths, np.linspace(401.9, 999.5, 8), atol=0.01)
        assert scene.fwhm.tolist() == [3.5] * 8 and scene.good_bands is None
        assert scene.numbers == "reflectance"
    assert open_scene(desis, variable="QL_QUALITY-2").shape == (ROWS, COLUMNS, 10)
    assert_mapped(desis, tmp_path / "map.tif")


def test_a_header_stands_in_for_metadata(desis):
    (desis / f"{OF_DESIS}-METADATA.xml").unlink()
    missing = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2)
    assert_values(open_scene(desis), reflectance(8), missing)


def test_damaged_deliveries_of_desis(desis):
    metadata = desis / f"{OF_DESIS}-METADATA.xml"
    text = metadata.read_text()
    for old, new, named in (
        ("<gainOfBand>0.0001</gainOfBand>", "", "band 1 has no gainofband"),
        ("0.0001", "0", "gains that are 0"),
        ("401.90", "", "band 1 has no wavelengthcenterofband"),
        ("</hsi_doc>", "", "no XML that can be read"),
        ("<bandNumber>8", "<bandNumber>9", "not 1 to 8"),
        ("3.5", "wide", "'wide', which is no number"),
    ):
        metadata.write_text(text.replace(old, new))
        assert_refused(desis, "METADATA.xml", named)
    metadata.write_text(text)
    image = desis / f"{OF_DESIS}-SPECTRAL_IMAGE.tif"
    write_raster(image, np.ones((ROWS, COLUMNS, 7), np.int16))
    assert_refused(desis, "describes 8 bands, and the image has 7")
    assert_refused(zipped(desis), "describes 8 bands, and the image has 7")
    cut(image, 300)
    assert_refused(desis, "SPECTRAL_IMAGE")
    image.unlink()
    assert_refused(desis, "no image of DESIS")
