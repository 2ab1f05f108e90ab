"""A map takes its place once it reads back whole; whatever fails before leaves the former one."""

import contextlib
import dataclasses
import errno
import os
import shutil
import sys

import dask
import dask.array
import joblib
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import xarray
import zarr
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skhyp.scenes import apply, open_scene
from skhyp.scenes.maps._envi_maps import EnviMap
from skhyp.scenes.maps._geotiff_maps import GeoTiffMap
from skhyp.scenes.maps._map_files import NumpyMap
from skhyp.scenes.maps._zarr_maps import ZarrMap

from ..conftest import BANDS_BY_NUMBER, SHAPE, data_array, write_envi, write_geotiff

pytestmark = BANDS_BY_NUMBER

NAMES = ["Unlabelled", "Corn", "Grass", "Woods"]
FORMATS = {"map.tif": GeoTiffMap, "map.hdr": EnviMap, "map.zarr": ZarrMap, "map.npy": NumpyMap}
RASTERS = {"map.tif": "map.tif", "map.hdr": "map.img"}
of_all = pytest.mark.parametrize("out", FORMATS)


@pytest.fixture
def other(cube):
    """A model of other classes: its map is another one."""
    X = cube.reshape(-1, SHAPE[2])
    return LinearDiscriminantAnalysis().fit(X[:200], np.arange(200) % 5 + 3)


def _content(folder):
    """Return all files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _cut(share):
    def cut(drafts):
        draft = drafts[0]
        if draft.is_dir():
            draft = max((path for path in draft.rglob("*") if path.is_file()), key=os.path.getsize)
        os.truncate(draft, int(share * draft.stat().st_size))

    return cut


def _turn_a_bit(drafts):
    draft = drafts[0]
    if draft.is_dir():
        draft = draft / "map" / sorted(os.listdir(draft / "map"))[-1]
    content = bytearray(draft.read_bytes())
    content[len(content) // 2] ^= 4
    draft.write_bytes(content)


DAMAGE = {
    "cut to nothing": _cut(0),
    "cut in the middle": _cut(0.5),
    "cut by a hundredth": _cut(0.99),
    "a bit": _turn_a_bit,
}


@of_all
@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_does_not_read_back_is_an_error_and_the_former_map_stays(
    files, model, other, out, resume, damage, tmp_path, monkeypatch
):
    """Libraries do not tell of a disk that fills while they close a file."""
    path, kind = tmp_path / out, FORMATS[out]
    apply(model, files["tif"], path, method="predict_proba", class_names=NAMES)
    former = _content(tmp_path)
    write = kind._write

    def write_badly(self, drafts, rows):
        write(self, drafts, rows)
        damage(drafts)

    arguments = {"scene": files["tif"], "out": path, "method": "predict_proba"}
    with monkeypatch.context() as patch:
        patch.setattr(kind, "_write", write_badly)
        with pytest.raises(OSError, match=rf"does not read back.*bytes; its disk has .*{out}"):
            apply(other, **arguments, resume=resume)
    left = _content(tmp_path)
    assert {name: left[name] for name in former} == former
    assert f".{out}.part/values" in left, "what was computed is lost"
    computed = []
    monkeypatch.setattr(
        "skhyp.scenes.maps._drafts.Draft.write", lambda *block: computed.append(block)
    )
    apply(other, **arguments, resume=True)
    assert not computed, "what was kept was computed again"
    expected = apply(other, files["tif"], method="predict_proba")
    np.testing.assert_array_equal(np.asarray(open_scene(path)), expected)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@of_all
def test_a_disk_without_room_is_told_before_any_work(files, model, out, tmp_path):
    resource = pytest.importorskip("resource")  # limits of a process, where the system has them
    calls = []

    class Watched(LogisticRegression):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    watched = Watched()
    vars(watched).update(vars(model))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SHAPE[0] * SHAPE[1] - 1, hard))
        with pytest.raises(OSError, match=rf"needs about 391 bytes; its disk has.*{out}"):
            apply(watched, files["tif"], tmp_path / out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert calls == [2]  # the made-up spectra
    assert not list(tmp_path.iterdir())


@of_all
@pytest.mark.parametrize("nth", range(6))
def test_a_rename_that_fails_leaves_the_former_map_whole(
    files, model, other, out, nth, tmp_path, monkeypatch
):
    path = tmp_path / out
    apply(model, files["tif"], path, class_names=NAMES)
    if out in RASTERS:
        (tmp_path / f"{RASTERS[out]}.ovr").write_bytes(b"of the former")
    former = _content(tmp_path)
    replace, calls = os.replace, []

    def fail(source, target):
        if out in str(target) and "task.json" not in str(target):
            calls.append(target)
        if len(calls) == nth + 1:
            calls.append("failed")
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    class_names = {label: str(label) for label in other.classes_.tolist()}
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        patch.setattr("skhyp.files._whole_files.swapped", lambda one, other: False)
        with contextlib.suppress(OSError):
            apply(other, files["tif"], path, class_names=class_names)
            calls.clear()
    left = {k: v for k, v in _content(tmp_path).items() if not k.startswith(".")}
    if "failed" in calls and left != former:
        # The raster took its place in one step; only the list beside it is missing.
        assert out == "map.tif" and list(left) == ["map.tif"]
        assert left["map.tif"] != former["map.tif"]
    apply(other, files["tif"], path, class_names=class_names)
    np.testing.assert_array_equal(np.asarray(open_scene(path))[..., 0], apply(other, files["tif"]))
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
    assert not list(tmp_path.glob("*.ovr"))


def test_a_former_map_that_could_not_be_put_back_is_put_back_by_the_next_call(
    model, other, cube, tmp_path, monkeypatch
):
    out = tmp_path / "map.hdr"
    apply(model, cube, out)
    former = _content(tmp_path)
    restore, calls = EnviMap.restore, []

    def fail(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    def restore_twice(self, folder):  # before it is computed, and before the files are moved
        calls.append(folder)
        (restore if len(calls) < 3 else fail)(self, folder)

    with monkeypatch.context() as patch:
        patch.setattr("skhyp.scenes.maps._map_files.take_place", fail)
        patch.setattr(EnviMap, "restore", restore_twice)
        with pytest.raises(OSError, match=r"map\.hdr"):
            apply(other, cube, out, resume=True)
    assert len(calls) == 3 and not out.exists()
    with monkeypatch.context() as patch:
        patch.setattr(EnviMap, "_write", fail)
        with pytest.raises(OSError, match=r"map\.hdr"):
            apply(other, cube, out, resume=True)
    left = _content(tmp_path)
    assert {name: left.get(name) for name in former} == former
    apply(other, cube, out, resume=True)
    np.testing.assert_array_equal(np.asarray(open_scene(out))[..., 0], apply(other, cube))
    assert sorted(os.listdir(tmp_path)) == sorted(former)


KILLED = """
import os, signal, sys
import dask
import dask.array
import joblib
import numpy as np
from skhyp.scenes.maps import _map_files
from skhyp.scenes import apply

take_place, nth = _map_files.take_place, int(sys.argv[4])
calls = []
def kill(draft, path):
    calls.append(path)
    if len(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    take_place(draft, path)
_map_files.take_place = kill
apply(joblib.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3])
"""


def test_envi_killed_between_its_files_is_never_new_data_under_a_former_header(
    files, model, other, cube, tmp_path, run_forked
):
    out = tmp_path / "map.hdr"
    apply(model, cube, out, method="predict_proba")
    former = _content(tmp_path)
    joblib.dump(other, tmp_path / "other.joblib")
    arguments = [tmp_path / "other.joblib", files["npy"], out, 2]
    run = run_forked(KILLED, *arguments)
    assert run.returncode == -9, run.stderr
    assert not out.exists(), "a header describes what it is not of"
    failing = FunctionTransformer(lambda X: X if len(X) == 2 else 1 / 0).fit(cube[0])
    with pytest.raises(ZeroDivisionError):  # any call begins by putting the former map back
        apply(failing, cube, out, method="transform")
    left = _content(tmp_path)
    assert {name: left.get(name) for name in former} == former
    apply(other, cube, out)
    np.testing.assert_array_equal(np.asarray(open_scene(out))[..., 0], apply(other, cube))
    assert sorted(os.listdir(tmp_path)) == ["map.hdr", "map.img", "other.joblib"]


def test_a_map_of_a_single_pixel_is_written_in_every_form_that_can_be_read(model, cube, tmp_path):
    with pytest.raises(ValueError, match=r"a file of a single byte.*Write a \.tif"):
        apply(model, cube[:1, :1], tmp_path / "map.hdr")
    for out in ("map.tif", "map.zarr", "map.npy"):
        apply(model, cube[:1, :1], tmp_path / out)
        expected = model.predict(cube[0, :1])
        assert np.asarray(open_scene(tmp_path / out)).ravel().tolist() == expected.tolist()


def test_more_values_than_a_raster_has_room_for_are_refused_before_any_work(tmp_path, cube):
    wide = FunctionTransformer(lambda X: np.repeat(X[:, :1], 2**16, axis=1)).fit(cube[0])
    for out in ("map.tif", "map.hdr"):
        with pytest.raises(ValueError, match="room for 65535 values a pixel; the map has 65536"):
            apply(wide, cube[:1, :1], tmp_path / out, method="transform")
    assert not list(tmp_path.iterdir())
    apply(wide, cube[:1, :1], tmp_path / "map.npy", method="transform")


def _memory_map(folder, cube):
    np.save(folder / "scene.npy", cube)
    return np.load(folder / "scene.npy", mmap_mode="r"), folder / "scene.npy"


def _view_of_a_memory_map(folder, cube):
    mapped, path = _memory_map(folder, cube)
    return np.asarray(mapped)[::-1, :, ::2].transpose(1, 0, 2), path


def _masked_memory_map(folder, cube):
    mapped, path = _memory_map(folder, cube.astype(np.float32))
    return np.ma.masked_array(mapped, mask=False), path


def _chunks_of_a_geotiff(folder, cube):
    path = write_geotiff(folder / "scene.tif", cube)
    return open_scene(path).to_xarray(), path


def _chunks_of_an_envi_file(folder, cube):
    path = write_envi(folder / "scene", cube, "bil")
    return open_scene(path).to_xarray(), path


def _computed_chunks(folder, cube):
    array, path = _chunks_of_a_geotiff(folder, cube)
    return array[::-1] * 2 + 1, path


def _store(folder, cube):
    path = folder / "codes.zarr"
    array = data_array(cube).rename("map")
    array.to_zarr(path, consolidated=False, zarr_format=2)
    group = zarr.open_group(path, mode="a")
    group.attrs["source"] = "skhyp.scenes.apply"  # as a map of ours has it
    shutil.rmtree(path / "wavelength")  # of which a map of ours has none
    return path


def _chunks_of_a_store(folder, cube):
    path = _store(folder, cube)
    return xarray.open_zarr(path, consolidated=False)["map"], path


def _lazy_array_of_a_store(folder, cube):
    path = _store(folder, cube)
    return xarray.open_dataset(path, engine="zarr", chunks=None, consolidated=False)["map"], path


def _array_of_a_store(folder, cube):
    path = _store(folder, cube)
    return zarr.open_group(path, mode="r")["map"], path


def _scene_of_a_store(folder, cube):
    path = _store(folder, cube)
    return open_scene(path), path


def _through(folder, cube):
    path = write_geotiff(folder / "scene.tif", cube)
    scaler = StandardScaler().fit(cube.reshape(-1, SHAPE[2]))
    return open_scene(path).through(scaler), path


def _virtual(folder, cube):
    """A file that refers to one that refers to the scene."""
    path = write_geotiff(folder / "scene.tif", cube)
    for source, virtual in (("scene.tif", "one.vrt"), ("one.vrt", "two.vrt")):
        rasterio.shutil.copy(folder / source, folder / virtual, driver="VRT")
    return open_scene(folder / "two.vrt"), path


def _delayed(folder, cube):
    """Each chunk by a function that has its path as a default, as loops have it."""
    path = folder / "scene.npy"
    np.save(path, cube)
    chunk = dask.delayed(lambda path=str(path): np.load(path), pure=False)()
    array = dask.array.from_delayed(chunk, cube.shape, cube.dtype)
    return xarray.DataArray(array, dims=("y", "x", "band")), path


def _looked_up(folder, cube):
    """Read by a function that finds its path among its globals."""
    path = folder / "scene.npy"
    np.save(path, cube)
    names = {"PATH": np.str_(path), "np": np}
    exec("def read(block):\n    return np.load(PATH)", names)
    array = dask.array.zeros(cube.shape, chunks=-1).map_blocks(names["read"], dtype=cube.dtype)
    return xarray.DataArray(array, dims=("y", "x", "band")), path


class _Opened:
    """An array of a dataset that is open, in a slot of its own."""

    __slots__ = ("__dataset", "dtype", "ndim", "shape")

    def __init__(self, dataset):
        self.__dataset = dataset
        self.shape = (*dataset.shape, dataset.count)
        self.dtype, self.ndim = np.dtype(dataset.dtypes[0]), 3

    def __getitem__(self, index):
        return self.__dataset.read().transpose(1, 2, 0)[index]


def _open_dataset(folder, cube):
    path = write_geotiff(folder / "scene.tif", cube)
    array = dask.array.from_array(_Opened(rasterio.open(path)), chunks=-1, name=False)
    return xarray.DataArray(array, dims=("y", "x", "band")), path


FORMS = [
    _delayed,
    _looked_up,
    _open_dataset,
    _memory_map,
    _view_of_a_memory_map,
    _masked_memory_map,
    _chunks_of_a_geotiff,
    _chunks_of_an_envi_file,
    _computed_chunks,
    _chunks_of_a_store,
    _lazy_array_of_a_store,
    _array_of_a_store,
    _scene_of_a_store,
    _through,
    _virtual,
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_a_scene_is_never_its_own_map_whatever_it_comes_in(form, cube, tmp_path, monkeypatch):
    scene, path = form(tmp_path, cube)
    before = _content(tmp_path)
    X = np.random.default_rng(0).uniform(size=(20, scene.shape[-1]))
    model = LinearDiscriminantAnalysis().fit(X, np.arange(20) % 2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (path, path.name, tmp_path / "link" / path.name, f"../{tmp_path.name}/{path.name}"):
        with pytest.raises(ValueError, match=r"would replace .*which the scene is read from"):
            apply(model, scene, out)
    (tmp_path / "link").unlink()
    assert _content(tmp_path) == before
    apply(model, scene, tmp_path / "another.npy")


def test_what_a_map_would_remove_is_not_the_scene(tmp_path, cube, model):
    path = write_geotiff(tmp_path / "map.tif.ovr", cube)
    with pytest.raises(ValueError, match=r"would replace .*map\.tif\.ovr"):
        apply(model, path, tmp_path / "map.tif")
    np.testing.assert_array_equal(np.asarray(open_scene(path)), cube)


def test_an_array_that_knows_its_folder_may_be_mapped_beside(tmp_path, cube, model):
    class Reader:
        folder, shape, dtype, ndim = tmp_path, cube.shape, cube.dtype, 3

        def __array__(self, dtype=None, copy=None):
            return np.array(cube, dtype)

    apply(model, Reader(), tmp_path / "map.npy")


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.img", "map.npy", "map.zarr"])
@pytest.mark.parametrize("exists", [True, False])
def test_of_a_link_what_it_points_to_is_the_map(tmp_path, cube, model, out, exists):
    names, folder = (
        ["map.hdr", "map.img"] if out in ("map.hdr", "map.img") else [out],
        tmp_path / "real",
    )
    folder.mkdir()
    if exists:
        apply(model, cube, folder / out, class_names=NAMES)
    for name in names:
        (tmp_path / name).symlink_to(folder / name)
    apply(model, cube, tmp_path / out, class_names=NAMES)
    assert all((tmp_path / name).is_symlink() for name in names)
    expected = apply(model, cube)
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / out))[..., 0], expected)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


@pytest.mark.parametrize("crs", [None, "EPSG:32633", "EPSG:4978", 'LOCAL_CS["x",UNIT["metre",1]]'])
@pytest.mark.parametrize("out", ["map.tif", "map.hdr"])
def test_a_reference_system_that_a_format_has_no_words_for_is_no_failure(
    tmp_path, cube, model, crs, out
):
    wkt = None if crs is None else rasterio.CRS.from_string(crs).to_wkt()
    scene = dataclasses.replace(open_scene(cube), crs=wkt, transform=(30, 0, 5, 0, -30, 7))
    if crs == "EPSG:4978" and out == "map.hdr":
        with pytest.raises(ValueError, match=r"would lose its coordinates.*Write a \.tif"):
            apply(model, scene, tmp_path / out)
        assert not list(tmp_path.iterdir())
        return
    apply(model, scene, tmp_path / out)
    kept = open_scene(tmp_path / out)
    assert kept.transform == scene.transform
    np.testing.assert_array_equal(np.asarray(kept)[..., 0], apply(model, cube))


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.zarr"])
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_names_that_formats_alter_are_no_failure(tmp_path, cube, model, out, method):
    names = {1: " a ", 2: "", 3: "x\x01y\0z\udcff"}
    apply(model, cube, tmp_path / out, method=method, class_names=names)
    kept = open_scene(tmp_path / out)
    np.testing.assert_array_equal(np.asarray(kept).squeeze(), apply(model, cube, method=method))
    if out == "map.tif" and method == "predict":
        assert kept.class_names == {1: "a", 3: "x_y_z_"}


def test_numbers_that_are_none_are_so_whatever_their_bits(tmp_path, cube):
    negative = FunctionTransformer(lambda X: np.full((len(X), 1), -np.nan)).fit(cube[0])
    with pytest.warns(UserWarning, match="is empty"):
        apply(negative, np.tile(cube, (13, 18, 1)), tmp_path / "map.zarr", method="transform")


def test_a_lock_of_the_users_on_the_folder_does_not_matter(tmp_path, cube, model):
    fcntl = pytest.importorskip("fcntl")  # Windows has no such locks
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        apply(model, cube, tmp_path / "map.hdr")
    finally:
        os.close(folder)


@pytest.mark.parametrize("resume", [False, True])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, cube, model, resume):
    for out in ("n" * 251 + ".npy", "é" * 120 + ".tif"):
        apply(model, cube, tmp_path / out, resume=resume)
        assert os.listdir(tmp_path) == [out]
        (tmp_path / out).unlink()


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_gdal_cannot_have_is_refused_before_any_work(tmp_path, cube, model):
    name = os.fsdecode(b"m\xe9p")
    for out in (".tif", ".hdr"):
        with pytest.raises(ValueError, match=r"not in UTF-8.*write a \.zarr"):
            apply(model, cube, tmp_path / f"{name}{out}")
    assert not list(tmp_path.iterdir())
    apply(model, cube, tmp_path / f"{name}.npy")


def test_what_others_have_planted_is_not_put_back(tmp_path, cube, model):
    apply(model, cube, tmp_path / "map.hdr")
    former = _content(tmp_path)
    planted = tmp_path / ".map.hdr.0123456789ab.part"
    (planted / "former").mkdir(parents=True)
    planted.chmod(0o777)
    (planted / "map.img").touch()
    (planted / "former" / "map.hdr").write_text("evil")
    failing = FunctionTransformer(lambda X: X if len(X) == 2 else 1 / 0).fit(cube[0])
    with pytest.raises(ZeroDivisionError):
        apply(failing, cube, tmp_path / "map.hdr", method="transform")
    assert _content(tmp_path) == former


def test_statistics_of_a_former_envi_map_go_with_it(tmp_path, cube, model):
    apply(model, cube, tmp_path / "map.hdr")
    (tmp_path / "map.img.aux.xml").write_text("of the former map")
    apply(model, cube, tmp_path / "map.hdr")
    assert sorted(os.listdir(tmp_path)) == ["map.hdr", "map.img"]


def test_maps_without_coordinates_are_written_without_a_word(tmp_path, cube, model, capfd):
    apply(model, cube, tmp_path / "map.tif")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        rasterio.open(tmp_path / "map.tif").close()
    assert capfd.readouterr() == ("", "")
