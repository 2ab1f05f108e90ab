"""How right a map of classes is: what a paper has to report, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.multiclass import unique_labels

from ._estimates import Estimate, Floats, Intervals, of_each_class, stacked
from ._map_areas import AreaEstimates, area_estimates, mapped_areas


@dataclass(frozen=True, eq=False)
class AccuracyReport:
    """How right predicted classes are, with confidence intervals.

    Attributes
    ----------
    labels : ndarray of shape (n_classes,)
        The classes, in the order of all that follows.
    names : list of str
        What they are called.
    confusion : ndarray of int, shape (n_classes, n_classes)
        Test samples by true class (rows) and predicted class (columns).
    n : int
        The number of test samples.
    n_groups : int or None
        The number of groups that they come in, where these are known.
    confidence_level : float
    overall : Estimate
        The share of samples that is right.
    average : float
        The mean of the producer's accuracies: each class counts the same.
    kappa : Estimate
        Cohen's: agreement beyond what the shares of the classes would give by chance.
    producers : Estimate of ndarrays of shape (n_classes,)
        Of the samples of a class, the share that is predicted right (recall; one minus omission).
        NaN of a class without samples.
    users : Estimate of ndarrays of shape (n_classes,)
        Of the samples predicted as a class, the share that is right (precision; one minus
        commission). NaN of a class that is never predicted.
    f1 : ndarray of shape (n_classes,)
        The harmonic mean of both; 0 of a class that is never right.
    area : AreaEstimates or None
        The same for the map as a whole, where areas are known.
    """

    labels: NDArray[Any]
    names: list[str]
    confusion: NDArray[np.int64]
    n: int
    n_groups: int | None
    confidence_level: float
    overall: Estimate
    average: float
    kappa: Estimate
    producers: Estimate
    users: Estimate
    f1: Floats
    area: AreaEstimates | None

    def __str__(self) -> str:
        of_groups = "" if self.n_groups is None else f" in {self.n_groups} groups"
        lines = [
            f"{self.n} test samples{of_groups}; {self.confidence_level:.0%} confidence intervals",
            f"overall accuracy  {_percent(self.overall)}",
            f"average accuracy  {self.average:6.1%}",
            f"kappa             {self.kappa.value:6.3f} ({self.kappa.low:.3f} to "
            f"{self.kappa.high:.3f})",
            "",
            *_aligned(
                ["class", "samples", "producer's accuracy", "user's accuracy", "F1"],
                [
                    [name, str(n), _percent(producer), _percent(user), f"{f1:.3f}"]
                    for name, n, producer, user, f1 in zip(
                        self.names,
                        self.confusion.sum(axis=1).tolist(),
                        of_each_class(self.producers),
                        of_each_class(self.users),
                        self.f1.tolist(),
                        strict=True,
                    )
                ],
            ),
        ]
        if self.area is not None:
            lines += [
                "",
                "of the mapped area",
                f"overall accuracy  {_percent(self.area.overall)}",
                "",
                *_aligned(
                    ["class", "mapped", "area", "producer's accuracy", "user's accuracy"],
                    [
                        [name, f"{mapped:.6g}", _plain(area), _percent(producer), _percent(user)]
                        for name, mapped, area, producer, user in zip(
                            self.names,
                            self.area.mapped.tolist(),
                            of_each_class(self.area.areas),
                            of_each_class(self.area.producers),
                            of_each_class(self.area.users),
                            strict=True,
                        )
                    ],
                ),
            ]
        return "\n".join(lines)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each class, which needs pandas.

        Returns
        -------
        frame : pandas.DataFrame
            Samples, accuracies with both ends of their intervals, F1 and, where areas are known,
            mapped and corrected areas; indexed by the names of the classes.
        """
        import pandas as pd

        columns: dict[str, Any] = {"samples": self.confusion.sum(axis=1)}
        columns |= _named("producers accuracy", self.producers)
        columns |= _named("users accuracy", self.users) | {"f1": self.f1}
        if self.area is not None:
            columns |= {"mapped area": self.area.mapped} | _named("area", self.area.areas)
            columns |= _named("producers accuracy of area", self.area.producers)
            columns |= _named("users accuracy of area", self.area.users)
        return pd.DataFrame(columns, index=pd.Index(self.names, name="class"))


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "labels": ["array-like", None],
        "class_names": ["array-like", Mapping, None],
        "groups": ["array-like", None],
        "map_areas": [Mapping, "array-like", None],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def accuracy_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    class_names: ArrayLike | Mapping | None = None,
    groups: ArrayLike | None = None,
    map_areas: Mapping | ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> AccuracyReport:
    """Compute what a paper reports of classes on a test set, with confidence intervals.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true class of each test sample.
    y_pred : array-like of shape (n_samples,)
        The predicted one: what the map says there.
    labels : array-like of shape (n_classes,), default=None
        The classes and their order; ``None``, all that occur, sorted.
    class_names : array-like of str of shape (n_classes,) or dict of label to str, default=None
        Names, in the order of ``labels``; ``None``, the labels themselves.
    groups : array-like of shape (n_samples,), default=None
        Which samples belong together, such as those of one field or polygon. These resemble each
        other, and say less than as many that are far apart: intervals are made from what differs
        between groups. ``None``, samples count as independent, as those of a random sample.
    map_areas : dict of label to number, or array-like of labels, default=None
        The area or the number of pixels that the map has of each class, or the map itself, whose
        pixels of no class in ``labels`` are not counted. Gives ``report.area``, for test samples
        that were drawn at random from the map or from each of its classes. Not with ``groups``.
    confidence_level : float, default=0.95
        Of the intervals.

    Returns
    -------
    report : AccuracyReport
        ``print(report)`` shows it as tables; ``report.to_frame()`` is one of pandas.

    Raises
    ------
    ValueError
        If lengths differ, if a class is not among ``labels``, if there is one group only, or if the
        map has none of a class that samples were mapped as.

    See Also
    --------
    skhyp.export.write_accuracy_page : The report as a page that can be attached.
    skhyp.model_selection.leakage_report : How near the test samples are to training samples.

    Notes
    -----
    Without groups, intervals of shares are Wilson's [1]_ and that of kappa is the large-sample one.
    With groups, shares are ratios of totals over groups, and the variance of these and of kappa is
    that of the linearised statistic over groups, with quantiles of Student's t for one degree of
    freedom less than there are groups [2]_; with few groups it is a rough figure. Estimates of
    areas, and the accuracies that go with them, are those of Olofsson et al. [3]_ for a sample that
    is random within each mapped class; intervals are normal ones, cut at 0 and at 1.

    References
    ----------
    .. [1] Wilson E. B., "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22(158), 1927.
    .. [2] Cochran W. G., *Sampling Techniques*, 3rd edition, Wiley, 1977, chapters 6 and 9.
    .. [3] Olofsson P., Foody G. M., Herold M., Stehman S. V., Woodcock C. E., Wulder M. A., "Good
       practices for estimating area and assessing accuracy of land change", Remote Sensing of
       Environment 148, 2014.

    Examples
    --------
    >>> from skhyp.metrics import accuracy_report
    >>> y_true = ["ash"] * 50 + ["oak"] * 50
    >>> y_pred = ["ash"] * 45 + ["oak"] * 55
    >>> report = accuracy_report(y_true, y_pred, map_areas={"ash": 300, "oak": 700})
    >>> round(report.overall.value, 3), round(report.overall.low, 3)
    (0.95, 0.888)
    >>> report.area.areas.value.round(1).tolist()
    [363.6, 636.4]
    """
    true, predicted = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(true, predicted, groups)
    if not len(true):
        raise ValueError("y_true must have one sample or more; got none.")
    classes = unique_labels(true, predicted) if labels is None else column_or_1d(labels)
    rows, columns = _places(true, classes, "y_true"), _places(predicted, classes, "y_pred")
    names = _class_names(class_names, classes)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (rows, columns), 1)
    if map_areas is not None and groups is not None:
        raise ValueError(
            "groups are not for map_areas: areas are estimated from a sample that is random within "
            "each mapped class. Leave out one of the two."
        )
    numbers = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    n_groups = None if numbers is None else int(numbers.max()) + 1
    if n_groups == 1:
        raise ValueError("groups must be two or more to tell how they differ; got one.")
    area = None
    if map_areas is not None:
        areas = mapped_areas(map_areas, classes, confusion)
        area = area_estimates(confusion, areas, confidence_level)
    right, of_classes = rows == columns, range(len(classes))
    intervals = Intervals(numbers, confidence_level)
    n_right, n_true = np.diag(confusion), confusion.sum(axis=1)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * n_right / (n_true + confusion.sum(axis=0)))
        average = float(np.nanmean(n_right / n_true))
    return AccuracyReport(
        labels=classes,
        names=names,
        confusion=confusion,
        n=len(true),
        n_groups=n_groups,
        confidence_level=float(confidence_level),
        overall=intervals.of_share(right, np.ones(len(true), bool)),
        average=average,
        kappa=intervals.of_kappa(confusion, rows, columns),
        producers=stacked([intervals.of_share(right, rows == k) for k in of_classes]),
        users=stacked([intervals.of_share(right, columns == k) for k in of_classes]),
        f1=f1,
        area=area,
    )


def _places(values: NDArray[Any], classes: NDArray[Any], argument: str) -> NDArray[np.intp]:
    order = np.argsort(classes, kind="stable")
    places = np.clip(np.searchsorted(classes, values, sorter=order), 0, len(classes) - 1)
    places = order[places]
    unknown = classes[places] != values
    if np.any(unknown):
        raise ValueError(
            f"{argument} must have classes of labels; {np.count_nonzero(unknown)} of {len(values)} "
            f"samples have others, such as {values[unknown][0]!r}."
        )
    return places


def _class_names(given: Any, classes: NDArray[Any]) -> list[str]:
    if given is None:
        return [str(label) for label in classes.tolist()]
    if isinstance(given, Mapping):
        missing = [label for label in classes.tolist() if label not in given]
        if missing:
            raise ValueError(f"class_names must have all labels; it lacks {missing[0]!r}.")
        return [str(given[label]) for label in classes.tolist()]
    names = [str(name) for name in given]
    if len(names) != len(classes):
        raise ValueError(
            f"class_names must have a name for each of the {len(classes)} labels, got {len(names)}."
        )
    return names


def _named(name: str, estimate: Estimate) -> dict[str, Any]:
    return {name: estimate.value, f"{name}, low": estimate.low, f"{name}, high": estimate.high}


def _percent(estimate: Estimate) -> str:
    value, low, high = (100 * number for number in estimate)
    return f"{value:5.1f} % ({low:.1f} to {high:.1f})"


def _plain(estimate: Estimate) -> str:
    return f"{estimate.value:.6g} ({estimate.low:.6g} to {estimate.high:.6g})"


def _aligned(heading: list[str], rows: list[list[str]]) -> list[str]:
    table = [heading, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(heading))]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
