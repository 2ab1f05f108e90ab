"""Rasters are read as their files mean them, or refused with the mend."""

import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from sklearn.linear_model import LogisticRegression

from skhyp.scenes import apply, labelled_pixels, open_scene

from ..conftest import CRS, SHAPE, TRANSFORM, WAVELENGTHS, write_envi, write_geotiff

HALF = np.tile(np.arange(SHAPE[1]) < 9, (SHAPE[0], 1))  # the left half, which has data


def with_alpha(path, cube, alpha, **options):
    """Write a GeoTIFF whose last band is transparency."""
    written = np.dstack([cube, alpha.astype(cube.dtype)])
    rows, columns, n_bands = written.shape
    profile = {
        "driver": "GTiff",
        "crs": CRS,
        "transform": TRANSFORM,
        "dtype": cube.dtype,
        **options,
    }
    with rasterio.open(path, "w", width=columns, height=rows, count=n_bands, **profile) as dataset:
        dataset.colorinterp = [ColorInterp.gray] * (n_bands - 1) + [ColorInterp.alpha]
        dataset.write(written.transpose(2, 0, 1))
    return path


def virtual(path, source):
    with rasterio.open(source) as dataset:
        rasterio.shutil.copy(dataset, path, driver="VRT")
    return path


def edited_virtual(path, source, edit):
    """Write a VRT of a file, after its bands were edited as XML."""
    tree = ElementTree.parse(virtual(path, source))
    for band in tree.getroot().findall("VRTRasterBand"):
        edit(band, int(band.get("band")))
    tree.write(path)
    return path


# Transparency and masks.


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("n_bands", [1, 3, 5, 6, 11])
def test_what_is_fully_transparent_is_missing_and_transparency_is_no_band(
    tmp_path, cube, n_bands, dtype
):
    stored = (cube[..., :n_bands] % 120).astype(dtype)
    if n_bands == 3 and dtype == np.uint8:
        stored = stored[..., :2]  # RGBA is tried below
    path = with_alpha(tmp_path / "alpha.tif", stored, HALF * 100)
    for scene in (open_scene(path), open_scene(virtual(tmp_path / "alpha.vrt", path))):
        assert scene.shape == stored.shape and np.isnan(scene.nodata)
        X, _, positions = labelled_pixels(scene, np.ones(SHAPE[:2], int))
        np.testing.assert_array_equal(X, stored[HALF])
        np.testing.assert_array_equal(positions, np.argwhere(HALF))
        assert np.isnan(scene.read()[~HALF]).all()
        last = scene.read(bands=[stored.shape[2] - 1])
        np.testing.assert_array_equal(last[HALF], stored[HALF][:, -1:])


def test_a_cloud_optimized_file_has_transparency_too(tmp_path, cube):
    path = with_alpha(tmp_path / "alpha.tif", cube, HALF * 65535)
    with rasterio.open(path) as dataset:
        rasterio.shutil.copy(dataset, tmp_path / "cog.tif", driver="COG")
    scene = open_scene(tmp_path / "cog.tif")
    assert scene.shape == SHAPE
    np.testing.assert_array_equal(np.isfinite(scene.read()).all(axis=2), HALF)


def test_a_map_of_a_scene_with_transparency_is_missing_where_that_is(tmp_path, cube, labels, model):
    path = with_alpha(tmp_path / "alpha.tif", cube, HALF)
    found = apply(model, path)
    np.testing.assert_array_equal(found != 0, HALF)
    np.testing.assert_array_equal(found[HALF], apply(model, cube)[HALF])


def test_nodata_stands_for_what_a_mask_marks_and_numbers_keep_their_type(tmp_path, cube):
    marked = cube.copy()
    marked[0, 0, 3] = 0
    for write in (with_alpha, with_internal_mask, with_mask_beside):
        path = write(tmp_path / f"{write.__name__}.tif", marked, HALF, nodata=0)
        scene = open_scene(path)
        assert scene.dtype == np.uint16 and scene.nodata == 0 and scene.shape == SHAPE
        assert (scene.read()[~HALF] == 0).all()
        np.testing.assert_array_equal(scene.read()[HALF], marked[HALF])


def with_internal_mask(path, cube, has_data, **options):
    write_geotiff(path, cube, **options)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(has_data)
    return path


def with_mask_beside(path, cube, has_data, **options):
    write_geotiff(path, cube, **options)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(has_data)
    assert path.with_name(path.name + ".msk").exists()
    return path


@pytest.mark.parametrize("write", [with_internal_mask, with_mask_beside])
def test_what_a_mask_of_the_file_marks_is_missing(tmp_path, cube, write):
    path = write(tmp_path / "masked.tif", cube, HALF)
    for scene in (open_scene(path), open_scene(virtual(tmp_path / "masked.vrt", path))):
        X, _, _ = labelled_pixels(scene, np.ones(SHAPE[:2], int))
        np.testing.assert_array_equal(X, cube[HALF])
        np.testing.assert_array_equal(np.isfinite(scene.read(bands=[4])[..., 0]), HALF)


def test_a_mask_beside_an_envi_file_counts(tmp_path, cube):
    info = "{UTM, 1, 1, 364095, 5809965, 30, 30, 33, North, WGS-84}"
    path = write_envi(tmp_path / "scene", cube, "bil", map_info=info)
    with rasterio.open(path.with_suffix(".img"), "r+") as dataset:
        dataset.write_mask(HALF)
    X, _, _ = labelled_pixels(path, np.ones(SHAPE[:2], int))
    np.testing.assert_array_equal(X, cube[HALF])


def test_integers_of_32_bits_stay_exact_and_of_64_bits_are_refused(tmp_path, cube):
    large = cube.astype(np.int32) + 2**30
    scene = open_scene(with_internal_mask(tmp_path / "32.tif", large, HALF))
    np.testing.assert_array_equal(scene.read()[HALF], large[HALF])
    path = with_internal_mask(tmp_path / "64.tif", cube.astype(np.int64), HALF)
    with pytest.raises(ValueError, match=r"64\.tif.*no wider type.*-a_nodata"):
        open_scene(path)


def test_the_fourth_of_four_bytes_that_gdal_calls_transparent_is_warned_of(tmp_path, cube):
    four = (cube[..., :4] % 250).astype(np.uint8)
    path = write_geotiff(tmp_path / "rgbn.tif", four)
    with pytest.warns(UserWarning, match=r"rgbn\.tif.*left out.*MINISBLACK") as caught:
        assert open_scene(path).shape[2] == 3
    assert caught[0].filename == __file__
    plain = write_geotiff(tmp_path / "plain.tif", four, photometric="MINISBLACK", alpha="NO")
    np.testing.assert_array_equal(open_scene(plain).read(), four)


def test_a_band_with_a_wavelength_is_not_transparency(tmp_path, cube):
    four = (cube[..., :4] % 250).astype(np.uint8)
    path = write_geotiff(tmp_path / "rgbn.tif", four, wavelengths=[650, 550, 450, 850])
    scene = open_scene(path)
    assert scene.wavelengths.tolist() == [650, 550, 450, 850]
    np.testing.assert_array_equal(scene.read(), four)


def test_bands_with_nodata_values_of_their_own_are_missing_each_where_it_has_its_own(
    tmp_path, cube
):
    marked = cube[..., :3].copy()
    marked[2, 3] = [7, 9, 9]
    marked[4, 5] = [9, 7, 8]

    def edit(band, number):
        if number < 3:
            value = ElementTree.Element("NoDataValue")
            value.text = {1: "7", 2: "9"}[number]
            band.insert(0, value)

    path = write_geotiff(tmp_path / "scene.tif", marked)
    scene = open_scene(edited_virtual(tmp_path / "scene.vrt", path, edit))
    read = scene.read()
    assert np.isnan(scene.nodata)
    np.testing.assert_array_equal(np.isnan(read[2, 3]), [True, True, False])
    np.testing.assert_array_equal(read[4, 5], [9, 7, 8])
    np.testing.assert_array_equal(np.isnan(scene.read(bands=[2, 1])[2, 3]), [False, True])


# Headers of ENVI.


def edited_header(path, **changes):
    """Change or, with None, leave out fields of a header."""
    lines = []
    for line in path.read_text().splitlines():
        key = line.partition("=")[0].strip().replace(" ", "_")
        if key not in changes:
            lines.append(line)
        elif changes[key] is not None:
            lines.append(f"{key.replace('_', ' ')} = {changes[key]}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("key", ["samples", "lines", "bands", "data_type", "interleave"])
@pytest.mark.parametrize("of_data", [False, True])
def test_a_header_without_what_its_data_are_read_with_is_refused(tmp_path, cube, key, of_data):
    path = edited_header(write_envi(tmp_path / "scene", cube, "bil"), **{key: None})
    with pytest.raises(ValueError, match=rf"scene\.hdr has no '{key.replace('_', ' ')}'"):
        open_scene(path.with_suffix(".img") if of_data else path)


def test_the_type_that_fits_the_size_is_named(tmp_path, cube):
    path = edited_header(write_envi(tmp_path / "scene", cube, "bil"), data_type=None)
    with pytest.raises(ValueError, match=r"it is 2 \(int16\), 12 \(uint16\)\."):
        open_scene(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_type": 1}, r"4692 bytes more.*data type = 2 \(int16\), 12 \(uint16\)"),
        ({"data_type": 4}, r"incomplete.*data type = 2 \(int16\), 12 \(uint16\)"),
        ({"bands": 11}, r"782 bytes more.*bands = 12"),
        ({"lines": 22}, r"408 bytes more.*header offset = 408; or lines = 23"),
        ({"data_type": 6}, "incomplete.*data type = 2"),
        (
            {"data_type": 9, "lines": 1, "samples": 17, "bands": 34, "header_offset": 136},
            "real numbers",
        ),
        ({"data_type": 7}, "'data type' one of 1 .uint8.*got 7"),
        ({"data_type": "uint16"}, "whole number as 'data type'; got 'uint16'"),
        ({"interleave": "bsp"}, "interleave bsq, bil or bip; got 'bsp'"),
        ({"byte_order": 2}, "byte order 0.*got '2'"),
        ({"header_offset": "many"}, "whole number as 'header offset'"),
        ({"file_type": "ENVI Spectral Library"}, "spectral library"),
        ({"header_offset": "0\nmajor frame offsets = {0, 16}"}, "major frame offsets"),
        ({"samples": "17\nsamples = 18"}, "'samples' twice: 17 and 18"),
        ({"file_type": "{ENVI\n"}, "no } that ends the list 'file type'"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_with_what_would(tmp_path, cube, changes, message):
    path = edited_header(write_envi(tmp_path / "scene", cube, "bil"), **changes)
    with pytest.raises(ValueError, match=message):
        open_scene(path)


def test_bytes_before_and_after_the_data_are_counted(tmp_path, cube):
    path = edited_header(write_envi(tmp_path / "scene", cube, "bil"), header_offset=None)
    data = path.with_suffix(".img")
    np.testing.assert_array_equal(open_scene(path).read(), cube)
    content = data.read_bytes()
    data.write_bytes(bytes(128) + content)
    message = r"128 bytes more.*header offset = 128.*cut the file to 9384 bytes"
    with pytest.raises(ValueError, match=message):
        open_scene(path)
    np.testing.assert_array_equal(open_scene(edited_offset(path, 128)).read(), cube)


def edited_offset(path, offset):
    path.write_text(path.read_text() + f"header offset = {offset}\n")
    return path


def test_a_header_beside_two_files_may_be_of_either(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    (tmp_path / "scene.dat").write_bytes(bytes(cube.nbytes))
    with pytest.raises(
        ValueError, match=r"scene\.hdr may be the header of scene\.img or of scene\."
    ):
        open_scene(path)
    np.testing.assert_array_equal(open_scene(path.with_suffix(".img")).read(), cube)


def test_the_word_envi_begins_a_header_in_capitals(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    path.write_text(path.read_text().replace("ENVI\n", "envi\n"))
    with pytest.raises(ValueError, match='must begin with the word "ENVI", in capitals'):
        open_scene(path)


def test_a_field_that_gdal_does_not_see_is_not_guessed(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    path.write_text(path.read_text().replace("data type", "data\ttype"))
    with pytest.raises(ValueError, match=r"and uint16, which GDAL reads as .* and uint8"):
        open_scene(path)


def test_an_order_of_bytes_that_is_not_said_is_warned_of(tmp_path, cube):
    path = edited_header(write_envi(tmp_path / "scene", cube, "bip"), byte_order=None)
    with pytest.warns(UserWarning, match=r"no 'byte order': it is taken for 0") as caught:
        np.testing.assert_array_equal(open_scene(path).read(), cube)
    assert caught[0].filename == __file__
    single = edited_header(write_envi(tmp_path / "u8", cube.astype("u1"), "bip"), byte_order=None)
    np.testing.assert_array_equal(open_scene(single).read(), cube.astype("u1"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("of_data", [False, True])
def test_a_byte_order_mark_is_named_with_the_mend(tmp_path, cube, encoding, of_data):
    path = write_envi(tmp_path / "scene", cube, "bil")
    path.write_text(path.read_text(), encoding)
    with pytest.raises(ValueError, match=rf'byte order mark.*read_text\("{encoding}"\), "utf-8"'):
        open_scene(path.with_suffix(".img") if of_data else path)
    path.write_text(path.read_text(encoding), "utf-8")
    np.testing.assert_array_equal(open_scene(path).read(), cube)


def test_of_two_headers_that_differ_neither_is_believed(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    data, other = path.with_suffix(".img"), tmp_path / "scene.img.hdr"
    other.write_text(path.read_text().replace("bil", "bip"))
    for opened in (path, data, other):
        with pytest.raises(ValueError, match="two headers that differ"):
            open_scene(opened)
    other.write_text(path.read_text())
    for opened in (path, data, other):
        np.testing.assert_array_equal(open_scene(opened).read(), cube)


ESRI = (
    "NROWS 23\nNCOLS 17\nNBANDS 12\nNBITS 16\nPIXELTYPE UNSIGNEDINT\nBYTEORDER I\nLAYOUT {layout}\n"
)


@pytest.mark.parametrize("layout", ["bil", "bip", "bsq"])
@pytest.mark.parametrize("left_out", ["NOTHING", "NBITS", "NBANDS", "NROWS 23"])
def test_plain_rasters_of_esri_fit_their_headers_too(tmp_path, cube, layout, left_out):
    path = write_envi(tmp_path / "scene", cube, layout)
    data = path.with_suffix(".img").rename(path.with_suffix(f".{layout}"))
    lines = ESRI.format(layout=layout.upper()).splitlines()
    kept = [line for line in lines if not line.startswith(left_out)]
    path.write_text("\n".join([*kept, "NROWS 22"] if "NROWS" in left_out else kept) + "\n")
    if left_out == "NOTHING":
        np.testing.assert_array_equal(open_scene(data).read(), cube)
        np.testing.assert_array_equal(open_scene(path).read(), cube)
        return
    with pytest.raises(ValueError, match=r"scene\.b\w\w has 9384 bytes, but its header scene\.hdr"):
        open_scene(data)


@pytest.mark.parametrize("value", ["none", "{-9999}", "abc", "-9999 "])
def test_a_data_ignore_value_that_is_no_number_is_not_zero(tmp_path, value):
    cube = np.zeros((2, 3, 4), np.int16)
    path = write_envi(tmp_path / "scene", cube, "bsq", data_ignore_value=value)
    if value == "abc":
        with pytest.warns(UserWarning, match="'abc', which is no number"):
            assert open_scene(path).nodata is None
    else:
        assert open_scene(path).nodata == (None if value == "none" else -9999)


# Classes.


def class_map(path, names, encoding="utf-8", **header):
    codes = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)[..., np.newaxis]
    path = write_envi(path, codes, "bsq", file_type="ENVI Classification", **header)
    with path.open("ab") as file:
        file.write(f"class names = {{{names}}}\n".encode(encoding))
    return path


LOOKUP = "{0, 0, 0, 255, 0, 0, 0, 255, 0}"
COLOURS = {0: "#000000", 1: "#ff0000", 2: "#00ff00"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_names_of_classes_have_any_signs_but_commas(tmp_path, encoding):
    names = "Unclassified, pH=7 soil,\n Grünland"
    path = class_map(tmp_path / "map", names, encoding, classes=3, class_lookup=LOOKUP)
    scene = open_scene(path)
    assert scene.class_names == {0: "Unclassified", 1: "pH=7 soil", 2: "Grünland"}
    assert scene.class_colours == COLOURS


def test_names_with_commas_are_read_in_quotes_or_warned_of(tmp_path):
    quoted = class_map(tmp_path / "quoted", 'None, "corn, no till", oats', classes=3)
    assert open_scene(quoted).class_names == {0: "None", 1: "corn, no till", 2: "oats"}
    bare = class_map(tmp_path / "bare", "None, corn, no till, oats", classes=3)
    with pytest.warns(UserWarning, match="classes = 3, but 4 names"):
        assert open_scene(bare).class_names is None


def with_categories(path, kind):
    """Write a map whose categories are where GDAL keeps them, not in tags."""
    codes = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)[..., np.newaxis]
    write_geotiff(path, codes)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (0, 0, 0), 1: (255, 0, 0), 2: (0, 255, 0)})
    names = ("", "corn", "Größe=3")
    if kind == "vrt":

        def edit(band, number):
            listed = ElementTree.SubElement(band, "CategoryNames")
            for name in names:
                ElementTree.SubElement(listed, "Category").text = name
            band.insert(0, listed)

        return edited_virtual(path.with_suffix(".vrt"), path, edit)
    if kind == "categories":
        inner = (
            f"<CategoryNames>{''.join(f'<Category>{n}</Category>' for n in names)}</CategoryNames>"
        )
    else:
        rows = "".join(
            f'<Row index="{i}"><F>{code}</F><F>{names[code]}</F></Row>'
            for i, code in enumerate((2, 1))
        )
        inner = (
            '<GDALRasterAttributeTable tableType="thematic">'
            '<FieldDefn index="0"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>'
            '<FieldDefn index="1"><Name>Class</Name><Type>2</Type><Usage>2</Usage></FieldDefn>'
            f"{rows}</GDALRasterAttributeTable>"
        )
    path.with_name(path.name + ".aux.xml").write_text(
        f'<PAMDataset><PAMRasterBand band="1">{inner}</PAMRasterBand></PAMDataset>', "utf-8"
    )
    return path


@pytest.mark.parametrize("kind", ["categories", "table", "vrt"])
def test_categories_of_gdal_are_names_of_classes(tmp_path, kind):
    scene = open_scene(with_categories(tmp_path / "map.tif", kind))
    assert scene.class_names == {1: "corn", 2: "Größe=3"}
    assert scene.class_colours == {1: "#ff0000", 2: "#00ff00"}


# Wavelengths.


def described(path, cube, texts=None, tags=None, ns=None, of_all=None):
    write_geotiff(path, cube)
    with rasterio.open(path, "r+") as dataset:
        for index in dataset.indexes:
            if texts is not None and texts[index - 1] is not None:
                dataset.set_band_description(index, texts[index - 1])
            if tags is not None:
                dataset.update_tags(index, ns=ns, **tags[index - 1])
        dataset.update_tags(**(of_all or {}))
    return path


@pytest.mark.parametrize(
    "texts",
    [
        ["450.5 nm", "550 nm", "2200 nm"],
        ["Band 1 (450.5 Nanometers)", "Band 2 (550 Nanometers)", "Band 3 (2200 Nanometers)"],
        ["450.5", "550", "2200"],
        ["wl450.5", "wl550", "wl2200"],
        ["B1 (450.5)", "B2 (550)", "B3 (2200)"],
        ["450.5nm", "0.55 um", "2.2 µm"],
        ["Rrs_450.5", "Rrs_550", "Rrs_2200"],
        ["rhos_450.5", "rhos_550", "rhos_2200"],
        ["B1, 450.5 nm, FWHM 20 nm", "B2, 550 nm, FWHM 20 nm", "B3, 2200 nm, FWHM 90 nm"],
    ],
)
def test_wavelengths_are_found_in_descriptions(tmp_path, cube, texts):
    path = described(tmp_path / "scene.tif", cube[..., :3], texts)
    np.testing.assert_allclose(open_scene(path).wavelengths, [450.5, 550, 2200])
    named = (
        "{"
        + ", ".join(texts)
        .replace(", FWHM", " FWHM")
        .replace("B1,", "B1")
        .replace("B2,", "B2")
        .replace("B3,", "B3")
        + "}"
    )
    header = write_envi(tmp_path / "scene", cube[..., :3], "bsq", band_names=named)
    np.testing.assert_allclose(open_scene(header).wavelengths, [450.5, 550, 2200])


@pytest.mark.parametrize(
    "texts",
    [
        ["1", "2", "3"],
        ["Band 1", "Band 2", "Band 3"],
        ["red", "green", "nir"],
        None,
        ["B2 10m", "B3 10m", "B5 20m"],
        ["2019", "2020", "2021"],
        ["211", "243", "311"],
    ],
)
def test_descriptions_of_another_kind_are_no_wavelengths(tmp_path, cube, texts):
    assert open_scene(described(tmp_path / "scene.tif", cube[..., :3], texts)).wavelengths is None


@pytest.mark.parametrize(
    ("keys", "ns"),
    [
        (("WAVELENGTH", "WAVELENGTH_UNITS"), None),
        (("Wavelength", "wavelength_unit"), "ENVI"),
        (("wavelength", "wavelength_units"), "SENSOR"),
        (("center_wavelength", "wavelength units"), None),
        (("centerWavelength", "wavelengthUnits"), None),
    ],
)
def test_wavelengths_are_found_in_tags_of_any_case_and_domain(tmp_path, cube, keys, ns):
    tags = [{keys[0]: str(v), keys[1]: "Micrometers"} for v in (0.4505, 0.55, 2.2)]
    path = described(tmp_path / "scene.tif", cube[..., :3], tags=tags, ns=ns)
    np.testing.assert_allclose(open_scene(path).wavelengths, [450.5, 550, 2200])


def test_tags_have_units_of_their_own_and_widths(tmp_path, cube):
    stated = [("450", "nm"), ("550", "nm"), ("2.2", "um")]
    tags = [
        {"wavelength": v, "wavelength_units": u, "fwhm": str(0.01 if u == "um" else 10)}
        for v, u in stated
    ]
    scene = open_scene(described(tmp_path / "scene.tif", cube[..., :3], tags=tags))
    np.testing.assert_allclose(scene.wavelengths, [450, 550, 2200])
    np.testing.assert_allclose(scene.fwhm, [10, 10, 10])
    imagery = [{"CENTRAL_WAVELENGTH_UM": v, "FWHM_UM": "0.02"} for v in ("0.45", "0.55", "2.2")]
    path = described(tmp_path / "imagery.tif", cube[..., :3], tags=imagery, ns="IMAGERY")
    scene = open_scene(path)
    np.testing.assert_allclose(scene.wavelengths, [450, 550, 2200])
    np.testing.assert_allclose(scene.fwhm, [20, 20, 20])


def test_a_list_for_all_bands_is_found(tmp_path, cube):
    of_all = {"wavelengths": "{450, 550, 2200}", "wavelength_units": "nm", "fwhm": "10 10 20"}
    scene = open_scene(described(tmp_path / "scene.tif", cube[..., :3], of_all=of_all))
    assert scene.wavelengths.tolist() == [450, 550, 2200] and scene.fwhm.tolist() == [10, 10, 20]
    of_all = {f"Band_{i}": f"{v} Nanometers" for i, v in enumerate((450, 550, 2200), start=1)}
    scene = open_scene(described(tmp_path / "bands.tif", cube[..., :3], of_all=of_all))
    assert scene.wavelengths.tolist() == [450, 550, 2200]


def test_a_list_of_bad_bands_is_found_where_wavelengths_are(tmp_path, cube):
    path = write_geotiff(tmp_path / "scene.tif", cube[..., :3])
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="ENVI", wavelength="{450, 550, 2200}", bbl="{1, 0, 1}")
    assert open_scene(path).good_bands.tolist() == [True, False, True]
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="ENVI", bbl="{1, 0, 1, 1}")  # of the file that this one is a part of
    assert open_scene(path).good_bands is None


def test_a_header_beside_a_tiff_tells_more_of_it_if_it_fits(tmp_path, cube):
    write_geotiff(tmp_path / "scene.tif", cube)
    fields = {"wavelength": WAVELENGTHS, "file_type": "TIFF"}
    write_envi(tmp_path / "scene", cube, "bsq", **fields).with_suffix(".img").unlink()
    for name in ("scene.tif", "scene.hdr"):
        scene = open_scene(tmp_path / name)
        np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS)
        assert {tmp_path / "scene.tif", tmp_path / "scene.hdr"} <= set(scene.files)
    write_geotiff(tmp_path / "scene.tif", cube[1:])
    assert open_scene(tmp_path / "scene.tif").wavelengths is None
    write_geotiff(tmp_path / "scene.tif", cube)
    write_envi(tmp_path / "scene", cube, "bsq", wavelength=WAVELENGTHS)
    assert open_scene(tmp_path / "scene.tif").wavelengths is None


@pytest.mark.parametrize("kind", ["tags", "texts"])
def test_a_band_without_a_wavelength_among_others_is_named(tmp_path, cube, kind):
    tags = [{"wavelength": "450"}, {}, {"wavelength": "650"}]
    texts = ["450 nm", None, "650 nm"]
    path = described(
        tmp_path / "scene.tif", cube[..., :3], **{kind: {"tags": tags, "texts": texts}[kind]}
    )
    message = r"scene\.tif has wavelengths for 2 of its 3 bands, not for 1.*wavelengths="
    with pytest.warns(UserWarning, match=message) as caught:
        assert open_scene(path).wavelengths is None
    assert caught[0].filename == __file__
    assert open_scene(path, wavelengths=[450, 550, 650]).wavelengths[1] == 550
    filled = described(tmp_path / "filled.tif", cube[..., :3], ["a", "0.55 um", "c"], tags)
    assert open_scene(filled).wavelengths.tolist() == [450, 550, 650]


@pytest.mark.parametrize("key", ["wavelengths", "center wavelength", "Wavelength (nm)"])
def test_a_header_calls_its_wavelengths_in_many_ways(tmp_path, cube, key):
    path = write_envi(tmp_path / "scene", cube, "bsq", **{key: WAVELENGTHS})
    np.testing.assert_allclose(open_scene(path).wavelengths, WAVELENGTHS)


def test_widths_of_a_header_are_in_nm(tmp_path, cube):
    fields = {"wavelength": WAVELENGTHS / 1e3, "wavelength_units": "Micrometers"}
    path = write_envi(tmp_path / "scene", cube, "bsq", **fields, fwhm=[0.0055] * 12)
    scene = open_scene(path)
    np.testing.assert_allclose(scene.fwhm, [5.5] * 12)
    assert open_scene(scene).fwhm is scene.fwhm
    np.testing.assert_allclose(scene.to_xarray().fwhm, [5.5] * 12)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_header_in_any_encoding_has_its_units_and_names(tmp_path, cube, encoding):
    path = write_envi(tmp_path / "scene", cube[..., :3], "bsq")
    with path.open("ab") as file:
        text = "wavelength units = µm\nwavelength = {0.45, 0.55, 2.2}\nband names = {ä, ö, ü}\n"
        file.write(text.encode(encoding))
    np.testing.assert_allclose(open_scene(path).wavelengths, [450, 550, 2200])


def test_descriptions_that_are_not_in_utf_8_are_warned_of(tmp_path, cube):
    path = described(tmp_path / "scene.tif", cube[..., :3], ["0.45 Xm", "0.55 Xm", "2.2 Xm"])
    path.write_bytes(path.read_bytes().replace(b" Xm", b" \xb5m"))
    with pytest.warns(UserWarning, match=r"not in UTF-8.*wavelengths="):
        scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), cube[..., :3])


# Scales, coordinates.


def test_a_scale_of_the_file_is_said_and_not_applied(tmp_path, cube):
    path = write_geotiff(tmp_path / "scene.tif", cube)
    assert open_scene(path).scale is None and open_scene(path).offset is None
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = [1e-4] * 12, [-0.1] * 12
    scene = open_scene(path)
    assert scene.scale == 1e-4 and scene.offset == -0.1
    assert "scale 0.0001, offset -0.1" in repr(scene)
    np.testing.assert_array_equal(scene.read(), cube)
    again = open_scene(scene)
    assert again.scale == 1e-4 and again.offset == -0.1
    array = scene.to_xarray()
    assert array.attrs["scale_factor"] == 1e-4 and array.attrs["add_offset"] == -0.1
    np.testing.assert_array_equal(array.values, cube)


def test_scales_that_differ_by_band_are_warned_of(tmp_path, cube):
    path = write_geotiff(tmp_path / "scene.tif", cube)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = np.linspace(0.1, 1.2, 12)
    with pytest.warns(UserWarning, match=r"another scale or offset for each band") as caught:
        scene = open_scene(path)
    assert caught[0].filename == __file__ and "scale 0.1 to 1.2 by band" in repr(scene)
    np.testing.assert_allclose(scene.scale, np.linspace(0.1, 1.2, 12))


@pytest.mark.parametrize(
    ("fields", "scale", "offset"),
    [
        ({"reflectance_scale_factor": 10000}, 1e-4, None),
        ({"data_gain_values": [0.01] * 12, "data_offset_values": [5] * 12}, 0.01, 5),
        ({"reflectance_scale_factor": 1}, None, None),
    ],
)
def test_scales_of_a_header(tmp_path, cube, fields, scale, offset):
    scene = open_scene(write_envi(tmp_path / "scene", cube, "bsq", **fields))
    assert scene.scale == scale and scene.offset == offset


def test_control_points_are_no_coordinates_and_it_is_said(tmp_path, cube):
    points = [
        GroundControlPoint(r, c, 5e5 + 30 * c, 5e6 - 30 * r) for r in (0, 23) for c in (0, 17)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        write_geotiff(tmp_path / "scene.tif", cube, crs=CRS, transform=None, gcps=points)
    with pytest.warns(UserWarning, match=r"4 ground control points.*gdalwarp") as caught:
        assert open_scene(tmp_path / "scene.tif").transform is None
    assert caught[0].filename == __file__


def test_polynomials_are_no_coordinates_and_it_is_said(tmp_path, cube):
    rpcs = {
        f"{axis}_{part}": "1"
        for axis in ("LINE", "SAMP", "LAT", "LONG", "HEIGHT")
        for part in ("OFF", "SCALE")
    }
    rpcs |= {
        f"{axis}_{part}_COEFF": " ".join(["1"] * 20)
        for axis in ("LINE", "SAMP")
        for part in ("NUM", "DEN")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        write_geotiff(tmp_path / "scene.tif", cube, crs=None, transform=None)
        with rasterio.open(tmp_path / "scene.tif", "r+") as dataset:
            dataset.update_tags(ns="RPC", **rpcs)
    with pytest.warns(UserWarning, match=r"rational polynomials.*gdalwarp"):
        assert open_scene(tmp_path / "scene.tif").transform is None


@pytest.mark.parametrize(
    "transform",
    [
        rasterio.Affine(30, 0, 364095, 0, 30, 5800000),
        TRANSFORM @ rasterio.Affine.rotation(90),
        rasterio.Affine(-30, 0, 364095, 0, -30, 5800000),
    ],
)
def test_rows_stay_where_they_are_whatever_the_transform(tmp_path, cube, labels, transform):
    path = write_geotiff(tmp_path / "scene.tif", cube, transform=transform)
    label_path = write_geotiff(
        tmp_path / "labels.tif", labels[..., np.newaxis], transform=transform
    )
    X, y, positions = labelled_pixels(path, label_path)
    np.testing.assert_array_equal(X, cube[tuple(positions.T)])
    model = LogisticRegression(max_iter=20).set_params(tol=1).fit(X / 1e4, y)
    apply(model, path, tmp_path / "map.tif")
    mapped = open_scene(tmp_path / "map.tif")
    np.testing.assert_array_equal(mapped.read()[..., 0], apply(model, cube))
    assert mapped.transform == tuple(transform)[:6]
    x, y = transform @ (3.5, 7.5)
    assert open_scene(path).positions_at(x, y).tolist() == [[7, 3]]


def test_a_transform_that_is_none_is_no_transform(tmp_path, cube):
    write_geotiff(tmp_path / "scene.tif", cube, compress="lzw")
    path = virtual(tmp_path / "scene.vrt", tmp_path / "scene.tif")
    tree = ElementTree.parse(path)
    tree.getroot().find("GeoTransform").text = "0, 0, 0, 0, 0, 0"
    tree.write(path)
    assert open_scene(path).transform is None


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_pages_of_a_tiff_are_not_left_out(tmp_path, cube):
    path = tmp_path / "pages.tif"
    first, *others = (Image.fromarray(band) for band in np.moveaxis(cube, 2, 0))
    first.save(path, save_all=True, append_images=others)
    with pytest.raises(ValueError, match=r"has 12 images of one size.*open_scene\(") as refused:
        open_scene(path)
    advice = str(refused.value).partition("the bands, ")[2].partition(". If not")[0]
    scene = eval(advice, {"open_scene": open_scene, "numpy": np, "rasterio": rasterio})
    np.testing.assert_array_equal(np.asarray(scene), cube)
    first.save(path, save_all=True, append_images=[others[0].resize((2, 2))])
    np.testing.assert_array_equal(np.asarray(open_scene(path))[..., 0], cube[..., 0])
