"""Ensembles that trust each of their members as far as its out-of-fold predictions deserve."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context, clone, is_regressor
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import Bunch, _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted, has_fit_parameter

from ._progress import ProgressBar
from .fitting._documentation import DocumentationLinkMixin
from .inputs._band_knowledge import BandKnowledge
from .inputs._parameters import NumberInterval
from .inputs._validation import all_or_nothing, validate_spectra

# A row that asks for weights of sum one counts so much more than those of the errors.
_SUM_MATTERS = 1e4


class TrustedEnsemble(BandKnowledge, DocumentationLinkMixin, _BaseComposition, metaclass=ABCMeta):
    """Members that are fitted to folds and to all spectra, and weighed by how the folds went.

    Subclasses say which members there are by default, what a member answers, and how answers are
    weighed against the targets.
    """

    _parameter_constraints: dict = {
        "estimators": [list, None],
        "cv": [NumberInterval(Integral, 2, 2**31, closed="both"), HasMethods(["split"])],
        "shrinkage": [NumberInterval(Real, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    estimators: list[tuple[str, Any]] | None
    cv: Any
    shrinkage: float
    n_jobs: int | None
    random_state: int | np.random.RandomState | None
    verbose: int

    @abstractmethod
    def _default_members(self) -> list[tuple[str, Any]]:
        """Return the members that there are if none are given."""

    @abstractmethod
    def _answer(self, member: Any, X: Any) -> NDArray[Any]:
        """Return what a fitted member says of spectra, as a matrix."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the ensemble and, if ``deep``, of its members by their names."""
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> TrustedEnsemble:
        """Set parameters of the ensemble, or of members by ``name__parameter``."""
        self._set_params("estimators", **params)
        return self

    def _members(self) -> list[tuple[str, Any]]:
        """Return names and members to fit, with seeds where they have none."""
        members = self._default_members() if self.estimators is None else self.estimators
        try:
            names = [str(name) for name, _ in members]
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"estimators must be a list of (name, estimator), got {self.estimators!r:.200}."
            ) from error
        if not names:
            raise ValueError("estimators must have a member or more, got an empty list.")
        self._validate_names(names)
        rng, seeded = check_random_state(self.random_state), []
        for name, member in members:
            member = clone(member)
            for key, value in sorted(member.get_params(deep=True).items()):
                if key.split("__")[-1] == "random_state" and value is None:
                    member.set_params(**{key: int(rng.randint(np.iinfo(np.int32).max))})
            seeded.append((name, member))
        return seeded

    def _fit_members(
        self, X: Any, y: NDArray[Any], groups: ArrayLike | None
    ) -> tuple[list[Any], NDArray[np.float64]]:
        """Return members fitted to all spectra, and their out-of-fold answers (n, ..., members)."""
        members = self._members()
        folds = self._folds(X, y, groups)
        groups = None if groups is None else np.asarray(groups)
        everything = np.arange(len(y))
        tasks = [
            (member, train, test)
            for _, member in members
            for train, test in (*folds, (everything, None))
        ]
        n_jobs = Parallel(n_jobs=self.n_jobs, return_as="generator")
        results = []
        with ProgressBar(type(self).__name__, len(tasks), "fit", shown=self.verbose) as progress:
            for result in n_jobs(
                delayed(_fit_and_answer)(self._answer, member, X, y, groups, train, test)
                for member, train, test in tasks
            ):
                results.append(result)
                progress.advance(1)
        n_each = len(folds) + 1
        fitted = [member for member, _ in results[n_each - 1 :: n_each]]
        answers = []
        for number in range(len(members)):
            of_folds = results[number * n_each : (number + 1) * n_each - 1]
            first = of_folds[0][1]
            answer = np.full((len(y), *first.shape[1:]), np.nan)
            for (_, test), (_, values) in zip(folds, of_folds, strict=True):
                answer[test] = values
            answers.append(answer)
        self.named_estimators_ = Bunch(
            **{name: member for (name, _), member in zip(members, fitted, strict=True)}
        )
        return fitted, np.stack(answers, axis=-1)

    def _folds(
        self, X: Any, y: NDArray[Any], groups: ArrayLike | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return the folds, each spectrum in the test part of one."""
        if groups is not None:
            check_consistent_length(y, groups)
        cv = self.cv
        if isinstance(cv, Integral):
            n_units = len(y) if groups is None else len(np.unique(np.asarray(groups)))
            n_folds = min(int(cv), n_units)
            if n_folds < 2 or len(y) < 4:
                what = "samples" if groups is None else "groups"
                raise ValueError(
                    f"{type(self).__name__} weighs its members by folds: it needs at least "
                    f"{4 if groups is None else 2} {what}, got n_samples = {len(y)}"
                    f"{'' if groups is None else f' in {n_units} groups'}."
                )
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            cv = (
                GroupKFold(n_folds)
                if groups is not None
                else KFold(n_folds, shuffle=True, random_state=seed)
            )
        folds = list(cv.split(X, y, groups))
        counts = np.bincount(np.concatenate([test for _, test in folds]), minlength=len(y))
        if not np.array_equal(counts, np.ones(len(y))):
            raise ValueError(
                f"cv must test each spectrum once, got {cv!r}, which tests some "
                f"{counts.min()} and some {counts.max()} times."
            )
        return folds


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
        :class:`SpectralPLSRegressor`, :class:`SpectralKernelRegressor` and
        :class:`SpectralCNNRegressor`.
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
            if np.ma.is_masked(y):
                raise ValueError(
                    "y is a masked array with masked values, which would be lost. Leave their "
                    "spectra out: X[~y.mask], y[~y.mask]."
                )
            checked, y = validate_spectra(
                self, X, y=y, reset=True, multi_output=True, y_numeric=True
            )
            if not hasattr(X, "iloc") and not isinstance(X, np.ndarray):
                X = checked
            self._learn_bands_of(X)
            y = np.asarray(y, dtype=np.float64)
            self.target_ndim_ = y.ndim
            fitted, answers = self._fit_members(X, y, groups)
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
            As y was in fit.
        """
        check_is_fitted(self)
        checked = validate_spectra(self, X, reset=False)
        if not hasattr(X, "iloc") and not isinstance(X, np.ndarray):
            X = checked
        weights = np.atleast_2d(self.weights_)
        total = 0.0
        for number, member in enumerate(self.estimators_):
            if weights[:, number].any():
                total = total + weights[:, number] * self._answer(member, X)
        values = np.asarray(total)
        return values[:, 0] if self.target_ndim_ == 1 else values

    def _default_members(self) -> list[tuple[str, Any]]:
        from .kernel import SpectralKernelRegressor
        from .pls import SpectralPLSRegressor
        from .regressor import SpectralCNNRegressor

        return [
            ("pls", SpectralPLSRegressor()),
            ("kernel", SpectralKernelRegressor()),
            ("network", SpectralCNNRegressor()),
        ]

    def _members(self) -> list[tuple[str, Any]]:
        members = super()._members()
        for name, member in members:
            if not is_regressor(member):
                raise ValueError(f"estimators must be regressors, got {name!r}: {member!r:.200}.")
        return members

    def _answer(self, member: Any, X: Any) -> NDArray[Any]:
        values = np.asarray(member.predict(X))
        return values.reshape(len(values), -1)

    def _as_y(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what there is of each target, of the only one where y was a list of numbers."""
        return values[0] if self.target_ndim_ == 1 else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def least_squares_weights(errors: NDArray[np.float64], *, shrinkage: float) -> NDArray[np.float64]:
    """Return the weights of members, of at least 0 and sum 1, whose joint error is least.

    Parameters
    ----------
    errors : ndarray of shape (n_samples, n_members)
        Of each member, on samples that it was not fitted to.
    shrinkage : float
        The squared distance from equal weights counts by so many times the mean squared error of
        the best member.

    Returns
    -------
    weights : ndarray of shape (n_members,)
    """
    n_members = errors.shape[1]
    equal = np.full(n_members, 1 / n_members)
    products = errors.T @ errors / len(errors)
    least = np.diag(products).min()
    if not np.isfinite(products).all() or least <= 0:
        best = np.diag(products) == least
        return best / best.sum() if best.any() else equal
    penalty = shrinkage * least
    # |errors w|^2 / n + penalty |w - equal|^2 as the rows of one problem of least squares.
    values, directions = np.linalg.eigh(products / least)
    root = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * directions.T
    pull = np.sqrt(penalty / least)
    heavy = _SUM_MATTERS * max(1.0, np.sqrt(values.max()))
    rows = np.vstack([root, pull * np.eye(n_members), np.full((1, n_members), heavy)])
    aims = np.concatenate([np.zeros(n_members), pull * equal, [heavy]])
    weights = nnls(rows, aims)[0]
    return weights / weights.sum()


def _fit_and_answer(
    answer: Any,
    member: Any,
    X: Any,
    y: NDArray[Any],
    groups: NDArray[Any] | None,
    train: NDArray[np.intp],
    test: NDArray[np.intp] | None,
) -> tuple[Any, NDArray[Any] | None]:
    """Fit a copy of a member to some rows, and return it and what it says of others."""
    params: dict[str, Any] = {}
    if groups is not None and has_fit_parameter(member, "groups"):
        params["groups"] = groups[train]
    fitted = clone(member).fit(_safe_indexing(X, train), y[train], **params)
    return fitted, None if test is None else answer(fitted, _safe_indexing(X, test))
