"""SpectralEnsembleClassifier: several classifiers, each trusted as far as its folds deserve."""

from __future__ import annotations

import warnings
from copy import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.validation import check_is_fitted

from .fitting._trust import best_temperature, mixture_weights
from .fitting._trusted_ensemble import Folds, TrustedEnsemble
from .inputs._class_labels import spectra_and_classes
from .inputs._validation import all_or_nothing, validate_spectra

# Probabilities below it are taken for it: what a member holds impossible does happen.
_LEAST_PROBABILITY = 1e-12
# Components have one scale and no neighbours, and labels are few: layers are dense, and decay.
_DENSE_NETWORK: dict[str, Any] = {
    "views": None,
    "n_filters": (256,),
    "strides": 1,
    "dense_layer_sizes": (128,),
    "weight_decay": 1.0,
    "max_epochs": 300,
}


class SpectralEnsembleClassifier(ClassifierMixin, TrustedEnsemble, BaseEstimator):
    """Network, discriminant analysis and trees together, each trusted as far as folds show.

    Which classifier is best with few labels differs from scene to scene. Each member here says
    how likely the classes are of spectra that it was not fitted to, fold by fold. That tells how
    sure it may be, which makes it a temperature [1]_, and how right it is beside the others,
    which makes it a share in the prediction [2]_. The prediction is the mean of what the members,
    refitted to all spectra, hold likely at their temperatures, by their shares, at a temperature
    of its own.

    Parameters
    ----------
    estimators : list of (str, estimator) or None, default=None
        Names and classifiers of scikit-learn with ``predict_proba``, ours or not. ``None``: the
        network, :class:`SpectralCNNClassifier`; linear discriminant analysis, its covariance
        shrunk; extremely randomised trees of standard normal variates; and with ``components``, of
        those :class:`SpectralKernelClassifier` and a dense network.
    components : :class:`~sklearn.frozen.FrozenEstimator` or None, default=None
        A transformer that has learned from the whole scene and is kept as it is:
        ``FrozenEstimator(MinimumNoiseFraction().fit(scene))``. For the members that there are by
        default; it has to have ``get_feature_names_out``.
    cv : int or splitter, default=5
        The number of folds, each with its part of every class, or a splitter that tests each
        spectrum once.
    shrinkage : float, default=0.1
        How far shares are drawn to equal ones: as many samples as this part of all count as if
        each member had explained as many of them.
    n_jobs : int or None, default=None
        How many fits run at a time, see joblib. Networks use several cores by themselves.
    random_state : int, RandomState instance or None, default=None
        Decides the folds, and the seeds of members that have none.
    verbose : int, default=0
        Above zero: a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    estimators_ : list of estimator
        The members, fitted to all spectra.
    named_estimators_ : :class:`~sklearn.utils.Bunch`
        The same by their names.
    weights_ : ndarray of shape (n_members,)
        The share of each member in the prediction, in their order.
    temperatures_ : ndarray of shape (n_members,)
        By which each member's logarithms of probabilities are divided: above 1 where it is too
        sure.
    temperature_ : float
        The same for the mean of the members, which is less sure than they are.
    fold_losses_ : ndarray of shape (n_members,)
        The mean negative logarithm, in nats, of the probability that each member at its
        temperature gave the right class, of spectra that it was not fitted to.
    fold_scores_ : ndarray of shape (n_members,)
        The share of these spectra whose class each member told.
    out_of_fold_ : ndarray of shape (n_spectra, n_classes)
        The probabilities of each spectrum by the members that were not fitted to it. A little
        better than those of other spectra, as temperatures and shares have seen them.
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
    SpectralEnsembleRegressor : The same for values.
    sklearn.ensemble.StackingClassifier : Stacking by any final estimator.

    Notes
    -----
    The members that there are by default were chosen among about fifty sets, by their out-of-fold
    losses of the labels of two draws of three scenes: 5 to 50 a class at random, and 50 in blocks.

    Neighbouring pixels flatter members that recognise their neighbours: pass ``groups`` (fields,
    or blocks) to ``fit``, or a splitter of :mod:`skhyp.model_selection` as ``cv``, and folds keep
    apart what belongs together. Spectra of classes that their fold's training part lacks have no
    say in temperatures and shares; where no others are left, members have equal shares.

    References
    ----------
    .. [1] Guo C., Pleiss G., Sun Y., Weinberger K. Q., "On calibration of modern neural networks",
       International Conference on Machine Learning, 2017.
    .. [2] Wolpert D. H., "Stacked generalization", Neural Networks 5(2), 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skhyp import SpectralEnsembleClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["clay", "sand"], 40)
    >>> X = rng.normal(size=(80, 30)) + np.where(y == "clay", 1, -1)[:, None] * 0.5
    >>> members = [("logistic", LogisticRegression()), ("bayes", GaussianNB())]
    >>> ensemble = SpectralEnsembleClassifier(estimators=members, random_state=0).fit(X, y)
    >>> ensemble.predict(X[:2]).tolist()
    ['clay', 'clay']
    >>> float(ensemble.weights_.sum().round(6))
    1.0
    """

    _parameter_constraints: dict = {
        **TrustedEnsemble._parameter_constraints,
        "components": [FrozenEstimator, None],
    }

    def __init__(
        self,
        *,
        estimators: list[tuple[str, Any]] | None = None,
        components: Any = None,
        cv: Any = 5,
        shrinkage: float = 0.1,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.estimators = estimators
        self.components = components
        self.cv = cv
        self.shrinkage = shrinkage
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> SpectralEnsembleClassifier:
        """Fit the members to folds and to all spectra, and weigh them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,)
            Classes: numbers or text, two or more of them.
        groups : array-like of shape (n_spectra,), default=None
            What pixels belong to: field, block. No group is on both sides of a fold.

        Returns
        -------
        self : SpectralEnsembleClassifier

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, if a member is no classifier with
            probabilities, or if there are fewer than four samples or two groups. A fitted
            estimator keeps its former state.
        """
        self._fit(X, y, groups)
        return self

    def _fit(
        self, X: Any, y: Any, groups: Any = None, folds: Folds | None = None
    ) -> list[list[Any]]:
        """Fit, and return for each fold the members that were fitted to its training part."""
        with all_or_nothing(self):
            checked, self.classes_, numbers = spectra_and_classes(self, X, y)
            X = self._for_members(X, checked)
            self._learn_bands_of(X)
            y = self.classes_[numbers]
            fitted, answers, of_folds = self._fit_members(X, y, groups, folds)
            self._weigh(answers, numbers)
            self.estimators_ = fitted
        return of_folds

    def _fit_to_folds(self, X: Any, y: Any, folds: Folds) -> list[SpectralEnsembleClassifier]:
        """Fit by these folds, and return for each the ensemble that its training part makes.

        These have the shares and temperatures of all folds together, which costs no further fit.
        """
        self._validate_params()
        made = []
        for members in self._fit(X, y, folds=folds):
            ensemble = copy(self)
            ensemble.estimators_ = members
            made.append(ensemble)
        return made

    def _weigh(self, answers: NDArray[np.float64], numbers: NDArray[np.intp]) -> None:
        """Learn temperatures and shares from what members (n, classes, members) said by folds."""
        n_members, rows = answers.shape[2], np.arange(len(numbers))
        # Of classes that a training part did not have, no member could know.
        known = np.flatnonzero((answers[rows, numbers] > 0).all(axis=1))
        self.temperatures_, self.temperature_ = np.ones(n_members), 1.0
        self.weights_ = np.full(n_members, 1 / n_members)
        for member in range(n_members if len(known) else 0):
            logarithms = _logarithms(answers[known, :, member])
            self.temperatures_[member] = best_temperature(logarithms, numbers[known])
        tempered = np.stack(
            [
                _tempered(answers[..., member], temperature)
                for member, temperature in enumerate(self.temperatures_)
            ],
            axis=-1,
        )
        right = tempered[known, numbers[known]]
        self.fold_losses_ = np.full(n_members, np.nan)
        if len(known):
            self.weights_ = mixture_weights(right, shrinkage=float(self.shrinkage))
            logarithms = _logarithms(tempered[known] @ self.weights_)
            self.temperature_ = best_temperature(logarithms, numbers[known])
            self.fold_losses_ = -np.log(right).mean(axis=0)
        self.fold_scores_ = (answers.argmax(axis=1) == numbers[:, np.newaxis]).mean(axis=0)
        self.out_of_fold_ = _tempered(tempered @ self.weights_, self.temperature_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class that is likeliest.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        probabilities : ndarray of shape (n_spectra, n_classes)
            In the order of ``classes_``, in float64.
        """
        check_is_fitted(self)
        checked = validate_spectra(self, X, reset=False)
        X = self._for_members(X, checked)
        total = np.zeros((len(checked), len(self.classes_)))
        for member, weight, temperature in zip(
            self.estimators_, self.weights_, self.temperatures_, strict=True
        ):
            if weight > 0:
                total += weight * _tempered(self._answer(member, X), temperature)
        return _tempered(total, self.temperature_)

    def _default_members(self, n_units: int) -> list[tuple[str, Any]]:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
        from sklearn.ensemble import ExtraTreesClassifier
        from sklearn.pipeline import make_pipeline

        from .classifier import SpectralCNNClassifier
        from .kernel_classifier import SpectralKernelClassifier
        from .preprocessing import HypPreprocessor

        trees = make_pipeline(HypPreprocessor(method="snv"), ExtraTreesClassifier(n_estimators=100))
        members = [
            ("network", SpectralCNNClassifier()),
            # Of spectra as they are: brightness tells too, which snv takes away.
            ("discriminant", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
            ("trees", trees),
        ]
        if self.components is None:
            return members
        # One kernel over all components makes the convolution a dense layer.
        n_components = len(self.components.get_feature_names_out())
        dense = SpectralCNNClassifier(**_DENSE_NETWORK, kernel_sizes=n_components)
        of_components = {
            "likeness": SpectralKernelClassifier(),
            "components_network": dense,
        }
        for name, member in of_components.items():
            members.append((name, make_pipeline(self.components, member)))
        return members

    def _members(self, n_units: int) -> list[tuple[str, Any]]:
        members = super()._members(n_units)
        for name, member in members:
            if not is_classifier(member) or not hasattr(member, "predict_proba"):
                raise ValueError(
                    "estimators must be classifiers with predict_proba, got "
                    f"{name!r}: {member!r:.200}."
                )
        return members

    def _splitter(self, y: NDArray[Any], n_folds: int, has_groups: bool, seed: int) -> Any:
        most = int(np.unique(y, return_counts=True)[1].max())
        if most == 1:  # nothing to have a part of in each fold
            return super()._splitter(y, n_folds, has_groups, seed)
        n_folds = min(n_folds, most)
        if has_groups:
            return StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        return StratifiedKFold(n_folds, shuffle=True, random_state=seed)

    def _folds(
        self, X: Any, y: NDArray[Any], groups: ArrayLike | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        with warnings.catch_warnings():
            # Of classes that have fewer spectra than there are folds: it is known what to do.
            warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
            folds = super()._folds(X, y, groups)
        for train, _ in folds:
            if len(left := np.unique(y[train])) < 2:
                raise ValueError(
                    f"{type(self).__name__} weighs its members by folds, and one of these has the "
                    f"class {left.tolist()} alone to learn from. Label more of the others, or "
                    "pass other groups, or another cv."
                )
        return folds

    @property
    def _answer(self) -> Any:
        return partial(_probabilities, self.classes_)


def _probabilities(classes: NDArray[Any], member: Any, X: Any) -> NDArray[np.float64]:
    """Return what a member holds likely, of all classes: those it has not seen have none."""
    probabilities = np.zeros((len(X), len(classes)))
    columns = np.searchsorted(classes, member.classes_)
    probabilities[:, columns] = np.maximum(member.predict_proba(X), _LEAST_PROBABILITY)
    return probabilities


def _logarithms(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities, _LEAST_PROBABILITY))


def _tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities at a temperature: from 1 on down they are surer."""
    return softmax(_logarithms(probabilities) / temperature, axis=1)
