"""Linear mixtures of endmembers: the shares in spectra by constrained least squares, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import tensorflow as tf

from .layers import Layers
from .parameters import Parameter

Tensors = Mapping[str, tf.Tensor]

# Of so many endmembers, the solutions for all of their subsets are tables (5 MB in float64).
MAX_TABLED = 12
# A share is taken up if that lessens the error faster than rounding.
_ROUNDING = 1e-12
# Active sets are changed so many times for each endmember at most; two or three are the rule.
_CHANGES_PER_ENDMEMBER = 10


class _Rows(NamedTuple):
    """Rows that are not final: which they are, their aims, their shares and which may be above 0.

    ``aims`` are spectra on as many directions as there are endmembers or, where nothing is tabled,
    their products with the endmembers there: computed once, as products of matrices of another
    number of rows are rounded in another way. ``shares`` are 0 until they are feasible.
    """

    numbers: tf.Tensor
    aims: tf.Tensor
    shares: tf.Tensor
    is_free: tf.Tensor
    is_feasible: tf.Tensor

    def at(self, places: tf.Tensor) -> _Rows:
        return _Rows(*(tf.gather(array, places) for array in self))


@dataclass(frozen=True, kw_only=True)
class LinearMixture:
    """Shares that mix a spectrum best: not negative, with the sum of one, or without either.

    All is computed in double precision, as shares of endmembers that are alike are differences of
    large numbers; ``output_dtype`` is what comes out.
    """

    n_bands: int
    n_endmembers: int
    nonnegative: bool
    sum_to_one: bool
    output_dtype: str

    parameters = ()
    dtype: ClassVar[str] = "float64"
    casts_input: ClassVar[bool] = True

    @property
    def n_values(self) -> int:
        """How many values are computed of a spectrum, in double precision."""
        matrix = self.n_endmembers * (self.n_endmembers + 1)
        return 2 * (2 * self.n_bands + (3 * matrix if self.nonnegative else 0))

    @property
    def n_solutions(self) -> int:
        """For how many sets of endmembers there are solutions: all, the whole one, or none."""
        if not self.nonnegative:
            return 1
        return 2**self.n_endmembers if self.n_endmembers <= MAX_TABLED else 0

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """The endmembers, what they are on as many directions, and the solutions for sets of them.

        A spectrum x becomes ``x @ projection + offset``, and shares a the same by ``triangle @ a``.
        """
        n, bands = self.n_endmembers, self.n_bands
        return (
            Parameter("endmembers", (n, bands)),
            Parameter("projection", (bands, n)),
            Parameter("offset", (n,)),
            Parameter("triangle", (n, n)),
            Parameter("solutions", (self.n_solutions, n * (n + 1))),
        )

    def spectra(self, layers: Layers, statistics: Tensors, z: tf.Tensor) -> tf.Tensor:
        """Return the spectra (n, bands) that shares (n, endmembers) mix."""
        mixed = tf.linalg.matmul(tf.cast(z, self.dtype), statistics["endmembers"])
        return tf.cast(mixed, self.output_dtype)

    def abundances(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the shares (n, endmembers) in spectra (n, bands) of any type."""
        x = tf.cast(x, self.dtype)
        y = tf.linalg.matmul(x, statistics["projection"]) + statistics["offset"]
        aims = y if self.n_solutions else tf.linalg.matmul(y, statistics["triangle"])
        if not self.nonnegative:
            return tf.cast(self._solve(statistics, aims, None), self.output_dtype)
        return tf.cast(self._by_active_sets(statistics, aims), self.output_dtype)

    def errors(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the root of the mean squared difference of spectra and the best mixtures, (n,)."""
        shares = tf.cast(self.abundances(layers, statistics, x), self.dtype)
        x = tf.cast(x, self.dtype) - tf.linalg.matmul(shares, statistics["endmembers"])
        return tf.cast(tf.sqrt(tf.reduce_mean(tf.square(x), axis=1)), self.output_dtype)

    def _solve(self, statistics: Tensors, aims: tf.Tensor, is_free: tf.Tensor | None) -> tf.Tensor:
        """Return the shares of the endmembers that are free (n, endmembers), or of all of them."""
        n = self.n_endmembers
        if not self.n_solutions:
            is_free = tf.ones_like(aims, tf.bool) if is_free is None else is_free
            return self._solve_each(statistics["triangle"], aims, is_free)
        if is_free is None:
            solution = tf.reshape(statistics["solutions"][-1], (n, n + 1))
            return tf.linalg.matmul(aims, solution[:, :n], transpose_b=True) + solution[:, n]
        bits = tf.constant([[2**place] for place in range(n)], self.dtype)
        numbers = tf.cast(tf.linalg.matmul(tf.cast(is_free, self.dtype), bits), tf.int32)
        found = tf.gather(statistics["solutions"], numbers[:, 0])
        found = tf.reshape(found, (-1, n, n + 1))
        return tf.linalg.matvec(found, tf.concat([aims, tf.ones_like(aims[:, :1])], axis=1))

    def _solve_each(self, triangle: tf.Tensor, aims: tf.Tensor, is_free: tf.Tensor) -> tf.Tensor:
        both = is_free[:, :, tf.newaxis] & is_free[:, tf.newaxis, :]
        unit = tf.eye(self.n_endmembers, dtype=self.dtype)
        factors = tf.linalg.cholesky(tf.where(both, _products(triangle), unit))
        mask = tf.cast(is_free, self.dtype)
        solved = tf.linalg.cholesky_solve(factors, tf.stack([aims * mask, mask], axis=2))
        shares, direction = solved[..., 0], solved[..., 1]
        if not self.sum_to_one:
            return shares
        missing = 1 - tf.reduce_sum(shares, axis=1, keepdims=True)
        return shares + direction * missing / tf.reduce_sum(direction, axis=1, keepdims=True)

    def _slopes(self, triangle: tf.Tensor, rows: _Rows, shares: tf.Tensor) -> tuple:
        """Return by how much each share raises half the squared error, and what is rounding."""
        longest = tf.sqrt(tf.reduce_max(tf.reduce_sum(tf.square(triangle), axis=0)))
        height = tf.sqrt(tf.reduce_sum(tf.square(rows.aims), axis=1, keepdims=True))
        if self.n_solutions:
            rests = tf.linalg.matmul(shares, triangle, transpose_b=True) - rows.aims
            slopes = tf.linalg.matmul(rests, triangle)
            scale = longest * (longest + height)
        else:
            slopes = tf.linalg.matmul(shares, _products(triangle)) - rows.aims
            scale = tf.square(longest) + height
        if self.sum_to_one:
            slopes -= tf.reduce_sum(shares * slopes, axis=1, keepdims=True)
        return tf.where(rows.is_free, tf.zeros_like(slopes), slopes), _ROUNDING * scale

    def _by_active_sets(self, statistics: Tensors, aims: tf.Tensor) -> tf.Tensor:
        """Return the shares that are best among those that are not negative, exactly.

        Endmembers of negative shares are left out until none is. Then, as Lawson and Hanson do,
        the one that lessens the error most is taken up, and shares move towards the best ones of
        those that are free until one is zero, which is left out: the error falls with each set.
        Rows that are final are computed no more.
        """
        shares = self._solve(statistics, aims, None)
        is_below = shares <= 0
        numbers = tf.where(tf.reduce_any(is_below, axis=1))[:, 0]
        rows = _Rows(
            numbers,
            tf.gather(aims, numbers),
            tf.zeros_like(tf.gather(aims, numbers)),
            ~tf.gather(is_below, numbers),
            tf.zeros_like(numbers, tf.bool),
        )
        limit = _CHANGES_PER_ENDMEMBER * (self.n_endmembers + 1)

        def goes_on(step: tf.Tensor, _: tf.Tensor, *state: tf.Tensor) -> tf.Tensor:
            return (step < limit) & (tf.size(state[0]) > 0)

        def change(step: tf.Tensor, shares: tf.Tensor, *state: tf.Tensor) -> tuple:
            rows, is_final = self._changed(statistics, _Rows(*state))
            ends = tf.where(is_final | (step == limit - 1))
            places = tf.gather_nd(rows.numbers, ends)[:, tf.newaxis]
            shares = tf.tensor_scatter_nd_update(shares, places, tf.gather_nd(rows.shares, ends))
            return step + 1, shares, *rows.at(tf.where(~is_final)[:, 0])

        any_number = [tf.TensorShape((None, *array.shape[1:])) for array in rows]
        shapes = (tf.TensorShape(()), shares.shape, *any_number)
        state = (tf.constant(0), shares, *rows)
        return tf.while_loop(goes_on, change, state, shape_invariants=shapes)[1]

    def _changed(self, statistics: Tensors, rows: _Rows) -> tuple[_Rows, tf.Tensor]:
        """Return rows after one change of their free endmembers, and which of them are final."""
        zeros = tf.zeros_like(rows.aims)
        shares, is_free, is_feasible = rows.shares, rows.is_free, rows.is_feasible[:, tf.newaxis]
        best = self._solve(statistics, rows.aims, is_free)
        is_below = is_free & (best <= 0)
        is_inside = ~tf.reduce_any(is_below, axis=1, keepdims=True)

        # Where a best share is negative, and the present ones are feasible: as far as these go.
        parts = tf.where(is_below, tf.math.divide_no_nan(shares, shares - best), zeros + 2)
        part = tf.reduce_min(parts, axis=1, keepdims=True)
        moved = tf.where(parts > part, tf.maximum(shares + part * (best - shares), 0), zeros)
        left_out = is_free & tf.where(is_feasible, moved > 0, ~is_below)

        # Where none is: what else would lessen the error.
        slopes, rounding = self._slopes(statistics["triangle"], rows, best)
        steepest = tf.reduce_min(slopes, axis=1, keepdims=True)
        is_best = steepest >= -rounding
        taken_up = is_free | (slopes <= tf.where(is_best, steepest - 1, steepest))

        # Rounding alone makes a share negative that was taken up because it grows.
        is_stuck = is_feasible & ~is_inside & (part <= 0)
        changed = rows._replace(
            shares=tf.where(is_inside, best, moved),
            is_free=tf.where(is_inside, taken_up, left_out),
            is_feasible=(is_feasible | is_inside)[:, 0],
        )
        return changed, (is_stuck | (is_inside & is_best))[:, 0]


def _products(triangle: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matmul(triangle, triangle, transpose_a=True)
