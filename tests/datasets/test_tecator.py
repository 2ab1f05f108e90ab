"""The spectra of meat are those that were published, with their terms."""

import numpy as np
import pandas as pd
import pytest

from skhyp.datasets import load_tecator
from skhyp.spectra import Spectra


def test_the_parts_are_those_that_were_published():
    meat = load_tecator()
    assert isinstance(meat.data, Spectra) and meat.data.dtype == np.float32
    np.testing.assert_array_equal(meat.data.wavelengths, np.arange(850, 1050, 2))
    assert {part: np.count_nonzero(meat.part == part) for part in np.unique(meat.part)} == {
        "test": 31,
        "train": 115,
        "validation": 32,
    }
    for subset in ("train", "validation", "test"):
        X, y = load_tecator(return_X_y=True, subset=subset)
        np.testing.assert_array_equal(X, meat.data[meat.part == subset])
        np.testing.assert_array_equal(y, meat.target[meat.part == subset])


def test_contents_are_percents_that_nearly_make_the_whole():
    meat = load_tecator()
    total = meat.target.sum(axis=1)  # the rest is ash and carbohydrates
    assert (meat.target > 0).all() and total.min() > 91 and total.max() < 102


def test_a_frame_has_the_wavelengths_for_columns():
    meat = load_tecator(as_frame=True, subset="test")
    assert list(meat.frame.columns[-3:]) == meat.target_names == ["water", "fat", "protein"]
    assert list(meat.data.columns) == meat.feature_names and meat.feature_names[0] == "850 nm"
    pd.testing.assert_frame_equal(meat.frame[meat.feature_names], meat.data)


def test_the_note_that_has_to_accompany_the_data_does():
    description = " ".join(load_tecator().DESCR.replace(">", " ").split())
    assert "can be redistributed as long as this permission note is attached" in description
    assert "Statement of permission from Tecator" in description


def test_an_unknown_subset_is_refused():
    with pytest.raises(ValueError, match=r"'subset' parameter .* must be a str among"):
        load_tecator(subset="val")


def test_they_are_those_of_the_public_collection(shared_folder):
    path = shared_folder / "lab" / "tecator.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with np.load(path) as published:
        meat = load_tecator()
        np.testing.assert_array_equal(meat.data, published["X"])
        np.testing.assert_array_equal(meat.target[:, 1], published["fat"])
