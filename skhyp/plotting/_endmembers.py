"""EndmembersDisplay: the spectra that all others are mixtures of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes._class_colours import class_colour
from skhyp.wavelengths import contiguous_segments, validate_wavelengths
from skhyp.wavelengths._model_bands import flat_steps

from ._axes import axes_or_new, legend_beside, plot_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class EndmembersDisplay:
    """Endmembers, over their wavelengths.

    Made by :meth:`from_estimator`.

    Parameters
    ----------
    endmembers : array-like of shape (n_endmembers, n_bands)
        Spectra, in any unit.
    names : sequence of str, default=None
        Of the endmembers. None numbers them.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm. Lines end at gaps and where detectors overlap. None draws over the bands.

    Attributes
    ----------
    lines_ : list of list of :class:`matplotlib.lines.Line2D`
        Of each endmember, a line for each segment.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    ClassSpectraDisplay : Means of labelled spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import FullyConstrainedLeastSquares
    >>> from skhyp.plotting import EndmembersDisplay
    >>> X = np.random.default_rng(0).uniform(size=(50, 20))
    >>> unmixing = FullyConstrainedLeastSquares(n_endmembers=2, random_state=0).fit(X)
    >>> display = EndmembersDisplay.from_estimator(unmixing)
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['endmember0', 'endmember1']
    """

    def __init__(
        self,
        endmembers: ArrayLike,
        *,
        names: Sequence[str] | None = None,
        wavelengths: ArrayLike | None = None,
    ):
        self.endmembers = endmembers
        self.names = names
        self.wavelengths = wavelengths

    def plot(self, ax: Axes | None = None) -> EndmembersDisplay:
        """Draw a line for each endmember.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self : EndmembersDisplay

        Raises
        ------
        ValueError
            If `endmembers` are no spectra, if `names` or `wavelengths` do not fit them, or if `ax`
            is something else.
        """
        endmembers = np.asarray(self.endmembers, np.float64)
        if endmembers.ndim != 2 or not endmembers.size:
            raise ValueError(
                "endmembers must be spectra, one a row (n_endmembers, n_bands); got shape "
                f"{endmembers.shape}."
            )
        n_endmembers, n_bands = endmembers.shape
        names = [f"Endmember {number}" for number in range(n_endmembers)]
        names = names if self.names is None else [str(name) for name in self.names]
        if len(names) != n_endmembers:
            raise ValueError(
                f"names must be {n_endmembers}, one for each endmember; got {len(names)}."
            )
        wavelengths = self.wavelengths
        if wavelengths is not None:
            wavelengths = validate_wavelengths(wavelengths, n_bands)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        positions = np.arange(n_bands) if wavelengths is None else wavelengths
        segments = contiguous_segments(np.arange(n_bands), wavelengths)
        self.lines_ = [
            plot_spectrum(
                self.ax_, positions, spectrum, segments, color=class_colour(number), label=name
            )
            for number, (name, spectrum) in enumerate(zip(names, endmembers, strict=True), start=1)
        ]
        self.ax_.set(
            xlabel="Band" if wavelengths is None else "Wavelength (nm)",
            ylabel="Value (unit of the spectra)",
        )
        self.legend_ = legend_beside(self.ax_, [lines[0] for lines in self.lines_])
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, names: Sequence[str] | None = None, ax: Axes | None = None
    ) -> EndmembersDisplay:
        """Show the endmembers of an estimator.

        Parameters
        ----------
        estimator : FullyConstrainedLeastSquares or Pipeline
            Fitted; of a Pipeline, the step that has `endmembers_`.
        names : sequence of str, default=None
            Of the endmembers. None takes those of `estimator`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : EndmembersDisplay

        Raises
        ------
        ValueError
            If nothing of the estimator has `endmembers_`, and as in :meth:`plot`.
        """
        parts = [estimator, *flat_steps(estimator)]
        parts = [part for part in parts if hasattr(part, "endmembers_")]
        if not parts:
            raise ValueError(
                "estimator must be fitted and have endmembers_, as a FullyConstrainedLeastSquares "
                f"has, or be a Pipeline with one; got {estimator!r:.200}."
            )
        found = parts[-1]
        if names is None:
            names = list(found.get_feature_names_out())
        known = getattr(found, "wavelengths_", None)
        return cls(found.endmembers_, names=names, wavelengths=known).plot(ax=ax)
