"""By how much bands count in those of another sensor, and what of these was measured."""

import numpy as np
import pytest

from skhyp.wavelengths._band_weights import (
    DEVIATIONS_IN_FWHM,
    BandWeights,
    gaussian_coverage,
    gaussian_weights,
    response_coverage,
    response_weights,
)
from skhyp.wavelengths._band_widths import known_widths, validate_widths, widths_by_distance

FINE = np.arange(400.0, 1001.0)


def _absorption(wavelengths, centre=700.0, fwhm=60.0):
    """Return what a sensor of no width sees of an absorption that is Gaussian."""
    return np.exp(-(((wavelengths - centre) * DEVIATIONS_IN_FWHM / fwhm) ** 2) / 2)


def _measured(centres, fwhm, feature=60.0):
    """Return what bands of a width see of it: the squares of widths add up."""
    wider = np.hypot(feature, fwhm)
    return feature / wider * _absorption(np.asarray(centres), fwhm=wider)


def test_what_is_blurred_twice_is_as_if_by_the_target_alone():
    centres = np.arange(500.0, 900.0, 12)
    weights = gaussian_weights(FINE, np.full(601, 8.0), centres, np.full(len(centres), 20.0))
    found = _measured(FINE, 8.0) @ weights
    np.testing.assert_allclose(found, _measured(centres, 20.0), atol=3e-4)
    too_blurred = gaussian_weights(FINE, np.full(601, 1e-3), centres, np.full(len(centres), 20.0))
    blurred_twice = _measured(FINE, 8.0) @ too_blurred
    assert np.abs(blurred_twice - _measured(centres, 20.0)).max() > 7e-3


def test_a_target_that_is_no_wider_is_interpolated():
    weights = gaussian_weights(FINE, np.full(601, 8.0), np.array([500.25]), np.array([5.0]))
    assert np.flatnonzero(weights[:, 0]).tolist() == [100, 101]
    np.testing.assert_allclose(weights[[100, 101], 0], [0.75, 0.25])


def test_the_same_bands_are_themselves():
    widths = np.full(601, 8.0)
    np.testing.assert_array_equal(gaussian_weights(FINE, widths, FINE, widths), np.eye(601))


def test_a_straight_spectrum_stays_straight_whatever_the_order_of_the_bands():
    falling = FINE[::-1]
    weights = gaussian_weights(falling, np.full(601, 2.0), np.array([650.0]), np.array([50.0]))
    np.testing.assert_allclose((3 + falling) @ weights, [653])
    np.testing.assert_allclose(weights.sum(axis=0), 1)


def test_bands_of_two_detectors_at_one_wavelength_count_alike():
    source = np.array([500.0, 510, 520, 510, 520, 530])
    weights = gaussian_weights(source, np.full(6, 10.0), np.array([510.0]), np.array([10.0]))
    np.testing.assert_allclose(weights[:, 0], [0, 0.5, 0, 0.5, 0, 0])


def test_a_box_of_responses_is_a_mean():
    table = np.array([[0.0], [1], [1], [0]])
    at = np.array([599.999, 600, 700, 700.001])
    weights = response_weights(FINE, at, table)
    np.testing.assert_allclose(FINE @ weights, [650], rtol=1e-6)
    np.testing.assert_allclose(weights[220:280, 0], 0.01, rtol=1e-4)


def test_the_responses_of_a_gaussian_are_a_gaussian():
    at = np.linspace(600, 800, 401)
    table = _absorption(at, fwhm=40.0)[:, np.newaxis]
    by_table = response_weights(FINE, at, table)
    by_width = gaussian_weights(FINE, np.full(601, 1e-3), np.array([700.0]), np.array([40.0]))
    np.testing.assert_allclose(by_table, by_width, atol=1e-5)


def test_coverage_is_the_share_of_the_response_that_was_measured():
    widths = np.full(601, 1.0)
    found = gaussian_coverage(FINE, widths, np.array([700.0, 1000.75, 1100]), np.full(3, 20.0))
    np.testing.assert_allclose(found, [1, 0.5, 0], atol=1e-6)
    at = np.array([990.75, 1010.75])
    known = (at, np.ones((2, 1)), np.array([1000.75]), np.array([20.0]))
    np.testing.assert_allclose(response_coverage(FINE, widths, *known), [0.5])


def test_bands_that_are_much_narrower_than_those_of_the_source_were_not_measured():
    source, target = np.arange(500.0, 700.0, 10), np.array([600.0, 600])
    found = gaussian_coverage(source, np.full(20, 12.0), target, np.array([4.0, 3.9]))
    np.testing.assert_allclose(found, [1, 0], atol=1e-6)
    box = (np.array([595.0, 605]), np.ones((2, 1)), np.array([600.0]), np.array([3.9]))
    assert response_coverage(source, np.full(20, 12.0), *box) == 0


def test_a_band_that_was_left_out_is_a_gap_for_narrow_bands_and_none_for_broad_ones():
    source = np.delete(np.arange(500.0, 700.0, 10), 10)
    widths = np.full(len(source), 10.0)
    found = gaussian_coverage(source, widths, np.array([600.0, 600]), np.array([10.0, 80]))
    assert found[0] < 0.9 < found[1]


def test_bands_that_lie_farther_apart_than_they_are_wide_leave_no_gaps_up_to_a_limit():
    source, target = np.arange(500.0, 700.0, 10), np.array([605.0])
    assert gaussian_coverage(source, np.full(20, 6.0), target, np.array([6.0])) > 0.9
    assert gaussian_coverage(source, np.full(20, 2.0), target, np.array([6.0])) < 0.9


def test_a_missing_value_is_missing_in_what_it_counts_in_and_nowhere_else():
    centres, widths = np.array([500.0, 800]), np.array([9.0, 9])
    weights = BandWeights(gaussian_weights(FINE, np.ones(601), centres, widths))
    X = np.ones((3, 601), np.float32)
    X[1, 100] = np.nan
    marked = np.zeros(X.shape, bool)
    marked[2, 400] = True
    expected = [[1, 1], [np.nan, 1], [1, np.nan]]
    np.testing.assert_allclose(weights.product(X, marked), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_a_spectrum_has_the_same_bits_alone_and_among_others(dtype):
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 9000, (2500, 601)).astype(dtype)
    centres = np.linspace(450, 950, 40)
    weights = BandWeights(gaussian_weights(FINE, np.ones(601), centres, np.full(40, 12.0)))
    together = weights.product(X)
    assert together.dtype == (np.float64 if dtype is np.float64 else np.float32)
    for rows in (slice(0, 1), slice(7, 20), slice(1000, 2300)):
        np.testing.assert_array_equal(weights.product(X[rows]), together[rows])


def test_widths_that_nobody_knows_are_distances_of_contiguous_bands():
    np.testing.assert_allclose(
        widths_by_distance(np.array([500.0, 510, 518, 990, 1000]), ""), [10, 8, 8, 10, 10]
    )
    with pytest.raises(ValueError, match=r"the one at 650 nm has no other within 30 nm. Pass fwhm"):
        widths_by_distance(np.array([500.0, 510, 650]), "Pass fwhm.")
    with pytest.raises(ValueError, match="650 nm"):
        widths_by_distance(np.array([650.0]), "")


def test_widths_are_checked():
    np.testing.assert_array_equal(validate_widths(5, 3), [5, 5, 5])
    assert known_widths([5, 0, 5], 3) is None
    for widths, message in (([5, 6], "shape"), ([5, 0, 5], "positive"), (["a"] * 3, "numbers")):
        with pytest.raises(ValueError, match=message):
            validate_widths(widths, 3)
