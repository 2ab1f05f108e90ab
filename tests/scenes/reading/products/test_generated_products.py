"""Products of another writer than ours, where it is at hand: what it wrote is what is read."""

import importlib
import sys

import numpy as np
import pytest

from skhyp.scenes import open_scene


@pytest.fixture(scope="module")
def generated(shared_folder, tmp_path_factory):
    """A function that runs a generator and returns the folder of what it wrote, and the cube."""
    folder = shared_folder / "products"
    if not (folder / "make_common.py").is_file():
        pytest.skip(f"there are no generators in {folder}")
    sys.path.insert(0, str(folder))
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loaded = []

    def run(name, package=None):
        if package is not None:
            pytest.importorskip(package)
        common = importlib.import_module("make_common")
        common.DATA = tmp_path_factory.mktemp(name)
        module = importlib.import_module(name)
        loaded.extend(["make_common", name])
        module.main()
        return common

    yield run
    sys.path.remove(str(folder))
    sys.dont_write_bytecode = bytecode
    for name in loaded:
        sys.modules.pop(name, None)


CASES = [
    ("make_enmap", "*/*.ZIP", None),
    ("make_desis", "*/*.zip", None),
    ("make_neon", "*/*.h5", None),
    ("make_tanager", "*/*ortho*.h5", None),
    ("make_aviris3", "*/*.nc", "netCDF4"),
]


@pytest.mark.parametrize(("generator", "pattern", "package"), CASES)
def test_reflectance_and_missing_pixels_on_the_ground(generated, generator, pattern, package):
    common = generated(generator, package)
    (path,) = common.DATA.glob(pattern)
    scene = open_scene(path)
    truth = common.reflectance(*scene.shape[:2], scene.wavelengths)
    outside = common.outside(*scene.shape[:2])
    found = np.asarray(scene)
    good = np.ones(scene.shape[2], bool) if scene.good_bands is None else scene.good_bands
    np.testing.assert_array_equal(np.isnan(found[..., good]).any(axis=2), outside)
    assert np.isnan(found[outside]).all()
    np.testing.assert_allclose(found[~outside][:, good], truth[~outside][:, good], atol=1.1e-4)
    assert scene.transform[2] in (283_455, 368_000, 570_300, 350_000)


def test_prisma(generated):
    common = generated("make_prisma")
    (path,) = common.DATA.glob("*/*.he5")
    scene = open_scene(path)
    assert scene.shape == (60, 72, 234) and scene.transform[2::3] == (283_455, 5_786_715)
    assert np.all(np.diff(scene.wavelengths) > 0)
    assert np.isnan(np.asarray(scene)[common.outside(60, 72)]).all()


def test_emit(generated):
    common = generated("make_emit", "netCDF4")
    (path,) = common.DATA.glob("*/*.nc")
    scene = open_scene(path)
    missing = np.zeros(scene.shape[:2], bool)
    missing[:2, :3] = True
    np.testing.assert_array_equal(np.isnan(np.asarray(scene)).all(axis=2), missing)
    positions = scene.lookup.read()
    assert positions.shape == (80, 84, 2) and positions.max(axis=(0, 1)).tolist() == [63, 47]
