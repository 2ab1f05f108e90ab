"""The README's Python runs, from top to bottom, as a reader would run it."""

import re
from pathlib import Path

import joblib
import numpy as np

README = Path(__file__).parents[1] / "README.md"


def fenced_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)


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
