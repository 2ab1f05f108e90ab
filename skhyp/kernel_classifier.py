"""SpectralKernelClassifier: classes of spectra by their likeness to few labelled ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from .fitting._config import ConfigMixin
from .fitting._documentation import DocumentationLinkMixin
from .fitting._kernel_ridge import (
    KERNEL_CONSTRAINTS,
    best_kernel_ridge,
    checked_alphas,
    checked_gammas,
    refuse_too_many,
)
from .fitting._scaled_regressor import refuse_sizes
from .fitting._trust import best_temperature
from .inputs._band_knowledge import BandKnowledge
from .inputs._class_labels import spectra_and_classes
from .inputs._validation import (
    all_or_nothing,
    computation_dtype,
    refuse_overflow,
    validate_spectra,
)

# What is computed of a block of rows takes so many values, 32 MiB.
_BLOCK_VALUES = 2**22


class SpectralKernelClassifier(
    ClassifierMixin,
    BandKnowledge,
    ConfigMixin,
    DocumentationLinkMixin,
    BaseEstimator,
):
    """Kernel ridge classification, solved and calibrated by leaving out one spectrum, for few.

    A spectrum is of the classes of those spectra of fit that it is like: the likeness is a
    Gaussian of the distance, and each class a target of a ridge regression, 1 where it is and 0
    where it is not [1]_. Width, penalty and calibration follow from what is said of each spectrum
    by all others, which is known in closed form: there is nothing to search, and a fit takes a
    blink.

    Parameters
    ----------
    gammas : tuple of float, default=(0.03, 0.1, 0.3, 1.0, 3.0)
        The widths to choose from: the likeness of two spectra is ``exp(-gamma * d)``, where d is
        their squared distance over the median one among the spectra of fit.
    alpha_range : tuple of float, default=(0.001, 100.0)
        The least and the largest penalty to choose from, beside a likeness of 1 of each spectrum
        to itself.
    n_alphas : int, default=16
        How many penalties are tried, in equal ratios over the range.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    gamma_ : float
        The factor of the squared distance over the square of ``unit_``.
    alpha_ : float
        The penalty that was chosen.
    temperature_ : float
        By which scores are divided before they become probabilities.
    loo_errors_ : ndarray of shape (n_gammas, n_alphas)
        Mean squared error of the scores of left out spectra; the mean over the classes.
    loo_scores_ : ndarray of shape (n_spectra, n_classes)
        The score of each spectrum of fit by all others, as it was chosen.
    dual_coef_ : ndarray of shape (n_spectra, n_classes)
        The weight of each spectrum of fit.
    intercept_ : ndarray of shape (n_classes,)
        What is added.
    X_fit_ : ndarray of shape (n_spectra, n_bands), float64
        The spectra of fit less their mean, in units of ``unit_``.
    mean_ : ndarray of shape (n_bands,)
        The mean of the spectra of fit.
    unit_ : float
        The root of the mean variance of bands, one for all of them.
    n_features_in_ : int
        Number of bands, or of components.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file, where X knows it.

    See Also
    --------
    MinimumNoiseFraction : Components in which distances mean something, of a whole scene.
    SpectralCNNClassifier : A convolutional network, for more labels.

    Notes
    -----
    Distances are those of X as it is given: columns that vary more count more. Components of
    :class:`MinimumNoiseFraction` are in units of noise, and are meant so; put a
    :class:`HypPreprocessor` and a :class:`~sklearn.preprocessing.StandardScaler` before for bands.

    Probabilities are the softmax of scores over the temperature under which those of left out
    spectra are likeliest, with targets a little short of 0 and 1 [2]_. Spectra that come in groups,
    as the pixels of a field, tell of each other: widths are too narrow then and probabilities too
    sure. Memory grows with the square of the number of spectra in fit and the time of a fit with
    its cube; no more than 20000 are taken. All is computed in float64, predictions in blocks.

    References
    ----------
    .. [1] Rifkin R., Yeo G., Poggio T., "Regularized least-squares classification", Advances in
       Learning Theory: Methods, Models and Applications, IOS Press, 2003.
    .. [2] Platt J., "Probabilistic outputs for support vector machines and comparisons to
       regularized likelihood methods", Advances in Large Margin Classifiers, MIT Press, 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralKernelClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["clay", "sand"], 30)
    >>> absorption = np.where(y == "clay", 0.3, 0.1)[:, None] * np.exp(-((np.arange(40) - 20) ** 2))
    >>> X = 1 - absorption + 0.02 * rng.standard_normal((60, 40))
    >>> classifier = SpectralKernelClassifier().fit(X[::2], y[::2])
    >>> float(classifier.score(X[1::2], y[1::2]))
    1.0
    """

    _parameter_constraints: dict = {**KERNEL_CONSTRAINTS}

    def __init__(
        self,
        *,
        gammas: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0),
        alpha_range: tuple[float, float] = (1e-3, 100.0),
        n_alphas: int = 16,
    ):
        self.gammas = gammas
        self.alpha_range = alpha_range
        self.n_alphas = n_alphas

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> SpectralKernelClassifier:
        """Choose width, penalty and temperature by leaving out one spectrum, and fit to all.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
            Not more than 20000 spectra.
        y : array-like of shape (n_spectra,)
            Classes: numbers or text, two or more of them.

        Returns
        -------
        self : SpectralKernelClassifier

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or if there are too many spectra. A fitted
            estimator then keeps its former state.
        """
        with all_or_nothing(self):
            gammas = checked_gammas(self.gammas)
            alphas = checked_alphas(self.alpha_range, self.n_alphas)
            spectra, targets = self._learn(X, y)
            share = targets.mean(axis=0)
            ridge = best_kernel_ridge(spectra, targets - share, gammas, alphas)
            self.gamma_, self.alpha_, self.loo_errors_ = ridge.gamma, ridge.alpha, ridge.loo_errors
            self.X_fit_, self.dual_coef_ = spectra, ridge.dual
            self.intercept_ = share + ridge.intercept
            self.loo_scores_ = targets - ridge.errors
            self.temperature_ = best_temperature(self.loo_scores_, targets.argmax(axis=1))
        return self

    def _learn(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return spectra about their mean and targets (n, classes), and keep what they know."""
        given = X
        X, self.classes_, numbers = spectra_and_classes(self, X, y, ensure_min_samples=2)
        refuse_too_many(len(X), type(self).__name__, "SpectralCNNClassifier")
        self._learn_bands_of(given)
        spectra = X.astype(np.float64)
        refuse_sizes("X", np.abs(spectra).max(keepdims=True))
        self.mean_ = spectra.mean(axis=0)
        unit = float(np.sqrt(np.square(spectra - self.mean_).mean()))
        self.unit_ = unit if unit > 0 else 1.0
        targets = numbers[:, np.newaxis] == np.arange(len(self.classes_))
        return (spectra - self.mean_) / self.unit_, targets.astype(np.float64)

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the score of each class: near 1 where it is, near 0 where it is not.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        scores : ndarray of shape (n_spectra, n_classes), or (n_spectra,) for two classes
            For two classes, the score of the second less that of the first.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the class of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,)
        """
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        probabilities : ndarray of shape (n_spectra, n_classes)
            In the order of ``classes_``. float64 if X is, else float32.
        """
        scores = self._scores(X)
        return softmax(scores / self.temperature_, axis=1)

    def _scores(self, X: ArrayLike) -> NDArray[np.floating]:
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False)
        scores = np.empty((len(X), len(self.classes_)), computation_dtype(X.dtype))
        n_rows = max(1, _BLOCK_VALUES // max(self.n_features_in_, len(self.X_fit_)))
        with np.errstate(over="ignore", invalid="ignore"):  # which is refused by its row
            for rows in gen_batches(len(X), n_rows):
                spectra = (X[rows].astype(np.float64) - self.mean_) / self.unit_
                likeness = rbf_kernel(spectra, self.X_fit_, gamma=self.gamma_)
                scores[rows] = likeness @ self.dual_coef_ + self.intercept_
        refuse_overflow(scores, X)
        return scores
