"""Variables of MATLAB files, in structures too, and what in such files is none."""

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from skhyp.scenes import open_scene

from ..conftest import SMALL_WAVELENGTHS


@pytest.fixture(params=["5", "7.3"])
def structure(request, tmp_path, small):
    """A file with a structure that has a cube, labels, and another structure."""
    path = tmp_path / "scene.mat"
    labels = np.arange(35.0).reshape(7, 5)
    if request.param == "5":
        information = {"wavelength": SMALL_WAVELENGTHS / 1000, "units": "Micrometers"}
        scipy.io.savemat(
            path, {"hsi": {"Data": small, "info": information, "truth": {"labels": labels}}}
        )
        return path
    with h5py.File(path, "w", userblock_size=512) as file:
        file["hsi/Data"] = small.transpose(2, 1, 0)
        file["hsi/truth/labels"] = labels.T
        file["hsi/info/wavelength"] = SMALL_WAVELENGTHS[:, np.newaxis] / 1000
        file["hsi/info/units"] = np.array([[ord(letter)] for letter in "Micrometers"], np.uint16)
        file["hsi/info/units"].attrs["MATLAB_class"] = np.bytes_("char")
        file["#refs#/a"] = np.zeros((7, 5, 4))
    return path


def test_a_cube_in_a_structure_is_found(structure, small):
    scene = open_scene(structure)
    np.testing.assert_array_equal(np.asarray(scene), small)
    np.testing.assert_allclose(scene.wavelengths, SMALL_WAVELENGTHS)


@pytest.mark.parametrize("name", ["hsi.Data", "hsi/Data", "Data"])
def test_variables_in_structures_have_names_with_dots(structure, small, name):
    np.testing.assert_array_equal(np.asarray(open_scene(structure, variable=name)), small)


def test_a_map_of_labels_in_a_structure(structure):
    scene = open_scene(structure, variable="hsi.truth.labels")
    np.testing.assert_array_equal(scene.read()[..., 0], np.arange(35.0).reshape(7, 5))


def test_wavelengths_may_be_in_a_structure_beside_the_cube(tmp_path, small):
    content = {"cube": small, "info": {"WL": SMALL_WAVELENGTHS, "name": "a scene"}}
    scipy.io.savemat(tmp_path / "scene.mat", content)
    scene = open_scene(tmp_path / "scene.mat")
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


@pytest.mark.parametrize(
    "texts",
    [
        ["450", "550", "650", "850"],
        np.array(["450 nm", "550 nm", "650.0 nm", "0.85 um"], object),
        np.array([450.0, 550.0, 650.0, 850.0], object),
    ],
)
@pytest.mark.parametrize("in_structure", [True, False])
def test_wavelengths_may_be_texts_and_in_cells(tmp_path, small, texts, in_structure):
    content = {"cube": small, "wavelengths": texts}
    scipy.io.savemat(tmp_path / "scene.mat", {"scene": content} if in_structure else content)
    scene = open_scene(tmp_path / "scene.mat")
    np.testing.assert_allclose(scene.wavelengths, SMALL_WAVELENGTHS)


def test_elements_of_an_array_of_structures_are_counted(tmp_path, small):
    elements = np.zeros(2, dtype=[("cube", "O")])
    elements["cube"] = [small, small * 2]
    scipy.io.savemat(tmp_path / "scene.mat", {"lines": elements})
    with pytest.raises(ValueError, match=r"lines\(1\)\.cube \(7, 5, 4\), lines\(2\)\.cube"):
        open_scene(tmp_path / "scene.mat")
    scene = open_scene(tmp_path / "scene.mat", variable="lines(2).cube")
    np.testing.assert_array_equal(np.asarray(scene), small * 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
@pytest.mark.parametrize("version", ["5", "7.3"])
def test_wavelengths_tell_which_dimension_is_the_bands(tmp_path, small, order, version):
    path, stored = tmp_path / "scene.mat", small.transpose(order)
    if version == "5":
        scipy.io.savemat(path, {"cube": stored, "wl": SMALL_WAVELENGTHS})
    else:
        with h5py.File(path, "w", userblock_size=512) as file:
            file["cube"], file["wl"] = stored.transpose(2, 1, 0), SMALL_WAVELENGTHS[:, np.newaxis]
    scene = open_scene(path)
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_what_is_not_read_is_named_with_the_mend(tmp_path, small):
    content = {"gt": scipy.sparse.csc_matrix(np.eye(5)), "cells": np.array([small, 1], object)}
    scipy.io.savemat(tmp_path / "scene.mat", content)
    with pytest.raises(ValueError, match=r"gt \(sparse: save full\(\) of it\), cells|cells \(cell"):
        open_scene(tmp_path / "scene.mat")
    with h5py.File(tmp_path / "new.mat", "w", userblock_size=512) as file:
        file["gt/data"], file["gt/ir"] = np.ones(5), np.arange(5)
        file["gt"].attrs["MATLAB_sparse"] = 5
    with pytest.raises(ValueError, match=r"none\. Not read: gt \(sparse: save full\(\) of it\)"):
        open_scene(tmp_path / "new.mat")


def test_numbers_of_an_unknown_type_in_a_structure_are_refused(tmp_path, small):
    """SciPy would crash on them."""
    path = tmp_path / "scene.mat"
    scipy.io.savemat(path, {"s": {"cube": small.astype(np.float64)}})
    content = bytearray(path.read_bytes())
    tag = np.array([9, small.size * 8], np.uint32).tobytes()  # doubles, and how many bytes
    place = content.index(tag)
    content[place] = 99
    path.write_bytes(content)
    with pytest.raises(ValueError, match="numbers of the unknown type 99"):
        open_scene(path)


def test_complex_numbers_in_a_structure_are_not_read(tmp_path, small):
    scipy.io.savemat(tmp_path / "scene.mat", {"s": {"cube": small + 1j}})
    with pytest.raises(ValueError, match=r"Not read: s\.cube \(complex\)"):
        open_scene(tmp_path / "scene.mat")


def test_hdf5_that_matlab_did_not_write_has_its_dimensions_in_their_order(tmp_path, small):
    with h5py.File(tmp_path / "scene.mat", "w") as file:
        file["cube"] = small
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / "scene.mat")), small)
    with h5py.File(tmp_path / "scene.mat", "w") as file:
        file["cube"] = small.transpose(2, 1, 0)
        file["cube"].attrs["MATLAB_class"] = np.bytes_("double")
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / "scene.mat")), small)
