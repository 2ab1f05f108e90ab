"""Which bands a fitted model was given, and which of them matter, whatever it is wrapped in."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from ._lists import WAVELENGTH_TOLERANCE_NM
from ._model_parts import (
    Part,
    branches_of,
    column_names,
    n_features,
    number_of_bands,
    parts_of,
    selected_columns,
    steps_of,
    unwrapped,
)
from ._names import wavelengths_from_names
from ._protocols import KnowsNodata, KnowsWavelengths, KnowsWidths

# What comes out of one of their columns is made of that column alone.
_OF_SINGLE_COLUMNS = (
    *(Binarizer, MaxAbsScaler, MinMaxScaler, PowerTransformer, QuantileTransformer),
    *(RobustScaler, SimpleImputer, StandardScaler),
)


class ModelInput(NamedTuple):
    """What is known of the bands that a model is given: how many, and of each its wavelength.

    ``wavelengths`` are in nm, NaN of bands that no part of the model knows. ``used`` are the
    indices of the bands that matter. ``names`` are those of the columns. What is not known is
    None; all bands matter then. ``nodata`` are bands, with what marks missing data in them,
    ``numbers`` what the numbers were that it was fitted to, and ``passed`` the bands that come out
    of it one for one, where they do. ``fwhm`` are widths in nm, NaN where no part knows them.
    """

    n_bands: int | None
    used: NDArray[np.intp] | None = None
    wavelengths: NDArray[np.float64] | None = None
    names: NDArray[Any] | None = None
    nodata: tuple[tuple[NDArray[np.intp], float], ...] = ()
    numbers: str | None = None
    passed: NDArray[np.intp] | None = None
    fwhm: NDArray[np.float64] | None = None


def model_input(model: Any) -> ModelInput:
    """Return what the parts of a model know together of the bands that it is given.

    Parts that know the wavelengths of a band must agree. A band matters if it does to a part.
    """
    n_bands = number_of_bands(model)
    if n_bands is None:
        return ModelInput(None)
    walk = _Walk(n_bands)
    came_out = walk.through(model, np.arange(n_bands))
    if came_out is not None:
        walk.need(came_out)
        came_out = None if np.any(came_out < 0) else came_out
    return ModelInput(
        n_bands,
        None if walk.matters.all() else np.flatnonzero(walk.matters),
        _agreed(walk.known, n_bands),
        column_names(model),
        tuple(walk.nodata),
        _numbers_in(model, n_bands),
        came_out,
        _widths(walk.widths, n_bands),
    )


def _numbers_in(model: Any, n_bands: int) -> str | None:
    """Return what the numbers were that a model was fitted to, where a part that got them knows."""
    model = unwrapped(model)
    if isinstance(own := getattr(model, "numbers_in_", None), str):
        return own
    steps = steps_of(model)
    if steps is not None:
        return _numbers_in(steps[0][1], n_bands) if steps else None
    parts = branches_of(model, n_bands) or parts_of(model, n_bands, None)
    told = (_numbers_in(part, n_bands) for part, places, _ in parts if places is not None)
    return next((numbers for numbers in told if numbers is not None), None)


def input_wavelengths(model: Any) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm of all bands that a model is given, where it knows them."""
    wavelengths = model_input(model).wavelengths
    return None if wavelengths is None or np.isnan(wavelengths).any() else wavelengths


def flat_steps(model: Any) -> list[Any]:
    """Return the steps that a model consists of, those of pipelines and searches in it too."""
    model = unwrapped(model)
    steps = steps_of(model)
    if steps is None:
        return [model]
    return [part for _, step in steps for part in flat_steps(step)]


class SeenBands(NamedTuple):
    """The bands that a network sees: their places among the model's (None is all), wavelengths.

    ``are_bands`` is False where a step before it makes features of the bands that are none.
    """

    indices: NDArray[np.intp] | None
    wavelengths: NDArray[np.float64] | None
    are_bands: bool = True


def bands_seen(model: Any) -> SeenBands:
    """Return which bands the last step of a model sees, as far as the steps before it tell."""
    before = flat_steps(model)[:-1]
    known = model_input(model)
    wavelengths = known.wavelengths
    if known.n_bands is None:
        return SeenBands(None, None, are_bands=not before)
    everything = np.arange(known.n_bands)
    seen = _Walk(known.n_bands).through_steps([("", step) for step in before], everything)
    if seen is None or len(np.unique(seen)) < len(seen):
        return SeenBands(None, None, are_bands=False)
    if wavelengths is not None:
        wavelengths = None if np.isnan(wavelengths[seen]).any() else wavelengths[seen]
    return SeenBands(None if np.array_equal(seen, everything) else seen, wavelengths)


class _Knowledge(NamedTuple):
    """The wavelengths of some of the model's bands, and which part of it knows them."""

    bands: NDArray[np.intp]
    wavelengths: NDArray[np.float64]
    part: str


class _Walk:
    """A way through a model and all of its parts that tells what becomes of its bands."""

    def __init__(self, n_bands: int):
        self.matters = np.zeros(n_bands, bool)
        self.known: list[_Knowledge] = []
        self.widths: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
        self.nodata: list[tuple[NDArray[np.intp], float]] = []

    def need(self, bands: NDArray[np.intp]) -> None:
        """Note that bands matter; -1 is none."""
        self.matters[_known(bands)] = True

    def through(
        self, model: Any, bands: NDArray[np.intp], place: str = ""
    ) -> NDArray[np.intp] | None:
        """Go through a model whose columns are some bands; return those that it passes on.

        None means that what it gives is no longer a column for a band.
        """
        model = unwrapped(model)
        if model is None:
            return bands
        steps = steps_of(model)
        if steps is not None:
            return self.through_steps(steps, bands, place)
        self._learn(model, bands, place)
        return self._inside(model, bands, place)

    def through_steps(
        self, steps: list[tuple[str, Any]], bands: NDArray[np.intp], place: str = ""
    ) -> NDArray[np.intp] | None:
        """Go through the steps of a pipeline."""
        passed: NDArray[np.intp] | None = bands
        for name, step in steps:
            if passed is None:
                return None
            if n_features(step) not in (len(passed), None):
                self.need(passed)
                return None
            passed = self.through(step, passed, place + name)
        return passed

    def _inside(self, model: Any, bands: NDArray[np.intp], place: str) -> NDArray[np.intp] | None:
        branches = branches_of(model, len(bands))
        if branches is not None:
            return self._side_by_side(branches, bands, place)
        selected = selected_columns(model, len(bands))
        parts = parts_of(model, len(bands), selected)
        if selected is not None:
            self._listen_to(parts, bands, place)
            if not hasattr(model, "get_support"):
                self.need(bands[selected])  # the preprocessor computes with all that it keeps
                used = _known(bands[selected])
                self.nodata += [(used, value) for value in _nodata_values(model)]
            return bands[selected]
        for part in parts:
            came_out = self._through_part(part, bands, place)
            if came_out is not None:
                self.need(came_out)
        if parts:
            return None
        if not isinstance(model, _OF_SINGLE_COLUMNS):
            self.need(bands)
        columns = _columns_out(model, len(bands))
        return None if columns is None else bands[columns]

    def _through_part(
        self, part: Part, bands: NDArray[np.intp], place: str
    ) -> NDArray[np.intp] | None:
        """Go through a part; where its columns are not known, all of them matter."""
        if part.places is None:
            self.need(bands)
            return None
        return self.through(part.estimator, _taken(bands, part.places), place + part.name)

    def _side_by_side(
        self, branches: list[Part], bands: NDArray[np.intp], place: str
    ) -> NDArray[np.intp] | None:
        passed = [self._through_part(branch, bands, place) for branch in branches]
        known = [some for some in passed if some is not None]
        if passed and len(known) == len(passed):
            return np.concatenate(known)
        for some in known:
            self.need(some)
        return None

    def _learn(self, model: Any, bands: NDArray[np.intp], place: str) -> None:
        """Take up what a part knows of its columns, by itself or by their names."""
        wavelengths = None
        if isinstance(model, KnowsWavelengths):
            wavelengths = model._input_wavelengths(len(bands))
        if wavelengths is None:
            wavelengths = wavelengths_from_names(getattr(model, "feature_names_in_", None))
        if wavelengths is not None and len(wavelengths) == len(bands):
            part = type(model).__name__ + (f" ({place.removeprefix('.')})" if place else "")
            self.known.append(_Knowledge(bands, wavelengths, part))
        if isinstance(model, KnowsWidths):
            widths = model._input_widths(len(bands))
            if widths is not None and len(widths) == len(bands):
                self.widths.append((bands, widths))

    def _listen_to(self, parts: list[Part], bands: NDArray[np.intp], place: str) -> None:
        """Take up what parts know by which columns were selected; they compute nothing later."""
        walk = _Walk(len(self.matters))
        for part, places, name in parts:
            if places is not None:
                walk.through(part, _taken(bands, places), place + name)
        self.known += walk.known
        self.widths += walk.widths


def _nodata_values(model: Any) -> tuple[float, ...]:
    if isinstance(model, KnowsNodata):
        return model._nodata_values
    own = getattr(model, "nodata", None)
    return () if own is None else (own,)


def _known(bands: NDArray[np.intp]) -> NDArray[np.intp]:
    return bands[bands >= 0]


def _taken(bands: NDArray[np.intp], places: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.where(places < 0, -1, bands[places])


def _columns_out(model: Any, n_columns: int) -> NDArray[np.intp] | None:
    """Return which of its columns come out of a transformer one for one, as their names tell."""
    names = getattr(model, "feature_names_in_", [f"x{column}" for column in range(n_columns)])
    places = {name: place for place, name in enumerate(names)}
    with contextlib.suppress(Exception):  # not all transformers can name what they give
        found = [places.get(name, -1) for name in model.get_feature_names_out()]
        if min(found) >= 0 and len(set(found)) == len(found):
            return np.array(found)
    return None


def _widths(
    known: list[tuple[NDArray[np.intp], NDArray[np.float64]]], n_bands: int
) -> NDArray[np.float64] | None:
    """Return the widths of all bands as the first part knows them that does."""
    if not known:
        return None
    widths = np.full(n_bands, np.nan)
    for bands, told in reversed(known):
        widths[_known(bands)] = told[bands >= 0]
    return widths


def _agreed(known: list[_Knowledge], n_bands: int) -> NDArray[np.float64] | None:
    """Return the wavelengths of all bands, NaN where no part knows them; parts must agree."""
    if not known:
        return None
    wavelengths, sources = np.full(n_bands, np.nan), np.full(n_bands, -1)
    for number, knowledge in enumerate(known):
        is_band = knowledge.bands >= 0
        bands, told = knowledge.bands[is_band], knowledge.wavelengths[is_band]
        differs = np.abs(wavelengths[bands] - told) > WAVELENGTH_TOLERANCE_NM
        if differs.any():
            place = np.flatnonzero(differs)[0]
            band = bands[place]
            raise ValueError(
                f"Parts of the model know other wavelengths of its bands: {differs.sum()} of "
                f"{n_bands} differ. Band {band} is at {wavelengths[band]:g} nm for "
                f"{known[sources[band]].part}, and at {told[place]:g} nm for {knowledge.part}. "
                "Fit all parts to the same bands."
            )
        is_new = np.isnan(wavelengths[bands])
        wavelengths[bands[is_new]], sources[bands[is_new]] = told[is_new], number
    return wavelengths
