"""Integrated gradients: what each band of a spectrum says for a class, or for a code."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from skhyp._model_bands import bands_seen
from skhyp._validation import validate_spectra
from skhyp.autoencoder import SpectralAutoencoder
from skhyp.classifier import SpectralCNNClassifier


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
    bands : ndarray of int, shape (n_bands,)
        The places of the bands among those that the model was given.
    wavelengths : ndarray of shape (n_bands,) or None
        Of these bands, in nm, where they are known.
    """

    attributions: NDArray[np.floating]
    outputs: NDArray[np.floating]
    baseline_outputs: NDArray[np.floating]
    baseline: NDArray[np.floating]
    output: str
    bands: NDArray[np.intp]
    wavelengths: NDArray[np.float64] | None

    @property
    def residuals(self) -> NDArray[np.floating]:
        """What the numerical integration leaves unexplained of each output; ideally zero."""
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
        "n_steps": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def integrated_gradients(
    estimator: Any,
    X: ArrayLike,
    *,
    baseline: ArrayLike,
    target: Any = None,
    n_steps: int = 64,
) -> BandAttributions:
    """Part an output of a network among the bands of each spectrum.

    Each spectrum is compared with a baseline. The output changes on the way from one to the other,
    and each band gets its share of the change: the mean of the gradient along the straight line
    between them, times the difference in that band.

    Parameters
    ----------
    estimator : SpectralCNNClassifier, SpectralAutoencoder, or Pipeline or search that ends in one
        Fitted. Of a Pipeline, the bands are those that the network sees, preprocessed.
    X : array-like of shape (n_spectra, n_bands)
        Spectra, as the estimator takes them.
    baseline : array-like of shape (n_bands,)
        The spectrum that these are compared with, as X has them. It decides the question: the
        mean of a scene asks what sets a spectrum apart from all others, the mean of a class what
        sets it apart from that class.
    target : label, array-like of shape (n_spectra,), int or None, default=None
        Of a classifier, the class whose log-odds, ln p - ln(1 - p), are parted: one label, a
        label for each spectrum, or None for the class that is predicted. Of an autoencoder, the
        component of the code, from 0; None parts the squared distance between the code and
        that of the baseline.
    n_steps : int, default=64
        How many points of the line the gradient is computed at. See
        :attr:`BandAttributions.residuals` for what that misses.

    Returns
    -------
    attributions : BandAttributions

    Raises
    ------
    ValueError
        If the estimator has no network of skhyp, if a target is no class or component of it, if
        X or the baseline is not as described, or if `n_steps` is below 1.

    See Also
    --------
    skhyp.plotting.BandAttributionDisplay : The attributions over the wavelengths.
    band_permutation_importance : What a score loses without groups of bands, for any estimator.

    Notes
    -----
    M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017. The
    integral is a Gauss-Legendre quadrature. Neighbouring bands tell nearly the same, and which of
    them a network uses may change with its seed: read parts of the spectrum rather than single
    bands, and compare several seeds.

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
    estimator = getattr(estimator, "best_estimator_", estimator)
    before, network = _parted(estimator)
    check_is_fitted(network)
    spectra = validate_spectra(network, before(X), reset=False)
    given = np.asarray(baseline)
    if given.ndim != 1:
        raise ValueError(f"baseline must have the shape (n_bands,); got {given.shape}.")
    origin = validate_spectra(network, before(given[np.newaxis]), reset=False)[0]
    output, name, targets = _targets(network, spectra, target)
    bands, wavelengths = bands_seen(estimator)
    computed = network._attribute(output, spectra, origin, targets, n_steps=int(n_steps))
    return BandAttributions(
        *computed,
        baseline=np.asarray(origin, computed[0].dtype),
        output=name,
        bands=np.arange(spectra.shape[1]) if bands is None else np.asarray(bands),
        wavelengths=wavelengths,
    )


def _parted(estimator: Any) -> tuple[Any, Any]:
    """Return what a model does before its network, as a function, and the network's estimator."""
    network = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(network, SpectralCNNClassifier | SpectralAutoencoder):
        raise ValueError(
            "estimator must be a SpectralCNNClassifier, a SpectralAutoencoder, or a Pipeline or "
            f"search that ends in one; got {estimator!r}. For others, see "
            "skhyp.inspection.band_permutation_importance."
        )
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return estimator[:-1].transform, network
    return (lambda X: X), network


def _targets(
    network: Any, spectra: np.ndarray, target: Any
) -> tuple[str, str, NDArray[np.integer]]:
    """Return which output is asked for, what it is called, and the target of each spectrum."""
    n_spectra = len(spectra)
    if isinstance(network, SpectralCNNClassifier):
        labels = network.predict(spectra) if target is None else np.asarray(target)
        if labels.ndim and labels.shape != (n_spectra,):
            raise ValueError(
                f"target must be one label or one for each of {n_spectra} spectra; got an array of "
                f"shape {labels.shape}."
            )
        unknown = np.setdiff1d(labels, network.classes_)
        if len(unknown):
            raise ValueError(
                f"target must be among the classes {network.classes_.tolist()}; got "
                f"{unknown.tolist()}."
            )
        name = "Log-odds of the class" if labels.ndim else f"Log-odds of {target}"
        places = np.searchsorted(network.classes_, labels)
        return "log-odds", name, np.broadcast_to(places, n_spectra)
    if target is None:
        return "squared distance", "Squared distance of codes", np.zeros(n_spectra, np.int64)
    n_components = network._n_features_out
    if not isinstance(target, Integral) or not 0 <= target < n_components:
        raise ValueError(
            f"target must be None or a component from 0 to {n_components - 1}; got {target!r}."
        )
    return "component", f"Component {target} of the code", np.full(n_spectra, int(target))
