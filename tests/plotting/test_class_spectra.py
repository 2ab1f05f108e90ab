"""Class means and importances are drawn where their bands are."""

import numpy as np
import pandas
import pytest
from sklearn.linear_model import LogisticRegression

from skhyp.inspection import band_permutation_importance
from skhyp.plotting import BandImportanceDisplay, ClassSpectraDisplay
from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names


def test_means_are_drawn_with_gaps_where_bands_are_missing(spectra, wavelengths):
    X, y = spectra
    names = {0: "Soil", 1: "Grass", 2: "Roof"}
    display = ClassSpectraDisplay.from_spectra(X, y, wavelengths=wavelengths, class_names=names)
    assert [len(lines) for lines in display.lines_] == [3, 3, 3]
    drawn = np.concatenate([line.get_ydata() for line in display.lines_[1]])
    np.testing.assert_allclose(drawn, X[y == 1].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(display.deviations[2], X[y == 2].std(axis=0), rtol=1e-4)
    assert display.ax_.get_xlabel() == "Wavelength (nm)"
    assert [text.get_text() for text in display.legend_.get_texts()] == list(names.values())
    n_shaded = len(display.ax_.collections)
    assert n_shaded == 9 and not display.plot(spread=False).ax_.collections


def test_spectra_and_columns_of_a_frame_tell_the_wavelengths(spectra, wavelengths):
    X, y = spectra
    frame = pandas.DataFrame(X, columns=wavelength_names(wavelengths))
    for known in (frame, Spectra(X, wavelengths)):
        display = ClassSpectraDisplay.from_spectra(known, y)
        np.testing.assert_allclose(display.wavelengths, wavelengths, rtol=1e-6)
    assert ClassSpectraDisplay.from_spectra(X, y).ax_.get_xlabel() == "Band"


def test_spectra_without_their_labels_are_refused(spectra):
    X, y = spectra
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ClassSpectraDisplay.from_spectra(X, y[:5])
    with pytest.raises(ValueError, match="Unknown label type"):
        ClassSpectraDisplay.from_spectra(X, y + 0.5)


def test_importances_are_bars_as_wide_as_their_bands(spectra, wavelengths):
    X, y = spectra
    model = LogisticRegression(max_iter=500).fit(X, y)
    display = BandImportanceDisplay.from_estimator(
        model, X, y, groups=8, wavelengths=wavelengths, random_state=0
    )
    importance = band_permutation_importance(
        model, X, y, groups=8, wavelengths=wavelengths, random_state=0
    )
    heights = [bar.get_height() for bar in display.bars_]
    np.testing.assert_allclose(heights, importance.importances_mean)
    for bar, group in zip(display.bars_, importance.groups, strict=True):
        reached = wavelengths[group]
        assert bar.get_x() < reached.min() and bar.get_x() + bar.get_width() > reached.max()
        assert bar.get_width() < np.ptp(reached) * 1.5 + 1
    again = BandImportanceDisplay.from_importance(importance)
    assert again.ax_.get_xlabel() == "Wavelength (nm)"
