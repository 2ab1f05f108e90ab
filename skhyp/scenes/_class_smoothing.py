"""ClassSmoothing: how far neighbours whose spectra are alike decide the class of a pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.files._fingerprints import fingerprint

from ._neighbours import typical_differences
from ._scene import Scene
from .reading._opening import open_scene

CONTRAST = 0.5
N_ITERATIONS = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassSmoothing:
    """Smoothing of the classes of a map over neighbouring pixels, which stops at edges.

    A map of spectra alone is peppered with pixels that were taken for another class than the field
    around them. Given to :func:`apply`, this draws the probabilities of a pixel to those of its
    eight neighbours, the more so the more their spectra are alike. Made by :meth:`for_scene`,
    which learns by how much neighbours differ; how strong it is to be, folds in space decide:
    :func:`skhyp.model_selection.choose_smoothing`.

    Parameters
    ----------
    strength : float
        What the eight neighbours together weigh, where their spectra equal that of the pixel,
        against its own spectrum, which has weight 1. 0 changes nothing.
    band_differences : array-like of shape (n_bands,)
        By how much neighbouring pixels typically differ in each band of the scene. NaN are bands
        that do not count.
    contrast : float, default=0.5
        The distance of two spectra at which they weigh exp(-1/2) of what equal ones do, in units
        of that of neighbours which differ as is typical. Wider ones smooth fields more, and cost
        small classes where pixels are mixed; ``numpy.inf`` smooths over edges too.
    n_iterations : int, default=5
        How many steps are taken, each of which reaches a pixel farther.
    wavelengths : array-like of shape (n_bands,), default=None
        Those of the bands in nm, by which a scene of other bands is refused.

    See Also
    --------
    skhyp.model_selection.choose_smoothing : The strength that is best in folds.

    Notes
    -----
    With the probabilities p of a pixel and q of its neighbours, in each step q becomes

        (p + strength * sum(w * q)) / (1 + strength * sum(w)),
        w = share * exp(-distance**2 / (2 * contrast**2)),

    which are Jacobi's steps to the minimum of what q differs by from p, and neighbours from each
    other, in squares. A neighbour at a corner has the share of one at a side over the root of 2,
    and all eight together have 1. The squared distance is the mean over bands of the squares of
    what they differ by, in units of ``band_differences``.

    Probabilities stay such, are no surer than they were, and a class may win that the pixel itself
    had none for. In the mean field of a Potts model, by contrast, neighbours that err together
    make each other sure of it.

    Pixels without data, and those for which the estimator gives no probability, neither draw nor
    are drawn. Those at the rim of the scene have fewer neighbours, and are drawn less.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skhyp.scenes import ClassSmoothing, apply
    >>> rng = np.random.default_rng(0)
    >>> fields = np.where(np.arange(40) < 20, 1, 2) * np.ones((30, 1), int)
    >>> cube = fields[..., np.newaxis] + rng.normal(scale=0.9, size=(30, 40, 6))
    >>> model = LogisticRegression().fit(cube.reshape(-1, 6), fields.ravel())
    >>> smoothing = ClassSmoothing.for_scene(cube, strength=16)
    >>> smoothing
    ClassSmoothing(strength=16.0, contrast=0.5, n_iterations=5)
    >>> plain, smooth = apply(model, cube), apply(model, cube, smoothing=smoothing)
    >>> bool((smooth != fields).mean() < (plain != fields).mean() / 2)
    True
    """

    strength: float
    band_differences: NDArray[np.float64] = field(repr=False)
    contrast: float = CONTRAST
    n_iterations: int = N_ITERATIONS
    wavelengths: NDArray[np.float64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        differences = _differences(self.band_differences)
        checked = {
            "strength": _number("strength", self.strength, "a number of 0 or more", from_zero=True),
            "contrast": _number("contrast", self.contrast, "a number above 0", from_zero=False),
            "n_iterations": _steps(self.n_iterations),
            "band_differences": differences,
            "wavelengths": _wavelengths(self.wavelengths, len(differences)),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def identity(self) -> list[Any]:
        """What another smoothing must have in common with it to give the same map."""
        differences = fingerprint(self.band_differences)
        return [self.strength, self.contrast, int(self.n_iterations), differences]

    @classmethod
    def for_scene(
        cls,
        scene: Scene | str | PathLike | ArrayLike,
        *,
        strength: float,
        contrast: float = CONTRAST,
        n_iterations: int = N_ITERATIONS,
        bands: ArrayLike | None = None,
    ) -> ClassSmoothing:
        """Learn by how much the neighbours of a scene differ.

        Parameters
        ----------
        scene : str, path, Scene, DataArray or array-like of shape (rows, columns, bands)
            What :func:`open_scene` takes or gives. It is read block by block, twice.
        strength : float
            What the eight neighbours weigh against the pixel itself.
        contrast : float, default=0.5
            The distance from which spectra count as unlike, in units of the typical one.
        n_iterations : int, default=5
            How many steps are taken.
        bands : array-like of int or of bool, default=None
            Which bands count. None takes all but those that a file lists as bad. Of these, those
            count that the model is given.

        Returns
        -------
        smoothing : ClassSmoothing

        Raises
        ------
        ValueError
            If no two neighbouring pixels that have data in all of these bands differ.
        """
        scene = open_scene(scene)
        taken = scene.band_indices(scene.good_bands if bands is None else bands)
        taken = np.arange(scene.shape[2]) if taken is None else np.unique(taken)
        differences = np.full(scene.shape[2], np.nan)
        differences[taken] = typical_differences(scene, taken)
        if np.isnan(differences).all():
            raise ValueError(
                f"No two neighbouring pixels of {scene.name} have data in all of the {len(taken)} "
                "bands that are taken, and differ: there is nothing to be learned of edges. Bands "
                "without data are left out with bands=, or listed as bad, open_scene(..., "
                "good_bands=)."
            )
        return cls(
            strength=strength,
            band_differences=differences,
            contrast=contrast,
            n_iterations=n_iterations,
            wavelengths=scene.wavelengths,
        )


def _number(name: str, value: Any, what: str, *, from_zero: bool) -> float:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number and (0 <= value < np.inf if from_zero else value > 0):
        return float(value)
    raise ValueError(f"{name} must be {what}; got {value!r}.")


def _steps(value: Any) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1:
        return int(value)
    raise ValueError(f"n_iterations must be an integer of 1 or more; got {value!r}.")


def _wavelengths(values: Any, n_bands: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    wavelengths = np.array(values, np.float64)
    if wavelengths.shape != (n_bands,):
        raise ValueError(
            f"wavelengths must have one entry for each of the {n_bands} band_differences, or be "
            f"None; got {values!r}."
        )
    return wavelengths


def _differences(values: Any) -> NDArray[np.float64]:
    differences = np.array(values, np.float64)
    counts = differences[~np.isnan(differences)]
    if differences.ndim != 1 or not counts.size or not np.all((counts > 0) & np.isfinite(counts)):
        raise ValueError(
            "band_differences must have a number above 0 for each band, or NaN, and not NaN "
            f"alone; got {values!r}. ClassSmoothing.for_scene learns them."
        )
    return differences
