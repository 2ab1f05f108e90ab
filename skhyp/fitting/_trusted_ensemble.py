"""Members that are fitted to folds and to all spectra, and are trusted by what the folds show."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import Bunch, _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, has_fit_parameter

from skhyp._progress import ProgressBar
from skhyp.inputs._band_knowledge import BandKnowledge
from skhyp.inputs._parameters import NumberInterval

from ._documentation import DocumentationLinkMixin
from ._seeds import seeded

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


class TrustedEnsemble(BandKnowledge, DocumentationLinkMixin, _BaseComposition, metaclass=ABCMeta):
    """Members that are fitted to folds and to all spectra, and weighed by how the folds went.

    Subclasses say which members there are by default, what a member answers, and how answers are
    weighed against the targets.
    """

    _parameter_constraints: dict = {
        "estimators": [list, None],
        "cv": [
            NumberInterval(Integral, 2, 2**31, closed="both"),
            HasMethods(["split", "get_n_splits"]),
        ],
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
    def _default_members(self, n_units: int) -> list[tuple[str, Any]]:
        """Return the members that there are if none are given.

        No part that they are fitted to has fewer than ``n_units`` groups, or spectra if it has no
        more than one group.
        """

    @staticmethod
    @abstractmethod
    def _answer(member: Any, X: Any) -> NDArray[Any]:
        """Return what a fitted member says of spectra, as a matrix."""

    @staticmethod
    def _for_members(X: Any, checked: NDArray[Any]) -> Any:
        """Return spectra as members may have them: with their columns or bands, if X has some."""
        return X if hasattr(X, "iloc") or isinstance(X, np.ndarray) else checked

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the ensemble and, if ``deep``, of its members by their names."""
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> TrustedEnsemble:
        """Set parameters of the ensemble, or of members by ``name__parameter``."""
        self._set_params("estimators", **params)
        return self

    def _members(self, n_units: int) -> list[tuple[str, Any]]:
        """Return names and members to fit, with seeds where they have none."""
        members = self._default_members(n_units) if self.estimators is None else self.estimators
        try:
            names = [str(name) for name, _ in members]
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"estimators must be a list of (name, estimator), got {self.estimators!r:.200}."
            ) from error
        if not names:
            raise ValueError("estimators must have a member or more, got an empty list.")
        self._validate_names(names)
        rng = check_random_state(self.random_state)
        return [(name, seeded(member, rng)) for name, member in members]

    def _fit_members(
        self, X: Any, y: NDArray[Any], groups: ArrayLike | None, folds: Folds | None = None
    ) -> tuple[list[Any], NDArray[np.float64], list[list[Any]]]:
        """Return members fitted to all spectra, and their out-of-fold answers (n, ..., members).

        At last, for each fold, the members that were fitted to its training part.
        """
        if folds is None:
            folds = self._folds(X, y, groups)
        groups = None if groups is None else np.asarray(groups)
        everything = np.arange(len(y))
        parts = [everything, *(train for train, _ in folds)]
        members = self._members(min(_n_units(groups, part) for part in parts))
        tasks = [
            (member, train, test)
            for _, member in members
            for train, test in (*folds, (everything, None))
        ]
        in_parallel = Parallel(n_jobs=self.n_jobs, return_as="generator")
        results = []
        with ProgressBar(type(self).__name__, len(tasks), "fit", shown=self.verbose) as progress:
            for result in in_parallel(
                delayed(_fit_and_answer)(self._answer, member, X, y, groups, train, test)
                for member, train, test in tasks
            ):
                results.append(result)
                progress.advance(1)
        n_each = len(folds) + 1
        fitted = [member for member, _ in results[n_each - 1 :: n_each]]
        answers = []
        of_folds: list[list[Any]] = [[] for _ in folds]
        for number in range(len(members)):
            of_member = results[number * n_each : (number + 1) * n_each - 1]
            first = of_member[0][1]
            answer = np.full((len(y), *first.shape[1:]), np.nan)
            for fold, ((_, test), (member, values)) in enumerate(
                zip(folds, of_member, strict=True)
            ):
                answer[test] = values
                of_folds[fold].append(member)
            answers.append(answer)
        self.named_estimators_ = Bunch(
            **{name: member for (name, _), member in zip(members, fitted, strict=True)}
        )
        return fitted, np.stack(answers, axis=-1), of_folds

    def _splitter(self, y: NDArray[Any], n_folds: int, has_groups: bool, seed: int) -> Any:
        """Return what makes so many folds, of whole groups if there are some."""
        return (
            GroupKFold(n_folds) if has_groups else KFold(n_folds, shuffle=True, random_state=seed)
        )

    def _folds(self, X: Any, y: NDArray[Any], groups: ArrayLike | None) -> Folds:
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
            cv = self._splitter(y, n_folds, groups is not None, seed)
        return complete_folds(cv, cv.split(X, y, groups), len(y))


def complete_folds(cv: Any, splits: Iterable[Any], n_samples: int) -> Folds:
    """Return the splits that a splitter makes, if they are folds: each sample is tested once."""
    folds = [(np.asarray(train), np.asarray(test)) for train, test in splits]
    tested = np.concatenate([np.zeros(0, np.intp), *(test for _, test in folds)])
    counts = np.bincount(tested, minlength=n_samples)
    if not np.array_equal(counts, np.ones(n_samples)):
        raise ValueError(
            f"cv must test each sample once, got {cv!r:.200}, which tests some "
            f"{counts.min()} and some {counts.max()} times."
        )
    for train, test in folds:
        if len(both := np.intersect1d(train, test)):
            raise ValueError(
                f"cv must not test what it trains on, got {cv!r:.200}, which does with "
                f"{len(both)} samples of a fold."
            )
    return [(train, test) for train, test in folds if len(test)]


def _groups_of(groups: NDArray[Any] | None, rows: NDArray[np.intp]) -> NDArray[Any] | None:
    """Return the groups of some rows, if there are several that a member can keep apart."""
    if groups is None or len(np.unique(groups[rows])) == 1:
        return None
    return groups[rows]


def _n_units(groups: NDArray[Any] | None, rows: NDArray[np.intp]) -> int:
    """Return of how many groups some rows are, or how many they are if they have no groups."""
    theirs = _groups_of(groups, rows)
    return len(rows) if theirs is None else len(np.unique(theirs))


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
    theirs = _groups_of(groups, train)
    if theirs is not None and has_fit_parameter(member, "groups"):
        params["groups"] = theirs
    fitted = clone(member).fit(_safe_indexing(X, train), y[train], **params)
    return fitted, None if test is None else answer(fitted, _safe_indexing(X, test))
