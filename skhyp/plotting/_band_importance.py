"""BandImportanceDisplay: which parts of the spectrum a model rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.inspection import BandImportance, band_permutation_importance

from ._axes import axes_or_new, check_axes
from ._options import names_of_arguments, refuse_unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR_COLOUR = "#2762ff"


class BandImportanceDisplay:
    """What a score loses where groups of bands are permuted, over the wavelengths.

    Made by :meth:`from_estimator` or :meth:`from_importance`.

    Parameters
    ----------
    importance : BandImportance
        As :func:`skhyp.inspection.band_permutation_importance` returns it.

    Attributes
    ----------
    bars_ : :class:`matplotlib.container.BarContainer`
        A bar for each group, as wide as its bands reach, with the standard deviation over the
        repeats.
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skhyp.plotting import BandImportanceDisplay
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 12)), np.repeat([1, 2], 30)
    >>> model = LogisticRegression().fit(X, y)
    >>> display = BandImportanceDisplay.from_estimator(model, X, y, groups=4, random_state=0)
    >>> display.ax_.get_xlabel(), len(display.bars_)
    ('Band', 3)
    """

    def __init__(self, importance: BandImportance):
        self.importance = importance

    def plot(self, ax: Axes | None = None) -> BandImportanceDisplay:
        """Draw a bar for each group.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self : BandImportanceDisplay

        Raises
        ------
        ValueError
            If `importance` or `ax` is something else.
        """
        if not isinstance(self.importance, BandImportance):
            raise ValueError(f"importance must be a BandImportance; got {self.importance!r}.")
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        groups, wavelengths = self.importance.groups, self.importance.wavelengths
        ends = np.array([_reach(group, wavelengths) for group in groups])
        self.bars_ = self.ax_.bar(
            ends[:, 0],
            self.importance.importances_mean,
            width=ends[:, 1] - ends[:, 0],
            align="edge",
            color=_BAR_COLOUR,
            edgecolor="white",
            linewidth=0.5,
            yerr=self.importance.importances_std,
            error_kw={"elinewidth": 0.8, "ecolor": "#262626"},
        )
        self.ax_.axhline(0, color="#262626", linewidth=0.5)
        self.ax_.set(
            xlabel="Band" if wavelengths is None else "Wavelength (nm)",
            ylabel=f"Loss of score, of {self.importance.score:.3g} with all bands",
        )
        return self

    @classmethod
    def from_importance(
        cls, importance: BandImportance, *, ax: Axes | None = None
    ) -> BandImportanceDisplay:
        """Show importances that were computed before.

        Parameters
        ----------
        importance : BandImportance
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : BandImportanceDisplay
        """
        return cls(importance).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        ax: Axes | None = None,
        **options: Any,
    ) -> BandImportanceDisplay:
        """Measure the importances and show them.

        Parameters
        ----------
        estimator, X, y
            As in :func:`skhyp.inspection.band_permutation_importance`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        **options
            Of the same function: `groups`, `wavelengths`, `scoring`, `n_repeats`,
            `random_state`.

        Returns
        -------
        display : BandImportanceDisplay
        """
        check_axes(ax)
        known = names_of_arguments(band_permutation_importance) | {"ax"}
        refuse_unknown(options, known, "BandImportanceDisplay.from_estimator")
        return cls(band_permutation_importance(estimator, X, y, **options)).plot(ax=ax)


def _reach(group: np.ndarray, wavelengths: np.ndarray | None) -> tuple[float, float]:
    """Return where a bar begins and ends: half a step beyond the outer bands."""
    if wavelengths is None:
        return group.min() - 0.5, group.max() + 0.5
    known = wavelengths[group]
    half = (np.ptp(known) / (len(known) - 1) if len(known) > 1 else _step(wavelengths)) / 2
    return known.min() - half, known.max() + half


def _step(wavelengths: np.ndarray) -> float:
    return float(np.median(np.abs(np.diff(wavelengths)))) if len(wavelengths) > 1 else 1.0
