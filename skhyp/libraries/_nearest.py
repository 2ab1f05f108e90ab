"""The spectra of a library that are most like others."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, validate_params

from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.metrics import spectral_angle
from skhyp.resampling import BandResampler
from skhyp.wavelengths import are_same_bands

from ._library import SpectralLibrary


class NearestSpectra(NamedTuple):
    """Which spectra of a library are most like each of some spectra, the nearest first.

    Each is of shape (n_spectra, n_nearest); angles are in radians.
    """

    names: NDArray[Any]
    angles: NDArray[np.float64]
    indices: NDArray[np.intp]


@validate_params(
    {
        "X": ["array-like"],
        "library": [SpectralLibrary],
        "n_nearest": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def nearest_spectra(
    X: ArrayLike, library: SpectralLibrary, *, n_nearest: int = 3
) -> NearestSpectra:
    """Return the spectra of a library that are nearest to others by their angle, with their names.

    Such as to the endmembers of a scene: the angle takes no notice of how bright they are.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_bands)
        Complete spectra. If they know their wavelengths, as :class:`~skhyp.spectra.Spectra`, the
        library is resampled to their bands, and they are compared in those that it has measured.
        Otherwise they have the bands of the library.
    library : SpectralLibrary
        Spectra of it with missing values in these bands are left out.
    n_nearest : int, default=3
        How many are found for each, cut to those that there are.

    Returns
    -------
    names : ndarray of str, shape (n_spectra, n_nearest)
        The nearest first.
    angles : ndarray of shape (n_spectra, n_nearest)
        In radians, see :func:`skhyp.metrics.spectral_angle`.
    indices : ndarray of int, shape (n_spectra, n_nearest)
        Their numbers in the library.

    Raises
    ------
    ValueError
        If X has other bands than the library and does not know which, if the library has measured
        none of them, or if no spectrum of it is complete.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.libraries import SpectralLibrary, nearest_spectra
    >>> from skhyp.spectra import Spectra
    >>> spectra = Spectra([[0.1, 0.1, 0.4], [0.2, 0.3, 0.4]], wavelengths=[550, 650, 850])
    >>> library = SpectralLibrary(spectra, ["grass", "loam"])
    >>> nearest_spectra([[0.3, 0.3, 1.1]], library, n_nearest=1).names
    array([['grass']], dtype=object)
    """
    spectra = check_array(np.asarray(X), dtype=(np.float64, np.float32))
    entries = np.asarray(library.spectra)
    known = wavelengths_of(X)
    if known is not None and not are_same_bands(known, library.wavelengths):
        resampler = BandResampler(target=X, uncovered="drop")
        entries = np.asarray(resampler.fit_transform(library.spectra))
        spectra = spectra[:, resampler.bands_out_]
    elif spectra.shape[1] != entries.shape[1]:
        raise ValueError(
            f"X must have the bands of library, of which there are {entries.shape[1]}, or know its "
            f"wavelengths, as Spectra; got {spectra.shape[1]} bands."
        )
    complete = np.flatnonzero(np.isfinite(entries).all(axis=1))
    if not len(complete):
        raise ValueError(
            "library must have a spectrum that is complete in the bands of X; all of its "
            f"{len(entries)} have missing values there."
        )
    angles = spectral_angle(spectra, entries[complete], against="library")
    order = np.argsort(angles, axis=1, kind="stable")[:, :n_nearest]
    indices = complete[order]
    return NearestSpectra(
        library.names[indices], np.take_along_axis(angles, order, axis=1), indices
    )
