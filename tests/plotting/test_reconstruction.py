"""A reconstruction is drawn over its spectrum, with gaps where the spectrum has them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.metrics import spectral_angle
from skhyp.plotting import ReconstructionDisplay


def drawn(lines):
    """The points of all segments, one after the other."""
    return np.concatenate([line.get_xydata() for line in lines])


def test_spectrum_and_reconstruction_are_drawn_over_wavelengths(
    fitted_autoencoder, spectra, wavelengths
):
    x = spectra[0][0]
    display = ReconstructionDisplay.from_estimator(
        fitted_autoencoder, x, wavelengths=wavelengths, match_brightness=False
    )
    np.testing.assert_allclose(drawn(display.spectrum_lines_), np.c_[wavelengths, x])
    reconstruction = fitted_autoencoder.reconstruct(x[None])[0]
    np.testing.assert_allclose(
        drawn(display.reconstruction_lines_), np.c_[wavelengths, reconstruction]
    )
    assert display.ax_.get_xlabel() == "Wavelength (nm)"
    assert display.ax_.get_ylabel() == "Value (unit of the spectrum)"


def test_lines_end_where_detectors_change_and_where_bands_are_missing(
    fitted_autoencoder, spectra, wavelengths
):
    display = ReconstructionDisplay.from_estimator(
        fitted_autoencoder, spectra[0][0], wavelengths=wavelengths
    )
    for lines in (display.spectrum_lines_, display.reconstruction_lines_):
        assert [len(line.get_xdata()) for line in lines] == [15, 15, 10]


def test_the_reconstruction_is_drawn_at_its_best_gain_and_the_legend_says_so():
    spectrum = np.array([1.0, 2.0, 3.0])
    display = ReconstructionDisplay.from_predictions(spectrum, spectrum / 4)
    np.testing.assert_allclose(drawn(display.reconstruction_lines_)[:, 1], spectrum)
    assert display.gain_ == pytest.approx(4)
    labels = [text.get_text() for text in display.legend_.get_texts()]
    assert labels == ["spectrum", "reconstruction at its best gain (4), 0.00° apart"]


def test_as_it_is_the_reconstruction_keeps_its_brightness():
    display = ReconstructionDisplay.from_predictions([1, 2], [3, 4], match_brightness=False)
    assert drawn(display.reconstruction_lines_)[:, 1].tolist() == [3, 4]
    assert display.gain_ == 1
    assert "gain" not in display.legend_.get_texts()[1].get_text()


@pytest.mark.parametrize("reconstruction", [[0, 0], [-1, -2], [2, -1]])
def test_no_gain_turns_a_reconstruction_over(reconstruction):
    assert ReconstructionDisplay.from_predictions([1, 2], reconstruction).gain_ == 1


def test_the_angle_between_the_two_is_in_the_legend(fitted_autoencoder, spectra):
    x = spectra[0][:1]
    display = ReconstructionDisplay.from_estimator(fitted_autoencoder, x)
    angle = np.degrees(spectral_angle(x, fitted_autoencoder.reconstruct(x))[0])
    assert display.angle_ == pytest.approx(angle, rel=1e-4)
    assert f"{angle:.2f}° apart" in display.legend_.get_texts()[1].get_text()


def test_without_wavelengths_bands_are_counted(fitted_autoencoder, spectra):
    display = ReconstructionDisplay.from_estimator(fitted_autoencoder, spectra[0][0])
    (line,) = display.spectrum_lines_
    np.testing.assert_array_equal(line.get_xdata(), np.arange(40))
    assert display.ax_.get_xlabel() == "Band"


def test_of_a_pipeline_the_preprocessed_spectrum_is_shown(spectra, wavelengths, small_autoencoder):
    small_autoencoder["max_epochs"] = 1
    pipeline = make_pipeline(
        HypPreprocessor(method="minmax", wavelengths=wavelengths, bands=[(600, 680)]),
        SpectralAutoencoder(**small_autoencoder),
    ).fit(spectra[0])
    display = ReconstructionDisplay.from_estimator(pipeline, spectra[0][0])
    seen = pipeline[:-1].transform(spectra[0][:1])[0]
    np.testing.assert_allclose(
        drawn(display.spectrum_lines_), np.c_[pipeline[0].wavelengths_, seen]
    )
    with pytest.raises(ValueError, match=r"wavelengths .* each of the 34 bands.* \(40,\)"):
        ReconstructionDisplay.from_estimator(pipeline, spectra[0][0], wavelengths=wavelengths)


def test_bands_that_a_pipeline_drops_leave_a_gap_without_wavelengths_too(
    spectra, small_autoencoder
):
    small_autoencoder["max_epochs"] = 1
    pipeline = make_pipeline(
        HypPreprocessor(bands=[0, 1, 2, 10, 20, 21]), SpectralAutoencoder(**small_autoencoder)
    ).fit(spectra[0])
    display = ReconstructionDisplay.from_estimator(pipeline, spectra[0][0])
    segments = [line.get_xdata().tolist() for line in display.spectrum_lines_]
    assert segments == [[0, 1, 2], [10], [20, 21]]
    assert display.spectrum_lines_[1].get_marker() == "."


def test_wavelengths_are_read_from_the_columns_of_a_frame(spectra):
    frame = pd.DataFrame(spectra[0][:, :5], columns=[f"{500 + 10 * i} nm" for i in range(5)])
    pca = PCA(2).fit(frame)
    display = ReconstructionDisplay.from_estimator(pca, frame[:1])
    np.testing.assert_array_equal(drawn(display.spectrum_lines_)[:, 0], [500, 510, 520, 530, 540])


def test_columns_of_bands_that_another_step_drops_are_not_taken_for_those_that_are_shown(spectra):
    frame = pd.DataFrame(spectra[0][:, :5], columns=[f"{500 + 10 * i} nm" for i in range(5)])
    pipeline = make_pipeline(SelectKBest(k=4), SpectralAutoencoder(max_epochs=1, n_components=2))
    display = ReconstructionDisplay.from_estimator(pipeline.fit(frame, spectra[1]), frame[:1])
    kept = 500 + 10 * pipeline[0].get_support(indices=True)
    np.testing.assert_array_equal(drawn(display.spectrum_lines_)[:, 0], kept)


def test_a_frozen_model_is_shown_as_it_is(spectra, fitted_autoencoder):
    pipeline = make_pipeline(HypPreprocessor().fit(spectra[0]), fitted_autoencoder)
    plain = ReconstructionDisplay.from_estimator(pipeline, spectra[0][0])
    frozen = ReconstructionDisplay.from_estimator(FrozenEstimator(pipeline), spectra[0][0])
    np.testing.assert_array_equal(
        drawn(frozen.reconstruction_lines_), drawn(plain.reconstruction_lines_)
    )


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[1, 2]], [1, 2]), {}, r"spectrum must have the shape \(n_bands,\); got \(1, 2\)"),
        (([1, 2], [1, 2, 3]), {}, r"reconstruction must have .* of spectrum, \(2,\); got \(3,\)"),
        (([1, np.nan], [1, 2]), {}, r"spectrum must hold finite values; got nan"),
        (([1, 2], [1, np.inf]), {}, r"reconstruction must hold finite values; got inf"),
        (([1, 2], [1, 2]), {"bands": [1]}, r"bands must have one entry for each of the 2 bands"),
        (([1, 2], [1, 2]), {"wavelengths": [0.4, 0.5]}, r"wavelengths must be in nm.* micro"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        ReconstructionDisplay.from_predictions(*arguments, **options)


def test_several_spectra_and_estimators_that_cannot_reconstruct_are_refused(
    fitted_autoencoder, fitted_classifier, spectra
):
    with pytest.raises(ValueError, match=r"x must be one spectrum.* got \(2, 40\)"):
        ReconstructionDisplay.from_estimator(fitted_autoencoder, spectra[0][:2])
    with pytest.raises(ValueError, match=r"must have reconstruct.* got SpectralCNNClassifier"):
        ReconstructionDisplay.from_estimator(fitted_classifier, spectra[0][0])
