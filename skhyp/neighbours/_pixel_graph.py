"""PixelGraph: each pixel of a scene, joined to those that are most like it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skhyp.scenes._pixel_positions import validate_positions

from ._search import MOST_COMPARED, approximate_neighbours, exact_neighbours

# What is passed on is settled to this part of it.
_TOLERANCE = 1e-3
# Weights are never less than exp of minus this: what is joined has some, whose sum divides well.
_FARTHEST = 60.0
# Nearer to 1, one minus alpha is lost in float32.
_MOST_ALPHA = 0.9999
# Squares of longer features, and their sum, are not numbers of float32 any more.
_LONGEST = 1e17


class PixelGraph:
    """Each pixel of a scene, joined to those that are most like it, and as near as is wanted.

    Made by :meth:`from_components`. Pixels of one class are mostly joined to each other, so that
    what is known of some tells of the rest.

    Attributes
    ----------
    weights : csr_array of shape (n_pixels, n_pixels)
        How near joined pixels are: 1 for equal ones. Symmetric, in float32.
    n_pixels : int
        The number of pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.neighbours import PixelGraph
    >>> rng = np.random.default_rng(0)
    >>> Z = np.concatenate([rng.normal(0, 1, (50, 3)), rng.normal(9, 1, (50, 3))])
    >>> graph = PixelGraph.from_components(Z, n_neighbors=5)
    >>> known = np.zeros((100, 2))
    >>> known[0, 0] = known[99, 1] = 1  # one pixel of each class
    >>> spread = graph.smooth(known, alpha=0.99)
    >>> (spread.argmax(axis=1) == np.repeat([0, 1], 50)).all()
    np.True_
    """

    def __init__(self, weights: csr_array):
        self.weights = weights
        degrees = np.asarray(weights.sum(axis=1), np.float32).ravel()
        least = np.finfo(np.float32).tiny
        self._steps = csr_array(diags_array(1 / np.maximum(degrees, least)) @ weights)

    @property
    def n_pixels(self) -> int:
        """The number of pixels."""
        return self.weights.shape[0]

    @classmethod
    @validate_params(
        {
            "Z": "no_validation",
            "positions": "no_validation",
            "n_neighbors": [Interval(Integral, 1, None, closed="left")],
            "position_weight": [Interval(Real, 0, None, closed="left")],
            "search": [StrOptions({"auto", "exact", "approximate"})],
        },
        prefer_skip_nested_validation=True,
    )
    def from_components(
        cls,
        Z: ArrayLike,
        positions: ArrayLike | None = None,
        *,
        n_neighbors: int = 10,
        position_weight: float = 1.0,
        search: str = "auto",
    ) -> PixelGraph:
        """Join pixels to their nearest, by components and positions together.

        Parameters
        ----------
        Z : array-like of shape (n_pixels, n_components)
            Components of the pixels on one scale, as those of
            :class:`~skhyp.MinimumNoiseFraction`, which are in units of noise.
        positions : array-like of int, shape (n_pixels, 2), default=None
            The row and the column of each pixel. None leaves where they lie out of account.
        n_neighbors : int, default=10
            How many others each pixel is joined to. It is joined as well to those that are joined
            to it.
        position_weight : float, default=1.0
            What a pixel's width counts for beside the components, in their unit.
        search : {"auto", "exact", "approximate"}, default="auto"
            "approximate" looks for neighbours among some thousands of pixels that are like each
            other, by an index of faiss: near ones are missed now and then. "auto" does so above
            131,072 pixels, for which each cannot be compared with all others in bearable time.

        Returns
        -------
        graph : PixelGraph
            Weights fall off with the squared distance, in the geometric mean of the distances
            that the farthest neighbours of both pixels have, as in [1]_.

        Raises
        ------
        ValueError
            If a parameter is not as described, or if there are fewer than two pixels.
        ImportError
            If the search is approximate and faiss is not installed.

        References
        ----------
        .. [1] Zelnik-Manor L., Perona P., "Self-tuning spectral clustering", Advances in Neural
           Information Processing Systems 17, 2004.
        """
        if np.ma.is_masked(Z):
            raise ValueError("Z is a masked array with masked values. Leave these pixels out.")
        features = check_array(
            Z, dtype=np.float32, ensure_min_samples=2, estimator="PixelGraph", input_name="Z"
        )
        n_pixels = len(features)
        if positions is not None:
            places = validate_positions(positions, n_pixels)
            near = float(position_weight) * (places - places.min(axis=0))
            features = np.hstack([features, np.minimum(near, 2 * _LONGEST).astype(np.float32)])
        if (longest := float(np.abs(features).max())) > _LONGEST:
            raise ValueError(
                f"Z and positions times position_weight must lie within {_LONGEST:g}, got "
                f"{longest:g} (position_weight={position_weight!r}). Scale the components."
            )
        n_neighbors = min(int(n_neighbors), n_pixels - 1)
        if search == "auto":
            search = "exact" if n_pixels <= MOST_COMPARED else "approximate"
        find = exact_neighbours if search == "exact" else approximate_neighbours
        distances, numbers = find(features, n_neighbors)
        return cls(_symmetric(_weights(distances, numbers), numbers))

    def smooth(self, values: ArrayLike, *, alpha: float = 0.5) -> NDArray[np.float32]:
        """Return values that each pixel shares with those that it is joined to.

        Parameters
        ----------
        values : array-like of shape (n_pixels, n_values)
            Such as probabilities of classes, or 1 where a pixel's class is known and 0 elsewhere.
        alpha : float, default=0.5
            How much of a pixel's result is the mean of those of its neighbours, from 0, which
            leaves values as they are, to 0.9999; the rest is its own value.

        Returns
        -------
        smoothed : ndarray of shape (n_pixels, n_values)
            In float32. The sum over columns is kept where it is the same for all pixels.

        Raises
        ------
        ValueError
            If alpha is not as described, or if values have other rows than the graph has pixels.

        Notes
        -----
        The solution of ``x = alpha * mean of x over neighbours + (1 - alpha) * values``, as in
        [1]_, to a part in a thousand of the largest value, by Chebyshev's iteration.

        References
        ----------
        .. [1] Zhou D., Bousquet O., Lal T. N., Weston J., Schölkopf B., "Learning with local and
           global consistency", Advances in Neural Information Processing Systems 16, 2003.
        """
        if not isinstance(alpha, Real) or not 0 <= alpha <= _MOST_ALPHA:
            raise ValueError(
                f"alpha must be a number of 0 or more and {_MOST_ALPHA} or less, got {alpha!r}."
            )
        own = check_array(values, dtype=np.float32, input_name="values")
        if len(own) != self.n_pixels:
            raise ValueError(
                f"values must have a row for each of the {self.n_pixels} pixels, got {len(own)}."
            )
        if alpha == 0:
            return own.copy()
        own_part = np.float32(1 - alpha) * own
        before, current = own, np.float32(alpha) * (self._steps @ own) + own_part
        # Steps have eigenvalues from -1 to 1, as they are similar to a symmetric matrix.
        settles = alpha / (1 + np.sqrt(1 - alpha**2))
        omega = 1 / (1 - alpha**2 / 2)
        for _ in range(int(np.ceil(np.log(_TOLERANCE / 2) / np.log(settles)))):
            following = np.float32(alpha) * (self._steps @ current)
            following += own_part
            following -= before
            following *= np.float32(omega)
            following += before
            before, current = current, following
            omega = 1 / (1 - alpha**2 * omega / 4)
        # What is between the least and the greatest value stays there, but for what is not settled.
        return np.clip(current, own.min(axis=0), own.max(axis=0), out=current)


def _weights(distances: NDArray[np.float32], numbers: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return how near neighbours are, beside how near the neighbours of both lie."""
    found = np.where(numbers >= 0, distances, 0).astype(np.float64)
    reach = found.max(axis=1)
    scale = reach[:, np.newaxis] * reach[numbers]
    # Where so many are equal to a pixel that none of its neighbours differs, only equals are near.
    ratios = np.divide(found**2, scale, out=np.where(found > 0, np.inf, 0.0), where=scale > 0)
    return np.exp(-np.minimum(ratios, _FARTHEST)).astype(np.float32)


def _symmetric(weights: NDArray[np.float32], numbers: NDArray[np.intp]) -> csr_array:
    n_pixels, n_neighbors = numbers.shape
    # An index that finds too few says -1.
    is_there = numbers.ravel() >= 0
    of_pixels = np.int32 if n_pixels < np.iinfo(np.int32).max else np.int64
    starts = np.arange(n_pixels, dtype=of_pixels).repeat(n_neighbors)[is_there]
    ends = numbers.ravel()[is_there].astype(of_pixels)
    one_way: Any = csr_array(
        (weights.ravel()[is_there], (starts, ends)),
        shape=(n_pixels, n_pixels),
    )
    joined = one_way.maximum(one_way.T.tocsr())
    joined.sort_indices()
    return joined
