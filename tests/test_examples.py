"""The examples run from top to bottom, and leave the figures that they speak of.

They run as they are, but with one epoch a fit, or two where the loss is drawn by epochs: what is
tested is the script, not what it learns.
"""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from skhyp.fitting._training import TrainedNetworkEstimator

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = {
    "quickstart": [
        "classifier.joblib",
        "latent_image.png",
        "maps.png",
        "reconstructions.png",
        "report.txt",
    ],
    "classifier": ["loss_curve.png", "maps.png", "test_pixels.png"],
    "dense_autoencoder": [
        "latent_image.png",
        "latent_space.png",
        "loss_curve.png",
        "reconstructions.png",
    ],
    "dense_or_convolutional": [
        "errors.png",
        "latent_images.png",
        "loss_curves.png",
        "reconstructions.png",
    ],
    "sid_autoencoder": [
        "latent_image.png",
        "latent_space.png",
        "loss_curve.png",
        "reconstructions.png",
    ],
    "three_losses": ["latent_spaces.png", "reconstructions.png"],
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs an example in an empty folder and returns the files it wrote."""
    monkeypatch.chdir(tmp_path)
    plt.close("all")

    def run_example(name):
        has_curves = any(file.startswith("loss_curve") for file in FILES[name])

        def planned(estimator, _):
            # A convolutional epoch takes seconds; beside it is the curve of a dense one.
            return 2 if has_curves and getattr(estimator, "architecture", None) != "conv" else 1

        monkeypatch.setattr(TrainedNetworkEstimator, "_planned_epochs", planned)
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]

    return run_example


@pytest.mark.parametrize("name", FILES)
def test_an_example_prints_its_measures_and_draws_its_figures(name, run, capsys):
    written = run(name)
    printed = capsys.readouterr().out
    assert any(character.isdigit() for character in printed) and "nan" not in printed.split()
    folder = Path("results") if name == "quickstart" else Path("results", name)
    assert sorted(written) == [folder / file for file in FILES[name]]
    for figure in (path for path in written if path.suffix == ".png"):
        picture = plt.imread(figure)[..., :3]
        assert min(picture.shape[:2]) > 300 and picture.std() > 0.05, figure.name
    assert plt.get_fignums() == []


def test_every_example_is_run_here_and_says_how_to_run_it():
    scripts = {path.stem: path.read_text() for path in EXAMPLES.glob("*.py")}
    assert set(scripts) == set(FILES)
    for name, script in scripts.items():
        assert f"Run it with ``python examples/{name}.py``." in script
