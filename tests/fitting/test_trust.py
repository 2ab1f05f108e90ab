"""How sure a model may be, by what it says of samples that it has not seen."""

import numpy as np
import pytest

from skhyp.fitting._trust import best_temperature


def draw(temperature, n_samples=20_000, seed=0):
    """Return scores, and classes that are drawn by their softmax over a temperature."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_samples, 4))
    # The largest of scores with Gumbel noise is drawn by their softmax.
    return scores, (scores / temperature + rng.gumbel(size=scores.shape)).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_the_temperature_is_found_by_which_classes_were_drawn(temperature):
    assert best_temperature(*draw(temperature)) == pytest.approx(temperature, rel=0.1)


def test_scores_of_another_scale_have_a_temperature_of_that_scale():
    scores, classes = draw(1.0)
    whole = best_temperature(scores, classes)
    assert best_temperature(1000 * scores, classes) == pytest.approx(1000 * whole, rel=1e-3)


def test_without_an_error_one_of_two_more_samples_is_taken_to_be_wrong():
    scores, classes = np.eye(2)[np.arange(10) % 2], np.arange(10) % 2
    temperature = best_temperature(scores, classes)
    right = 1 / (1 + np.exp(-1 / temperature))
    assert right == pytest.approx(1 - 1 / 12, abs=1e-3)


def test_scores_that_tell_nothing_have_a_temperature_all_the_same():
    assert np.isfinite(best_temperature(np.zeros((6, 3)), np.arange(6) % 3))
