"""The Python of README and guide runs, from top to bottom, as a reader would run it."""

import re
from pathlib import Path

import joblib
import numpy as np
import pytest
import rasterio

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{n}.md" for n in ("guide", "migration", "scenes", "validation")),
]


def fenced_blocks(language, page=PAGES[0]):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def test_the_readmes_python_runs_in_order_and_leaves_a_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = fenced_blocks("python")
    assert len(blocks) == 4
    namespace = {}
    for block in blocks:
        exec(block, namespace)
    scene, class_map = namespace["scene"], namespace["class_map"]
    assert float(capsys.readouterr().out.split()[0]) > 0.8
    assert class_map.shape == scene.labels.shape
    assert set(np.unique(class_map)) <= set(range(1, 17))
    model = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(model.predict(scene.cube).reshape(145, 145), class_map)
    assert namespace["codes"].shape == (145 * 145, 3)
    assert np.degrees(namespace["angles"].mean()) < 10


def test_the_first_two_commands_are_single_lines():
    commands = fenced_blocks("sh")[:2]
    assert [command.count("\n") for command in commands] == [1, 1]
    assert "examples/quickstart.py" in commands[0]
    assert "pytest" in commands[1]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
def test_the_guides_python_maps_a_scene_with_missing_pixels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in fenced_blocks("python", PAGES[1]):
        exec(block, namespace)
    class_map, labels = namespace["class_map"], namespace["labels"]
    assert np.all(class_map[:20, :30] == 0) and np.all(class_map[20:] > 0)
    assert np.mean(class_map[labels > 0] == labels[labels > 0]) > 0.8
    np.testing.assert_array_equal(namespace["exported_map"], class_map)
    np.testing.assert_allclose(namespace["probabilities"].sum(axis=1), 1, atol=1e-5)
    assert str(sorted(namespace["trusted"])) in capsys.readouterr().out
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_the_new_code_of_the_migration_page_does_what_the_old_code_did():
    namespace = {}
    for block in fenced_blocks("python", PAGES[2]):
        exec(block, namespace)
    assert namespace["codes"].shape == (145 * 145, 3)
    assert namespace["reconstruction"].shape == namespace["spectra"].shape
    assert namespace["features"].shape == (145 * 145, 20)
    assert namespace["class_map"].shape == (145, 145)
    assert set(np.unique(namespace["class_map"])) <= set(range(1, 17))


def test_the_page_on_scenes_ends_in_maps_with_coordinates(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in fenced_blocks("python", PAGES[3]):
        exec(block, namespace)
    assert "400.02 to 2489.11 nm, nodata 0, georeferenced" in capsys.readouterr().out
    labels = namespace["pines"].labels
    with rasterio.open("map.tif") as class_map, rasterio.open("pines.tif") as scene:
        assert class_map.crs == scene.crs and class_map.transform == scene.transform
        assert np.mean(class_map.read(1)[labels > 0] == labels[labels > 0]) > 0.7
    with rasterio.open("probabilities.tif") as probabilities:
        np.testing.assert_allclose(probabilities.read().sum(axis=0), 1, atol=1e-5)
        assert probabilities.descriptions[:2] == ("1", "2")
    with rasterio.open("codes.tif") as codes:
        assert codes.count == 3 and np.isfinite(codes.read()).all()


def test_the_page_on_validation_shows_that_random_splits_leak():
    namespace = {}
    for block in fenced_blocks("python", PAGES[4]):
        exec(block, namespace)
    assert namespace["at_random"].shares[1] > 0.6 > 0.2 > namespace["published"].shares[1]
    scores = namespace["scores"]
    assert scores["random"].mean() > scores["blocks"].mean()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_in_the_project_is_there(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert targets
    assert [target for target in targets if not (page.parent / target).exists()] == []
