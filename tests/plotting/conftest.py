"""Small scenes to draw, and an end to every figure."""

import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


@pytest.fixture(scope="session")
def cube(spectra):
    """The 120 spectra as a scene of 10 rows and 12 columns."""
    return spectra[0].reshape(10, 12, -1)


@pytest.fixture(scope="session")
def class_map(spectra):
    """Their classes, 1 to 3, without the first row, which is unlabelled."""
    labels = (spectra[1] + 1).reshape(10, 12)
    labels[0] = 0
    return labels


@pytest.fixture(scope="session")
def wavelengths():
    """Of the 40 bands; the detectors overlap after the 15th, and bands are missing after the 30th.

    In nm.
    """
    return np.r_[np.linspace(400, 680, 15), np.linspace(670, 950, 15), np.linspace(1500, 1680, 10)]
