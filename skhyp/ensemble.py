"""SpectralEnsembleRegressor: several regressors, each trusted as far as its folds deserve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context, is_regressor
from sklearn.utils.validation import check_is_fitted

from .fitting._scalings import SCALINGS
from .fitting._trust import least_squares_weights
from .fitting._trusted_ensemble import TrustedEnsemble
from .inputs._reference_values import spectra_and_values
from .inputs._validation import all_or_nothing, validate_spectra

# By how many folds partial least squares chooses, where there are as many groups.
_PLS_FOLDS = 5


class SpectralEnsembleRegressor(RegressorMixin, TrustedEnsemble, BaseEstimator):
    """Linear, kernel and network regression together, each trusted as far as its folds deserve.

    Much in spectra is linear, by the law of Beer and Lambert, and there partial least squares is
    hard to beat; scatter, mixtures and wide ranges are not, and there networks are better. Each
    member predicts spectra that it was not fitted to, fold by fold; the prediction is the mean of
    the members, refitted to all spectra, with the weights of at least 0 and sum 1 whose
    out-of-fold error is least [1]_.

    Parameters
    ----------
    estimators : list of (str, estimator) or None, default=None
        Names and regressors of scikit-learn, ours or not. ``None``:
        :class:`SpectralPLSRegressor` (by as many folds as its training parts have groups, 5 at
        most), a :class:`SpectralKernelRegressor` of each scaling (bands as they are, standard
        normal variate, slope, curvature), and :class:`SpectralCNNRegressor`.
    cv : int or splitter, default=5
        The number of folds, shuffled, or a splitter that tests each spectrum once.
    shrinkage : float, default=0.3
        How far weights are drawn to equal ones: by how many times the error of the best member
        they count beside the error of the ensemble. 0: not at all.
    n_jobs : int or None, default=None
        How many fits run at a time, see joblib. Networks use several cores by themselves.
    random_state : int, RandomState instance or None, default=None
        Decides the folds, and the seeds of members that have none.
    verbose : int, default=0
        Above zero: a progress bar.

    Attributes
    ----------
    estimators_ : list of estimator
        The members, fitted to all spectra.
    named_estimators_ : :class:`~sklearn.utils.Bunch`
        The same by their names.
    weights_ : ndarray of shape (n_members,) or (n_targets, n_members)
        The share of each member in the prediction, in their order.
    fold_errors_ : ndarray of shape (n_members,) or (n_targets, n_members)
        The root mean squared error of each member on spectra that it was not fitted to, in the
        unit of y.
    out_of_fold_ : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        What the ensemble predicts of each spectrum by the members that were not fitted to it. Its
        error is a little better than that on other spectra, as the weights have seen it.
    target_ndim_ : int
        1 if y was a list of numbers, 2 if it was a matrix.
    n_features_in_ : int
        Number of bands.
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
    SpectralCNNRegressor : The network alone.
    sklearn.ensemble.StackingRegressor : Stacking by any final estimator, for one target.

    Notes
    -----
    Samples that belong together (varieties, years, fields) flatter members that recognise them:
    pass ``groups`` to ``fit``, and folds are made of whole groups.

    References
    ----------
    .. [1] Breiman L., "Stacked regressions", Machine Learning 24(1), 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from skhyp import SpectralEnsembleRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 30))
    >>> y = X[:, 3] - 2 * X[:, 7]
    >>> members = [("ridge", Ridge()), ("neighbours", KNeighborsRegressor())]
    >>> ensemble = SpectralEnsembleRegressor(estimators=members, random_state=0).fit(X, y)
    >>> ensemble.weights_.round(1)
    array([1., 0.])
    """

    def __init__(
        self,
        *,
        estimators: list[tuple[str, Any]] | None = None,
        cv: Any = 5,
        shrinkage: float = 0.3,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.estimators = estimators
        self.cv = cv
        self.shrinkage = shrinkage
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> SpectralEnsembleRegressor:
        """Fit the members to folds and to all spectra, and weigh them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Reference values in any unit.
        groups : array-like of shape (n_spectra,), default=None
            What samples belong to: variety, year, field. No group is on both sides of a fold.

        Returns
        -------
        self : SpectralEnsembleRegressor

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, if a member is no regressor, or if there
            are fewer than four samples or two groups. A fitted estimator keeps its former state.
        """
        with all_or_nothing(self):
            checked, y = spectra_and_values(self, X, y)
            X = self._for_members(X, checked)
            self._learn_bands_of(X)
            self.target_ndim_ = y.ndim
            fitted, answers, _ = self._fit_members(X, y, groups)
            errors = answers - y.reshape(len(y), -1)[..., np.newaxis]
            weights = np.array(
                [
                    least_squares_weights(errors[:, target], shrinkage=float(self.shrinkage))
                    for target in range(errors.shape[1])
                ]
            )
            together = np.einsum("ntm,tm->nt", answers, weights)
            self.fold_errors_ = self._as_y(np.sqrt(np.mean(errors**2, axis=0)))
            self.weights_ = self._as_y(weights)
            self.out_of_fold_ = together[:, 0] if self.target_ndim_ == 1 else together
            self.estimators_ = fitted
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the weighted mean of what the members predict, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            As y was in fit, in float64.
        """
        check_is_fitted(self)
        checked = validate_spectra(self, X, reset=False)
        X = self._for_members(X, checked)
        weights = np.atleast_2d(self.weights_)
        total = 0.0
        for number, member in enumerate(self.estimators_):
            if weights[:, number].any():
                total = total + weights[:, number] * self._answer(member, X)
        values = np.asarray(total)
        return values[:, 0] if self.target_ndim_ == 1 else values

    def _default_members(self, n_units: int) -> list[tuple[str, Any]]:
        from .kernel import SpectralKernelRegressor
        from .pls import SpectralPLSRegressor
        from .regressor import SpectralCNNRegressor

        kernels = [
            (f"kernel_{scaling or 'bands'}", SpectralKernelRegressor(scalings=(scaling,)))
            for scaling in SCALINGS
        ]
        return [
            ("pls", SpectralPLSRegressor(cv=min(_PLS_FOLDS, n_units))),
            *kernels,
            ("network", SpectralCNNRegressor()),
        ]

    def _members(self, n_units: int) -> list[tuple[str, Any]]:
        members = super()._members(n_units)
        for name, member in members:
            if not is_regressor(member):
                raise ValueError(f"estimators must be regressors, got {name!r}: {member!r:.200}.")
        return members

    @staticmethod
    def _answer(member: Any, X: Any) -> NDArray[Any]:
        values = np.asarray(member.predict(X))
        return values.reshape(len(values), -1)

    def _as_y(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what there is of each target, of the only one where y was a list of numbers."""
        return values[0] if self.target_ndim_ == 1 else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
