"""The bands of another sensor, in whatever form they are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from sklearn.utils.validation import check_is_fitted

from skhyp.spectra import Spectra
from skhyp.wavelengths import validate_wavelengths
from skhyp.wavelengths._band_weights import (
    gaussian_coverage,
    gaussian_weights,
    response_coverage,
    response_weights,
)
from skhyp.wavelengths._band_widths import known_widths, validate_widths, widths_by_distance
from skhyp.wavelengths._model_bands import model_input
from skhyp.wavelengths._sensors import SENSORS

from ._known_wavelengths import as_scene, wavelengths_of, widths_of

_WIDTHS_NEEDED = "Pass target_fwhm, the widths of the target's bands in nm."


@dataclass(frozen=True)
class TargetBands:
    """Bands by their centres and widths in nm and, where these are given, their responses."""

    wavelengths: NDArray[np.float64]
    fwhm: NDArray[np.float64]
    responses: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def coverage(
        self, source: NDArray[np.float64], source_widths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the share of each response that source bands measured."""
        if self.responses is not None:
            known = (*self.responses, self.wavelengths, self.fwhm)
            return response_coverage(source, source_widths, *known)
        return gaussian_coverage(source, source_widths, self.wavelengths, self.fwhm)

    def weights(
        self,
        source: NDArray[np.float64],
        source_widths: NDArray[np.float64],
        wanted: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Return the weights of source bands in those that are wanted."""
        if self.responses is not None:
            wavelengths, heights = self.responses
            return response_weights(source, wavelengths, heights[:, wanted])
        return gaussian_weights(source, source_widths, self.wavelengths[wanted], self.fwhm[wanted])


def target_bands(target: Any, widths: Any, responses: Any) -> TargetBands | None:
    """Return the bands that a target, or a table of responses, stands for; None without either."""
    if responses is not None:
        for name, value in (("target", target), ("target_fwhm", widths)):
            if value is not None:
                raise ValueError(
                    f"{name} must be None where responses are given, which say what the bands are."
                )
        return _of_responses(responses)
    if target is None:
        if widths is not None:
            raise ValueError("target_fwhm needs target, the bands whose widths these are.")
        return None
    wavelengths, known = _of_target(target)
    if widths is not None:
        return TargetBands(wavelengths, validate_widths(widths, len(wavelengths), "target_fwhm"))
    if known is None:
        known = widths_by_distance(wavelengths, _WIDTHS_NEEDED)
    return TargetBands(wavelengths, known)


def _of_target(target: Any) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the wavelengths of a target, and the widths that it knows."""
    if isinstance(target, str):
        sensor = SENSORS[target]
        return np.array(sensor.wavelengths, np.float64), np.array(sensor.fwhm, np.float64)
    scene = as_scene(target)
    if scene is None and hasattr(target, "fit"):
        return _of_estimator(target)
    if scene is None and not isinstance(target, Spectra) and not hasattr(target, "columns"):
        given = np.asarray(target)
        if given.ndim != 1 or not given.size:
            raise ValueError(
                "target must be a list of wavelengths in nm, or what knows some (a Scene, Spectra, "
                f"a DataFrame or a fitted estimator); got an array of shape {given.shape}."
            )
        return validate_wavelengths(given, len(given)), None
    wavelengths, widths = wavelengths_of(target), widths_of(target)
    if wavelengths is None:
        raise ValueError(
            f"target must know its wavelengths; this {type(target).__name__} knows none. Pass a "
            "list of wavelengths in nm, and target_fwhm."
        )
    if scene is not None and scene.good_bands is not None:
        good = scene.good_bands
        return wavelengths[good], None if widths is None else widths[good]
    return np.array(wavelengths), None if widths is None else np.array(widths)


def _of_estimator(target: Any) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    check_is_fitted(target)
    known = model_input(target)
    if known.wavelengths is None or np.isnan(known.wavelengths).any():
        raise ValueError(
            f"target must know the wavelengths of all its bands; {type(target).__name__} was "
            "fitted to spectra that knew none. Pass the wavelengths themselves."
        )
    return known.wavelengths, known_widths(known.fwhm, len(known.wavelengths))


def _of_responses(responses: Any) -> TargetBands:
    """Return the bands of a table of responses: their centres, and widths at half maximum."""
    if hasattr(responses, "columns"):
        wavelengths, heights = np.asarray(responses.index), np.asarray(responses)
    else:
        table = np.asarray(responses)
        if table.ndim != 2 or table.shape[1] < 2:
            raise ValueError(
                "responses must have wavelengths in its first column, and a column for each band "
                f"after it; got an array of shape {table.shape}."
            )
        wavelengths, heights = table[:, 0], table[:, 1:]
    try:
        heights = np.asarray(heights, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"responses must be numbers: {error}.") from error
    wavelengths = validate_wavelengths(wavelengths, len(heights))
    if len(wavelengths) < 2 or len(np.unique(wavelengths)) < len(wavelengths):
        raise ValueError("responses must be given at two wavelengths or more, each of them once.")
    if not np.isfinite(heights).all():
        raise ValueError("responses must be finite; fill what is missing with 0 if that is meant.")
    order = np.argsort(wavelengths)
    wavelengths, heights = wavelengths[order], heights[order]
    area = trapezoid(heights, wavelengths, axis=0)
    if not (area > 0).all():
        band = int(np.flatnonzero(~(area > 0))[0])
        raise ValueError(f"responses must be above 0 somewhere; column {band} of the bands is not.")
    moment = trapezoid(heights * wavelengths[:, np.newaxis], wavelengths, axis=0)
    widths = [_half_maximum_width(wavelengths, column) for column in heights.T]
    return TargetBands(moment / area, np.array(widths), (wavelengths, heights))


def _half_maximum_width(wavelengths: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    """Return the distance between the outermost places of half the maximum."""
    half = heights.max() / 2
    above = np.flatnonzero(heights >= half)
    first, last = above[0], above[-1]
    start, stop = wavelengths[first], wavelengths[last]
    if first > 0:
        start = np.interp(half, heights[[first - 1, first]], wavelengths[[first - 1, first]])
    if last < len(heights) - 1:
        stop = np.interp(half, heights[[last + 1, last]], wavelengths[[last + 1, last]])
    return float(stop - start) or float(np.diff(wavelengths).min())
