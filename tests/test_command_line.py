"""The command line is what the functions are, and its errors are one line."""

import joblib
import numpy as np
import pytest
import xarray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.__main__ import main
from skhyp.scenes import ClassSmoothing, apply, open_scene
from skhyp.spectra import Spectra


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    cube = rng.uniform(size=(6, 7, 4))
    model = LogisticRegression().fit(cube.reshape(-1, 4), np.arange(42) % 2 + 1)
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "scene.npy", cube)
    return tmp_path


def test_a_map_is_written(files):
    paths = [str(files / name) for name in ("model.joblib", "scene.npy", "map.npy")]
    assert main(["apply", *paths, "--method", "predict_proba", "--quiet"]) == 0
    expected = apply(joblib.load(paths[0]), np.load(files / "scene.npy"), method="predict_proba")
    np.testing.assert_array_equal(np.load(files / "map.npy"), expected)


def test_an_error_is_one_line_and_a_status(files, capsys):
    paths = [str(files / name) for name in ("model.joblib", "nowhere.hdr", "map.npy")]
    assert main(["apply", *paths]) == 1
    message = capsys.readouterr().err
    assert "nowhere.hdr" in message and message.count("\n") == 1


def test_it_runs_as_a_module(files, run_python):
    done = run_python(
        "import runpy, sys; sys.argv[0] = 'skhyp'; runpy.run_module('skhyp', run_name='__main__')",
        "apply", files / "model.joblib", files / "scene.npy", files / "map.npy", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert (files / "map.npy").exists()


def test_a_model_that_is_none_is_said_to_be_none(files, capsys):
    (files / "model.joblib").write_text("no model")
    paths = [str(files / name) for name in ("model.joblib", "scene.npy", "map.npy")]
    assert main(["apply", *paths]) == 1
    assert "is no model of joblib.dump" in capsys.readouterr().err


def test_what_is_known_of_a_scene_is_told_and_what_is_not(files, capsys):
    assert main(["info", str(files / "scene.npy"), str(files / "scene.npy")]) == 0
    one, other = capsys.readouterr().out.rstrip().split("\n\n")
    assert one == other
    name, *lines = one.splitlines()
    assert name == str(files / "scene.npy")
    facts = {line[:16].strip(): line[16:].strip() for line in lines}
    assert facts["size"] == "6 rows x 7 columns x 4 bands"
    assert facts["numbers"].startswith("float64, 1.31 KiB")
    assert facts["wavelengths"].startswith("not known") and facts["bad bands"] == "no list of them"
    assert facts["coordinates"] == "no reference system"
    assert facts["files"] == str(files / "scene.npy")


def test_each_of_several_scenes_has_a_map_by_its_name(files):
    np.save(files / "other.npy", np.load(files / "scene.npy")[::-1])
    scenes = [str(files / name) for name in ("scene.npy", "other.npy")]
    out = str(files / "map_{name}.npy")
    assert main(["apply", str(files / "model.joblib"), *scenes, out, "--quiet"]) == 0
    maps = [np.load(files / f"map_{name}.npy") for name in ("scene", "other")]
    np.testing.assert_array_equal(maps[0], maps[1][::-1])


def test_a_pattern_that_the_shell_leaves_has_a_map_for_each_of_its_scenes(files):
    np.save(files / "scene_2.npy", np.load(files / "scene.npy")[::-1])
    pattern = str(files / "scene*.npy")
    out = str(files / "map_of_{name}.npy")
    assert main(["apply", str(files / "model.joblib"), pattern, out, "--quiet"]) == 0
    assert sorted(path.name for path in files.glob("map_of*")) == [
        "map_of_scene.npy",
        "map_of_scene_2.npy",
    ]


def test_two_scenes_of_one_name_are_refused_before_one_is_mapped(files, capsys):
    (files / "copy").mkdir()
    np.save(files / "copy" / "scene.npy", np.load(files / "scene.npy"))
    scenes = [str(files / "scene.npy"), str(files / "copy" / "scene.npy")]
    arguments = [str(files / "model.joblib"), *scenes, str(files / "{name}_map.npy")]
    assert main(["apply", *arguments]) == 1
    assert "Several scenes would have the map" in capsys.readouterr().err
    assert not (files / "scene_map.npy").exists()


def test_classes_have_names_and_neighbours_a_say(files):
    paths = [str(files / name) for name in ("model.joblib", "scene.npy", "map.hdr")]
    options = ["--class-names", "1=dry soil", "2=woods", "--smoothing", "2.5", "--quiet"]
    assert main(["apply", *paths, *options]) == 0
    written = open_scene(files / "map.hdr")
    assert [written.class_names[label] for label in (1, 2)] == ["dry soil", "woods"]
    scene = np.load(files / "scene.npy")
    smoothing = ClassSmoothing.for_scene(scene, strength=2.5)
    expected = apply(joblib.load(paths[0]), scene, smoothing=smoothing)
    np.testing.assert_array_equal(np.asarray(written)[..., 0], expected)


@pytest.mark.parametrize(
    ("names", "message"),
    [(["corn"], "must be LABEL=NAME, such as 1=corn; got 'corn'"), (["1=a", "1=b"], "label twice")],
)
def test_names_that_are_none_are_refused(files, capsys, names, message):
    paths = [str(files / name) for name in ("model.joblib", "scene.npy", "map.npy")]
    assert main(["apply", *paths, "--class-names", *names]) == 1
    assert message in capsys.readouterr().err


def test_a_scene_of_another_sensor_is_resampled(files, capsys):
    bands, other = np.linspace(500, 700, 21), np.linspace(480, 720, 33)
    values = np.linspace(-1, 1, 42)[:, np.newaxis]
    model = make_pipeline(HypPreprocessor(), LogisticRegression())
    model.fit(Spectra(1 + values * (bands - 600) / 100, bands, 11), values[:, 0] > 0)
    joblib.dump(model, files / "model.joblib")
    cube = (1 + values * (other - 600) / 100).reshape(6, 7, 33)
    xarray.DataArray(
        cube, {"wavelength": ("band", other, {"units": "nm"})}, ("y", "x", "band")
    ).to_netcdf(files / "other.nc", engine="scipy")
    paths = [str(files / name) for name in ("model.joblib", "other.nc", "map.npy")]
    assert main(["apply", *paths, "--quiet"]) == 1
    assert "resample=True" in capsys.readouterr().err
    assert main(["apply", *paths, "--quiet", "--resample", "--smoothing", "1"]) == 0
    assert np.load(files / "map.npy").ravel().tolist() == [int(value > 0) for value in values[:, 0]]
