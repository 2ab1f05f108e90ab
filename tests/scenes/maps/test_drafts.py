"""Unfinished maps are gone on with where they are of the same task, and only there."""

import dataclasses
import os
import stat
import sys

import dask.array
import joblib
import numpy as np
import pytest
import xarray
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skhyp import HypPreprocessor
from skhyp.files._whole_files import draft_beside
from skhyp.scenes import Scene, apply, open_scene

from ..conftest import BANDS_BY_NUMBER, SHAPE, data_array, write_geotiff

pytestmark = BANDS_BY_NUMBER

BLOCKS = {"working_memory": 1, "resume": True}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("skhyp.scenes._blocks._MIB", 4000)


@pytest.fixture
def stopped(monkeypatch):
    """A function that stops ``apply`` after some blocks, as if the machine had failed."""

    def stop(*arguments, after=3, **parameters):
        from skhyp.scenes.maps._drafts import Draft

        write, left = Draft.write, [after]

        def failing(self, number, values):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            write(self, number, values)

        with monkeypatch.context() as patch:
            patch.setattr(Draft, "write", failing)
            with pytest.raises(KeyboardInterrupt):
                apply(*arguments, **parameters, **BLOCKS)

    return stop


@pytest.fixture(scope="module")
def forest(cube, labels):
    forest = RandomForestClassifier(5, random_state=0)
    return forest.fit(cube.reshape(-1, SHAPE[2]), labels.ravel())


RESUMING = """
import sys
import joblib
import skhyp.scenes._blocks
from skhyp.scenes.maps import _drafts
from skhyp.scenes import apply

skhyp.scenes._blocks._MIB = 4000
write, written = _drafts.Draft.write, []
_drafts.Draft.write = lambda draft, *block: (written.append(block), write(draft, *block))
model, scene, out = sys.argv[1:]
apply(joblib.load(model), scene, out, working_memory=1, resume=True)
print(len(written))
"""


def test_a_forest_from_a_file_goes_on_in_another_process(
    files, forest, stopped, tmp_path, cube, run_forked
):
    joblib.dump(forest, tmp_path / "forest.joblib")
    out = tmp_path / "map.npy"
    stopped(joblib.load(tmp_path / "forest.joblib", mmap_mode="r"), files["npy"], out, after=3)
    arguments = [tmp_path / "forest.joblib", files["npy"], out]
    run = run_forked(RESUMING, *arguments)
    assert run.returncode == 0, run.stderr
    n_blocks = len(open_scene(files["npy"]).windows(4000 // (12 * 14 + 2)))
    assert int(run.stdout) == n_blocks - 3
    expected = forest.predict(cube.reshape(-1, SHAPE[2])).reshape(SHAPE[:2])
    np.testing.assert_array_equal(np.load(out), expected)


def _zarr(path, cube):
    data_array(cube).chunk({"y": 6}).to_zarr(path, mode="w", consolidated=False, zarr_format=2)
    return path


def _npy(path, cube):
    np.save(path, cube)
    return path


SCENES = {
    "a GeoTIFF": lambda folder, cube: write_geotiff(folder / "scene.tif", cube),
    "a .npy file": lambda folder, cube: _npy(folder / "scene.npy", cube),
    "a Zarr store": lambda folder, cube: _zarr(folder / "scene.zarr", cube),
    "a memory map": lambda folder, cube: np.load(_npy(folder / "m.npy", cube), mmap_mode="r"),
    "an array": lambda folder, cube: cube,
    "a DataArray": lambda folder, cube: data_array(cube),
    "a DataArray in a store": lambda folder, cube: xarray.open_dataset(
        _zarr(folder / "scene.zarr", cube), engine="zarr", chunks=None, consolidated=False
    )["scene"],
    "chunks": lambda folder, cube: data_array(cube).chunk({"y": 6}),
    "chunks of a store": lambda folder, cube: xarray.open_zarr(
        _zarr(folder / "scene.zarr", cube), chunks={"y": 6}, consolidated=False
    )["scene"],
    "chunks of a Scene": lambda folder, cube: open_scene(
        _npy(folder / "scene.npy", cube)
    ).to_xarray(chunk_memory=1),
}


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("skhyp.scenes._lazy_arrays._MIB", 17 * 12 * 2 * 5)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", SCENES)
def test_a_scene_goes_on_as_it_was_and_is_refused_once_it_has_changed(
    kind, cube, model, stopped, tmp_path
):
    out = tmp_path / "map.npy"
    stopped(model, SCENES[kind](tmp_path, cube), out, after=1)
    changed = cube.copy()
    changed[-1, -1] = cube[0, 0]  # in the last block alone, which was not computed yet
    scene = SCENES[kind](tmp_path, changed)
    with pytest.raises(ValueError, match=r"unfinished map of something else: (files|numbers)"):
        apply(model, scene, out, **BLOCKS)
    assert not out.exists()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", SCENES)
def test_the_same_scene_is_gone_on_with_whatever_it_comes_in(
    kind, cube, model, stopped, tmp_path, monkeypatch
):
    scene = SCENES[kind](tmp_path, cube)
    stopped(model, scene, tmp_path / "map.npy", after=2)
    if "store" not in kind and kind not in ("a GeoTIFF", "a .npy file", "a memory map"):
        scene = SCENES[kind](tmp_path, cube) if "Scene" not in kind else scene
    apply(model, scene, tmp_path / "map.npy", **BLOCKS)
    expected = model.predict(cube.reshape(-1, SHAPE[2])).reshape(SHAPE[:2])
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)


def test_chunks_of_other_sizes_are_another_map(cube, model, stopped, tmp_path):
    array = data_array(cube)
    stopped(model, array.chunk({"y": (6, 6, 6, 5)}), tmp_path / "map.npy", after=2)
    with pytest.raises(ValueError, match=r"something else: .*windows"):
        apply(model, array.chunk({"y": (6, 5, 7, 5)}), tmp_path / "map.npy", **BLOCKS)


def test_other_working_memory_is_another_cut(files, model, stopped, tmp_path):
    stopped(model, files["tif"], tmp_path / "map.npy", after=2)
    with pytest.raises(ValueError, match="something else: windows"):
        apply(model, files["tif"], tmp_path / "map.npy", working_memory=2, resume=True)


def test_another_variable_of_the_same_file_is_another_scene(cube, model, stopped, tmp_path):
    dataset = xarray.Dataset({"one": data_array(cube), "two": data_array(cube[::-1].copy())})
    path = tmp_path / "scenes.zarr"
    dataset.to_zarr(path, consolidated=False)
    stopped(model, open_scene(path, variable="one"), tmp_path / "map.npy", after=2)
    with pytest.raises(ValueError, match="something else: numbers"):
        apply(model, open_scene(path, variable="two"), tmp_path / "map.npy", **BLOCKS)


def test_a_scene_through_another_transformer_is_another_scene(files, labels, stopped, tmp_path):
    scene = open_scene(files["npy"])
    one, other = (
        HypPreprocessor(method="standardize").fit(scene.read(rows=rows))
        for rows in (slice(0, 10), slice(10, 20))
    )
    clean = scene.through(one)
    model = LogisticRegression().fit(clean.read().reshape(-1, SHAPE[2]), labels.ravel())
    stopped(model, clean, tmp_path / "map.npy", after=2)
    with pytest.raises(ValueError, match="something else: numbers"):
        apply(model, scene.through(other), tmp_path / "map.npy", **BLOCKS)


def test_a_model_that_is_almost_the_same_is_another(files, model, stopped, tmp_path):
    stopped(model, files["tif"], tmp_path / "map.npy", after=2)
    other = clone(model)
    vars(other).update(vars(model))
    other.coef_ = model.coef_.copy()
    other.coef_[0, 0] = np.nextafter(other.coef_[0, 0], 1)
    with pytest.raises(ValueError, match="something else: model"):
        apply(other, files["tif"], tmp_path / "map.npy", **BLOCKS)


def test_a_model_that_cannot_be_known_again_is_refused_before_any_work(cube, labels, tmp_path):
    numbers = (number for number in range(100))
    model = make_pipeline(FunctionTransformer(lambda X: X + 0 * next(numbers)), StandardScaler())
    model.fit(cube.reshape(-1, SHAPE[2]))
    with pytest.raises(ValueError, match=r"known again in a later process.*Set resume=False"):
        apply(model, cube, tmp_path / "map.npy", method="transform", resume=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.zarr", "map.npy"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_process_killed_while_it_cleans_up_does_not_block_the_next(
    files, model, out, resume, tmp_path, monkeypatch
):
    def remove_a_part(draft):
        for file in sorted(draft.glob("*"))[::2]:
            if file.is_file():
                file.unlink()

    with monkeypatch.context() as patch:
        patch.setattr("skhyp.scenes.maps._drafts.remove", remove_a_part)
        apply(model, files["tif"], tmp_path / out, resume=resume)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")]
    former = np.asarray(open_scene(tmp_path / out))
    apply(model, files["tif"], tmp_path / out, resume=resume)
    np.testing.assert_array_equal(np.asarray(open_scene(tmp_path / out)), former)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_drafts_of_killed_processes_are_cleared_and_those_of_living_ones_are_not(
    files, model, tmp_path
):
    from skhyp.files._whole_files import new_folder_beside

    out = tmp_path / "map.npy"
    dead = draft_beside(out)
    dead.mkdir()
    (dead / "values").write_bytes(b"gigabytes")
    others = draft_beside(tmp_path / "other.npy")
    others.mkdir()
    with new_folder_beside(out) as living:
        apply(model, files["tif"], out)
        assert sorted(os.listdir(tmp_path)) == sorted([living.name, others.name, "map.npy"])


def _planted(folder, name, target, kind):
    folder.mkdir(mode=0o700)
    if kind == "a link":
        (folder / name).symlink_to(target)
    else:
        os.link(target, folder / name)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("kind", ["a link", "a second name"])
@pytest.mark.parametrize("name", ["values", "finished", "task.json"])
def test_what_is_planted_in_a_draft_is_not_written_to(files, model, name, kind, tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    _planted(tmp_path / ".map.npy.part", name, precious, kind)
    with pytest.raises(ValueError, match=r"\.map\.npy\.part"):
        apply(model, files["tif"], tmp_path / "map.npy", **BLOCKS)
    assert precious.read_text() == "years of work"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights there")
@pytest.mark.parametrize("kind", ["a link", "open to others"])
def test_a_draft_that_others_can_write_to_is_refused(files, model, kind, tmp_path):
    planted = tmp_path / "elsewhere"
    planted.mkdir()
    if kind == "a link":
        (tmp_path / ".map.npy.part").symlink_to(planted)
    else:
        planted.rename(tmp_path / ".map.npy.part").chmod(0o777)
    with pytest.raises(ValueError, match="what is in it cannot be trusted"):
        apply(model, files["tif"], tmp_path / "map.npy", **BLOCKS)
    assert not planted.exists() or not list(planted.iterdir())


def test_tasks_of_dask_with_a_name_of_their_own_are_known_by_their_numbers(
    cube, model, stopped, tmp_path
):
    def named(cube):
        array = dask.array.from_array(cube, chunks=(6, -1, -1), name="scene")
        return xarray.DataArray(array, dims=("y", "x", "band"))

    stopped(model, named(cube), tmp_path / "map.npy", after=1)
    changed = cube.copy()
    changed[-1, -1] = cube[0, 0]
    with pytest.raises(ValueError, match="something else: numbers"):
        apply(model, named(changed), tmp_path / "map.npy", **BLOCKS)
    apply(model, named(cube), tmp_path / "map.npy", **BLOCKS)


def test_a_scene_is_the_same_by_any_path(files, model, stopped, tmp_path, monkeypatch):
    stopped(model, files["npy"], tmp_path / "map.npy", after=2)
    monkeypatch.chdir(files["npy"].parent)
    apply(model, files["npy"].name, tmp_path / "map.npy", **BLOCKS)
    assert os.listdir(tmp_path) == ["map.npy"]


def test_where_there_are_no_rights_a_draft_is_gone_on_with(
    files, model, stopped, tmp_path, monkeypatch
):
    """As on many drives that are carried about: all may write to all, and that stays so."""
    stopped(model, files["tif"], tmp_path / "map.npy", after=1)
    (tmp_path / ".map.npy.part").chmod(0o777)
    monkeypatch.setattr(os, "chmod", lambda path, mode: None)
    apply(model, files["tif"], tmp_path / "map.npy", **BLOCKS)


def test_a_draft_is_for_its_user_alone(files, model, stopped, tmp_path):
    stopped(model, files["tif"], tmp_path / "map.npy", after=1)
    assert stat.S_IMODE((tmp_path / ".map.npy.part").stat().st_mode) == 0o700


def test_a_scene_that_changes_while_it_is_read_gives_no_map(tmp_path, cube, model):
    path = write_geotiff(tmp_path / "scene.tif", cube)
    scene = open_scene(path)

    @dataclasses.dataclass
    class Disturbed:
        source: object

        def __getattr__(self, name):
            return getattr(self.source, name)

        def read(self, window, bands):
            os.utime(path, ns=(1, 1))
            return self.source.read(window, bands)

    disturbed = dataclasses.replace(scene, source=Disturbed(scene.source))
    assert isinstance(disturbed, Scene)
    with pytest.raises(OSError, match="was changed while it was read"):
        apply(model, disturbed, tmp_path / "map.npy")
    assert not (tmp_path / "map.npy").exists()


def test_what_a_viewer_writes_beside_a_scene_does_not_matter(files, model, stopped, tmp_path, cube):
    path = write_geotiff(tmp_path / "scene.tif", cube)
    stopped(model, path, tmp_path / "map.npy", after=2)
    (tmp_path / "scene.tif.aux.xml").write_text("<PAMDataset></PAMDataset>")
    apply(model, path, tmp_path / "map.npy", **BLOCKS)
    expected = model.predict(cube.reshape(-1, SHAPE[2])).reshape(SHAPE[:2])
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), expected)
