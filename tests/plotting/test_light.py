"""A spectrum is drawn in the lights of an augmentation."""

import numpy as np
import pytest

from skhyp.light import Relighting
from skhyp.plotting import LightDisplay
from skhyp.spectra import Spectra

WAVELENGTHS = np.array([450.0, 470, 460, 480])  # detectors overlap
GREY = Spectra(np.full((1, 4), 0.4), WAVELENGTHS)


def test_a_spectrum_is_shown_in_full_light_in_the_sun_and_in_shadow():
    relighting = Relighting(shadow=0.25, random_state=0)
    display = LightDisplay.from_augmentation(relighting, GREY, n_lights=8)
    assert display.relit.shape == (8, 4) and display.sees_sun.sum() == 6
    in_shadow = display.relit[~display.sees_sun]
    assert (in_shadow.max(axis=1) < 0.4 / 2).all()
    assert (display.relit <= 0.4 + 1e-6).all()
    full = display.lines_[-1]
    np.testing.assert_array_equal(full.get_xdata(), np.sort(WAVELENGTHS))
    np.testing.assert_allclose(full.get_ydata(), 0.4)
    entries = [text.get_text() for text in display.legend_.get_texts()]
    assert entries == ["in shadow", "in the sun", "in full light"]
    assert display.ax_.get_xlabel() == "Wavelength (nm)"
    again = LightDisplay.from_augmentation(relighting, GREY, n_lights=8)
    np.testing.assert_array_equal(again.relit, display.relit)
    assert relighting.wavelengths is None and relighting.shadow == 0.25


@pytest.mark.parametrize(
    ("spectrum", "options", "message"),
    [
        (np.ones(4), {}, "needs the wavelengths"),
        (np.ones((2, 4)), {}, "must be one spectrum, got shape"),
        (GREY, {"n_lights": 0}, "n_lights must be at least 1"),
        (GREY, {"augmentation": "dusk"}, "augmentation must be a skhyp.light.Relighting"),
    ],
)
def test_what_cannot_be_shown_is_refused(spectrum, options, message):
    arguments = {"augmentation": Relighting(), "spectrum": spectrum} | options
    with pytest.raises(ValueError, match=message):
        LightDisplay.from_augmentation(**arguments)


@pytest.mark.parametrize(
    ("relit", "sees_sun", "message"),
    [([[1, 1]], [True], "must be of shape"), (np.ones((2, 4)), [True], "each of 2 lights")],
)
def test_arrays_that_do_not_fit_are_refused(relit, sees_sun, message):
    with pytest.raises(ValueError, match=message):
        LightDisplay(np.ones(4), relit, sees_sun, WAVELENGTHS).plot()
