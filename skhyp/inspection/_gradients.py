"""Integrated gradients: what each band of a spectrum says for a class, or for a code."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from skhyp.fitting._protocols import AttributedEstimator
from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.inputs._validation import validate_spectra
from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths import validate_wavelengths
from skhyp.wavelengths._model_bands import bands_seen, flat_steps

# A warning is given where more than this share of the change is left unexplained.
_MOST_LEFT = 0.1


@dataclass(frozen=True, eq=False)
class BandAttributions:
    """What each band of each spectrum adds to an output of a network.

    Attributes
    ----------
    attributions : ndarray of shape (n_spectra, n_bands)
        In the unit of the output, for the bands that the network sees. A row sums to the
        difference of its output and that of the baseline, but for :attr:`residuals`.
    outputs : ndarray of shape (n_spectra,)
        Of the spectra.
    baseline_outputs : ndarray of shape (n_spectra,)
        Of the baseline, for the same targets.
    baseline : ndarray of shape (n_bands,)
        The spectrum that the others are compared with, as the network sees it.
    output : str
        What the output is, for people to read.
    bands : ndarray of int, shape (n_bands,), or None
        The places of the bands among those that the model was given. None where the network sees
        features that are no bands, such as principal components.
    wavelengths : ndarray of shape (n_bands,) or None
        Of these bands, in nm, where they are known.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.inspection import BandAttributions
    >>> parts = BandAttributions(
    ...     attributions=np.array([[1.0, -0.5]]),
    ...     outputs=np.array([0.75]),
    ...     baseline_outputs=np.array([0.25]),
    ...     baseline=np.zeros(2),
    ...     output="Log-odds of corn",
    ...     bands=np.arange(2),
    ...     wavelengths=None,
    ... )
    >>> parts.importances, parts.residuals
    (array([1. , 0.5]), array([0.]))
    """

    attributions: NDArray[np.floating]
    outputs: NDArray[np.floating]
    baseline_outputs: NDArray[np.floating]
    baseline: NDArray[np.floating]
    output: str
    bands: NDArray[np.intp] | None
    wavelengths: NDArray[np.float64] | None

    def __repr__(self) -> str:
        n_spectra, n_bands = self.attributions.shape
        return f"<BandAttributions of {self.output!r}: {n_spectra} spectra x {n_bands} bands>"

    @property
    def residuals(self) -> NDArray[np.floating]:
        """What of each output is left unexplained; little where the output changes steadily."""
        return self.outputs - self.baseline_outputs - self.attributions.sum(axis=1)

    @property
    def importances(self) -> NDArray[np.floating]:
        """The mean magnitude of the attributions of each band, of shape (n_bands,)."""
        return np.abs(self.attributions).mean(axis=0)


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "baseline": ["array-like"],
        "target": "no_validation",
        "wavelengths": ["array-like", None],
        "n_steps": [Interval(Integral, 1, 1000, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def integrated_gradients(
    estimator: Any,
    X: ArrayLike,
    *,
    baseline: ArrayLike,
    target: Any = None,
    wavelengths: ArrayLike | None = None,
    n_steps: int = 64,
) -> BandAttributions:
    """Distribute an output of a network over the bands of each spectrum.

    Each spectrum is compared with a baseline. The output changes on the way from one to the other,
    and each band gets its share of the change: the mean of the gradient along the straight line
    between them, times the difference in that band.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A SpectralCNNClassifier, SpectralCNNRegressor or SpectralAutoencoder, or what ends in one,
        fitted. Of a Pipeline, the bands are those that the network sees, preprocessed.
    X : array-like of shape (n_spectra, n_bands)
        Spectra, as the estimator takes them.
    baseline : array-like of shape (n_bands,)
        The spectrum that these are compared with, as X has them. It decides the question: the
        mean of a scene asks what sets a spectrum apart from all others, the mean of a class what
        sets it apart from that class.
    target : label, array-like of shape (n_spectra,), int or None, default=None
        Of a classifier, the class whose log-odds, ln p - ln(1 - p), are explained: one label, a
        label for each spectrum, or None for the class that is predicted. Of a regressor, which
        target's value, from 0; None where there is one. Of an autoencoder, the component of the
        code, from 0; None explains the squared distance between the code and that of the
        baseline.
    wavelengths : array-like of shape (n_bands,), default=None
        Of the bands that the network sees, in nm; None takes those that the model knows.
    n_steps : int, default=64
        How many points of the line the gradient is computed at, at most 1000. See
        :attr:`BandAttributions.residuals` for what that misses.

    Returns
    -------
    attributions : BandAttributions

    Raises
    ------
    ValueError
        If the estimator has no network of skhyp, if a target is no class, value or component of
        it, or if X or another parameter is not as described.

    Warns
    -----
    UserWarning
        If more than a tenth of the change is left unexplained. A classifier that sees standard
        normal variates, as by default, jumps at flat spectra, among them that of zeros: these are
        no baselines for it.

    See Also
    --------
    skhyp.plotting.BandAttributionDisplay : The attributions over the wavelengths.
    band_permutation_importance : What a score loses without groups of bands, for any estimator.

    Notes
    -----
    The method is that of [1]_, the integral a Gauss-Legendre quadrature. Neighbouring bands tell
    nearly the same, and which of them a network uses may change with its seed: read parts of the
    spectrum rather than single bands, and compare several seeds.

    References
    ----------
    .. [1] Sundararajan M., Taly A., Yan Q., "Axiomatic attribution for deep networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralCNNClassifier
    >>> from skhyp.inspection import integrated_gradients
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["clay", "sand"], 100)
    >>> X = rng.normal(size=(200, 40)).astype("float32")
    >>> X[y == "clay", 10:20] -= 3  # an absorption
    >>> classifier = SpectralCNNClassifier(max_epochs=30, random_state=0).fit(X, y)
    >>> sand = X[y == "sand"].mean(axis=0)
    >>> clay = integrated_gradients(classifier, X[y == "clay"], baseline=sand)
    >>> share = clay.importances[10:20].sum() / clay.importances.sum()
    >>> bool(share > 0.5)
    True
    >>> change = clay.outputs - clay.baseline_outputs
    >>> bool(np.abs(clay.residuals).mean() < 0.02 * change.mean())
    True
    """
    check_is_fitted(estimator)
    *before, network = flat_steps(estimator) or [estimator]
    _refuse_others(network)
    check_is_fitted(network)
    spectra = _seen(before, network, X)
    given = _as_one_row(baseline, X)
    try:
        origin = _seen(before, network, given)[0]
    except ValueError as error:
        raise ValueError(f"baseline: {error}") from error
    output, name, targets = network._attributed_output(spectra, target)
    places, known_wavelengths, are_bands = bands_seen(estimator)
    if wavelengths is not None:
        wavelengths = validate_wavelengths(wavelengths, spectra.shape[1])
    attributions, outputs, baseline_outputs = network._attribute(
        output, spectra, origin, targets, n_steps=int(n_steps)
    )
    found = BandAttributions(
        attributions,
        outputs,
        baseline_outputs,
        baseline=np.asarray(origin, attributions.dtype),
        output=name,
        bands=None if not are_bands else np.arange(len(origin)) if places is None else places,
        wavelengths=known_wavelengths if wavelengths is None else wavelengths,
    )
    _tell_of_residuals(found)
    return found


def _refuse_others(network: Any) -> None:
    if not isinstance(network, AttributedEstimator):
        raise ValueError(
            "estimator must be a network of skhyp, such as SpectralCNNClassifier or "
            "SpectralAutoencoder, or a Pipeline or search that ends in one; "
            f" got one of {type(network).__name__}. For others, see "
            "skhyp.inspection.band_permutation_importance."
        )


def _seen(before: Sequence[Any], network: Any, X: Any) -> NDArray[Any]:
    """Return spectra as the network sees them."""
    for step in before:
        X = step.transform(X)
    return validate_spectra(network, X, reset=False)


def _as_one_row(baseline: Any, X: Any) -> Any:
    """Return the baseline as a matrix of one spectrum, with what X knows of its bands."""
    names = getattr(X, "columns", None)
    values = np.asarray(baseline)
    if values.ndim != 1:
        raise ValueError(f"baseline must have the shape (n_bands,); got {values.shape}.")
    if np.ma.isMaskedArray(baseline) and np.ma.getmaskarray(baseline).any():
        raise ValueError("baseline must be a complete spectrum; got one with masked values.")
    if names is None or len(names) != len(values):
        own = wavelengths_of(baseline)
        return spectra_with(values[np.newaxis], wavelengths_of(X) if own is None else own)
    own_names = baseline.index if hasattr(baseline, "iloc") else names  # a Series has names
    if list(own_names) != list(names):
        raise ValueError(
            "baseline must have the columns of X in their order; got "
            f"{list(own_names)[:3]} ... for {list(names)[:3]} ..."
        )
    return type(X)(dict(zip(names, values[:, np.newaxis], strict=True)))


def _tell_of_residuals(found: BandAttributions) -> None:
    change = np.abs(found.outputs - found.baseline_outputs).sum(dtype=np.float64)
    left = np.abs(found.residuals).sum(dtype=np.float64)
    if left > _MOST_LEFT * change > 0:
        warnings.warn(
            f"The attributions leave {100 * left / change:.0f} % of the change unexplained, see "
            "residuals. Raise n_steps; if that does not help, the output jumps on the way from the "
            "baseline, as a classifier's does at a flat spectrum, which has no shape to "
            "standardise: take a real spectrum, such as a mean, as the baseline.",
            UserWarning,
            stacklevel=4,
        )
