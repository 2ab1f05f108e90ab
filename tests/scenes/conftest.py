"""A small scene, written to files of every kind by other libraries than ours."""

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
import xarray
import zarr
from sklearn.linear_model import LogisticRegression

SHAPE = (23, 17, 12)
WAVELENGTHS = np.linspace(450.25, 2400.75, SHAPE[2])
CRS = "EPSG:32633"
TRANSFORM = rasterio.Affine(30, 0, 364095, 0, -30, 5809965)
# Of models of scikit-learn that were fitted to arrays, where that is not what is tested.
BANDS_BY_NUMBER = pytest.mark.filterwarnings("ignore:.*bands are taken by their number")
ENVI_AXES = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}


def write_envi(path, cube, interleave, **header):
    """Write a header and its data by hand, as the format is described."""
    codes = {"uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12}
    fields = {
        "samples": cube.shape[1],
        "lines": cube.shape[0],
        "bands": cube.shape[2],
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": codes[cube.dtype.name],
        "interleave": interleave,
        "byte order": 0,
        **{name.replace("_", " "): value for name, value in header.items()},
    }
    lines = [f"{name} = {_envi_value(value)}" for name, value in fields.items()]
    path.with_suffix(".hdr").write_text("ENVI\n" + "\n".join(lines) + "\n")
    np.ascontiguousarray(cube.transpose(ENVI_AXES[interleave])).tofile(path.with_suffix(".img"))
    return path.with_suffix(".hdr")


def _envi_value(value):
    if isinstance(value, str | int | float):
        return value
    return "{" + ", ".join(str(entry) for entry in np.asarray(value).tolist()) + "}"


def write_geotiff(path, cube, **options):
    rows, columns, bands = cube.shape
    wavelengths = options.pop("wavelengths", None)
    profile = {"driver": "GTiff", "crs": CRS, "transform": TRANSFORM, **options}
    with rasterio.open(
        path, "w", width=columns, height=rows, count=bands, dtype=cube.dtype, **profile
    ) as dataset:
        dataset.write(cube.transpose(2, 0, 1))
        for index, wavelength in enumerate(() if wavelengths is None else wavelengths, start=1):
            dataset.update_tags(index, wavelength=wavelength, wavelength_units="Nanometers")
    return path


def write_matlab73(path, cube, wavelengths, chunks=(3, 5, 7)):
    """Write what MATLAB does: HDF5, with the axes the other way round."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("scene", data=cube.transpose(2, 1, 0), chunks=chunks)
        file.create_dataset("wavelength", data=np.reshape(wavelengths, (-1, 1)))
    return path


def data_array(cube):
    rows, columns, _ = cube.shape
    coordinates = {
        "x": TRANSFORM.c + 30 * (np.arange(columns) + 0.5),
        "y": TRANSFORM.f - 30 * (np.arange(rows) + 0.5),
        "wavelength": ("band", WAVELENGTHS / 1000, {"units": "um"}),
        "spatial_ref": ((), 0, {"crs_wkt": rasterio.CRS.from_string(CRS).to_wkt()}),
    }
    return xarray.DataArray(cube, coordinates, ("y", "x", "band"), name="scene")


@pytest.fixture(scope="session")
def cube():
    """Three fields of spectra unlike each other, uint16."""
    rng = np.random.default_rng(0)
    endmembers = rng.uniform(500, 9000, (3, SHAPE[2]))
    fields = np.arange(SHAPE[1]) * 3 // SHAPE[1]
    noise = rng.normal(0, 300, SHAPE)
    return np.clip(endmembers[fields] + noise, 1, 10000).astype(np.uint16)


@pytest.fixture(scope="session")
def labels():
    return np.tile(np.arange(SHAPE[1]) * 3 // SHAPE[1] + 1, (SHAPE[0], 1)).astype(np.uint8)


@pytest.fixture(scope="session")
def model(cube, labels):
    """Any classifier: it is not ours."""
    X = cube.reshape(-1, SHAPE[2]) / 10000
    return LogisticRegression().fit(X * 10000, labels.ravel())


@pytest.fixture(scope="session")
def files(tmp_path_factory, cube):
    """The scene in every kind of file: paths by kind."""
    folder = tmp_path_factory.mktemp("files")
    listed = ", ".join(f"{value / 1000:.6f}" for value in WAVELENGTHS)
    paths = {
        kind: write_envi(
            folder / kind, cube, kind, wavelength=f"{{{listed}}}", wavelength_units="Micrometers",
            map_info="{UTM, 1, 1, 364095, 5809965, 30, 30, 33, North, WGS-84}",
        )
        for kind in ENVI_AXES
    }  # fmt: skip
    paths["tif"] = write_geotiff(folder / "strips.tif", cube, wavelengths=WAVELENGTHS)
    paths["tiled tif"] = write_geotiff(
        folder / "tiles.tif", cube, wavelengths=WAVELENGTHS, tiled=True, blockxsize=16,
        blockysize=16, compress="deflate", interleave="pixel",
    )  # fmt: skip
    paths["mat 5"] = folder / "five.mat"
    scipy.io.savemat(paths["mat 5"], {"scene": cube, "wavelengths": WAVELENGTHS})
    paths["mat 7.3"] = write_matlab73(folder / "seven.mat", cube, WAVELENGTHS)
    paths["npy"] = folder / "cube.npy"
    np.save(paths["npy"], cube)
    paths["fortran npy"] = folder / "fortran.npy"
    np.save(paths["fortran npy"], np.asfortranarray(cube))
    for version in (2, 3):
        paths[f"zarr {version}"] = folder / f"{version}.zarr"
        data_array(cube).chunk({"y": 8, "x": 8, "band": 5}).to_zarr(
            paths[f"zarr {version}"], zarr_format=version, consolidated=False
        )
    paths["bare zarr"] = folder / "bare.zarr"
    stored = zarr.create_array(
        paths["bare zarr"], shape=cube.shape, chunks=(8, 8, 5), dtype=cube.dtype
    )
    stored[...] = cube
    return paths


SMALL = (7, 5, 4)
SMALL_WAVELENGTHS = np.array([450.0, 550.0, 650.0, 850.0])


@pytest.fixture(scope="session")
def small():
    """A cube of which every length is another, and all numbers are different."""
    return np.arange(1, 141, dtype=np.float32).reshape(SMALL)


def write_hdf5(path, arrays, attributes=None):
    """Write arrays by their names, and attributes by the names of what has them."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        for name, entries in (attributes or {}).items():
            for key, value in entries.items():
                file[name or "/"].attrs[key] = value
    return path


def by_bands(cube):
    """Return a cube with its bands first: (bands, rows, columns)."""
    return np.ascontiguousarray(cube.transpose(2, 0, 1))
