"""The spectra of a library that are most like others, by name."""

import numpy as np
import pytest

from skhyp.libraries import SpectralLibrary, nearest_spectra
from skhyp.metrics import spectral_angle
from skhyp.spectra import Spectra

FINE = np.arange(400, 1001)
COARSE = np.arange(425.0, 976.0, 25)


def shape(centre, wavelengths=FINE):
    return 0.4 - 0.2 * np.exp(-(((wavelengths - centre) / 60) ** 2))


@pytest.fixture(scope="module")
def library():
    spectra = Spectra([shape(centre) for centre in (500, 600, 700, 800)], FINE, fwhm=2)
    return SpectralLibrary(spectra, ["jarosite", "goethite", "hematite", "goethite"])


def test_the_nearest_come_first_whatever_the_light(library):
    found = nearest_spectra(3 * np.array([shape(610), shape(795)]), library, n_nearest=2)
    assert found.indices.tolist() == [[1, 2], [3, 2]]
    assert found.names.tolist() == [["goethite", "hematite"], ["goethite", "hematite"]]
    every = spectral_angle([shape(610), shape(795)], library.spectra, against="library")
    np.testing.assert_allclose(found.angles, np.sort(every, axis=1)[:, :2], atol=1e-12)


def test_bands_of_another_sensor_are_compared_with_those_that_were_measured(library):
    beyond = np.append(COARSE, [1100, 1200])
    X = Spectra([shape(700, beyond)], beyond, fwhm=25)
    found = nearest_spectra(X, library)
    assert found.names[0].tolist() == ["hematite", "goethite", "goethite"]
    assert found.angles[0, 0] < 0.01 < found.angles[0, 1]


def test_spectra_with_missing_values_are_left_out(library):
    spectra = np.array(library.spectra)
    spectra[1, 5] = np.nan
    part = SpectralLibrary(Spectra(spectra, FINE), library.names)
    assert nearest_spectra([shape(610)], part, n_nearest=9).indices.tolist() == [[2, 0, 3]]
    spectra[:, 5] = np.nan
    with pytest.raises(ValueError, match="all of its 4 have missing values"):
        nearest_spectra([shape(600)], SpectralLibrary(Spectra(spectra, FINE), library.names))


def test_bands_that_nobody_knows_are_refused(library):
    with pytest.raises(ValueError, match="which there are 601, or know its wavelengths"):
        nearest_spectra(np.ones((1, 5)), library)
