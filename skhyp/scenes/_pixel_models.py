"""PixelModel: what a method of a fitted estimator gives for the pixels of a block."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skhyp.wavelengths._lists import WAVELENGTH_TOLERANCE_NM
from skhyp.wavelengths._model_bands import ModelInput, model_input
from skhyp.wavelengths._model_parts import unwrapped

from ._band_matching import bands_for, warn_of_other_numbers
from ._class_colours import class_colour
from ._class_labels import MEND_OF_CLASS_0, means_unlabelled, missing_label
from ._image import Image
from ._model_responses import respond
from ._nodata import complete_pixels

# Methods with an output for each class.
_OF_CLASSES = ("predict_proba", "predict_log_proba")


@dataclass(frozen=True, eq=False, kw_only=True)
class PixelModel:
    """A method of a fitted estimator, for blocks of one kind of scene.

    Calling it with a block (rows, columns, bands) gives an array (rows, columns) or (rows,
    columns, n_outputs) of ``dtype``, with ``missing`` where any band that is used has no data.
    """

    estimator: Any
    method: str
    method_params: dict[str, Any]
    # Of the scene, those that the estimator is given; None is all.
    bands: NDArray[np.intp] | None
    # What is known of these bands, and which of them have to have data.
    input: ModelInput
    nodata: float | None
    # The labels, for maps of classes.
    classes: NDArray[Any] | None
    dtype: np.dtype
    missing: Any
    n_outputs: int | None
    # How many pixels around a block matter, and what that takes in memory for each pixel.
    halo: int = 0
    halo_bytes: int = 0

    @classmethod
    def of(
        cls,
        estimator: Any,
        method: str,
        scene: Image,
        tolerance: float = WAVELENGTH_TOLERANCE_NM,
        /,
        **method_params: Any,
    ) -> PixelModel:
        """Return the model for the blocks of a scene; a made-up spectrum shows what it gives."""
        if method.startswith(("fit", "partial_fit", "set_", "_")):
            raise ValueError(f"method={method!r} would change the estimator; choose another.")
        check_is_fitted(estimator)
        estimator = unwrapped(estimator)
        known = model_input(estimator)
        bands = bands_for(known, scene, type(estimator).__name__, tolerance)
        warn_of_other_numbers(known, scene, type(estimator).__name__)
        n_bands = scene.shape[2] if bands is None else len(bands)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a spectrum that is not the user's
            example = respond(
                estimator, method, method_params, known, _made_up_spectra(n_bands, scene.dtype)
            )
        classes = None
        if method == "predict" and is_classifier(estimator) and example.ndim == 1:
            classes = _whole(np.asarray(estimator.classes_))
        dtype, missing = _output(example.dtype, classes)
        return cls(
            estimator=estimator,
            method=method,
            method_params=method_params,
            bands=bands,
            input=known,
            nodata=scene.nodata,
            classes=classes,
            dtype=dtype,
            missing=missing,
            n_outputs=None if example.ndim == 1 else example.shape[1],
        )

    def __call__(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return what the model gives for a block of the bands that it takes."""
        return self.respond(block, self.has_data(block))

    def has_data(self, block: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which pixels of a block (rows, columns, bands) are complete."""
        used = self.input.used
        complete = complete_pixels(block if used is None else block[..., used], self.nodata)
        for bands, nodata in self.input.nodata:
            if not np.isnan(nodata) and nodata != self.nodata:
                complete &= complete_pixels(block[..., bands], nodata)
        return complete

    def respond(self, block: NDArray[Any], has_data: NDArray[np.bool_]) -> NDArray[Any]:
        """Return what the model gives for a block, where it has data."""
        outputs = () if self.n_outputs is None else (self.n_outputs,)
        if has_data.all():
            return self._results(block.reshape(-1, block.shape[2])).reshape(
                *block.shape[:2], *outputs
            )
        result = np.full((*block.shape[:2], *outputs), self.missing, self.dtype)
        if has_data.any():
            result[has_data] = self._results(block[has_data])
        return result

    def _results(self, X: NDArray[Any]) -> NDArray[Any]:
        results = respond(self.estimator, self.method, self.method_params, self.input, X)
        if self.classes is not None:
            return self._coded(results)
        if not np.can_cast(results.dtype, self.dtype, "same_kind"):
            raise ValueError(
                f"{self.method} gave numbers of {results.dtype}, but of {self.dtype} for other "
                "spectra: the results must be of one type."
            )
        return results.astype(self.dtype, copy=False)

    def _coded(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return labels as they are in a map; what is none of the classes is missing."""
        assert self.classes is not None
        order = np.argsort(self.classes)  # estimators of others need not have them sorted
        places = np.searchsorted(self.classes, labels, sorter=order)
        places = order[np.minimum(places, len(order) - 1)]
        coded = np.array(self.codes, self.dtype)[places]
        coded[self.classes[places] != labels] = self.missing
        return coded

    @property
    def codes(self) -> list[int] | None:
        """What stands for each class in a map: its label if it is an integer, else its number."""
        if self.classes is None:
            return None
        if self.classes.dtype.kind in "biu":
            return [int(label) for label in self.classes]
        return list(range(1, len(self.classes) + 1))

    def named_classes(
        self, class_names: Sequence[str] | Mapping[Any, str] | None
    ) -> dict[int, str] | None:
        """Return the name of each code of a map of classes."""
        if self.classes is None or self.codes is None:
            return None
        if class_names is None and self.classes.dtype.kind in "biu":
            return None
        return dict(zip(self.codes, _names_of(self.classes, class_names), strict=True))

    def coloured_classes(
        self, class_colours: Sequence[Any] | Mapping[Any, Any] | None
    ) -> dict[int, str] | None:
        """Return the colour of each code of a map of classes, as "#rrggbb"."""
        if self.classes is None or self.codes is None:
            if class_colours is not None:
                raise ValueError(
                    f"class_colours is for maps of classes; got {class_colours!r} for "
                    f"method={self.method!r}."
                )
            return None
        if class_colours is None:
            if min(self.codes) < 0:
                return None
            return {code: class_colour(code) for code in self.codes}
        from matplotlib.colors import to_hex

        chosen = entries_of_classes("class_colours", self.classes, class_colours)
        try:
            return dict(zip(self.codes, map(to_hex, chosen), strict=True))
        except ValueError as error:
            raise ValueError(f"class_colours must be colours of Matplotlib: {error}.") from error

    @property
    def outputs_are_classes(self) -> bool:
        """Whether each output is of a class, as probabilities are."""
        classes = np.asarray(getattr(self.estimator, "classes_", None))
        return self.method in _OF_CLASSES and classes.shape == (self.n_outputs,)

    def output_names(
        self, class_names: Sequence[str] | Mapping[Any, str] | None = None
    ) -> list[str] | None:
        """Return a name for each output, where there are several and they have names."""
        if self.outputs_are_classes:
            return _names_of(np.asarray(self.estimator.classes_), class_names)
        if class_names is not None and self.classes is None:
            raise ValueError(
                "class_names is for maps of classes and of their probabilities; got "
                f"{class_names!r} for method={self.method!r}."
            )
        names: Any = None
        if self.method == "transform":
            with contextlib.suppress(Exception):  # not all transformers can
                names = self.estimator.get_feature_names_out()
        if self.n_outputs is None or names is None or len(names) != self.n_outputs:
            return None
        return [str(name) for name in names]


def warn_of_unlabelled_classes(
    model: PixelModel, class_names: Sequence[str] | Mapping[Any, str] | None
) -> None:
    """Warn of classes that other maps have for no class, unless they have names of their own.

    Of two classes, one may well be all that is not the other.
    """
    if model.classes is None or model.classes.dtype.kind not in "iu" or len(model.classes) < 3:
        return
    names = model.named_classes(class_names) or {}
    for label in model.classes[model.classes <= 0].tolist():
        if means_unlabelled(names.get(label, "")):
            warnings.warn(
                f"The model has the class {label}, but maps of labels have no class there: 0 and "
                f"less are unlabelled for labelled_pixels and ClassMapDisplay. {MEND_OF_CLASS_0}, "
                f"or name all of them, as in class_names={{{label}: 'Soil', ...}}.",
                UserWarning,
                stacklevel=4,
            )
            return


def _names_of(
    classes: NDArray[Any], class_names: Sequence[str] | Mapping[Any, str] | None
) -> list[str]:
    """Return the name of each class: of those that are given, or the label itself."""
    if class_names is None:
        return [str(label) for label in classes.tolist()]
    return [str(name) for name in entries_of_classes("class_names", classes, class_names)]


def entries_of_classes(
    argument: str, classes: NDArray[Any], given: Sequence[Any] | Mapping[Any, Any]
) -> list[Any]:
    """Return the entry of each class in an argument."""
    entries = []
    for label in classes.tolist():
        try:
            if not isinstance(given, Mapping) and label < 0:
                raise IndexError(label)  # it would be counted from the end
            entries.append(given[label])
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(
                f"{argument} must have an entry for the label {label!r}; got {given!r}. A "
                "sequence begins with that of 0."
            ) from error
    return entries


def _whole(classes: NDArray[Any]) -> NDArray[Any]:
    """Return classes as integers, where they are whole numbers, as MATLAB has them.

    Those beyond 64 bits are labels like any other.
    """
    if classes.dtype.kind != "f":
        return classes
    is_whole = (classes == np.rint(classes)) & (classes >= -(2.0**63)) & (classes < 2.0**63)
    return classes.astype(np.int64) if is_whole.all() else classes


def _made_up_spectra(n_bands: int, dtype: np.dtype) -> NDArray[Any]:
    """Return two spectra that no scaling finds constant, in a range that all types have."""
    steps = np.arange(2 * n_bands).reshape(2, n_bands)
    return (60 + 40 * np.sin(1.7 * steps)).astype(dtype)


def _output(dtype: np.dtype, classes: NDArray[Any] | None) -> tuple[np.dtype, Any]:
    """Return the dtype of a map, and what pixels without data have in it.

    A type that all forms of files have: no bytes with a sign, nothing beyond 64 bits.
    """
    if classes is not None:
        if classes.dtype.kind not in "biu":
            return _integer_type(0, len(classes)), 0
        least, greatest = int(classes.min()), int(classes.max())
        missing = int(missing_label(classes.astype(np.int64 if least < 0 else np.uint64)))
        return _integer_type(min(least, missing), max(greatest, missing)), missing
    if dtype.kind == "f":
        return np.dtype(np.float32 if dtype.itemsize <= 4 else np.float64), np.nan
    if dtype.kind == "b":
        return np.dtype(np.uint8), 255
    if dtype.kind in "iu":
        if dtype.itemsize == 8:
            # GDAL keeps nodata as a float, and loses others.
            return np.dtype(dtype.name), -(2**53) if dtype.kind == "i" else 2**53
        # A wider type, so that no result is taken for missing.
        bounds = np.iinfo(dtype)
        if dtype.kind == "u":
            return _integer_type(-1, int(bounds.max)), -1
        wider = _integer_type(int(bounds.min) - 1, int(bounds.max))
        return wider, max(int(np.iinfo(wider).min), -(2**53))
    raise ValueError(f"The results must be numbers or labels of classes; got dtype {dtype}.")


def _integer_type(least: int, greatest: int) -> np.dtype:
    """Return the smallest type of integers for a range."""
    for kind in (np.uint8, np.uint16, np.int16, np.uint32, np.int32, np.int64):
        bounds = np.iinfo(kind)
        if bounds.min <= least and greatest <= bounds.max:
            return np.dtype(kind)
    raise ValueError(f"Labels must lie within -2**63 to 2**63 - 1; got {least} to {greatest}.")
