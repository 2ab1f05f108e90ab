"""A map of a split shows each pixel on its side."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from skhyp.model_selection import SpatialBlockKFold
from skhyp.plotting import SplitMapDisplay

POSITIONS = np.argwhere(np.ones((8, 10)))


@pytest.mark.parametrize("as_mask", [False, True])
def test_each_pixel_is_on_its_side(as_mask):
    positions = np.array([[0, 0], [0, 2], [1, 1]])
    train, test = np.array([2]), np.array([0])
    if as_mask:
        train, test = (np.isin(np.arange(3), side) for side in (train, test))
    display = SplitMapDisplay.from_split(train, test, positions, shape=(2, 4, 99))
    np.testing.assert_array_equal(display.im_.get_array(), [[2, 0, 3, 0], [0, 1, 0, 0]])
    names = [text.get_text() for text in display.legend_.get_texts()]
    assert names == ["Not labelled", "Training", "Test", "Left out"]


def test_the_split_of_a_splitter_is_the_one_that_is_asked_for():
    folds = SpatialBlockKFold(3, block_size=3, guard=1, random_state=0)
    for number, (train, test) in enumerate(folds.split(POSITIONS, None, POSITIONS)):
        display = SplitMapDisplay.from_splitter(folds, POSITIONS, split=number, legend=False)
        sides = display.sides.ravel()
        np.testing.assert_array_equal(np.flatnonzero(sides == 1), train)
        np.testing.assert_array_equal(np.flatnonzero(sides == 2), test)
        assert display.legend_ is None
    at_random = SplitMapDisplay.from_splitter(KFold(4, shuffle=True, random_state=0), POSITIONS)
    assert (at_random.sides == 2).sum() == 20


def test_what_is_no_split_is_refused(ax):
    with pytest.raises(ValueError, match="split must be the number of a split; got 7"):
        SplitMapDisplay.from_splitter(KFold(3), POSITIONS, split=7)
    with pytest.raises(ValueError, match="must lie within shape"):
        SplitMapDisplay.from_split([0], [1], POSITIONS, shape=(3, 3))
    with pytest.raises(ValueError, match="train must have indices"):
        SplitMapDisplay.from_split([99], [1], POSITIONS, ax=ax)
