"""A splitter whose test pixels lie as far from training pixels as the pixels of a map do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from scipy.stats import wasserstein_distance
from sklearn.utils import check_random_state

from skhyp.scenes._pixel_positions import validate_positions

from ._blocks import class_counts, deal_blocks
from ._spatial_splitter import SpatialSplitter, check_integer

# Of the pixels of the map, so many are measured.
_MAP_SAMPLE = 20_000
# Clusters that are tried, each this many times fewer than the one before.
_COARSER = 2
# Of k-means, which needs to be no better.
_ROUNDS = 10


class MapDistanceKFold(SpatialSplitter):
    """K folds whose test pixels are as far from training pixels as the map's are from labels.

    An error by folds is that of the map only if the folds ask as much. Labels scattered all over a
    scene leave no pixel of its map far from one of them, and random folds are right; where labels
    lie together in a corner, random folds flatter, as each test pixel has a neighbour to learn
    from that most pixels of the map do not have. Here, labelled pixels are dealt out in clusters,
    of the size for which distances agree best [1]_.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    map_positions : array-like of int, shape (n_map_pixels, 2), or (2,)
        The row and the column of each pixel that is to be mapped; or the numbers of rows and of
        columns of a scene, which is to be mapped whole.
    positions : array-like of int, shape (n_pixels, 2), default=None
        The row and the column of each labelled pixel. None expects them in ``split``.
    random_state : int, RandomState instance or None, default=None
        Decides clusters, and which are dealt first.

    See Also
    --------
    SpatialBlockKFold : Folds that are stricter than the map, where labels are scattered.

    Notes
    -----
    Clusters are those of k-means, from one for each pixel down to one for each fold, halving their
    number; taken are those with the least area between the two distributions of the distance to
    the nearest pixel: of test pixels to training pixels, and of pixels of the map to all labelled
    ones, labelled pixels left out. Each fold has its share of every class as far as clusters allow,
    and clusters for which a class is in one fold alone are taken if all others are no better.

    References
    ----------
    .. [1] Linnenbrink J., Milà C., Ludwig M., Meyer H., "kNNDM CV: k-fold nearest-neighbour
       distance matching cross-validation for map accuracy estimation", Geoscientific Model
       Development 17, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.model_selection import MapDistanceKFold
    >>> rng = np.random.default_rng(0)
    >>> scattered = rng.choice(10_000, 60, replace=False)
    >>> positions = np.column_stack([scattered // 100, scattered % 100])
    >>> folds = MapDistanceKFold(3, map_positions=(100, 100), random_state=0)
    >>> [len(test) for _, test in folds.split(positions, groups=positions)]
    [20, 20, 20]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        map_positions: ArrayLike,
        positions: ArrayLike | None = None,
        random_state: Any = None,
    ):
        super().__init__(guard=0, positions=positions)
        self.n_splits = n_splits
        self.map_positions = map_positions
        self.random_state = random_state

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, positions: Any = None
    ) -> int:
        """Return the number of folds."""
        return self.n_splits

    def _check_parameters(self) -> None:
        check_integer("n_splits", self.n_splits, 2)

    def _test_masks(
        self, places: NDArray[np.int64], classes: NDArray[np.intp]
    ) -> Iterator[NDArray[np.bool_]]:
        if len(places) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} needs as many pixels or more, got {len(places)}."
            )
        rng = check_random_state(self.random_state)
        aimed = self._distances_on_the_map(places, rng)
        shares = np.full(self.n_splits, 1 / self.n_splits)
        best, least = np.zeros(0, np.intp), (np.inf, np.inf)
        for clusters in _clusters(places, self.n_splits, rng):
            parts = deal_blocks(class_counts(clusters, classes), shares, rng)[clusters]
            distances = _distances_between(places, parts)
            differs = float(wasserstein_distance(distances, aimed)) if len(aimed) else 0.0
            # A class that a fold has whole is tested, and not trained on.
            n_lost = np.count_nonzero((class_counts(parts, classes) > 0).sum(axis=0) == 1)
            if (n_lost, differs) < least:
                best, least = parts, (n_lost, differs)
        for fold in range(self.n_splits):
            yield best == fold

    def _distances_on_the_map(
        self, places: NDArray[np.int64], rng: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Return how far pixels of the map, but for labelled ones, are from the nearest label."""
        given = np.asarray(self.map_positions)
        if given.shape == (2,) and given.dtype.kind in "iu" and (given > 0).all():
            n_pixels = int(given[0]) * int(given[1])
            if n_pixels > _MAP_SAMPLE:
                drawn = rng.randint(n_pixels, size=_MAP_SAMPLE)
            else:
                drawn = np.arange(n_pixels)
            mapped = np.column_stack(np.unravel_index(drawn, tuple(given)))
        else:
            try:
                mapped = validate_positions(given)
            except ValueError as error:
                raise ValueError(
                    "map_positions must be the row and the column of each pixel of the map, or its "
                    f"numbers of rows and columns, got {self.map_positions!r:.200}."
                ) from error
            if len(mapped) > _MAP_SAMPLE:
                mapped = mapped[rng.choice(len(mapped), _MAP_SAMPLE, replace=False)]
        distances = KDTree(places).query(mapped)[0]
        return distances[distances > 0]


def _clusters(
    places: NDArray[np.int64], n_splits: int, rng: np.random.RandomState
) -> Iterator[NDArray[np.intp]]:
    """Yield the number of the cluster of each pixel, from the most to the fewest clusters."""
    n_clusters = len(places)
    yield np.arange(n_clusters)
    while n_clusters > n_splits:
        n_clusters = max(n_splits, n_clusters // _COARSER)
        found, numbers = np.unique(_nearest_centres(places, n_clusters, rng), return_inverse=True)
        if len(found) >= n_splits:
            yield numbers.ravel()


def _nearest_centres(
    places: NDArray[np.int64], n_clusters: int, rng: np.random.RandomState
) -> NDArray[np.intp]:
    """Return the cluster of each pixel by k-means; one may be left without any."""
    centres = places[rng.choice(len(places), n_clusters, replace=False)].astype(np.float64)
    for _ in range(_ROUNDS):
        numbers = KDTree(centres).query(places)[1]
        counts = np.bincount(numbers, minlength=n_clusters)
        for axis in (0, 1):
            sums = np.bincount(numbers, places[:, axis], minlength=n_clusters)
            np.divide(sums, counts, out=centres[:, axis], where=counts > 0)
    return numbers


def _distances_between(places: NDArray[np.int64], parts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far each pixel is from the nearest of another part."""
    distances = np.zeros(len(places))
    for part in np.unique(parts):
        test = parts == part
        distances[test] = KDTree(places[~test]).query(places[test])[0]
    return distances
