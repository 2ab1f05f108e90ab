"""What is known of a scene is told in words, with units, and so is what is not known."""

from dataclasses import replace

import numpy as np
import pytest

from skhyp.scenes import open_scene
from skhyp.scenes._description import description


def facts_of(scene):
    return {line[:16].strip(): line[16:].strip() for line in description(scene).splitlines()[1:]}


@pytest.fixture
def scene():
    good = np.ones(20, bool)
    good[[3, 4, 5, 9]] = False
    return open_scene(
        np.zeros((4, 5, 20), np.int16),
        wavelengths=np.linspace(400, 780, 20),
        good_bands=good,
        nodata=-9999,
    )


def test_bands_are_told_by_their_wavelengths_and_bad_ones_by_their_numbers(scene):
    facts = facts_of(replace(scene, fwhm=np.linspace(8, 12, 20)))
    assert facts["wavelengths"] == "400 to 780 nm, rising, 20 nm apart (median)"
    assert facts["band widths"] == "8 to 12 nm (FWHM)"
    assert facts["bad bands"] == "4: 3-5, 9 (counted from 0)"
    assert facts["missing data"] == "-9999"


def test_nan_is_missing_data_among_floats_whether_the_file_says_so_or_not(scene):
    floats = open_scene(np.zeros((2, 3, 4), np.float32))
    told = [
        facts_of(replace(each, nodata=n))["missing data"]
        for each, n in (
            (floats, np.nan),
            (floats, None),
            (scene, None),
        )
    ]
    assert told == ["NaN", "not marked, but for NaN", "not marked"]


def test_wavelengths_that_fall_or_have_no_order_are_told_so(scene):
    falling = facts_of(replace(scene, wavelengths=scene.wavelengths[::-1]))
    assert falling["wavelengths"] == "400 to 780 nm, falling, 20 nm apart (median)"
    mixed = np.roll(scene.wavelengths, 3)
    assert "in no order" in facts_of(replace(scene, wavelengths=mixed))["wavelengths"]


def test_a_scale_is_told_and_that_it_is_not_applied(scene):
    facts = facts_of(replace(scene, scale=1e-4, offset=np.linspace(0, 0.5, 20)))
    assert facts["scale"] == "0.0001 x number + 0 to 0.5, as the file says; it is not applied"


def test_pixels_have_a_size_a_corner_and_a_rotation(scene):
    facts = facts_of(replace(scene, transform=(30, 0, 500_000, 0, -30, 5_800_000)))
    assert facts["pixels"] == "30 x 30, from the corner x = 500000, y = 5800000"
    turned = facts_of(replace(scene, transform=(0, 4, 10, 3, 0, 20)))
    assert turned["pixels"].startswith("3 x 4, rotated by 90 degrees")


def test_of_many_names_the_first_are_told_and_how_many_there_are_more(scene):
    classes = {label: f"class {label}" for label in range(1, 31)}
    told = facts_of(replace(scene, class_names=classes))["classes"]
    assert told.startswith("1 class 1, 2 class 2, ") and told.endswith(" and 18 more")
