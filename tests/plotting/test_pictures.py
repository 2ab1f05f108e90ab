"""Every Display looks as it did when a person last looked at it, and says what it said.

Pictures are compared without their letters, which other versions of FreeType draw in other
places; what they say is compared as text.

``SKHYP_WRITE_BASELINE=1 python -m pytest tests/plotting/test_pictures.py`` draws anew what is
compared with, where a change is meant: look at each before you commit it.
"""

import os
import shutil
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.legend import Legend
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from skhyp.endmembers import SignalSubspace
from skhyp.inspection import BandAttributions, BandImportance
from skhyp.light import Relighting
from skhyp.plotting import (
    AbundanceMapDisplay,
    BandAttributionDisplay,
    BandImportanceDisplay,
    ClassMapDisplay,
    ClassSpectraDisplay,
    EndmembersDisplay,
    LatentSpaceDisplay,
    LightDisplay,
    LossCurveDisplay,
    PredictionDisplay,
    ReconstructionDisplay,
    SceneDisplay,
    SignalSubspaceDisplay,
    SignalToNoiseDisplay,
    SplitMapDisplay,
    ValueMapDisplay,
)
from skhyp.spectra import Spectra

BASELINE = Path(__file__).parent / "baseline"
# Root mean square of the difference, of 255.
TOLERANCE = 2
NAMES = ["Unlabelled", "Corn", "Woods", "Hay"]
# The detectors overlap after the 15th band, and bands are missing after the 30th.
WAVELENGTHS = np.r_[
    np.linspace(400, 680, 15), np.linspace(670, 950, 15), np.linspace(1500, 1680, 10)
]
CLASSES = np.repeat([1, 2, 3], 20)


def spectra():
    phase = np.linspace(0, 6, 40)
    height = 1 + 0.1 * np.sin(np.arange(60))
    return height[:, None] * (1.5 + np.sin(phase + CLASSES[:, None]))


def class_map():
    rows, columns = np.indices((30, 40))
    return (rows // 12 + columns // 15) % 4


def codes():
    angle = np.linspace(0, 9, 60)
    return np.column_stack([CLASSES + 0.3 * np.cos(7 * angle), np.sin(5 * angle) + CLASSES / 2])


def attributions():
    values = np.sin(np.linspace(0, 12, 40)) * (1 + 0.2 * np.cos(np.arange(9)))[:, None]
    zeros = np.zeros(9)
    return BandAttributions(
        values, zeros, zeros, np.zeros(40), "Log-odds of corn", np.arange(40), WAVELENGTHS
    )


def importance():
    groups = np.array_split(np.arange(15), 2) + np.array_split(np.arange(15, 40), 3)
    means = np.array([0.1, 0.3, -0.02, 0.05, 0.2])
    return BandImportance(groups, means[:, None] + [-0.02, 0, 0.02], 0.9, WAVELENGTHS)


def abundances():
    row, column = np.indices((30, 40))
    shares = np.stack([np.sin(row / 9) + 2, np.cos(column / 7) + 1, row / 15, column / 20], axis=2)
    shares /= shares.sum(axis=2, keepdims=True)
    shares[:5, :9] = np.nan
    return shares


def subspace():
    power, noise = 10.0 ** -np.arange(12.0), np.full(12, 1e-6)
    return SignalSubspace(6, np.eye(12), power + noise, noise, 1e-6 * np.eye(12))


def at_gain(gain):
    return gain * (spectra()[0] + 0.05 * np.cos(np.arange(40)))


PICTURES = {
    "scene": lambda ax: SceneDisplay.from_cube(
        # One row is far brighter than all others: percentiles are to stretch the picture.
        np.sin(np.indices((30, 40))[1][..., None] / np.linspace(3, 9, 40))
        + 20 * (np.indices((30, 40))[0][..., None] == 3),
        wavelengths=WAVELENGTHS,
        ax=ax,
    ),
    "class_map": lambda ax: ClassMapDisplay.from_predictions(class_map(), class_names=NAMES, ax=ax),
    "value_map": lambda ax: ValueMapDisplay.from_values(
        np.where(class_map() == 0, np.nan, np.hypot(*np.indices((30, 40)))), label="Error", ax=ax
    ),
    "prediction": lambda ax: PredictionDisplay.from_predictions(
        12 + 3 * np.sin(7.0 * np.arange(60)),
        12.4 + 2.6 * np.sin(7.0 * np.arange(60)) + 0.5 * np.cos(11.0 * np.arange(60)),
        groups=np.repeat([2019, 2020, 2021], 20),
        long_name="Protein content",
        units="%",
        ax=ax,
    ),
    "split_map": lambda ax: SplitMapDisplay(class_map()).plot(ax=ax),
    "class_spectra": lambda ax: ClassSpectraDisplay.from_spectra(
        spectra(), CLASSES, wavelengths=WAVELENGTHS, class_names=NAMES, ax=ax
    ),
    "latent_space": lambda ax: LatentSpaceDisplay(codes(), CLASSES, class_names=NAMES).plot(ax=ax),
    "reconstruction": lambda ax: ReconstructionDisplay.from_predictions(
        spectra()[0], at_gain(0.5), wavelengths=WAVELENGTHS, ax=ax
    ),
    "light": lambda ax: LightDisplay.from_augmentation(
        Relighting(random_state=0), Spectra(spectra()[:1], WAVELENGTHS), n_lights=8, ax=ax
    ),
    "loss_curve": lambda ax: LossCurveDisplay(
        1 / np.arange(1, 30), validation_loss_curve=0.1 + 1 / np.arange(1, 30)
    ).plot(ax=ax),
    "signal_to_noise": lambda ax: SignalToNoiseDisplay(300 / np.arange(1, 30) ** 2, n_kept=9).plot(
        ax=ax
    ),
    "abundance_map": lambda ax: AbundanceMapDisplay(
        abundances(), names=["Soil", "Grass", "Water", "Road"]
    ).plot(ax=ax),
    "endmembers": lambda ax: EndmembersDisplay(
        spectra()[[0, 20, 40]], names=NAMES[1:], wavelengths=WAVELENGTHS
    ).plot(ax=ax),
    "signal_subspace": lambda ax: SignalSubspaceDisplay(subspace()).plot(ax=ax),
    "band_importance": lambda ax: BandImportanceDisplay(importance()).plot(ax=ax),
    "band_attribution": lambda ax: BandAttributionDisplay(attributions()).plot(ax=ax),
}


def draw(name, path):
    """Draw a Display without letters and return the file, and all that was written in it."""
    with mpl.rc_context(mpl.rcParamsDefault | {"backend": "Agg"}):
        figure = plt.figure(figsize=(6, 3.5), dpi=80)
        PICTURES[name](figure.add_axes((0.1, 0.15, 0.6, 0.75)))
        figure.canvas.draw()
        texts = {text for text in figure.findobj(Text) if text.get_visible()}
        for ax in figure.axes:
            texts -= {*ax.get_xticklabels(), *ax.get_yticklabels()}
        said = sorted({text.get_text() for text in texts} - {""})
        for legend in figure.findobj(Legend):
            legend.set_visible(False)  # it is as wide as its letters
        for text in figure.findobj(Text):
            text.set_visible(False)
        figure.savefig(path)
    return path, "\n".join(said) + "\n"


@pytest.mark.parametrize("name", PICTURES)
def test_a_display_looks_as_it_did_and_says_what_it_said(name, tmp_path):
    drawn, said = draw(name, tmp_path / f"{name}.png")
    expected = BASELINE / f"{name}.png"
    if os.environ.get("SKHYP_WRITE_BASELINE"):
        BASELINE.mkdir(exist_ok=True)
        shutil.copy(drawn, expected)
        expected.with_suffix(".txt").write_text(said)
        pytest.skip("written: look at it")
    assert said == expected.with_suffix(".txt").read_text()
    assert compare_images(expected, drawn, TOLERANCE) is None


def test_a_line_that_is_missing_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setitem(
        PICTURES,
        "class_spectra",
        lambda ax: ClassSpectraDisplay.from_spectra(
            spectra()[:40], CLASSES[:40], wavelengths=WAVELENGTHS, class_names=NAMES, ax=ax
        ),
    )
    drawn, _ = draw("class_spectra", tmp_path / "class_spectra.png")
    assert "RMS" in compare_images(BASELINE / "class_spectra.png", drawn, TOLERANCE)


def test_every_display_is_compared():
    from skhyp import plotting

    displays = {name for name in plotting.__all__ if name.endswith("Display")}
    named = {"".join(map(str.capitalize, name.split("_"))) + "Display" for name in PICTURES}
    assert named == displays
    assert {path.stem for path in BASELINE.iterdir()} == set(PICTURES)
