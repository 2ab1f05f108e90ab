"""Spectra: an array whose last axis is bands, and which knows their wavelengths.

What takes pixels out of a scene gives such an array where the scene's wavelengths are known, so
that estimators know them too. Wherever an array goes, it goes.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.wavelengths import are_same_bands, validate_wavelengths
from skhyp.wavelengths._band_widths import known_widths, validate_widths

from ._indexed_bands import KnownBands, indexed_bands

__all__ = ["Spectra"]

# What numbers are that something was made of, rather than read.
COMPUTED = "computed"
# What keeps each value where it is.
_ELEMENTWISE = {np.clip, np.nan_to_num, np.round, np.around}
# What takes, leaves out or moves rows, and does not look into them, along axis 0.
_OF_ROWS = {np.take, np.delete, np.repeat, np.compress, np.flip, np.roll, np.unique}
_JOINING = {np.concatenate, np.vstack}
_SPLITTING = {np.split, np.array_split}
# What writes to its first argument, and how that is called.
_WRITING = {np.copyto: "dst", np.put_along_axis: "arr", np.putmask: "a", np.place: "arr"}
# Methods of arrays that have to be said to know nothing of bands; NumPy writes them in C.
_PLAIN_METHODS = (
    *("argmax", "argmin", "argpartition", "argsort", "byteswap", "choose", "compress", "cumprod"),
    *("cumsum", "diagonal", "dot", "flatten", "nonzero", "ravel", "repeat", "round"),
    *("searchsorted", "squeeze", "swapaxes", "take", "trace", "transpose"),
)


class Spectra(np.ndarray):
    """An array of spectra that knows the wavelengths of its bands.

    :func:`skhyp.scenes.labelled_pixels`, :func:`skhyp.scenes.labelled_points` and
    :class:`skhyp.scenes.Scene` give one where wavelengths are known, and so does
    :class:`skhyp.HypPreprocessor`. It is an array in all else: ``numpy.asarray(X)`` is the plain
    one.

    Parameters
    ----------
    X : array-like of shape (..., n_bands)
        Spectra, or a cube of them; it is not copied.
    wavelengths : array-like of shape (n_bands,)
        In nm.
    fwhm : float, array-like of shape (n_bands,) or None, default=None
        The widths of the bands at half of their maximum in nm, one for all or for each, where they
        are known.

    Attributes
    ----------
    wavelengths : ndarray of shape (n_bands,) or None
        In nm, not to be written to. None where they are not known any more.
    fwhm : ndarray of shape (n_bands,) or None
        The widths of the bands at half of their maximum, in nm, by which
        :class:`skhyp.BandResampler` resamples. Not to be written to; None where they are not known
        of all bands.
    source_bands : ndarray of int, shape (n_bands,), or None
        The index of each band in the source: the scene that the spectra were taken from, or what
        these were made of first. Where they do not follow one another bands were left out, and
        what :class:`skhyp.HypPreprocessor` does by segments ends there. Not to be written to; None
        where the wavelengths are.
    numbers : str or None
        What the numbers are: "as stored" in a file, with the scale that it states, or "computed"
        of such; None where that is not known. A model that was fitted to other numbers than a
        scene has is warned of by :func:`skhyp.scenes.apply`.

    Notes
    -----
    Wavelengths stay with rows and bands that are taken out (``X[mask]``, ``X[:, 5:]``,
    scikit-learn's splitters and searches), with copies, with what is computed value by value
    (``X / 10000``), with rows that are joined, and in pickles. What moves or mixes bands gives a
    plain array. An array in which bands are written to the places of others
    (``X[:] = X[:, ::-1]``) knows them no longer; what is written to another view of it, or band by
    band, is not seen. `source_bands` and `fwhm` go with the wavelengths; where they differ between
    parts that are joined, or computed with each other, the result counts as a source of its own,
    or knows no widths.

    The caches of joblib know an array by its numbers alone: where wavelengths were corrected, clear
    the ``memory`` of a Pipeline.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.spectra import Spectra
    >>> X = Spectra([[0.1, 0.2, 0.4], [0.3, 0.3, 0.5]], wavelengths=[450, 550, 650])
    >>> X[:, [0, 2]]
    <Spectra of 2 bands, 450 to 650 nm>
    array([[0.1, 0.4],
           [0.3, 0.5]])
    >>> X.T
    array([[0.1, 0.3],
           [0.2, 0.3],
           [0.4, 0.5]])
    """

    _known_bands: KnownBands | None
    _numbers: str | None

    def __new__(
        cls, X: ArrayLike, wavelengths: ArrayLike, fwhm: ArrayLike | None = None
    ) -> Spectra:
        """Return a view of an array that knows wavelengths."""
        array = np.asarray(X)
        if not array.ndim:
            raise ValueError("X must have bands along its last axis; got a single number.")
        n_bands = array.shape[-1]
        wavelengths = validate_wavelengths(wavelengths, n_bands)
        widths = None if fwhm is None else validate_widths(fwhm, n_bands)
        return _carrying(array, KnownBands(wavelengths, fwhm=widths))

    def __array_finalize__(self, origin: Any) -> None:
        """Know nothing: how NumPy made this array of another is not told here."""
        self._known_bands = self._numbers = None

    @property
    def numbers(self) -> str | None:
        """What the numbers are, such as "as stored" in a file."""
        return self._numbers

    @property
    def wavelengths(self) -> NDArray[np.float64] | None:
        """In nm, one for each place of the last axis."""
        return None if self._bands is None else self._bands.wavelengths

    @property
    def fwhm(self) -> NDArray[np.float64] | None:
        """The widths of the bands in nm."""
        return None if self._bands is None else self._bands.fwhm

    @property
    def source_bands(self) -> NDArray[np.intp] | None:
        """The index of each band in the source that it came from."""
        return None if self._bands is None else self._bands.source_bands

    @property
    def _bands(self) -> KnownBands | None:
        known = self._known_bands
        is_of_bands = known is not None and self.ndim > 0 and len(known) == self.shape[-1]
        return known if is_of_bands else None

    def __getitem__(self, key: Any) -> Any:
        """Return a part, with the wavelengths of its bands where the last axis is one of bands."""
        part = np.asarray(self)[key]
        return _with(part, indexed_bands(self._bands, key, self.ndim), self.numbers)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write to a part; where other bands are written, the wavelengths are forgotten."""
        self._forget_for(value, indexed_bands(self._bands, key, self.ndim))
        self._numbers = COMPUTED if self._numbers else None
        np.asarray(self)[key] = _plain(value)

    def _forget_for(self, value: Any, known: KnownBands | None) -> None:
        """Forget the wavelengths if bands are written to others; one band may fill some."""
        if not isinstance(value, Spectra) or value.wavelengths is None or value.shape[-1] == 1:
            return
        if known is None or not are_same_bands(value.wavelengths, known.wavelengths):
            self._known_bands = None

    def copy(self, order: Literal["K", "A", "C", "F"] | None = "C") -> Spectra:
        """Return a copy."""
        return _with(np.asarray(self).copy(order), self._bands, self.numbers)

    def __copy__(self) -> Spectra:
        return self.copy("K")

    def __deepcopy__(self, memo: dict[int, Any] | None) -> Spectra:
        return self.copy("K")

    def astype(self, *arguments: Any, **options: Any) -> Spectra:
        """Return the same in another dtype."""
        array = np.asarray(self).astype(*arguments, **options)
        return _with(array, self._bands, self.numbers)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """Return the same values in another shape; cubes to rows and back keep their bands."""
        array = np.asarray(self)
        reshaped = array.reshape(*shape, **options)
        is_row_by_row = options.get("order", "C") == "C" and reshaped.ndim and array.ndim
        keeps_bands = is_row_by_row and reshaped.shape[-1] == array.shape[-1]
        return _with(reshaped, self._bands if keeps_bands else None, self.numbers)

    def sort(self, *arguments: Any, **options: Any) -> None:
        """Sort in place; the wavelengths are forgotten."""
        self._known_bands = None
        np.asarray(self).sort(*arguments, **options)

    def partition(self, *arguments: Any, **options: Any) -> None:
        """Partition in place; the wavelengths are forgotten."""
        self._known_bands = None
        np.asarray(self).partition(*arguments, **options)

    # Its last axis is one of rows.
    @property
    def T(self) -> NDArray[Any]:  # type: ignore[override]
        """The transposed array, which is a plain one."""
        return np.asarray(self).T

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with plain arrays; what is computed value by value keeps the wavelengths."""
        outputs = options.get("out", ())
        if outputs:
            options["out"] = tuple(_plain(output) for output in outputs)
        results = getattr(ufunc, method)(*_plain(inputs), **_plain(options))
        if results is NotImplemented:
            return results
        is_elementwise = method == "__call__" and ufunc.signature is None
        known = _agreed(_of_bands(inputs)) if is_elementwise else None
        numbers = COMPUTED if any(getattr(value, "numbers", None) for value in inputs) else None
        if not isinstance(results, tuple):
            return _result(results, known, numbers, outputs[0] if outputs else None)
        outputs = outputs or (None,) * len(results)
        return tuple(
            _result(result, known, numbers, output)
            for result, output in zip(results, outputs, strict=True)
        )

    def __array_function__(
        self, function: Callable, types: Iterable[type], arguments: Any, options: Any
    ) -> Any:
        """Compute with plain arrays; rows that are taken or joined keep the wavelengths."""
        _forget_what_is_written(function, arguments, options)
        result = function(*_plain(arguments), **_plain(options))
        if "out" in options:
            return result
        numbers = _numbers_after(function, arguments)
        if isinstance(result, np.ndarray):
            return _with(result, _after(function, result, arguments, options), numbers)
        if function in _SPLITTING:
            parts = [(part, _after(function, part, arguments, options)) for part in result]
            return [_with(part, known, numbers) for part, known in parts]
        return result

    def __reduce__(self) -> tuple[Callable, tuple]:
        known = (self.wavelengths, self.numbers, self.source_bands, self.fwhm)
        return spectra_with, (np.asarray(self), *known)

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable, tuple]:
        return self.__reduce__()

    def __repr__(self) -> str:
        known = self.wavelengths
        if known is None:
            return repr(np.asarray(self))
        bands = "1 band" if len(known) == 1 else f"{len(known)} bands"
        between = f", {known.min():g} to {known.max():g} nm" if len(known) else ""
        return f"<Spectra of {bands}{between}>\n{np.asarray(self)!r}"

    def __str__(self) -> str:
        return str(np.asarray(self))


def _plain_method(name: str) -> Callable:
    def method(self: Spectra, *arguments: Any, **options: Any) -> Any:
        if isinstance(output := options.get("out"), Spectra):
            output._known_bands = None
        return getattr(np.asarray(self), name)(*arguments, **options)

    method.__name__ = name
    method.__doc__ = f"Return what ``numpy.ndarray.{name}`` does, as a plain array."
    return method


for _name in _PLAIN_METHODS:
    setattr(Spectra, _name, _plain_method(_name))


def spectra_with(
    array: Any,
    wavelengths: NDArray[np.float64] | None,
    numbers: str | None = None,
    source_bands: NDArray[np.intp] | None = None,
    fwhm: NDArray[np.float64] | None = None,
) -> Any:
    """Return an array as Spectra, or as it is where wavelengths are not known or do not fit.

    Widths are taken where they are some of all bands: files have 0 for those that are not known.
    """
    if wavelengths is None:
        return array
    known = KnownBands(wavelengths, source_bands, known_widths(fwhm, len(wavelengths)))
    return _with(array, known, numbers)


def _with(array: Any, known: KnownBands | None, numbers: str | None = None) -> Any:
    is_array = isinstance(array, np.ndarray) and array.ndim > 0
    if known is None or not is_array or array.shape[-1] != len(known):
        return array
    return _carrying(np.asarray(array), known, numbers)


def _carrying(array: NDArray[Any], known: KnownBands, numbers: str | None = None) -> Spectra:
    spectra = array.view(Spectra)
    spectra._known_bands, spectra._numbers = known, numbers
    return spectra


def _plain(value: Any) -> Any:
    """Return arguments of a function of NumPy without Spectra in them."""
    if isinstance(value, Spectra):
        return np.asarray(value)
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    if type(value) is dict:
        return {name: _plain(held) for name, held in value.items()}
    return value


def _forget_what_is_written(function: Callable, arguments: Any, options: Any) -> None:
    """Forget the wavelengths of what a function of NumPy writes to, unless it keeps its bands."""
    if function in _WRITING:
        written = arguments[0] if arguments else options[_WRITING[function]]
        if not isinstance(written, Spectra):
            return
        for value in (*arguments, *options.values()):
            written._forget_for(value, written._bands)
        written._numbers = COMPUTED if written._numbers else None
        if function is np.put_along_axis:
            written._known_bands = None
    elif isinstance(output := options.get("out"), Spectra):
        output._numbers = COMPUTED if output._numbers else None
        output._known_bands = _agreed(_of_bands(arguments)) if function in _ELEMENTWISE else None


def _result(result: Any, known: KnownBands | None, numbers: str | None, output: Any) -> Any:
    """Return a result of a ufunc: what it was written to, else an array that may know bands."""
    if output is None:
        is_of_numbers = getattr(result, "dtype", np.dtype(bool)).kind in "iuf"
        return _with(result, known if is_of_numbers else None, numbers)
    if isinstance(output, Spectra):
        output._known_bands, output._numbers = known, numbers
    return output


def _of_bands(inputs: Iterable[Any]) -> list[Spectra]:
    """Return those of some inputs whose bands those of the result are: one band goes to all."""
    spectra = [value for value in inputs if isinstance(value, Spectra) and value.ndim]
    return [value for value in spectra if value.shape[-1] > 1] or spectra


def _agreed(inputs: Iterable[Any]) -> KnownBands | None:
    """Return the bands that all Spectra among some inputs agree on, as far as they know them."""
    spectra = [value for value in inputs if isinstance(value, Spectra)]
    known = [value._bands for value in spectra if value._bands is not None]
    if not known:
        return None
    first, *others = known
    if not all(are_same_bands(each.wavelengths, first.wavelengths) for each in others):
        return None
    same_places = all(np.array_equal(each.source_bands, first.source_bands) for each in others)
    same_widths = all(_are_equal(each.fwhm, first.fwhm) for each in others)
    if same_places and same_widths:
        return first
    return KnownBands(
        first.wavelengths,
        first.source_bands if same_places else None,
        first.fwhm if same_widths else None,
    )


def _are_equal(first: NDArray[Any] | None, second: NDArray[Any] | None) -> bool:
    return first is second or (
        first is not None and second is not None and np.array_equal(first, second)
    )


def _after(
    function: Callable, result: NDArray[Any], arguments: Any, options: Any
) -> KnownBands | None:
    """Return the bands of the last axis of what a function of NumPy gave."""
    if function in _ELEMENTWISE:
        return _agreed(_of_bands(arguments))
    if function is np.reshape:
        is_row_by_row = options.get("order", "C") == "C" and len(arguments) < 3
        has_bands = isinstance(arguments[0], Spectra) and arguments[0].ndim and result.ndim
        keeps_bands = is_row_by_row and has_bands and result.shape[-1] == arguments[0].shape[-1]
        return arguments[0]._bands if keeps_bands else None
    if function in _JOINING:
        parts = arguments[0] if arguments else ()
        axis = options.get("axis", arguments[1] if len(arguments) > 1 else 0)
        if axis is None or result.ndim < 2 or axis % result.ndim == result.ndim - 1:
            return None
        return _joined(parts)
    if function in _OF_ROWS or function in _SPLITTING:
        given = inspect.signature(function).bind(*arguments, **options)
        given.apply_defaults()
        given = given.arguments
        spectra = [value for value in given.values() if isinstance(value, Spectra)]
        is_of_rows = given["axis"] == 0 and len(spectra) == 1 and spectra[0].ndim > 1
        if is_of_rows and result.ndim == spectra[0].ndim:
            return spectra[0]._bands
    return None


def _numbers_after(function: Callable, arguments: Any) -> str | None:
    """Return what the numbers are that a function of NumPy gave of some: theirs, or computed."""
    given = arguments[0] if function in _JOINING and arguments else arguments
    if not isinstance(given, list | tuple):
        return None
    spectra = [value for value in given if isinstance(value, Spectra)]
    numbers = {value.numbers for value in spectra}
    if function in _ELEMENTWISE or len(numbers) > 1:
        return COMPUTED if numbers - {None} else None
    return next(iter(numbers), None)


def _joined(parts: Any) -> KnownBands | None:
    """Return the bands of parts that are joined row by row, if all have the same."""
    if not isinstance(parts, list | tuple):
        return None
    if not all(isinstance(part, Spectra) and part.wavelengths is not None for part in parts):
        return None
    known = _agreed(parts)
    if known is None:
        lists = " and ".join(
            f"{part.wavelengths.min():g} to {part.wavelengths.max():g} nm" for part in parts[:2]
        )
        warnings.warn(
            f"Spectra of different wavelengths are joined ({lists}, in other steps or another "
            "order): what comes out knows none. Resample them to the same bands first.",
            UserWarning,
            stacklevel=4,
        )
    return known
