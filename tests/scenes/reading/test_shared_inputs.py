"""Odd files of users, each with what it is expected to come to."""

import re
import warnings

import numpy as np
import pytest

from skhyp.scenes import labelled_pixels, open_scene

FOUR = [450.0, 550.0, 650.0, 850.0]
# Of each file what its scene has, or what the error says.
EXPECTED = {
    "EMIT_like.nc": {"shape": (7, 5, 4), "wavelengths": [450, 550, 650, 750]},
    "PRS_L2D_like.he5": r"variable= must say which.*VNIR_Cube \(16, 5, 16\).*open_scene\(",
    "bom.hdr": "begins with a byte order mark.*utf-8-sig",
    "bom.img": "bom.hdr begins with a byte order mark.*utf-8-sig",
    "cls_utf-8.hdr": {
        "shape": (6, 5, 1),
        "class_names": {0: "Unclassified", 1: "pH=7 soil", 2: "Klee"},
        "class_colours": {0: "#000000", 1: "#ff0000", 2: "#00ff00"},
    },
    "cls_utf-8.img": {"class_names": {0: "Unclassified", 1: "pH=7 soil", 2: "Klee"}},
    "desc.tif": {"shape": (16, 16, 5), "wavelengths": [450.5, 550.5, 650.5, 850.5, 950.5]},
    "fill.zarr": {"shape": (4, 5, 3), "nodata": None},
    "lfs.mat": "pointer of Git LFS.*git lfs pull",
    "misfit_data_type_missing.hdr": "no 'data type'",
    "misfit_data_type_missing.img": "no 'data type'",
    "misfit_header_offset_missing_128_bytes_before_the_data.hdr": "128 bytes",
    "misfit_header_offset_missing_128_bytes_before_the_data.img": "128 bytes",
    "muufl.mat": {"shape": (7, 5, 4), "wavelengths": FOUR},
    "ortho_alpha_6.tif": {"shape": (8, 8, 5)},
    "rowcolband.h5": {"shape": (7, 5, 4)},
    "um_but_nm.hdr": {"shape": (6, 5, 4), "wavelengths": FOUR},
    "um_but_nm.img": {"shape": (6, 5, 4), "wavelengths": FOUR},
    "wyx.nc": {"shape": (7, 5, 4), "wavelengths": [450, 550, 650, 750]},
}
WARNED_OF = {"um_but_nm.hdr": "taken for nm", "um_but_nm.img": "taken for nm"}


@pytest.fixture
def inputs(shared_folder):
    folder = shared_folder / "inputs"
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder}")
    return folder


@pytest.mark.parametrize("name", EXPECTED)
def test_an_odd_file_is_read_as_it_means_or_refused_with_the_mend(inputs, name):
    expected = EXPECTED[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if isinstance(expected, str):
            with pytest.raises(ValueError, match=expected):
                open_scene(inputs / name)
            return
        scene = open_scene(inputs / name)
    for fact, value in expected.items():
        found = getattr(scene, fact)
        assert (found.tolist() if isinstance(found, np.ndarray) else found) == value
    said = [str(warning.message) for warning in caught]
    assert len(said) == (name in WARNED_OF)
    assert all(WARNED_OF[name] in text for text in said)


def test_each_of_the_odd_files_has_an_expectation(inputs):
    assert sorted(path.name for path in inputs.iterdir()) == sorted(EXPECTED)


def test_the_numbers_of_odd_files_are_where_they_should_be(inputs):
    import h5py
    from scipy.io import loadmat, netcdf_file

    with h5py.File(inputs / "rowcolband.h5") as file:
        stored = file["reflectance"][...]
    np.testing.assert_array_equal(np.asarray(open_scene(inputs / "rowcolband.h5")), stored)
    with netcdf_file(inputs / "wyx.nc", mmap=False) as file:
        stored = file.variables["reflectance"].data.transpose(1, 2, 0)
    np.testing.assert_array_equal(np.asarray(open_scene(inputs / "wyx.nc")), stored)
    stored = loadmat(inputs / "muufl.mat", simplify_cells=True)["hsi"]["Data"]
    np.testing.assert_array_equal(np.asarray(open_scene(inputs / "muufl.mat")), stored)


@pytest.mark.parametrize("name", ["VNIR_Cube", "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_Cube"])
def test_a_cube_of_two_has_its_bands_where_the_list_of_the_file_says(inputs, name):
    with pytest.warns(UserWarning, match=re.escape("wavelength 0 for the bands [0]")):
        scene = open_scene(inputs / "PRS_L2D_like.he5", variable=name)
    assert scene.shape == (16, 16, 5) and scene.wavelengths is None
    assert open_scene(inputs / "PRS_L2D_like.he5", variable="SWIR_Cube").shape == (16, 16, 5)


def test_transparent_pixels_of_a_sixth_band_are_no_data(inputs):
    X, _, _ = labelled_pixels(inputs / "ortho_alpha_6.tif", np.ones((8, 8), int))
    assert X.shape == (32, 5)
