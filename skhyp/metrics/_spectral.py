"""Four measures of how far apart two spectra are."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, gen_batches
from sklearn.utils._param_validation import StrOptions, validate_params

from skhyp.spectra import Spectra
from skhyp.wavelengths import are_same_bands
from skhyp.wavelengths._band_differences import how_they_differ

SID_FLOOR = 1e-12
"""The least share of a spectrum's sum that one band has in the information divergence."""

# Values of X handled at once: a few megabytes of temporaries, whatever the size of the scene.
CHUNK_VALUES = 2**18

_SPECTRA = {
    "X": ["array-like"],
    "Y": ["array-like"],
    "against": [StrOptions({"rows", "library"})],
}


@validate_params(_SPECTRA, prefer_skip_nested_validation=True)
def spectral_angle(X: ArrayLike, Y: ArrayLike, *, against: str = "rows") -> NDArray[np.floating]:
    """Compute the angle between spectra (SA), in radians.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_bands)
        Spectra, one a row, in any unit. float32 is computed as float32 if `Y` is float32 too,
        everything else as float64.
    Y : array-like of shape (n_samples, n_bands), (n_bands,) or (n_entries, n_bands)
        The spectra to compare with, in any unit. One spectrum of shape (n_bands,) is compared
        with every row of `X`.
    against : {"rows", "library"}, default="rows"
        "rows" compares row i of `X` with row i of `Y`; "library" compares every row of `X` with
        every row of `Y`, in chunks, so that memory does not grow with their product times n_bands.

    Returns
    -------
    angles : ndarray of shape (n_samples,) or (n_samples, n_entries)
        Angles between 0 and pi, exactly 0 for equal spectra.

    Raises
    ------
    ValueError
        If the shapes do not fit, or if a value is NaN, infinite or not a number.

    Notes
    -----
    ``2 arctan2(|x - y|, |x + y|)`` of the unit vectors x and y, which unlike the arccosine of their
    dot product is accurate for small angles [1]_. A spectrum is divided by its largest magnitude
    before its norm is taken, so that nothing overflows or vanishes. A spectrum whose largest
    magnitude is below the smallest normal number of its dtype counts as zero and has no direction:
    its angle is 0 to another such spectrum and pi/2 to any other.

    References
    ----------
    .. [1] Windrim L., Ramakrishnan R., Melkumyan A., Murphy R. J., Chlingaryan A., "Unsupervised
       feature-learning for hyperspectral data with autoencoders", Remote Sensing 11(7):864, 2019.

    Examples
    --------
    >>> from skhyp.metrics import spectral_angle
    >>> spectral_angle([[1.0, 0.0], [3.0, 3.0]], [[2.0, 0.0], [0.0, 1.0]]).round(4)
    array([0.    , 0.7854])
    """
    return _compare(X, Y, against, _directions, _angle)


@validate_params(_SPECTRA, prefer_skip_nested_validation=True)
def cosine_spectral_angle(
    X: ArrayLike, Y: ArrayLike, *, against: str = "rows"
) -> NDArray[np.floating]:
    """Compute one minus the cosine of the angle between spectra (CSA).

    Parameters
    ----------
    X, Y, against
        As in :func:`spectral_angle`.

    Returns
    -------
    errors : ndarray of shape (n_samples,) or (n_samples, n_entries)
        Errors between 0 and 2, exactly 0 for equal spectra. A spectrum without direction is at 0
        from another such spectrum and at 1 from any other.

    Raises
    ------
    ValueError
        If the shapes do not fit, or if a value is NaN, infinite or not a number.

    Notes
    -----
    Half the squared distance of the unit vectors, which equals ``1 - cos`` without its
    cancellation. The measure was proposed as a loss in [1]_.

    References
    ----------
    .. [1] Windrim L., Melkumyan A., Murphy R., Chlingaryan A., Nieto J., "Unsupervised feature
       learning for illumination robustness", IEEE ICIP, 2016.

    Examples
    --------
    >>> from skhyp.metrics import cosine_spectral_angle
    >>> library = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    >>> cosine_spectral_angle([[5.0, 0.0]], library, against="library")
    array([[0., 1., 2.]])
    """
    return _compare(X, Y, against, _directions, _one_minus_cosine)


@validate_params(_SPECTRA, prefer_skip_nested_validation=True)
def spectral_information_divergence(
    X: ArrayLike, Y: ArrayLike, *, against: str = "rows"
) -> NDArray[np.floating]:
    """Compute the symmetric information divergence of spectra (SID), in nats.

    Parameters
    ----------
    X, Y, against
        As in :func:`spectral_angle`.

    Returns
    -------
    divergences : ndarray of shape (n_samples,) or (n_samples, n_entries)
        Divergences, 0 or more, exactly 0 for equal spectra.

    Raises
    ------
    ValueError
        If the shapes do not fit, or if a value is NaN, infinite or not a number.

    Warns
    -----
    UserWarning
        If a spectrum has negative values.

    Notes
    -----
    ``sum((p - q) (ln p - ln q))``, where p and q are the spectra divided by their sums [1]_. The
    measure is defined for positive spectra only. Here negative values count as zero, a spectrum
    without any positive value counts as flat, as does one that counts as zero in
    :func:`spectral_angle`, and p and q are floored at ``skhyp.metrics.SID_FLOOR`` = 1e-12.

    References
    ----------
    .. [1] C.-I Chang, "An information-theoretic approach to spectral variability, similarity, and
       discrimination for hyperspectral image analysis", IEEE Trans. Information Theory 46(5), 2000.

    Examples
    --------
    >>> from skhyp.metrics import spectral_information_divergence
    >>> spectral_information_divergence([[1.0, 3.0], [2.0, 6.0]], [3.0, 1.0]).round(4)
    array([1.0986, 1.0986])
    """
    divergences = _compare(X, Y, against, _distributions, _divergence)
    for name, spectra in (("X", X), ("Y", Y)):
        warn_of_negative_values(
            np.atleast_2d(np.asarray(spectra)),
            f"Distributions, as which spectra are compared, have no negative values: {name}",
            stacklevel=4,
        )
    return divergences


@validate_params(_SPECTRA, prefer_skip_nested_validation=True)
def sum_of_squared_errors(
    X: ArrayLike, Y: ArrayLike, *, against: str = "rows"
) -> NDArray[np.floating]:
    """Compute the sum over bands of the squared differences of spectra (SSE).

    Parameters
    ----------
    X, Y, against
        As in :func:`spectral_angle`, but in one common unit.

    Returns
    -------
    errors : ndarray of shape (n_samples,) or (n_samples, n_entries)
        Errors in the squared unit of the spectra; infinite where the dtype cannot hold them.

    Raises
    ------
    ValueError
        If the shapes do not fit, or if a value is NaN, infinite or not a number.

    Examples
    --------
    >>> from skhyp.metrics import sum_of_squared_errors
    >>> sum_of_squared_errors([[1, 2], [3, 4]], [[1, 2], [0, 0]])
    array([ 0., 25.])
    """
    return _compare(X, Y, against, _values, _squared_error)


MEASURES = {
    "csa": cosine_spectral_angle,
    "sa": spectral_angle,
    "sid": spectral_information_divergence,
    "sse": sum_of_squared_errors,
}
"""The measures by the names of the losses that minimise them."""
OF_POSITIVE_SPECTRA = frozenset({"sid"})
"""Which of them take spectra for distributions, which have no negative values."""


def warn_of_negative_values(X: NDArray, which: str, *, stacklevel: int) -> None:
    """Warn of spectra with values that a measure of positive ones counts as zero."""
    if X.dtype.kind in "ub":
        return
    negative = np.flatnonzero(X.min(axis=1) < 0)
    if len(negative):
        warnings.warn(
            f"{which} has {len(negative)} of {len(X)} with some (the first is row {negative[0]}), "
            "which count as zero. Clip them if they are noise (X.clip(min=0)); if not, bring them "
            "above zero with HypPreprocessor(method='minmax'), or take another measure, such as "
            "'csa'.",
            UserWarning,
            stacklevel=stacklevel,
        )


def _compare(X, Y, against, prepare, error):
    X, Y = _check_spectra(X, Y, against)
    chunks = list(gen_batches(len(X), max(1, CHUNK_VALUES // X.shape[1])))
    if against == "rows":
        paired = len(X) == len(Y)
        entry = None if paired else prepare(Y)
        errors = np.empty(len(X), dtype=X.dtype)
        for rows in chunks:
            errors[rows] = error(prepare(X[rows]), prepare(Y[rows]) if paired else entry)
        return errors

    # One entry at a time: a dot product would be faster, and lose half the digits near zero.
    entries = [prepare(Y[[j]]) for j in range(len(Y))]
    errors = np.empty((len(X), len(Y)), dtype=X.dtype)
    for rows in chunks:
        spectra = prepare(X[rows])
        for j, entry in enumerate(entries):
            errors[rows, j] = error(spectra, entry)
    return errors


def _check_spectra(X, Y, against):
    if isinstance(X, Spectra) and isinstance(Y, Spectra):
        ours, theirs = X.wavelengths, Y.wavelengths
        if ours is not None and theirs is not None and not are_same_bands(ours, theirs):
            raise ValueError(
                "Y must have the bands of X, in their order, but knows other wavelengths: "
                f"{how_they_differ(theirs, ours)} Resample one of them to the other, or pass "
                "numpy.asarray(Y), which knows none."
            )
    # C order on both sides: sums in the same order make equal spectra exactly equal.
    X = check_array(X, dtype=[np.float64, np.float32], order="C", input_name="X")
    if np.ndim(Y) > 2:
        raise ValueError(f"Y must have one or two dimensions; got shape {np.shape(Y)}.")
    Y = check_array(Y, dtype=[np.float64, np.float32], order="C", ensure_2d=False, input_name="Y")
    one_spectrum = Y.ndim == 1
    Y = np.atleast_2d(Y)
    if Y.shape[1] != X.shape[1]:
        raise ValueError(
            f"Y must have as many bands as X, which has {X.shape[1]}; got {Y.shape[1]}."
        )
    if against == "rows" and len(Y) != len(X) and not one_spectrum:
        raise ValueError(
            f"Y must have as many rows as X, which has {len(X)}, or be one spectrum of shape "
            f'(n_bands,); got {len(Y)} rows. To compare all pairs, use against="library".'
        )
    dtype = np.result_type(X, Y)
    return X.astype(dtype, copy=False), Y.astype(dtype, copy=False)


def _scaled(X):
    """Divide each spectrum by its largest magnitude; zero spectra become exactly zero."""
    peaks = np.max(np.abs(X), axis=1, keepdims=True)
    is_zero = peaks < np.finfo(X.dtype).tiny
    peaks[is_zero] = 1
    return np.where(is_zero, X.dtype.type(0), X / peaks), is_zero


def _directions(X):
    scaled, is_zero = _scaled(X)
    norms = np.sqrt(np.sum(scaled**2, axis=1, keepdims=True))
    norms[is_zero] = 1
    return scaled / norms, is_zero[:, 0]


def _angle(x, y):
    # A zero spectrum needs no case of its own: both distances are 1, or both are 0.
    apart = np.sqrt(np.sum((x[0] - y[0]) ** 2, axis=1))
    together = np.sqrt(np.sum((x[0] + y[0]) ** 2, axis=1))
    return 2 * np.arctan2(apart, together)


def _one_minus_cosine(x, y):
    error = np.sum((x[0] - y[0]) ** 2, axis=1) / 2
    error[x[1] ^ y[1]] = 1
    return error


def _distributions(X):
    positive = np.maximum(_scaled(X)[0], 0)
    sums = np.sum(positive, axis=1, keepdims=True)
    flat = sums == 0
    sums[flat] = 1
    shares = np.where(flat, X.dtype.type(1 / X.shape[1]), positive / sums)
    shares = np.maximum(shares, X.dtype.type(SID_FLOOR))
    return shares, np.log(shares)


def _divergence(x, y):
    return np.sum((x[0] - y[0]) * (x[1] - y[1]), axis=1)


def _values(X):
    return (X,)


def _squared_error(x, y):
    with np.errstate(over="ignore"):
        return np.sum((x[0] - y[0]) ** 2, axis=1)
