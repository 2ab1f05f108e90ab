"""N-FINDR: the pixels between which the volume is largest."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skhyp.inputs._band_moments import Blocks, Moments, moments_of

from ._extracted import ExtractedEndmembers, blocks_of_rows, validate_number
from ._vertex_components import principal_components, vertices_among

# A volume that grows by less than this share grows by rounding.
_LEAST_GROWTH = 1e-9


def n_findr(
    X: ArrayLike, n_endmembers: int, *, random_state: int | np.random.RandomState | None = None
) -> ExtractedEndmembers:
    """Return the spectra of the pixels between which the volume is largest, by N-FINDR.

    Mixed spectra lie in a simplex, whose vertices are the endmembers: no other pixels have as much
    volume between them [1]_. For each endmember there must be a pixel of nothing else.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
        Complete spectra, not scaled each by itself.
    n_endmembers : int
        How many: 2 to the number of bands and one. See :func:`signal_subspace`.
    random_state : int, RandomState instance or None, default=None
        Draws directions in which the pixels to begin with are sought. Pass an int for the same
        endmembers each time.

    Returns
    -------
    spectra : ndarray of shape (n_endmembers, n_bands), float64
        Those of the pixels on the principal components of all of them: with less noise.
    indices : ndarray of int, shape (n_endmembers,)
        The numbers of these pixels, row by row of a cube: ``X[indices]`` are as measured.

    Raises
    ------
    ValueError
        If X or a parameter is not as described, or if X has fewer different endmembers.

    See Also
    --------
    vca : The purest pixels, one after the other.

    Notes
    -----
    It begins with the pixels that :func:`vca` takes of principal components, where the paper draws
    any. As long as one of them can be replaced by another pixel so that the volume grows, the one
    by which it grows most is: no single pixel makes the volume larger in the end. Darker pixels of
    the same material lie on the way to black, which is a vertex of its own where light differs.

    References
    ----------
    .. [1] Winter M. E., "N-FINDR: an algorithm for fast autonomous spectral end-member
       determination in hyperspectral data", Proceedings of SPIE 3753, 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.endmembers import n_findr
    >>> rng = np.random.default_rng(0)
    >>> pure = rng.uniform(size=(3, 50))
    >>> shares = rng.dirichlet(np.ones(3), 500)
    >>> shares[[7, 70, 400]] = np.eye(3)
    >>> spectra, indices = n_findr(shares @ pure, 3, random_state=0)
    >>> sorted(indices.tolist())
    [7, 70, 400]
    """
    blocks, n_bands = blocks_of_rows(X)
    moments = moments_of(blocks)
    validate_number(n_endmembers, n_bands, moments.n_spectra)
    return largest_simplex_of(blocks, moments, n_endmembers, check_random_state(random_state))


def largest_simplex_of(
    blocks: Blocks, moments: Moments, n_endmembers: int, rng: np.random.RandomState
) -> ExtractedEndmembers:
    """Return the spectra with most volume between them of those in blocks, as :func:`n_findr`."""
    pixels = principal_components(blocks, moments, n_endmembers)
    first, vertices = vertices_among(pixels, rng)
    indices = first.indices.copy()
    while True:
        inverse = np.linalg.inv(_with_one(vertices).T)
        index, found, growth = pixels.largest(partial(_largest_share, inverse))
        if growth <= 1 + _LEAST_GROWTH:
            return ExtractedEndmembers(pixels.spectra(vertices), indices)
        replaced = int(np.argmax(np.abs(inverse @ _with_one(found[np.newaxis])[0])))
        vertices[replaced], indices[replaced] = found, index


def _with_one(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(coordinates)), coordinates])


def _largest_share(inverse: NDArray[Any], coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest of the barycentric coordinates of pixels, without their signs.

    If a pixel replaces a vertex, the volume is multiplied by its coordinate for that one.
    """
    return np.abs(_with_one(coordinates) @ inverse.T).max(axis=1)
