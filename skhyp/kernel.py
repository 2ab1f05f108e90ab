"""SpectralKernelRegressor: values of spectra by their likeness to those of fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.metrics.pairwise import rbf_kernel

from .fitting._kernel_ridge import (
    KERNEL_CONSTRAINTS,
    ROUNDING,
    best_kernel_ridge,
    checked_alphas,
    checked_gammas,
    refuse_too_many,
)
from .fitting._scaled_regressor import ScaledSpectraRegressor, standardisation_of
from .fitting._scalings import checked_scalings
from .inputs._validation import all_or_nothing

_OTHERS = "SpectralPLSRegressor or SpectralCNNRegressor"


class SpectralKernelRegressor(ScaledSpectraRegressor):
    """Kernel ridge regression whose width and penalty are chosen by leaving out one spectrum.

    A spectrum has values like those of the spectra of fit that it is like: the likeness is a
    Gaussian of the distance. Wide Gaussians are nearly linear in the spectrum, narrow ones follow
    any bend. For some tens to some thousands of spectra: it takes all of them along.

    Parameters
    ----------
    scalings : tuple of {None, "snv", "slope", "curvature"}, default=("snv",)
        The scalings of the spectra to choose from: ``None``, as they are; "snv", the standard
        normal variate; "slope" and "curvature", its first and second derivative, as in
        :class:`SpectralPLSRegressor`. Bands are standardised after it.
    gammas : tuple of float, default=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
        The widths to choose from: the likeness of two spectra is ``exp(-gamma * d)``, where d is
        their squared distance over the median one among the spectra of fit.
    alpha_range : tuple of float, default=(1e-08, 10.0)
        The least and the largest penalty to choose from, beside a likeness of 1 of each spectrum
        to itself.
    n_alphas : int, default=19
        How many penalties are tried, in equal ratios over the range.

    Attributes
    ----------
    scaling_ : str or None
        The scaling that was chosen.
    gamma_ : float
        The factor of the squared distance, which is that of ``gammas`` over the median distance.
    alpha_ : float
        The penalty that was chosen.
    loo_errors_ : ndarray of shape (n_scalings, n_gammas, n_alphas)
        Mean squared error of left out spectra over the variance of the target; the mean over the
        targets.
    loo_predictions_ : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        What is predicted of each spectrum of fit by all others, as it was chosen, in the unit of y.
    dual_coef_ : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        The weight of each spectrum of fit, in the unit of y.
    intercept_ : float or ndarray of shape (n_targets,)
        What is added.
    X_fit_ : ndarray of shape (n_spectra, n_bands), float64
        The spectra of fit, scaled and standardised.
    mean_, deviation_ : ndarray of shape (n_bands,)
        Of the bands of scaled spectra; the deviation of a constant band is 1.
    n_outputs_ : int
        The number of targets.
    target_ndim_ : int
        1 if y was a list of numbers, 2 if it was a matrix: predictions have as many axes.
    segments_ : ndarray of shape (n_segments, 2)
        The runs of bands, from start to stop, within which derivatives are taken.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them: as a DataFrame with columns named like
        "450.5 nm", or :class:`~skhyp.spectra.Spectra`.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file or "computed", where X knows it.

    See Also
    --------
    SpectralPLSRegressor : Linear, and for any number of spectra.
    SpectralCNNRegressor : A convolutional network.

    Notes
    -----
    The mean is not penalised [1]_. Errors of left out spectra are exact and in closed form, for
    given means, deviations and median distance, which are those of all spectra. Several targets
    share what is chosen; what unit they are in changes nothing. Where spectra come in groups, as
    replicates of a sample or fields, the others of its group tell of the one that is left out: the
    errors are too low then, and too little is smoothed. Spectra have no weights: one of weight 2
    and the same one twice would not be left out alike.

    Memory grows with the square of the number of spectra in fit and the time of a fit with its
    cube; no more than 20000 are taken. The median distance is that of 2000 of them at most.
    Predictions are computed in blocks. All is computed in float64.

    References
    ----------
    .. [1] Suykens J. A. K., Van Gestel T., De Brabanter J., De Moor B., Vandewalle J., "Least
       squares support vector machines", World Scientific, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralKernelRegressor
    >>> rng = np.random.default_rng(0)
    >>> moisture = rng.uniform(0, 0.4, 80)
    >>> bands = np.linspace(0, 1, 60)
    >>> absorption = np.exp(-((bands - 0.4) ** 2) / 0.005)
    >>> X = np.exp(-8 * moisture[:, None] * absorption) + 0.001 * rng.standard_normal((80, 60))
    >>> regressor = SpectralKernelRegressor().fit(X[:50], moisture[:50])
    >>> bool(regressor.score(X[50:], moisture[50:]) > 0.99)
    True
    """

    _parameter_constraints: dict = {
        **ScaledSpectraRegressor._parameter_constraints,
        **KERNEL_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        scalings: tuple[str | None, ...] = ("snv",),
        gammas: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        alpha_range: tuple[float, float] = (1e-8, 10.0),
        n_alphas: int = 19,
    ):
        self.scalings = scalings
        self.gammas = gammas
        self.alpha_range = alpha_range
        self.n_alphas = n_alphas

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> SpectralKernelRegressor:
        """Choose scaling, width and penalty by leaving out one spectrum, and fit them to all.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
            Not more than 20000 spectra.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Reference values in any unit.

        Returns
        -------
        self : SpectralKernelRegressor

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or if there are too many spectra. A fitted
            estimator then keeps its former state.
        """
        with all_or_nothing(self):
            scalings = checked_scalings(self.scalings)
            gammas = checked_gammas(self.gammas)
            alphas = checked_alphas(self.alpha_range, self.n_alphas)
            X, targets = self._validate(X, y)
            refuse_too_many(len(X), type(self).__name__, _OTHERS)
            mean, scale = standardisation_of(targets)
            standardised = (targets - mean) / scale
            loo_errors, least = [], np.inf
            for scaling in scalings:
                scaled = self._scaled(X, scaling)
                band_mean, deviation = _standardisation_of_bands(scaled)
                spectra = (scaled - band_mean) / deviation
                ridge = best_kernel_ridge(spectra, standardised, gammas, alphas)
                loo_errors.append(ridge.loo_errors)
                if ridge.least_error >= least:
                    continue
                least = ridge.least_error
                self.scaling_, self.gamma_, self.alpha_ = scaling, ridge.gamma, ridge.alpha
                self.mean_, self.deviation_, self.X_fit_ = band_mean, deviation, spectra
                self.dual_coef_ = self._in_form_of_y(ridge.dual * scale)
                self.loo_predictions_ = self._in_form_of_y(targets - ridge.errors * scale)
                intercept = self._in_form_of_y(mean + ridge.intercept * scale)
                self.intercept_ = float(intercept) if self.target_ndim_ == 1 else intercept
            self.loo_errors_ = np.stack(loo_errors)
        return self

    def _values(self, scaled: np.ndarray) -> np.ndarray:
        spectra = (scaled - self.mean_) / self.deviation_
        dual = self.dual_coef_.reshape(len(self.X_fit_), -1)
        return rbf_kernel(spectra, self.X_fit_, gamma=self.gamma_) @ dual + self.intercept_

    @property
    def _n_values(self) -> int:
        return len(self.X_fit_)


def _standardisation_of_bands(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = scaled.mean(axis=0), scaled.std(axis=0)
    is_constant = deviation <= ROUNDING * np.abs(scaled).max()
    return mean, np.where(is_constant, 1.0, deviation)
