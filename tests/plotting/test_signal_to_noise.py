"""The signal of components is drawn over its noise."""

import copy

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skhyp import MinimumNoiseFraction
from skhyp.plotting import SignalToNoiseDisplay


@pytest.fixture(scope="module")
def fitted():
    row, column = np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 30), indexing="ij")
    mixtures = row[..., None] * np.sin(np.arange(12)) + column[..., None] * np.cos(np.arange(12))
    noise = np.random.default_rng(0).normal(size=mixtures.shape)
    return MinimumNoiseFraction(scaling=None, n_components=4).fit(50 * mixtures + noise)


def legend_entries(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_all_components_are_drawn_and_the_kept_ones_are_marked(fitted):
    display = SignalToNoiseDisplay.from_estimator(fitted)
    np.testing.assert_array_equal(display.line_.get_xdata(), np.arange(1, 13))
    stands_out = fitted.signal_to_noise_ > 0
    drawn = display.line_.get_ydata()
    np.testing.assert_array_equal(drawn[stands_out], fitted.signal_to_noise_[stands_out])
    assert np.isnan(drawn[~stands_out]).all()
    np.testing.assert_array_equal(display.kept_.get_ydata(), drawn[:4])
    assert legend_entries(display) == ["all components", "kept", "as much signal as noise"]
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_xlabel() == "Component"
    assert display.ax_.get_ylabel() == "Signal over noise (variances)"


def test_on_a_linear_scale_components_without_signal_are_at_zero(fitted):
    display = SignalToNoiseDisplay.from_estimator(fitted, log_scale=False)
    np.testing.assert_array_equal(display.line_.get_ydata(), fitted.signal_to_noise_)
    assert display.ax_.get_yscale() == "linear"


def test_several_estimators_share_an_axis_and_its_line_of_noise(fitted):
    first = SignalToNoiseDisplay.from_estimator(fitted, label="scene")
    other = copy.copy(fitted)
    other.n_components_ = 2
    second = SignalToNoiseDisplay.from_estimator(other, label="block", ax=first.ax_)
    assert second.noise_ is first.noise_
    assert first.line_.get_color() != second.line_.get_color()
    assert second.kept_.get_color() == second.line_.get_color()
    assert sorted(legend_entries(second)) == sorted(
        [
            *("scene, all components", "scene, kept", "as much signal as noise"),
            *("block, all components", "block, kept"),
        ]
    )


@pytest.mark.parametrize("wrap", [make_pipeline, FrozenEstimator])
def test_of_a_pipeline_the_step_with_components_is_shown(fitted, wrap):
    display = SignalToNoiseDisplay.from_estimator(wrap(fitted))
    assert display.n_kept == 4


def test_numbers_alone_are_drawn_without_marks():
    display = SignalToNoiseDisplay([3, 2, 1]).plot()
    assert display.kept_ is None
    assert legend_entries(display) == ["all components", "as much signal as noise"]


@pytest.mark.parametrize(
    ("display", "message"),
    [
        (SignalToNoiseDisplay([]), "one component or more; got shape"),
        (SignalToNoiseDisplay([[1]]), "one component or more; got shape"),
        (SignalToNoiseDisplay([1, 2], n_kept=3), "from 0 to 2; got 3"),
        (SignalToNoiseDisplay([1, 2], n_kept=-1), "from 0 to 2; got -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(display, message):
    with pytest.raises(ValueError, match=message):
        display.plot()


def test_an_estimator_without_components_of_noise_is_refused(fitted_autoencoder):
    with pytest.raises(ValueError, match="a fitted MinimumNoiseFraction, or a Pipeline with one"):
        SignalToNoiseDisplay.from_estimator(fitted_autoencoder)
