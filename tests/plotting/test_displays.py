"""What all displays do alike, as scikit-learn's do."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skhyp.endmembers import signal_subspace
from skhyp.inspection import BandAttributions, BandImportance
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

DISPLAYS = {
    "scene": lambda: SceneDisplay(np.zeros((2, 3, 3))),
    "split map": lambda: SplitMapDisplay(np.arange(4).reshape(2, 2)),
    "value map": lambda: ValueMapDisplay(np.eye(3)),
    "class map": lambda: ClassMapDisplay(np.eye(3)),
    "class spectra": lambda: ClassSpectraDisplay([1, 2], np.eye(2, 5), np.ones((2, 5))),
    "band importance": lambda: BandImportanceDisplay(
        BandImportance([np.arange(3)], np.ones((1, 2)), 1.0, None)
    ),
    "band attribution": lambda: BandAttributionDisplay(
        BandAttributions(
            np.ones((2, 3)), np.ones(2), np.zeros(2), np.ones(3), "Log-odds", np.arange(3), None
        )
    ),
    "latent space": lambda: LatentSpaceDisplay(np.eye(3), [1, 2, 3]),
    "reconstruction": lambda: ReconstructionDisplay(np.ones(4), np.ones(4)),
    "light": lambda: LightDisplay([1, 2], [[1, 1], [0, 1]], [True, False], [500, 900]),
    "loss curve": lambda: LossCurveDisplay([2, 1]),
    "signal to noise": lambda: SignalToNoiseDisplay([2, 1]),
    "abundance map": lambda: AbundanceMapDisplay(np.ones((2, 3, 4)) / 4),
    "endmembers": lambda: EndmembersDisplay(np.eye(2, 5)),
    "signal subspace": lambda: SignalSubspaceDisplay(signal_subspace(np.eye(6, 3))),
    "prediction": lambda: PredictionDisplay([2, 1], [2, 2], groups=["a", "b"]),
}


@pytest.fixture(params=DISPLAYS)
def display(request):
    return DISPLAYS[request.param]()


def test_making_a_display_draws_nothing(display):
    assert not hasattr(display, "ax_") and plt.get_fignums() == []


def test_plot_returns_the_display_with_a_figure_of_its_own(display):
    assert display.plot() is display
    assert len(plt.get_fignums()) == 1
    assert display.figure_ is display.ax_.figure is plt.gcf()


def test_plot_draws_on_given_axes_and_makes_no_figure(display, ax):
    display.plot(ax=ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert ax.has_data() and len(plt.get_fignums()) == 1


def test_a_display_can_be_drawn_again(display, ax):
    first = display.plot().ax_
    assert display.plot(ax=ax).ax_ is ax is not first


def test_what_are_no_axes_is_refused(display):
    axes = plt.subplots(1, 2)[1]
    with pytest.raises(ValueError, match=r"ax must be one matplotlib Axes or None; got ndarray"):
        display.plot(ax=axes)


def test_a_refused_display_leaves_no_figure_behind():
    for refused in (
        SceneDisplay(np.zeros(3)),
        ClassMapDisplay([["corn"]]),
        SplitMapDisplay([4]),
        ClassSpectraDisplay([1], np.eye(2), np.eye(2)),
        BandImportanceDisplay(None),
        BandAttributionDisplay(None),
        ValueMapDisplay(np.full((2, 2), np.nan)),
        LatentSpaceDisplay(np.eye(3), [1]),
        ReconstructionDisplay([1, 2], [1]),
        LightDisplay([1, 2], [[1, 1, 1]], [True], [500, 900]),
        LossCurveDisplay([]),
        SignalToNoiseDisplay([]),
        PredictionDisplay([1, 2], [1]),
        AbundanceMapDisplay(np.ones((2, 3))),
        AbundanceMapDisplay(np.ones((2, 3, 4)), names=["one"]),
        EndmembersDisplay(np.ones(3)),
        SignalSubspaceDisplay(None),
    ):
        with pytest.raises(ValueError, match="must"):
            refused.plot()
    assert plt.get_fignums() == []


def test_importing_the_displays_loads_neither_tensorflow_nor_matplotlib(run_python):
    finished = run_python(
        "import sys, skhyp.plotting; print({'tensorflow', 'matplotlib'} & set(sys.modules))"
    )
    assert (finished.stdout.strip(), finished.stderr) == ("set()", "")
