"""Files of a sensor of one's own are read as products are, by where they have what."""

import numpy as np
import pytest

from skhyp import HypPreprocessor
from skhyp.scenes import CubeLayout, apply, open_scene

h5py = pytest.importorskip("h5py")
PLACE = (2.0, 0.0, 420_000.0, 0.0, -2.0, 5_800_000.0)
LAYOUT = {
    "cube": "*/spectra",
    "wavelengths": "{group}/centres",
    "dims": ("bands", "rows", "columns"),
    "scale": 1e-4,
    "missing": -1,
}


@pytest.fixture
def numbers():
    return np.random.default_rng(0).integers(0, 9000, (4, 6, 5)).astype(np.int16)


@pytest.fixture
def path(tmp_path, numbers):
    numbers[:, 2, 3] = -1
    with h5py.File(tmp_path / "flight.h5", "w") as file:
        file["flight/spectra"] = numbers
        file["flight/centres"] = [480.0, 560, 1400, 840]
        file["flight/widths"] = [10.0, 10, 12, 10]
        file["flight/use"] = [1, 0, 1, 1]
    return tmp_path / "flight.h5"


def test_it_is_reflectance_with_nan_and_what_is_known_of_the_bands(path, numbers):
    layout = CubeLayout(**LAYOUT, fwhm="{group}/widths", crs="EPSG:32633", transform=PLACE)
    scene = open_scene(path, layout=layout)
    assert scene.shape == (6, 5, 4) and scene.dtype == np.float32
    expected = np.where(numbers == -1, np.nan, numbers * 1e-4).transpose(1, 2, 0)
    np.testing.assert_allclose(np.asarray(scene), expected, rtol=1e-6)
    np.testing.assert_array_equal(scene.wavelengths, [480, 560, 1400, 840])
    np.testing.assert_array_equal(scene.fwhm, [10, 10, 12, 10])
    assert scene.numbers == "reflectance" and scene.transform == PLACE and "UTM" in scene.crs
    assert scene.good_bands.tolist() == [True, True, False, True]
    assert scene.bad_bands_by.startswith("water vapour")


def test_the_files_own_list_of_good_bands_goes_before_water(path):
    scene = open_scene(path, layout=CubeLayout(**LAYOUT, good_bands="{group}/use"))
    assert scene.good_bands.tolist() == [True, False, True, True]
    assert scene.bad_bands_by == "the file" and scene.fwhm is None and scene.transform is None


def test_numbers_as_stored_and_radiance(path, numbers):
    raw = open_scene(path, layout=CubeLayout(**LAYOUT), raw=True)
    np.testing.assert_array_equal(np.asarray(raw), numbers.transpose(1, 2, 0))
    assert raw.nodata == -1 and raw.scale == 1e-4
    radiance = open_scene(path, layout=CubeLayout(**LAYOUT, quantity="radiance"))
    assert radiance.numbers == "radiance" and radiance.good_bands is None


def test_a_scale_that_is_not_given_is_the_files(path):
    with h5py.File(path, "a") as file:
        file["flight/spectra"].attrs.update(
            scale_factor=0.5, add_offset=2.0, _FillValue=np.int16(-1)
        )
    given = {name: value for name, value in LAYOUT.items() if name not in ("scale", "missing")}
    found = np.asarray(open_scene(path, layout=CubeLayout(**given)))
    with h5py.File(path) as file:
        stored = file["flight/spectra"][...].transpose(1, 2, 0)
    np.testing.assert_allclose(found, np.where(stored == -1, np.nan, 0.5 * stored + 2))


def test_tiles_of_one_layout_are_one_scene_and_are_mapped(path, tmp_path):
    other = tmp_path / "other.h5"
    other.write_bytes(path.read_bytes())
    beside = (2.0, 0.0, 420_010.0, 0.0, -2.0, 5_800_000.0)
    tiles = [
        open_scene(file, layout=CubeLayout(**LAYOUT, crs="EPSG:32633", transform=place))
        for file, place in ((path, PLACE), (other, beside))
    ]
    scene = open_scene(tiles)
    assert scene.shape == (6, 10, 4)
    model = HypPreprocessor(method="l2").fit(scene)
    written = open_scene(apply(model, scene, tmp_path / "map.tif", method="transform"))
    found = np.asarray(written)
    np.testing.assert_allclose(np.linalg.norm(found[0, 9]), 1, rtol=1e-5)
    assert np.argwhere(np.isnan(found[..., 0])).tolist() == [[2, 3], [2, 8]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cube": "*/nothing"}, "nothing"),
        ({"wavelengths": "{group}/nothing"}, "nothing"),
        ({"cube": "*/centres"}, r"flight\.h5"),
        ({"wavelengths": "{group}/spectra"}, r"flight\.h5"),
    ],
)
def test_what_a_file_lacks_is_named(path, changes, message):
    with pytest.raises(ValueError, match=message):
        open_scene(path, layout=CubeLayout(**LAYOUT | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dims": "rows"}, "dims must be"),
        ({"dims": ("rows", "rows", "bands")}, "dims must be"),
        ({"quantity": "counts"}, "quantity must be one of"),
        ({"scale": 0}, "scale must be finite and not 0"),
        ({"scale": "1e-4"}, "scale must be a number"),
        ({"missing": "none"}, "missing must be a number"),
        ({"transform": (1, 2)}, "transform must be six numbers"),
    ],
)
def test_a_layout_that_cannot_be_is_refused_when_it_is_made(changes, message):
    with pytest.raises(ValueError, match=message):
        CubeLayout(**LAYOUT | changes)


def test_a_layout_is_for_files_of_hdf5(path, tmp_path):
    layout = CubeLayout(**LAYOUT)
    with pytest.raises(ValueError, match="layout must be a CubeLayout"):
        open_scene(path, layout=LAYOUT)
    with pytest.raises(ValueError, match="layout is for a path"):
        open_scene(np.zeros((2, 2, 2)), layout=layout)
    with pytest.raises(ValueError, match="has dims itself"):
        open_scene(path, layout=layout, dims=("rows", "columns", "bands"))
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="layout is for files of HDF5"):
        open_scene(tmp_path / "cube.npy", layout=layout)
