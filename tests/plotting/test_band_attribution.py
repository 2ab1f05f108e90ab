"""Attributions lie over their wavelengths, in the colour of what they speak for."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from skhyp.inspection import BandAttributions, integrated_gradients
from skhyp.plotting import BandAttributionDisplay


@pytest.fixture
def attributions(wavelengths):
    """Of three spectra: bands speak for and against in turns."""
    values = np.where(np.arange(40) % 2, 1.0, -0.5) * np.array([[0.5], [1], [1.5]])
    zeros = np.zeros(3)
    return BandAttributions(
        values, zeros, zeros, np.zeros(40), "Log-odds of corn", np.arange(40), wavelengths
    )


def test_the_mean_is_drawn_with_gaps_between_segments(attributions, ax):
    display = BandAttributionDisplay.from_attributions(attributions, ax=ax)
    assert [len(line.get_xdata()) for line in display.lines_] == [15, 15, 10]
    np.testing.assert_allclose(display.lines_[0].get_ydata()[:2], [-0.5, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "Wavelength (nm)",
        "Attribution (log-odds of corn)",
    )


def test_what_speaks_for_lies_above_zero_and_against_below(attributions, ax):
    display = BandAttributionDisplay(attributions).plot(ax=ax, spread=False)
    sides = {
        to_hex(patch.get_facecolor()): patch.get_label() for patch in display.legend_.legend_handles
    }
    assert list(sides.values()) == ["speaks for it", "speaks against it"]
    above, below = sides
    for area in ax.collections:
        heights = np.concatenate([path.vertices[:, 1] for path in area.get_paths()])
        if to_hex(area.get_facecolor()[0]) == above:
            assert heights.min() >= -1e-12 and heights.max() == 1
        else:
            assert to_hex(area.get_facecolor()[0]) == below
            assert heights.max() <= 1e-12 and heights.min() == -0.5


def test_the_spread_between_quartiles_is_drawn_where_it_is_asked_for(attributions, ax):
    BandAttributionDisplay.from_attributions(attributions, ax=ax, spread=False)
    n_without = len(ax.collections)
    BandAttributionDisplay.from_attributions(attributions, ax=ax)
    assert len(ax.collections) == 2 * n_without + 3  # segments


def test_single_bands_apart_are_lines(attributions, ax):
    alone = replace(attributions, bands=np.arange(0, 80, 2), wavelengths=None)
    BandAttributionDisplay(alone).plot(ax=ax, spread=False)
    heights = [line.get_segments()[0][1][1] for line in ax.collections if line.get_segments()]
    assert set(heights) == {-0.5, 1} and ax.get_xlabel() == "Band"


def test_inputs_that_are_no_bands_are_not_called_so(attributions, ax):
    components = replace(attributions, bands=None, wavelengths=None)
    BandAttributionDisplay(components).plot(ax=ax)
    assert ax.get_xlabel() == "Input of the network"


@pytest.mark.parametrize("values", [np.empty((0, 40)), np.ones((2, 39)), np.ones(40)])
def test_arrays_that_do_not_fit_are_refused_before_a_figure_is_made(values, attributions):
    import matplotlib.pyplot as plt

    with pytest.raises(ValueError, match="attributions must"):
        BandAttributionDisplay(replace(attributions, attributions=values)).plot()
    assert plt.get_fignums() == []


def test_from_estimator_computes_and_draws(spectra, fitted_classifier, wavelengths, ax):
    X, _ = spectra
    options = {"baseline": X.mean(axis=0), "target": 1, "wavelengths": wavelengths}
    display = BandAttributionDisplay.from_estimator(
        fitted_classifier, X, ax=ax, spread=False, **options
    )
    expected = integrated_gradients(fitted_classifier, X, **options)
    np.testing.assert_array_equal(display.attributions.attributions, expected.attributions)
    assert display.ax_ is ax and not any(c.get_alpha() for c in ax.collections)
