"""Square blocks of pixels, and how they are dealt out so that each part has all classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Deals that are tried before it is given up to have each class in more than one part.
_N_DEALS = 100


def block_numbers(
    positions: NDArray[np.int64], block_size: int, offset: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the number of the block that each pixel lies in, counted from 0 without gaps."""
    corners = (positions - positions.min(axis=0) + offset) // block_size
    return np.unique(corners, axis=0, return_inverse=True)[1].ravel()


def class_counts(blocks: NDArray[np.intp], classes: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return how many pixels of each class are in each block, (n_blocks, n_classes)."""
    counts = np.zeros((blocks.max() + 1, classes.max() + 1), np.int64)
    np.add.at(counts, (blocks, classes), 1)
    return counts


def deal_blocks(
    counts: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.RandomState
) -> NDArray[np.intp]:
    """Return which part each block goes to, so that each class is shared out by ``shares``.

    Blocks of the class that has fewest are dealt first, each to the part that lacks most of the
    class, as in the iterative stratification of Sechidis, Tsoumakas and Vlahavas (2011). Deals
    with other ties are tried while a class with several blocks is in one part only.
    """
    best, fewest = None, np.inf
    for _ in range(_N_DEALS):
        parts = _deal(counts, shares, rng)
        n_alone = np.count_nonzero(_classes_in_one_part(counts, parts, len(shares)))
        if n_alone < fewest:
            best, fewest = parts, n_alone
        if not n_alone:
            break
    assert best is not None
    return best


def _classes_in_one_part(
    counts: NDArray[np.int64], parts: NDArray[np.intp], n_parts: int
) -> NDArray[np.bool_]:
    """Return which classes have several blocks, but all of them in one part."""
    is_there = np.array([(counts[parts == part] > 0).any(axis=0) for part in range(n_parts)])
    return (is_there.sum(axis=0) == 1) & ((counts > 0).sum(axis=0) > 1)


def _deal(
    counts: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.RandomState
) -> NDArray[np.intp]:
    n_blocks = len(counts)
    parts = np.full(n_blocks, -1)
    lacking = np.outer(shares, counts.sum(axis=0))
    lacking_pixels = shares * counts.sum()
    n_there = np.zeros(len(shares), np.int64)
    while (parts < 0).any():
        open_blocks = np.flatnonzero(parts < 0)
        n_open = (counts[open_blocks] > 0).sum(axis=0)
        rarest = rng.permutation(np.flatnonzero(n_open))
        rarest = rarest[np.argmin(n_open[rarest])]
        members = rng.permutation(open_blocks[counts[open_blocks, rarest] > 0])
        # The largest first: what comes later can still even out.
        for block in members[np.argsort(-counts[members].sum(axis=1), kind="stable")]:
            # A part without any block comes first, where blocks are few.
            is_empty = (n_there == 0) & (n_blocks - (parts >= 0).sum() <= (n_there == 0).sum())
            ties = rng.permutation(len(shares))
            order = np.lexsort((-lacking_pixels[ties], -lacking[ties, rarest], ~is_empty[ties]))
            part = ties[order[0]]
            parts[block] = part
            n_there[part] += 1
            lacking[part] -= counts[block]
            lacking_pixels[part] -= counts[block].sum()
    return parts
