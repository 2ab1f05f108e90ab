"""What the bands of one sensor are of those of another: weights, and what was measured of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

# A Gaussian is so many standard deviations wide at half of its maximum.
DEVIATIONS_IN_FWHM = 2 * np.sqrt(2 * np.log(2))
# A band stands for what lies within so many of its widths, to each side.
_REACH = 0.75
# Bands that are no farther apart than so many of their widths leave no gap between them.
_SPARSEST_STEP = 1.5
# Of bands that are so many times as wide as another, it cannot be told.
_MOST_BLURRED = 3.0
# Narrower Gaussians are interpolation, in nm.
_NARROWEST = 1e-3
# So often the variance of weights is corrected; it changes little after the second time.
_REFINEMENTS = 8
# Lesser weights are none.
_LEAST_WEIGHT = 1e-5
# So many spectra are in the processor's cache while they are multiplied.
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class BandWeights:
    """By how much each band of one sensor counts in each of another, which is a product.

    ``weights`` has the shape (n_bands, n_bands_out). Columns of zeros are bands that cannot be
    told, and become NaN. So do values of which some band that counts is missing.
    """

    weights: NDArray[np.float64]

    def of_bands(self, bands: NDArray[np.intp] | None) -> BandWeights:
        """Return the weights of some of the bands that come out."""
        return self if bands is None else BandWeights(self.weights[:, bands])

    def product(self, X: NDArray[Any], is_missing: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return spectra (n, n_bands) on the other bands; NaN, and what is marked, is missing.

        In float64 for float64 and longer floats, float32 otherwise; the bits of a spectrum do not
        depend on those beside it.
        """
        is_double = X.dtype.kind == "f" and X.dtype.itemsize >= 8
        dtype = np.dtype(np.float64 if is_double else np.float32)
        weights = csr_array(self.weights.T.astype(dtype))
        told = np.diff(weights.indptr) > 0
        result = np.empty((len(X), weights.shape[0]), dtype)
        for start in range(0, len(X), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            part = np.ascontiguousarray(X[rows].T, dtype)
            missing = np.isnan(part) if X.dtype.kind == "f" else None
            if is_missing is not None:
                marked = is_missing[rows].T
                missing = marked if missing is None else missing | marked
            if missing is None or not missing.any():
                result[rows] = (weights @ part).T
                continue
            part[missing] = 0
            values = weights @ part
            values[(weights != 0).astype(np.float32) @ missing.astype(np.float32) > 0] = np.nan
            result[rows] = values.T
        if not told.all():
            result[:, ~told] = np.nan
        return result


def gaussian_weights(
    source: NDArray[np.float64],
    source_widths: NDArray[np.float64],
    target: NDArray[np.float64],
    target_widths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the weights of source bands in target bands, both Gaussians of some widths in nm.

    What a source band has seen is wide already: a Gaussian of the width that is left to the
    target's, sqrt(target**2 - source**2), is laid over the spectrum between the source's bands,
    which is taken to be straight. Nothing is left where the target is no wider: what comes out is
    interpolated. Straight lines blur too, which the Gaussian is narrower by: it is the variance of
    the weights that is what is left.
    """
    order, knots = _knots(source)
    widths = _widths_at(target, source, source_widths)
    variances = np.maximum(target_widths**2 - widths**2, 0) / DEVIATIONS_IN_FWHM**2
    weights = np.empty((len(knots), len(target)))
    for band, (centre, variance) in enumerate(zip(target, variances, strict=True)):
        weights[:, band] = _of_variance(knots - centre, variance)
    return _shared(weights, order)


def _of_variance(knots: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Return weights of knots around 0 that have a variance, or that of interpolation if more."""
    squares, of_gaussian = knots**2, float(variance)
    weights = _interpolation(knots, 0)
    if weights @ squares >= variance:
        return weights
    for _ in range(_REFINEMENTS):
        weights = _under_gaussian(knots, np.sqrt(of_gaussian))
        of_gaussian += float(variance - weights @ squares)
        # Beyond the ends of the spectrum there is nothing to be wide in.
        of_gaussian = min(max(of_gaussian, _NARROWEST**2), float(variance))
    return weights


def response_weights(
    source: NDArray[np.float64], wavelengths: NDArray[np.float64], responses: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of source bands in bands of some response functions (wavelengths, bands).

    Between the wavelengths of either, spectrum and response are taken to be straight: the products
    are summed exactly.
    """
    order, knots = _knots(source)
    places = np.unique(np.concatenate([knots, wavelengths]))
    places = places[(places >= wavelengths[0]) & (places <= wavelengths[-1])]
    middles = (places[:-1] + places[1:]) / 2
    steps = np.diff(places)
    weights = np.zeros((len(knots), responses.shape[1]))
    # By Simpson's rule, which is exact of products of straight lines.
    for at, share in ((places[:-1], 1 / 6), (middles, 4 / 6), (places[1:], 1 / 6)):
        hats = np.stack([_interpolation(knots, place) for place in at], axis=1)
        height = np.stack([np.interp(at, wavelengths, column) for column in responses.T], axis=1)
        weights += hats @ (height * (share * steps)[:, np.newaxis])
    return _shared(weights / weights.sum(axis=0), order)


def gaussian_coverage(
    source: NDArray[np.float64],
    source_widths: NDArray[np.float64],
    target: NDArray[np.float64],
    target_widths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the share of each target band's response that lies where source bands measured.

    It is 0 where these are so much wider that nothing of its sharpness was seen.
    """
    deviations = target_widths / DEVIATIONS_IN_FWHM
    covered = np.zeros(len(target))
    for start, stop in _measured(source, source_widths):
        covered += ndtr((stop - target) / deviations) - ndtr((start - target) / deviations)
    return np.where(_are_sharp(source, source_widths, target, target_widths), covered, 0)


def _are_sharp(
    source: NDArray[np.float64],
    source_widths: NDArray[np.float64],
    target: NDArray[np.float64],
    target_widths: NDArray[np.float64],
) -> NDArray[np.bool_]:
    return _widths_at(target, source, source_widths) <= _MOST_BLURRED * target_widths


def response_coverage(
    source: NDArray[np.float64],
    source_widths: NDArray[np.float64],
    wavelengths: NDArray[np.float64],
    responses: NDArray[np.float64],
    centres: NDArray[np.float64],
    fwhm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the share of each response that lies where source bands measured; 0 as for Gaussians.

    Of the responses, ``centres`` and ``fwhm`` are known already.
    """
    measured = _measured(source, source_widths)
    places = np.unique(np.concatenate([wavelengths, measured.ravel()]))
    places = places[(places >= wavelengths[0]) & (places <= wavelengths[-1])]
    middles = (places[:-1] + places[1:]) / 2
    areas = np.stack([np.interp(middles, wavelengths, column) for column in responses.T], axis=1)
    areas *= np.diff(places)[:, np.newaxis]
    starts, stops = measured.T
    is_measured = ((middles[:, np.newaxis] > starts) & (middles[:, np.newaxis] < stops)).any(axis=1)
    covered = areas[is_measured].sum(axis=0) / areas.sum(axis=0)
    return np.where(_are_sharp(source, source_widths, centres, fwhm), covered, 0)


def _measured(source: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the stretches (start, stop) of wavelengths that bands stand for, joined."""
    order = np.argsort(source, kind="stable")
    centres, widths = source[order], widths[order]
    steps = np.diff(centres)
    beside = np.minimum(np.append(np.inf, steps), np.append(steps, np.inf))
    reach = _REACH * np.maximum(widths, np.minimum(beside, _SPARSEST_STEP * widths))
    joined: list[list[float]] = []
    for start, stop in zip(centres - reach, centres + reach, strict=True):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    return np.array(joined)


def _knots(source: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which knot each band is at, and the knots in rising order.

    Bands of two detectors may lie at one wavelength.
    """
    knots, order = np.unique(source, return_inverse=True)
    return order.ravel(), knots


def _widths_at(
    target: NDArray[np.float64], source: NDArray[np.float64], source_widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how wide source bands are at some wavelengths, between them by a straight line."""
    order, knots = _knots(source)
    means = np.bincount(order, source_widths) / np.bincount(order)
    return np.interp(target, knots, means)


def _shared(weights: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the weights of bands of those of knots, without those that are too small to count."""
    weights = np.where(np.abs(weights) < _LEAST_WEIGHT, 0, weights)
    weights = weights / weights.sum(axis=0)
    counts = np.bincount(order, minlength=len(weights))
    return (weights / counts[:, np.newaxis])[order]


def _interpolation(knots: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    """Return the weights of knots at a place between two of them; beyond the ends, of the last."""
    weights = np.zeros(len(knots))
    after = int(np.searchsorted(knots, place))
    if after in (0, len(knots)) or knots[min(after, len(knots) - 1)] == place:
        weights[min(after, len(knots) - 1)] = 1
        return weights
    share = (place - knots[after - 1]) / (knots[after] - knots[after - 1])
    weights[after - 1], weights[after] = 1 - share, share
    return weights


def _under_gaussian(knots: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """Return the weights of knots, whose values are joined by straight lines, under a Gaussian.

    Its centre is 0. Beyond the ends the last values go on.
    """
    knots = knots / deviation
    below = ndtr(knots)
    density = np.exp(-(knots**2) / 2) / np.sqrt(2 * np.pi)
    masses, moments = np.diff(below), -np.diff(density)
    later = (moments - knots[:-1] * masses) / np.diff(knots)
    weights = np.zeros(len(knots))
    weights[1:] += later
    weights[:-1] += masses - later
    weights[0] += below[0]
    weights[-1] += 1 - below[-1]
    return weights
