"""The command line is what the functions are, and its errors are one line."""

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skhyp.__main__ import main
from skhyp.scenes import apply


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
