"""Which pixels are most worth a label."""

import numpy as np
import pytest

from skhyp.neighbours._next_labels import doubts, most_worth_labelling


@pytest.mark.parametrize("criterion", ["margin", "entropy"])
def test_doubt_is_0_where_one_class_is_certain_and_1_where_all_are_alike(criterion):
    probabilities = np.array([[1, 0, 0], [0.6, 0.3, 0.1], [1 / 3] * 3], np.float32)
    doubt = doubts(probabilities, criterion)
    assert doubt[0] == 0
    assert doubt[2] == pytest.approx(1)
    assert doubt[0] < doubt[1] < doubt[2]


def test_the_margin_asks_for_the_first_two_classes_alone():
    probabilities = np.array([[0.5, 0.5, 0], [0.5, 0.25, 0.25]], np.float32)
    np.testing.assert_allclose(doubts(probabilities, "margin"), [1, 0.75])
    assert np.argmax(doubts(probabilities, "entropy")) == 1


def test_pixels_to_label_are_doubtful_and_lie_all_over_the_scene():
    positions = np.argwhere(np.ones((30, 30)))
    certain = np.tile(np.array([1, 0], np.float32), (900, 1))
    is_doubtful = (positions % 29 < 3).all(axis=1)  # at the four corners
    certain[is_doubtful] = [0.51, 0.49]
    chosen = most_worth_labelling(
        certain, positions, 4, criterion="margin", random_state=np.random.RandomState(0)
    )
    assert is_doubtful[chosen].all()
    corners = {tuple(corner) for corner in (positions[chosen] > 14).tolist()}
    assert len(corners) == 4


def test_where_fewer_are_left_all_are_chosen():
    chosen = most_worth_labelling(
        np.full((3, 2), 0.5, np.float32),
        np.argwhere(np.ones((1, 3))),
        7,
        criterion="margin",
        random_state=np.random.RandomState(0),
    )
    np.testing.assert_array_equal(chosen, [0, 1, 2])
