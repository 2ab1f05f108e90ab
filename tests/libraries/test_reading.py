"""Spectra are read as they are meant, from files of many kinds, or the file is named."""

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.libraries import SpectralLibrary, read_spectra, write_spectra
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra

WAVELENGTHS = np.array([450.5, 550, 650.25, 850])


@pytest.fixture
def library():
    values = np.array([[0.1, 0.2, 0.3, np.nan], [0.4, 0.5, 0.6, 0.7], [1e-7, 1 / 3, 0, 1]])
    spectra = Spectra(values, WAVELENGTHS, fwhm=[8, 8, 9, 10])
    known = {"class": ["plant", "soil", "soil"], "depth": [1, 2, 3], "share": [0.5, 1.5, np.nan]}
    return SpectralLibrary(spectra, ["grass", "loam", "loam"], known)


def _assert_same(found, expected):
    np.testing.assert_array_equal(found.spectra, expected.spectra)
    np.testing.assert_array_equal(found.wavelengths, expected.wavelengths)
    assert found.names.tolist() == expected.names.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_library_of_envi_reads_back_the_same(library, tmp_path, dtype):
    plain = SpectralLibrary(library.spectra.astype(dtype), library.names)
    path = write_spectra(tmp_path / "library.sli", plain)
    for name in (path, path.with_suffix(".hdr")):
        found = read_spectra(name)
        _assert_same(found, plain)
        assert found.spectra.dtype == dtype
        np.testing.assert_array_equal(found.fwhm, library.fwhm)


def test_a_library_of_envi_says_what_it_has_no_place_for(library, tmp_path):
    with pytest.warns(UserWarning, match="class, depth, share not"):
        write_spectra(tmp_path / "library.sli", library)
    renamed = SpectralLibrary(library.spectra, ["grass, dry", "loam", "sand"])
    with pytest.warns(UserWarning, match="'grass, dry' has _ instead"):
        path = write_spectra(tmp_path / "library.hdr", renamed)
    assert read_spectra(path).names.tolist() == ["grass_ dry", "loam", "sand"]


def test_spectral_reads_what_is_written(library, tmp_path):
    spectral = pytest.importorskip("spectral")
    path = write_spectra(tmp_path / "library.sli", SpectralLibrary(library.spectra, library.names))
    found = spectral.open_image(str(path.with_suffix(".hdr")))
    np.testing.assert_array_equal(found.spectra, library.spectra)
    assert found.names == library.names.tolist()


@pytest.mark.parametrize("has_data", [True, False])
def test_the_header_of_an_image_is_not_written_over(library, tmp_path, has_data):
    header, data = tmp_path / "flight.hdr", tmp_path / "flight.sli"
    header.write_text("ENVI\nsamples = 3\nfile type = ENVI Standard\n")
    if has_data:
        data.write_bytes(b"an image")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    spectra = SpectralLibrary(library.spectra, library.names)
    with pytest.raises(FileExistsError, match=r"flight\.hdr is there already, and is not"):
        write_spectra(data, spectra)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    for _ in range(2):  # a library may be replaced
        write_spectra(tmp_path / "library.sli", spectra)


def _write_envi(path, values, **fields):
    fields = {
        "samples": values.shape[1],
        "lines": values.shape[0],
        "bands": 1,
        "file type": "ENVI Spectral Library",
        "data type": {"int16": 2, "float32": 4}[values.dtype.name],
        "byte order": 0,
        **fields,
    }
    lines = [f"{key} = {value}" for key, value in fields.items()]
    path.with_suffix(".hdr").write_text("ENVI\n" + "\n".join(lines) + "\n")
    values.tofile(path)
    return path


def test_scales_units_bad_bands_and_names_of_an_envi_header_are_used(tmp_path):
    path = _write_envi(
        tmp_path / "library.sli",
        np.array([[1000, 2000, -99], [3000, 4000, 5000]], np.int16),
        **{
            "wavelength": "{0.85, 0.65, 0.45}",
            "wavelength units": "Micrometers",
            "fwhm": "{0.01, 0.008, 0.007}",
            "bbl": "{1, 0, 1}",
            "reflectance scale factor": "10000",
            "data ignore value": "-99",
            "spectra names": '{"quartz, fine", calcite}',
        },
    )
    found = read_spectra(path)
    np.testing.assert_allclose(found.spectra, [[np.nan, 0.1], [0.5, 0.3]], rtol=1e-6)
    np.testing.assert_allclose(found.wavelengths, [450, 850])
    np.testing.assert_allclose(found.fwhm, [7, 10])
    assert found.names.tolist() == ["quartz, fine", "calcite"]


def test_a_damaged_library_of_envi_is_named(tmp_path):
    values = np.ones((2, 3), np.float32)
    path = _write_envi(tmp_path / "library.sli", values, wavelength="{450, 550, 650}")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match=r"library\.sli has 20 bytes"):
        read_spectra(path)
    _write_envi(path, values)
    with pytest.raises(ValueError, match="has no wavelengths"):
        read_spectra(path)
    _write_envi(path, values, **{"file type": "ENVI Standard"})
    with pytest.raises(ValueError, match="is no spectral library"):
        read_spectra(path)
    path.with_suffix(".hdr").unlink()
    with pytest.raises(FileNotFoundError, match="no header"):
        read_spectra(path)


def test_a_table_reads_back_the_same(library, tmp_path):
    found = read_spectra(write_spectra(tmp_path / "library.csv", library))
    _assert_same(found, library)
    assert found.metadata["class"].tolist() == ["plant", "soil", "soil"]
    assert found.metadata["depth"].dtype == np.int64
    np.testing.assert_array_equal(found.metadata["share"], [0.5, 1.5, np.nan])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "# measured\nname,class,450.5,550,650.25,850\nBöden,a,0.1,0.2,0.3,0.4\n",
        "Name;class;450,5;550;650,25;850\nBöden;a;0,1;0,2;0,3;0,4\n",
        "name\tclass\tX450.5\tX550\tX650.25\tX850\nBöden\ta\t0.1\t0.2\t0.3\t0.4\n",
        "name,class,850 nm,650.25 nm,550 nm,450.5 nm\nBöden,a,0.4,0.3,0.2,0.1\n",
        "name,class,depth 5 cm,0.4505 um,0.55 um,0.65025 um,0.85 um\nBöden,a,3,.1,.2,.3,.4\n",
    ],
)
def test_a_row_a_spectrum_however_it_was_written(tmp_path, text, encoding):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding=encoding)
    found = read_spectra(path)
    np.testing.assert_allclose(found.spectra, [[0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_allclose(found.wavelengths, WAVELENGTHS)
    assert (found.names.tolist(), found.metadata["class"].tolist()) == (["Böden"], ["a"])


@pytest.mark.parametrize(
    "text",
    [
        "Wavelength (nm),grass,loam\n450.5,0.1,0.5\n550,0.2,\n650.25,0.3,0.7\n850,0.4,0.8\n",
        "wavelength;grass;loam\n850;0,4;0,8\n650,25;0,3;0,7\n550;0,2;NA\n450,5;0,1;0,5\n",
        "nm\tgrass\tloam\n450.5\t0.1\t0.5\n550\t0.2\t\n650.25\t0.3\t0.7\n850\t0.4\t0.8\n",
        "Wavelength_um,grass,loam\n.4505,.1,.5\n.55,.2,nan\n.65025,.3,.7\n.85,.4,.8\n",
    ],
)
def test_a_column_a_spectrum_however_it_was_written(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    found = read_spectra(path)
    expected = [[0.1, 0.2, 0.3, 0.4], [0.5, np.nan, 0.7, 0.8]]
    np.testing.assert_allclose(found.spectra, expected)
    np.testing.assert_allclose(found.wavelengths, WAVELENGTHS)
    assert found.names.tolist() == ["grass", "loam"]


@pytest.mark.parametrize("name", ["table.csv", "table.txt"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_without_names_are_numbered(tmp_path, name, separator):
    lines = [[450, 1200, 1], [460, 1300, 2], [470, 1350, 3]]
    text = "\n".join(separator.join(map(str, line)) for line in lines)
    (tmp_path / name).write_text(text)
    found = read_spectra(tmp_path / name)
    np.testing.assert_array_equal(found.wavelengths, [450, 460, 470])
    np.testing.assert_array_equal(found.spectra, [[1200, 1300, 1350], [1, 2, 3]])
    assert found.names.tolist() == ["1", "2"]


def test_rows_without_names_are_numbered(tmp_path):
    (tmp_path / "table.csv").write_text("450,550,650\n0.2,0.3,0.4\n0.1,0.3,0.5\n")
    found = read_spectra(tmp_path / "table.csv")
    np.testing.assert_array_equal(found.spectra, [[0.2, 0.3, 0.4], [0.1, 0.3, 0.5]])
    assert found.names.tolist() == ["1", "2"]


def test_wavenumbers_become_wavelengths(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("wavenumber,a\n4000,0.1\n5000,0.2\n")
    np.testing.assert_allclose(read_spectra(path).wavelengths, [2000, 2500])
    path.write_text("cm-1,a\n5000,0.2\n4000,0.1\n")
    np.testing.assert_allclose(read_spectra(path).spectra, [[0.2, 0.1]])
    (tmp_path / "soil.txt").write_text("wavenumber value\n5000 0.2\n4000 0.1\n")
    np.testing.assert_allclose(read_spectra(tmp_path / "soil.txt").wavelengths, [2000, 2500])
    path.write_text("name,4000,5000\na,0.2,0.1\n")
    with pytest.raises(ValueError, match="pass unit='cm-1'"):
        read_spectra(path)
    found = read_spectra(path, unit="cm-1")
    np.testing.assert_allclose(found.wavelengths, [2000, 2500])
    np.testing.assert_allclose(found.spectra, [[0.1, 0.2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,450,550\n", "no spectra below it"),
        ("name,450,550\na,1\n", "3 columns, but 2 in line 2"),
        ("name,450,550\na,0,1,0,2\n", "Decimal commas need another separator"),
        ("name,450,550\na,0.1,grey\n", "got 'grey' in line 2, column 3"),
        ("name,red,nir\na,0.1,0.2\n", "no columns that are wavelengths"),
        ("id,red,nir\n450,0.1,0.2\n460,0.1,0.2\n", "is not called wavelength"),
        ("plot,2019,450,460\n1,5,0.1,0.2\n", "'2019' and '450', between which"),
        ("wavelength,a\n4000,0.1\n3990,0.2\n", "up to 4000 and no unit"),
        ("spectrum\n", "no table"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_spectra(path)
    assert "table.csv" in str(caught.value)


ECOSTRESS = """Name: {name}
Type: mineral
Class: Silicate
Particle Size: Fine
Description: A fine powder,
 of which more is said here: it is grey.
X Units: Wavelength (micrometers)
Y Units: Reflectance (percentage)
First X Value: 2.5
Number of X Values: 3
Additional Information: none

2.5000\t 30.5
1.0000\t 20
0.4500\t 10.25
"""


def test_a_file_of_ecostress_is_reflectance_in_nm_with_its_header(tmp_path):
    path = tmp_path / "mineral.spectrum.txt"
    path.write_text(ECOSTRESS.format(name="Quartz"), "latin-1")
    found = read_spectra(path)
    np.testing.assert_allclose(found.spectra, [[0.1025, 0.2, 0.305]])
    np.testing.assert_allclose(found.wavelengths, [450, 1000, 2500])
    assert found.names.tolist() == ["Quartz"]
    assert found.metadata["Class"].tolist() == ["Silicate"]
    assert found.metadata["Description"][0].endswith("said here: it is grey.")
    path.write_text(ECOSTRESS.format(name="Quartz").rpartition("0.4500")[0])
    with pytest.raises(ValueError, match="has 2 values, but its header says 3"):
        read_spectra(path)


def _write_usgs(folder, name, values, record=7):
    lines = [f" splib07a Record={record}: {name} ASDFRb AREF", *(f"  {value}" for value in values)]
    (folder / f"splib07a_{name}_ASDFRb_AREF.txt").write_text("\n".join(lines) + "\n")


def _write_lists(folder, code="ASD", wavelengths=(0.45, 0.55, 0.65)):
    for kind, values in (("Wavelengths", wavelengths), ("Bandpass_(FWHM)", (0.003, 0.003, 0.004))):
        text = "\n".join([f" splib07a Record=1: {kind}", *map(str, values)])
        (folder / f"splib07a_{kind}_{code}_range.txt").write_text(text + "\n")


def test_files_of_the_usgs_find_their_wavelengths_and_have_no_deleted_points(tmp_path):
    spectra = tmp_path / "ChapterM" / "minerals"
    spectra.mkdir(parents=True)
    _write_lists(tmp_path)
    _write_lists(tmp_path, "BECK", (0.5, 0.6, 0.7))
    _write_usgs(spectra, "Alunite", (0.25, "-1.23e+34", 0.5))
    _write_usgs(spectra, "Calcite", (0.5, 0.5, 0.25), record=8)
    found = read_spectra(spectra)
    np.testing.assert_array_equal(found.spectra, [[0.25, np.nan, 0.5], [0.5, 0.5, 0.25]])
    np.testing.assert_allclose(found.wavelengths, [450, 550, 650])
    np.testing.assert_allclose(found.fwhm, [3, 3, 4])
    assert found.names.tolist() == ["Alunite ASDFRb AREF", "Calcite ASDFRb AREF"]
    assert found.metadata["record"].tolist() == [7, 8]


def test_files_of_the_usgs_without_wavelengths_ask_for_them(tmp_path):
    _write_usgs(tmp_path, "Alunite", (0.25, 0.3, 0.5))
    (path,) = tmp_path.iterdir()
    with pytest.raises(ValueError, match="Pass wavelengths"):
        read_spectra(path)
    np.testing.assert_array_equal(
        read_spectra(path, wavelengths=[450, 550, 650]).wavelengths, [450, 550, 650]
    )
    with pytest.raises(ValueError, match="has 3 values, but 2 wavelengths are given"):
        read_spectra(path, wavelengths=[450, 550])


def test_two_columns_after_any_header(tmp_path):
    path = tmp_path / "leaf.txt"
    for text in (
        "measured by hand\nnm value\n450.5 0.1\n550 0.2\n",
        "450,5\t0,1\n550\t0,2\n",
        "450.5,0.1\n550,0.2\n",
        "550;0,2;\n450,5;0,1;\n",
    ):
        path.write_text(text)
        found = read_spectra(path)
        np.testing.assert_allclose(found.spectra, [[0.1, 0.2]])
        np.testing.assert_allclose(found.wavelengths, [450.5, 550])
        assert found.names.tolist() == ["leaf"]
    path.write_text("no numbers\n")
    with pytest.raises(ValueError, match=r"leaf\.txt has no lines of two numbers"):
        read_spectra(path)


def test_several_files_are_one_library_if_their_wavelengths_are_the_same(tmp_path):
    for name, start in (("a", 450), ("b", 450), ("c", 455)):
        lines = [f"{wavelength} 0.5" for wavelength in range(start, start + 200, 10)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines))
    found = read_spectra([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert found.metadata["file"].tolist() == ["a.txt", "b.txt"]
    with pytest.raises(ValueError, match=r"c\.txt has other wavelengths than .*a\.txt: band 0 at"):
        read_spectra(tmp_path / "*.txt")
    resampled = read_spectra(tmp_path, target=np.arange(460, 640, 10))
    assert resampled.spectra.shape == (3, 18)
    np.testing.assert_allclose(resampled.spectra, 0.5)
    with pytest.raises(FileNotFoundError, match="no files of spectra"):
        read_spectra(tmp_path / "*.dat")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("leaf.asd", "pyasdreader"),
        ("leaf.0", "brukeropus"),
        ("leaf.jdx", "jcamp"),
        ("leaf.spc", "spc-io"),
        ("leaves.xlsx", "pandas"),
    ],
)
def test_files_of_instruments_name_the_package_that_reads_them(tmp_path, name, package):
    (tmp_path / name).write_bytes(b"\1\2\3")
    with pytest.raises(ValueError, match=package) as caught:
        read_spectra(tmp_path / name)
    assert name in str(caught.value)


def test_what_is_no_file_of_spectra_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_spectra(tmp_path / "leaf.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match=r"empty\.csv is empty"):
        read_spectra(tmp_path / "empty.csv")
    (tmp_path / "binary.txt").write_bytes(b"\0\1\2")
    with pytest.raises(ValueError, match="is no text"):
        read_spectra(tmp_path / "binary.txt")
    with pytest.raises(ValueError, match=r"must end with \.sli or \.csv"):
        write_spectra(tmp_path / "library.txt", None)


def test_a_table_of_columns_and_rows_is_a_frame(library):
    frame = library.to_frame()
    assert frame.index.tolist() == ["grass", "loam", "loam"]
    assert frame.columns.tolist()[:4] == ["class", "depth", "share", "450.5 nm"]
    kept = library[library.metadata["class"] == "soil"]
    assert (len(kept), kept.metadata["depth"].tolist()) == (2, [2, 3])
    assert library[0].names.tolist() == ["grass"]


def test_a_library_that_does_not_fit_itself_is_refused(library):
    with pytest.raises(ValueError, match="class must have an entry for each of the 3"):
        SpectralLibrary(library.spectra, library.names, {"class": ["a"]})
    with pytest.raises(ValueError, match="which know their wavelengths"):
        SpectralLibrary(np.asarray(library.spectra), library.names)


def test_a_library_trains_a_model_that_maps_a_scene():
    field = np.arange(400.0, 1001.0)
    shapes = {"plant": 1 / (1 + np.exp(-(field - 700) / 15)), "soil": (field - 300) / 1400}
    rng = np.random.default_rng(0)
    y = np.repeat(["plant", "soil"], 20)
    values = np.array([shapes[name] for name in y]) * rng.uniform(0.8, 1.2, (40, 1))
    library = SpectralLibrary(Spectra(values, field, 3), y, {"class": y})
    bands = np.arange(420.0, 980.0, 10)
    cube = np.stack([np.interp(bands, field, shapes[name]) for name in ("plant", "soil")])
    scene = open_scene(cube[np.newaxis].astype(np.float32), wavelengths=bands)
    for_scene = library.resampled(scene)
    model = make_pipeline(HypPreprocessor(method="l2"), GaussianNB())
    model.fit(for_scene.spectra, for_scene.metadata["class"])
    assert apply(model, scene).tolist() == [[1, 2]]
