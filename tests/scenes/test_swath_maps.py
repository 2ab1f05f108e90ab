"""The map of a swath is put on the ground by its lookup table, whole or part by part."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skhyp.__main__ import main
from skhyp.scenes import SwathLookup, apply, open_scene
from skhyp.scenes.maps import _map_layouts

from .conftest import CRS

PLACE = (30.0, 0.0, 500_000.0, 0.0, -30.0, 5_800_000.0)


@pytest.fixture
def swath():
    """A scene of 9 x 7 pixels, turned by a quarter on the ground, between empty margins."""
    rng = np.random.default_rng(0)
    scene = open_scene(rng.uniform(size=(9, 7, 4)).astype(np.float32))
    rows, columns = np.zeros((2, 9, 12, 1), np.int32)
    across, along = np.meshgrid(np.arange(7), np.arange(9))
    rows[1:8, 2:11, 0] = along.T + 1
    columns[1:8, 2:11, 0] = across.T + 1
    rows[4, 5] *= -1  # filled in from a neighbour
    parts = {"rows": open_scene(rows).source, "columns": open_scene(columns).source}
    table = SwathLookup(**parts, swath=(9, 7), crs=CRS, transform=PLACE, name="the table")
    return replace(scene, lookup=table)


@pytest.fixture
def model(swath):
    X = np.asarray(swath).reshape(-1, 4)
    return LogisticRegression().fit(X, np.where(X[:, 0] > 0.5, 1, 2))


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_map_on_the_ground_has_the_pixels_of_the_swath_and_nothing_between(
    swath, model, method, tmp_path, monkeypatch
):
    of_swath = apply(model, swath, method=method)
    expected = np.full((9, 12, *of_swath.shape[2:]), 0 if method == "predict" else np.nan)
    expected[1:8, 2:11] = of_swath.swapaxes(0, 1)
    found = apply(model, swath, method=method, on_ground=True)
    assert found.dtype == of_swath.dtype
    np.testing.assert_array_equal(found, expected)
    monkeypatch.setattr(_map_layouts, "_STRIP_BYTES", 20)  # a row or two at a time
    written = open_scene(apply(model, swath, tmp_path / "map.tif", method=method, on_ground=True))
    np.testing.assert_array_equal(np.asarray(written), expected.reshape(9, 12, -1))
    assert written.transform == PLACE and "UTM" in written.crs


def test_what_lies_on_the_ground_or_has_no_table_is_refused_before_any_work(swath, model, tmp_path):
    for scene, message in (
        (replace(swath, lookup=None), "the array has no lookup table"),
        (replace(swath, lookup=None, transform=PLACE), "a transform, and lies there already"),
    ):
        with pytest.raises(ValueError, match=message):
            apply(model, scene, tmp_path / "map.tif", on_ground=True)
    assert not any(tmp_path.iterdir())


def test_a_table_that_refers_beyond_the_swath_leaves_no_map(swath, model, tmp_path):
    beyond = replace(swath.lookup, swath=(9, 6))
    with pytest.raises(ValueError, match="refers to row 0 and column 6 of a swath of 9 x 6"):
        apply(model, replace(swath, lookup=beyond), tmp_path / "map.tif", on_ground=True)
    assert not any(tmp_path.iterdir())


def test_the_command_says_that_a_scene_is_no_swath(tmp_path, swath, model, capsys):
    import joblib

    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "scene.npy", np.asarray(swath))
    paths = [str(tmp_path / name) for name in ("model.joblib", "scene.npy", "map.npy")]
    assert main(["apply", *paths, "--on-ground", "--quiet"]) == 1
    assert "no lookup table" in capsys.readouterr().err
