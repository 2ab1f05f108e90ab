"""Losses are drawn over epochs, several trainings on one axis."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.plotting import LossCurveDisplay


def clone_with(fitted, **parameters):
    """Return a fitted estimator, as if it had been made with other parameters."""
    return copy.copy(fitted).set_params(**parameters)


def legend_entries(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_the_loss_of_each_epoch_is_drawn(fitted_autoencoder):
    display = LossCurveDisplay.from_estimator(fitted_autoencoder)
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 21))
    np.testing.assert_array_equal(line.get_ydata(), fitted_autoencoder.loss_curve_)
    assert legend_entries(display) == ["training"]
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss: cosine spectral angle"
    assert display.ax_.get_yscale() == "linear"


def test_the_loss_of_held_out_spectra_is_drawn_dashed_in_the_same_colour(fitted_autoencoder, X):
    stopped = clone(fitted_autoencoder).set_params(early_stopping=True, max_epochs=3).fit(X)
    display = LossCurveDisplay.from_estimator(stopped, label="small")
    training, validation = display.lines_
    np.testing.assert_array_equal(validation.get_ydata(), stopped.validation_loss_curve_)
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert training.get_color() == validation.get_color()
    assert legend_entries(display) == ["small, training", "small, validation"]


def test_several_trainings_share_an_axis(fitted_autoencoder, fitted_classifier):
    first = LossCurveDisplay.from_estimator(fitted_autoencoder, label="codes")
    again = LossCurveDisplay.from_estimator(fitted_autoencoder, label="again", ax=first.ax_)
    assert again.ax_.get_ylabel() == "Loss: cosine spectral angle"
    other = LossCurveDisplay.from_estimator(fitted_classifier, label="classes", ax=first.ax_)
    assert legend_entries(other) == ["codes", "again", "classes"]
    assert len({line.get_color() for line in first.ax_.get_lines()}) == 3
    assert other.ax_.get_ylabel() == "Loss"


def test_the_loss_of_a_classifier_is_named(fitted_classifier):
    display = LossCurveDisplay.from_estimator(fitted_classifier, log_scale=True)
    assert display.ax_.get_ylabel() == "Loss: cross-entropy (nats)"
    assert display.ax_.get_yscale() == "log"


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("squared_error", "mean squared error (squared deviations)"),
        ("absolute_error", "mean absolute error (deviations)"),
        ("huber", "Huber (squared deviations)"),
        ("quantile", "pinball (deviations)"),
    ],
)
def test_the_loss_of_a_regressor_is_named_with_its_unit(fitted_regressor, loss, name):
    display = LossCurveDisplay.from_estimator(clone_with(fitted_regressor, loss=loss))
    assert display.ax_.get_ylabel() == f"Loss: {name}"


def test_of_a_pipeline_or_search_the_network_is_shown(fitted_autoencoder, X):
    pipeline = make_pipeline(HypPreprocessor().fit(X), fitted_autoencoder)
    search = HypPreprocessor()
    search.best_estimator_ = pipeline
    for estimator in (pipeline, search):
        (line,) = LossCurveDisplay.from_estimator(estimator).lines_
        np.testing.assert_array_equal(line.get_ydata(), fitted_autoencoder.loss_curve_)


def test_epochs_are_whole_numbers_and_one_epoch_is_seen():
    display = LossCurveDisplay([0.3]).plot()
    assert display.lines_[0].get_marker() == "."
    ticks = LossCurveDisplay([0.3, 0.2]).plot().ax_.get_xticks()
    assert np.all(ticks == np.rint(ticks))


def test_what_was_not_trained_is_refused(spectra):
    with pytest.raises(ValueError, match=r"estimator must be fitted and have loss_curve_; got Spe"):
        LossCurveDisplay.from_estimator(SpectralAutoencoder())
    with pytest.raises(ValueError, match=r"loss_curve must hold .* got shape \(0,\)"):
        LossCurveDisplay([]).plot()
    with pytest.raises(ValueError, match=r"validation_loss_curve must be .* 3 epochs; got 2"):
        LossCurveDisplay([3, 2, 1], [3, 2]).plot()


@pytest.fixture
def X(spectra):
    return spectra[0]
