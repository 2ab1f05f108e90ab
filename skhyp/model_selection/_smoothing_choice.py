"""choose_smoothing: how strong the smoothing of a map is to be, by folds in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing, column_or_1d, indexable

from skhyp.scenes import ClassSmoothing, Scene, open_scene
from skhyp.scenes._blocks import ReadBlocks
from skhyp.scenes._pixel_models import PixelModel
from skhyp.scenes._pixel_positions import validate_positions
from skhyp.scenes._smoothed_models import SmoothedModel

from ._block_splitters import SpatialBlockKFold

STRENGTHS = (0, 1, 2, 4, 8, 16, 32)
# A class that was thought impossible costs no more than one of this probability.
_LEAST = 1e-7


@dataclass(frozen=True, eq=False)
class SmoothingChoice:
    """The strength of smoothing that folds speak for, and what each strength came to in them.

    Attributes
    ----------
    smoothing : ClassSmoothing
        With the strength that was chosen, for :func:`skhyp.scenes.apply`.
    strengths : ndarray of shape (n_strengths,)
        What was tried, from the lowest.
    log_loss : ndarray of shape (n_strengths,)
        The mean over the test pixels of all folds, but for those of classes that their fold did
        not train on.
    standard_error : ndarray of shape (n_strengths,)
        Of what the log loss differs by from the least of them, over these pixels.
    accuracy : ndarray of shape (n_strengths,)
        The share of all test pixels that got the right class.
    log_losses, accuracies : ndarray of shape (n_folds, n_strengths)
        Those of each fold; NaN where none of its classes was trained on.
    """

    smoothing: ClassSmoothing
    strengths: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    log_losses: NDArray[np.float64] = field(repr=False)
    accuracies: NDArray[np.float64] = field(repr=False)

    def __str__(self) -> str:
        lines = ["strength  log loss  beyond the least  accuracy"]
        columns = (self.strengths, self.log_loss, self.standard_error, self.accuracy)
        for strength, loss, error, accuracy in zip(*columns, strict=True):
            beyond = f"{loss - self.log_loss.min():.3f} ± {error:.3f}"
            mark = "  chosen" if strength == self.smoothing.strength else ""
            lines.append(f"{strength:8g}  {loss:8.3f}  {beyond:>16}  {accuracy:8.3f}{mark}")
        return "\n".join(lines)


def choose_smoothing(
    estimator: Any,
    scene: Scene | str | PathLike | ArrayLike,
    X: ArrayLike,
    y: ArrayLike,
    positions: ArrayLike,
    *,
    smoothing: ClassSmoothing | None = None,
    strengths: Sequence[float] = STRENGTHS,
    cv: Any = None,
    working_memory: int = 64,
) -> SmoothingChoice:
    """Choose how strongly the map of a classifier is to be smoothed, by folds in space.

    For each fold a clone of the classifier is fitted to the training pixels, the neighbourhoods of
    the test pixels are mapped, and the probabilities that test pixels have after smoothing are
    scored by log loss. Where smoothing does harm, or no good, the choice is not to smooth.

    Parameters
    ----------
    estimator : classifier or Pipeline
        With `predict_proba`; it need not be fitted, and stays as it is.
    scene : str, path, Scene, DataArray or array-like of shape (rows, columns, bands)
        What :func:`skhyp.scenes.open_scene` takes or gives.
    X : array-like of shape (n_pixels, n_bands)
        Spectra of labelled pixels of this scene, of which the map is to be made.
    y : array-like of shape (n_pixels,)
        Their classes.
    positions : array-like of int, shape (n_pixels, 2)
        Their rows and columns, as :func:`skhyp.scenes.labelled_pixels` returns all three.
    smoothing : ClassSmoothing, default=None
        What is smoothed with, but for the strength. None is
        ``ClassSmoothing.for_scene(scene, strength=0)``.
    strengths : sequence of float, default=(0, 1, 2, 4, 8, 16, 32)
        What is tried. 0, which is no smoothing, is tried in any case.
    cv : splitter, default=None
        Called as ``cv.split(X, y, positions)``. None is ``SpatialBlockKFold(3, block_size=12,
        guard=2, missing_classes="ignore", random_state=0)``. Folds that are not apart in space
        prefer to smooth too much: their test pixels are drawn to training pixels beside them.
    working_memory : int, default=64
        About how many MiB of memory blocks of the scene may take at a time.

    Returns
    -------
    choice : SmoothingChoice
        ``choice.smoothing`` is for :func:`skhyp.scenes.apply`; ``print(choice)`` shows the scores.

    Raises
    ------
    ValueError
        If the estimator is no classifier with `predict_proba`, if a parameter is not as described,
        if no test pixel is of a class that its fold trains on, or if one has no data.

    See Also
    --------
    skhyp.scenes.ClassSmoothing : What is smoothed, and how.

    Notes
    -----
    Log loss and not accuracy decides, as it tells of few test pixels more. The smoothing of
    :class:`~skhyp.scenes.ClassSmoothing` does not make neighbours surer than they are, so that a
    lower one means that neighbours know something. Of all strengths whose log loss is within one
    standard error of the least, the lowest is chosen: where little is to be gained, what looks best
    by chance does harm to small classes.

    Training pixels within reach of a test pixel leak nothing but their probabilities, which are
    those of pixels that were trained on. A `guard` of as many pixels as the smoothing takes steps
    keeps them out, if labels are enough for that.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skhyp.model_selection import SpatialBlockKFold, choose_smoothing
    >>> from skhyp.scenes import labelled_pixels
    >>> fields = np.where(np.arange(40) < 20, 1, 2) * np.ones((30, 1), int)
    >>> rng = np.random.default_rng(0)
    >>> cube = fields[..., np.newaxis] + rng.normal(scale=0.9, size=(30, 40, 6))
    >>> labels = np.where(rng.uniform(size=fields.shape) < 0.1, fields, 0)
    >>> choice = choose_smoothing(
    ...     LogisticRegression(),
    ...     cube,
    ...     *labelled_pixels(cube, labels),
    ...     strengths=[0, 10],
    ...     cv=SpatialBlockKFold(2, block_size=10, guard=1, random_state=0),
    ... )
    >>> choice.smoothing
    ClassSmoothing(strength=10.0, contrast=0.5, n_iterations=5)
    """
    scene = open_scene(scene)
    if np.ma.is_masked(y):
        raise ValueError(
            "y is a masked array with masked values, which would be lost. Leave their pixels out."
        )
    X, y = indexable(X, column_or_1d(y))
    places = validate_positions(positions, len(y), within=scene.shape[:2])
    if smoothing is None:
        smoothing = ClassSmoothing.for_scene(scene, strength=0)
    elif not isinstance(smoothing, ClassSmoothing):
        raise ValueError(
            "smoothing must be a ClassSmoothing, whose contrast and number of iterations are kept, "
            f"or None; got {smoothing!r}. Strengths are what strengths=[...] tries."
        )
    tried = [replace(smoothing, strength=strength) for strength in (0, *strengths)]
    tried = sorted({each.strength: each for each in tried}.values(), key=attrgetter("strength"))
    if not hasattr(cv, "split") and cv is not None:
        raise ValueError(
            "cv must be a splitter, of pixels by their places, such as SpatialBlockKFold(3, "
            f"block_size=12, guard=2); got {cv!r}."
        )
    if cv is None:
        cv = SpatialBlockKFold(3, block_size=12, guard=2, missing_classes="ignore", random_state=0)
    losses, hits = [], []
    for train, test in cv.split(X, y, places):
        fitted = clone(estimator).fit(_safe_indexing(X, train), y[train])
        model = _AtStrengths.of_classifier(fitted, tried, scene)
        probabilities = _at_pixels(model, scene, places[test], working_memory)
        of_known, is_right = _scores(fitted.classes_, probabilities, y[test])
        losses.append(of_known)
        hits.append(is_right)
    pixels = np.concatenate(losses) if losses else np.zeros((0, len(tried)))
    if not len(pixels):
        raise ValueError(
            "cv must have a fold that tests a class which it trains on; there is none among "
            f"{len(y)} labelled pixels. Take smaller blocks, or a narrower guard."
        )
    log_loss = pixels.mean(axis=0)
    beyond = pixels - pixels[:, [np.argmin(log_loss)]]
    error = beyond.std(axis=0) / np.sqrt(len(pixels))
    return SmoothingChoice(
        smoothing=tried[int(np.argmax(beyond.mean(axis=0) <= error))],
        strengths=np.array([each.strength for each in tried]),
        log_loss=log_loss,
        standard_error=error,
        accuracy=np.concatenate(hits).mean(axis=0),
        log_losses=np.array([_mean(of_fold) for of_fold in losses]),
        accuracies=np.array([_mean(of_fold) for of_fold in hits]),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _AtStrengths(SmoothedModel):
    """A classifier for blocks, (rows, columns, n_strengths, classes): smoothed at each strength."""

    tried: list[ClassSmoothing]

    @classmethod
    def of_classifier(
        cls, estimator: Any, tried: list[ClassSmoothing], scene: Scene
    ) -> _AtStrengths:
        """Return the model of a fitted classifier."""
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(
                "estimator must be a classifier with predict_proba; "
                f"{type(estimator).__name__} has none."
            )
        model = PixelModel.of(estimator, "predict_proba", scene)
        # Of any strength but 0, which would be the model itself.
        smoothed = SmoothedModel.smoothing_of(model, replace(tried[0], strength=1), scene)
        facts = vars(smoothed)
        facts = facts | {
            "halo_bytes": facts["halo_bytes"] + 16 * len(tried) * (model.n_outputs or 1)
        }
        return cls(**facts, tried=tried)

    def respond(self, block: NDArray[Any], has_data: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the probabilities of a block at each strength."""
        given = self.probabilities.respond(block, has_data)
        told, distances = self._neighbourhood(block, has_data, given)
        smoothed = [self._smooth(given, told, distances, each.strength) for each in self.tried]
        return np.stack(smoothed, axis=2)


def _at_pixels(
    model: _AtStrengths, scene: Scene, places: NDArray[np.intp], working_memory: int
) -> NDArray[np.float64]:
    """Return the probabilities of some pixels, (n_pixels, n_strengths, n_classes)."""
    blocks = ReadBlocks(model, scene, working_memory)
    within = [
        np.flatnonzero(
            np.all((places >= [part.start for part in window]), axis=1)
            & np.all((places < [part.stop for part in window]), axis=1)
        )
        for window in blocks.windows
    ]
    result = np.empty((len(places), len(model.tried), model.n_outputs or 1))
    for number, values in blocks.results(n for n, members in enumerate(within) if len(members)):
        window = blocks.windows[number]
        rows, columns = (places[within[number]] - [part.start for part in window]).T
        result[within[number]] = values[rows, columns]
    without = np.flatnonzero(np.isnan(result).any(axis=(1, 2)))
    if len(without):
        raise ValueError(
            f"positions must be of pixels with data; {len(without)} have none in bands that the "
            f"model takes, or get no probability, such as {places[without[0]].tolist()}."
        )
    return result


def _scores(
    classes: NDArray[Any], probabilities: NDArray[np.float64], y: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the log loss of pixels of known classes, and which of all pixels are right.

    Both at each strength, (n_pixels, n_strengths).
    """
    order = np.argsort(classes)
    places = order[np.minimum(np.searchsorted(classes, y, sorter=order), len(classes) - 1)]
    is_known = classes[places] == y
    is_right = classes[probabilities.argmax(axis=2)] == y[:, np.newaxis]
    of_class = np.take_along_axis(probabilities, places[:, np.newaxis, np.newaxis], axis=2)[..., 0]
    return -np.log(np.maximum(of_class[is_known], _LEAST)), is_right


def _mean(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)
