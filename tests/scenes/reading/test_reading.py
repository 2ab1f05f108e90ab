"""Reading holds no file open, says what it cannot hold in memory, and names what is damaged."""

import contextlib
import gc
import os
import pickle
import shutil
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
import zarr
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.scenes import _windows, apply, labelled_pixels, open_scene

from ..conftest import BANDS_BY_NUMBER, SHAPE, write_envi, write_geotiff
from .test_opening import KINDS

pytestmark = BANDS_BY_NUMBER

resource = pytest.importorskip("resource")


@pytest.fixture(params=[*KINDS, "plain tif"])
def any_file(request, files, tmp_path, cube):
    """A file of each kind, and a GeoTIFF without coordinates, of which rasterio warns."""
    if request.param == "plain tif":
        return plain_geotiff(tmp_path / "plain.tif", cube)
    return files[request.param]


def plain_geotiff(path, cube, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return write_geotiff(path, cube, crs=None, transform=None, **options)


def open_files(folder):
    """Return which files of a folder this process has open."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return [path for path in found if Path(path).is_relative_to(folder)]


def mapped_files(folder):
    return [
        line for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line
    ]


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="tells of no open files")


@needs_proc
def test_no_file_is_open_but_while_it_is_read(any_file, model, labels, tmp_path):
    folder = any_file.parent
    scene = open_scene(any_file)
    assert open_files(folder) == mapped_files(folder) == []
    scene.read(rows=slice(2, 5), bands=[3, 1])
    labelled_pixels(scene, labels)
    apply(model, scene)
    assert open_files(folder) == mapped_files(folder) == []
    assert pickle.loads(pickle.dumps(scene)).shape == SHAPE
    assert open_files(folder) == mapped_files(folder) == []


class _Failing(LogisticRegression):
    def predict(self, X):
        if len(X) > 2:  # not the spectra that show what the model gives
            raise ArithmeticError("on purpose")
        return super().predict(X)


@needs_proc
def test_no_file_stays_open_after_an_error(any_file, cube, labels, monkeypatch):
    folder = any_file.parent
    scene = open_scene(any_file)
    failing = _Failing().fit(cube.reshape(-1, SHAPE[2])[:, :] / 1e4, labels.ravel())
    with pytest.raises(ArithmeticError) as caught:
        apply(failing, scene)
    assert open_files(folder) == [] and caught.value is not None
    monkeypatch.setattr(np, "array", _no_memory)
    monkeypatch.setattr(np, "empty", _no_memory)
    with pytest.raises((OSError, MemoryError), match="on purpose") as caught:
        scene.read()
    monkeypatch.undo()
    assert open_files(folder) == mapped_files(folder) == [] and caught.value is not None


def _no_memory(*arguments, **options):
    raise MemoryError("on purpose")


@contextlib.contextmanager
def descriptors_left(n_left):
    """Leave the process so many files to open."""
    gc.disable()  # what is garbage by now must not leave room later
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # By the limit alone, which is none for no files: what threads of a former read still close,
    # as Zarr's do after its first error, leaves no room below it.
    free = (number for number in count() if not os.path.lexists(f"/proc/self/fd/{number}"))
    try:
        limit = 1 + max(islice(free, n_left), default=-1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        gc.enable()


@needs_proc
def test_more_scenes_live_than_files_can_be_open(any_file, cube):
    open_scene(any_file)  # imports what it needs
    with descriptors_left(9):
        scenes = [open_scene(any_file) for _ in range(20)]
        for scene in scenes:
            np.testing.assert_array_equal(scene.read(), cube)


@needs_proc
def test_too_many_open_files_are_not_taken_for_damage(any_file):
    scene = open_scene(any_file)
    scene.read()
    if scene.source.path is None:  # in memory
        return
    for read in (scene.read, lambda: open_scene(any_file)):
        with descriptors_left(0), pytest.raises(OSError, match="Too many open files") as caught:
            read()
        assert any_file.stem in str(caught.value) and "damaged" not in str(caught.value)


def test_threads_read_without_warnings_and_silence_none(tmp_path, cube, monkeypatch):
    scene = open_scene(plain_geotiff(tmp_path / "plain.tif", cube))
    monkeypatch.setattr(warnings, "catch_warnings", None)  # it changes filters of all threads
    with ThreadPoolExecutor(4) as threads:
        for block in threads.map(lambda _: scene.read(), range(8)):
            np.testing.assert_array_equal(block, cube)


# Memory.


def zarr_in_chunks(path, cube, chunks):
    zarr.create_array(path, shape=cube.shape, chunks=chunks, dtype=cube.dtype)[...] = cube
    return path


def hdf5_in_chunks(path, cube, **options):
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("scene", data=cube.transpose(2, 1, 0), **options)
    return path


@pytest.fixture(scope="module")
def larger_cube():
    return np.random.default_rng(0).integers(0, 999, (150, 100, 40), np.uint16)  # 1.14 MiB


def in_one_chunk(folder, cube, kind):
    if kind == "zarr":
        return zarr_in_chunks(folder / "one.zarr", cube, cube.shape)
    if kind == "hdf5":
        return hdf5_in_chunks(folder / "one.mat", cube, chunks=cube.shape[::-1], compression="lzf")
    options = {"blockysize": 150, "interleave": "pixel", "compress": "deflate"}
    return write_geotiff(folder / "one.tif", cube, **options)


@pytest.mark.parametrize("kind", ["zarr", "hdf5", "tif"])
def test_a_chunk_that_working_memory_does_not_hold_is_warned_of(tmp_path, larger_cube, kind):
    path = in_one_chunk(tmp_path, larger_cube, kind)
    scene = open_scene(path)
    assert scene.source.chunk_bytes == larger_cube.nbytes
    X = larger_cube[:2].reshape(-1, 40)
    model = LogisticRegression(max_iter=1).set_params(tol=1e9).fit(X, np.arange(len(X)) % 2)
    message = rf"{path.name} is stored in chunks of 1 MiB.*working_memory=1 MiB"
    with pytest.warns(UserWarning, match=message) as caught:
        apply(model, path, working_memory=1)
    assert caught[0].filename == __file__
    apply(model, path, working_memory=3)
    with config_context(working_memory=1), pytest.warns(UserWarning, match=message):
        ScenePixels(scene)
    with pytest.warns(UserWarning, match="is stored in chunks"):
        apply(model, scene.through(FunctionTransformer().fit(X)), working_memory=1)


def test_what_is_read_in_parts_has_no_large_chunks(tmp_path, files, larger_cube):
    raw = hdf5_in_chunks(tmp_path / "raw.mat", larger_cube, chunks=larger_cube.shape[::-1])
    bands = write_geotiff(
        tmp_path / "bands.tif", larger_cube, blockysize=150, interleave="band", compress="lzw"
    )
    assert open_scene(raw).source.chunk_bytes == 0
    assert open_scene(bands).source.chunk_bytes == larger_cube[..., 0].nbytes
    for kind in ("bsq", "bil", "bip", "npy", "fortran npy", "mat 5"):
        assert open_scene(files[kind]).source.chunk_bytes == 0


@pytest.mark.parametrize("kind", ["tif", "zarr"])
def test_large_chunks_of_bands_are_read_some_at_a_time(tmp_path, larger_cube, kind, monkeypatch):
    if kind == "tif":
        path = write_geotiff(tmp_path / "bands.tif", larger_cube, blockysize=150, interleave="band")
    else:
        path = zarr_in_chunks(tmp_path / "bands.zarr", larger_cube, (150, 100, 3))
    monkeypatch.setattr(_windows, "_UNPACKED_BYTES", 7 * larger_cube[..., 0].nbytes)
    scene, sizes = open_scene(path), []
    if kind == "tif":
        read = rasterio.io.DatasetReader.read

        def measured(self, indexes, **options):
            sizes.append(len(indexes))
            return read(self, indexes, **options)

        monkeypatch.setattr(rasterio.io.DatasetReader, "read", measured, raising=False)
    else:
        read = zarr.Array.__getitem__

        def measured(self, index):
            sizes.append(index[2].stop - index[2].start)
            return read(self, index)

        monkeypatch.setattr(zarr.Array, "__getitem__", measured)
    np.testing.assert_array_equal(scene.read(), larger_cube)
    assert max(sizes) == (7 if kind == "tif" else 6) and sum(sizes) == 40
    some = [39, 3, 0, 20, 21, 22, 3]
    np.testing.assert_array_equal(scene.read(bands=some), larger_cube[..., some])


def test_windows_that_cut_tiles_keep_to_one_each():
    for max_pixels in (7, 50, 99, 1000):
        for window in _windows.covering_windows((250, 130), (100, 60), max_pixels):
            for part, length in zip(window, (100, 60), strict=True):
                assert part.start // length == (part.stop - 1) // length
            assert window.n_pixels <= max_pixels


# Damage.

# GDAL's messages of damaged tags are no UTF-8 at times, which rasterio's log stumbles over.
tolerates_the_log = pytest.mark.filterwarnings(
    "ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"
)


def mutated(content, rng):
    """Return content with damage of some kind: cut off, flipped, zeroed, or other numbers."""
    place = int(rng.integers(len(content) if rng.random() < 0.4 else min(len(content), 800)))
    damaged = bytearray(content)
    kind = rng.integers(5)
    if kind == 0:
        return content[:place]
    if kind == 1:
        damaged[place] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        damaged[place : place + 4] = rng.bytes(4)
    elif kind == 3:
        end = min(len(content), place + int(rng.integers(200)))
        damaged[place:end] = bytes(end - place)
    else:
        digits = [i for i, byte in enumerate(content[:2000]) if chr(byte).isdigit()] or [place]
        others = [b"999999999", b"-", b"x", b"", b"0", b"null"]
        at = digits[int(rng.integers(len(digits)))]
        damaged[at : at + 1] = others[int(rng.integers(len(others)))]
    return bytes(damaged)


def copied(path, folder):
    """Copy a scene; return it, and the files that it is made of."""
    if path.is_dir():
        copy = shutil.copytree(path, folder / path.name)
        return copy, sorted(file for file in copy.rglob("*") if file.is_file())
    parts = [path, path.with_suffix(".img")] if path.suffix == ".hdr" else [path]
    copies = [Path(shutil.copy(part, folder)) for part in parts]
    return copies[0], copies


def what_comes_of(path):
    """Read a file that may be damaged: return its shape, or the error that may come of it."""
    try:
        scene = open_scene(path)
        assert path.name in repr(scene)
        n_rows = None if np.prod(scene.shape, dtype=float) < 1e6 else slice(0, 1)
        block = scene.read(rows=n_rows, columns=n_rows)
        assert block.dtype == scene.dtype and block.shape[2] == scene.shape[2]
        return scene.shape
    except (ValueError, OSError, UserWarning) as error:
        return error


@tolerates_the_log
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_give_one_kind_of_error_that_names_them(tmp_path, files, kind):
    rng = np.random.default_rng(sum(map(ord, kind)))
    outcomes = []
    for number in range(25):
        folder = tmp_path / str(number)
        folder.mkdir()
        path, parts = copied(files[kind], folder)
        described = [part for part in parts if part.name in ("zarr.json", ".zarray", ".zgroup")]
        chosen = described if described and rng.random() < 0.7 else parts
        part = chosen[int(rng.integers(len(chosen)))]
        if rng.random() < 0.04:
            part.unlink()
        else:
            part.write_bytes(mutated(part.read_bytes(), rng))
        outcomes.append(what_comes_of(path))
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert 0 < len(errors) < len(outcomes)
    for error in errors:
        assert files[kind].name in str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_file_is_no_scene(tmp_path, files, kind):
    path, parts = copied(files[kind], tmp_path)
    for part in parts:
        part.write_bytes(b"")
    with pytest.raises(ValueError, match=path.name):
        open_scene(path)


@pytest.mark.parametrize("kind", ["tiled tif", "mat 7.3", "zarr 2", "zarr 3", "npy", "bil"])
def test_what_is_damaged_after_it_was_opened_is_an_error_of_reading(tmp_path, files, kind):
    path, parts = copied(files[kind], tmp_path)
    scene = open_scene(path)
    for part in parts:
        if part.suffix not in (".hdr", ".json") and not part.name.startswith("."):
            part.write_bytes(part.read_bytes()[:40])
    with pytest.raises(OSError, match=rf"{path.stem}.* cannot be read at rows 0 to 23") as caught:
        scene.read()
    assert caught.value.__cause__ is not None


def test_what_vanished_after_it_was_opened_is_not_found(tmp_path, files):
    for kind in ("tif", "mat 7.3", "npy"):
        path, _ = copied(files[kind], tmp_path)
        scene = open_scene(path)
        path.unlink()
        with pytest.raises(FileNotFoundError, match=path.name):
            scene.read()


def claims_too_much(folder, kind):
    """Write a file of some bytes that says that it has 1e9 x 1e9 pixels."""
    huge = (10**9, 10**9, 2)
    if kind == "zarr":
        zarr.create_array(folder / "huge.zarr", shape=huge, chunks=(9, 9, 2), dtype=np.uint16)
        return folder / "huge.zarr"
    if kind == "mat":
        with h5py.File(folder / "huge.mat", "w", userblock_size=512) as file:
            file.create_dataset("scene", shape=huge[::-1], chunks=(2, 9, 9), dtype=np.uint16)
        return folder / "huge.mat"
    if kind == "npy":
        with (folder / "huge.npy").open("wb") as file:
            header = {"descr": "<u2", "fortran_order": False, "shape": huge}
            np.lib.format.write_array_header_1_0(file, header)
        return folder / "huge.npy"
    path = write_envi(folder / "huge", np.zeros((2, 3, 4), np.int16), "bsq")
    path.write_text(path.read_text().replace("lines = 2", "lines = 1000000000"))
    return path


@pytest.mark.parametrize("kind", ["zarr", "mat", "npy", "hdr"])
def test_a_file_that_claims_far_more_than_it_has_is_refused(tmp_path, kind):
    path = claims_too_much(tmp_path, kind)
    with pytest.raises(ValueError, match=path.name):
        open_scene(path)


def test_more_than_memory_holds_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "large.zarr"
    zarr.create_array(path, shape=(10**6, 10**6, 4), chunks=(9, 9, 4), dtype=np.uint16)
    with pytest.raises(OSError, match=r"large\.zarr") as caught:
        open_scene(path).read()
    assert isinstance(caught.value.__cause__, MemoryError)


@pytest.mark.parametrize("kind", ["mat 5", "mat 7.3", "npy", "bil", "tif", "zarr 2", "zarr 3"])
def test_a_name_that_is_not_in_utf8_is_read_or_refused_by_name(tmp_path, files, kind, cube):
    odd = tmp_path / os.fsdecode(b"sc\xe9ne")
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("the file system has names in UTF-8 only")
    path, _ = copied(files[kind], odd)
    shown = f"sc\\udce9ne/{path.name}"
    if kind in ("bil", "tif"):  # GDAL by rasterio
        with pytest.raises(ValueError, match="has to be renamed") as caught:
            open_scene(path)
        assert shown in str(caught.value)
        return
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), cube)
    assert shown in repr(scene) and repr(scene).encode()
    with pytest.raises(FileNotFoundError, match="no file") as caught:
        open_scene(odd / "other.npy")
    assert str(caught.value).encode()


def test_a_complex_variable_beside_the_scene_does_not_matter(tmp_path, cube):
    scipy.io.savemat(tmp_path / "two.mat", {"scene": cube, "phase": np.ones((2, 3)) * 1j})
    np.testing.assert_array_equal(open_scene(tmp_path / "two.mat").read(), cube)
    with pytest.raises(ValueError, match=r"two\.mat must hold real numbers.*complex"):
        open_scene(tmp_path / "two.mat", variable="phase")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_type_of_numbers_that_matlab_does_not_know_is_refused(tmp_path, compressed, monkeypatch):
    path = tmp_path / "scene.mat"
    scipy.io.savemat(path, {"scene": np.ones((2, 3, 4))})  # SciPy crashes on these
    content = bytearray(path.read_bytes())
    place = content.index(np.ones(4).tobytes()) - 8
    content[place] = 11
    if compressed:
        packed = zlib.compress(bytes(content[128:]))
        content[128:] = struct.pack("<2I", 15, len(packed)) + packed
    path.write_bytes(content)
    monkeypatch.setattr(scipy.io, "loadmat", None)
    with pytest.raises(ValueError, match=r"scene\.mat must hold real numbers.*the type 11"):
        open_scene(path)


def test_an_interleave_that_is_none_is_named(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    path.write_text(path.read_text().replace("= bil", "= bli"))
    with pytest.raises(ValueError, match="interleave bsq, bil or bip; got 'bli'"):
        open_scene(path)


def test_a_part_of_a_store_that_is_damaged_is_warned_of_by_name(tmp_path, files):
    path, _ = copied(files["zarr 3"], tmp_path)
    (path / "x" / "zarr.json").unlink()
    with pytest.warns(UserWarning, match=r"3\.zarr: Object at x is not recognized") as caught:
        open_scene(path)
    assert caught[0].filename == __file__
