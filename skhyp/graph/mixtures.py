"""Linear mixtures of endmembers: the shares in spectra by constrained least squares, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class _State(NamedTuple):
    """Of each row: its shares, which may be above zero, whether they are feasible and final."""

    shares: tf.Tensor
    is_free: tf.Tensor
    is_feasible: tf.Tensor
    is_final: tf.Tensor


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
        solve = self._solver(statistics, y)
        if not self.nonnegative:
            shares = solve(tf.ones_like(y, tf.bool))
        else:
            shares = self._by_active_sets(statistics["triangle"], y, solve)
        return tf.cast(shares, self.output_dtype)

    def _solver(self, statistics: Tensors, y: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return a function from the endmembers that are free (n, endmembers) to their shares."""
        n = self.n_endmembers
        if self.n_solutions:
            with_one = tf.concat([y, tf.ones_like(y[:, :1])], axis=1)[:, tf.newaxis]
            places = tf.constant([2**place for place in range(n)], tf.int32)

            def look_up(is_free: tf.Tensor) -> tf.Tensor:
                numbers = tf.reduce_sum(tf.cast(is_free, tf.int32) * places, axis=1)
                numbers = numbers if self.nonnegative else tf.zeros_like(numbers)
                found = tf.reshape(tf.gather(statistics["solutions"], numbers), (-1, n, n + 1))
                return tf.reduce_sum(found * with_one, axis=2)

            return look_up
        triangle = statistics["triangle"]
        products = tf.linalg.matmul(triangle, triangle, transpose_a=True)
        aims = tf.linalg.matmul(y, triangle)
        unit = tf.eye(n, dtype=self.dtype)

        def solve(is_free: tf.Tensor) -> tf.Tensor:
            both = is_free[:, :, tf.newaxis] & is_free[:, tf.newaxis, :]
            factors = tf.linalg.cholesky(tf.where(both, products, unit))
            mask = tf.cast(is_free, self.dtype)
            right = tf.stack([aims * mask, mask], axis=2)
            solved = tf.linalg.cholesky_solve(factors, right)
            shares, direction = solved[..., 0], solved[..., 1]
            if not self.sum_to_one:
                return shares
            missing = 1 - tf.reduce_sum(shares, axis=1, keepdims=True)
            return shares + direction * missing / tf.reduce_sum(direction, axis=1, keepdims=True)

        return solve

    def _by_active_sets(
        self, triangle: tf.Tensor, y: tf.Tensor, solve: Callable[[tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        """Return the shares that are best among those that are not negative, exactly.

        Endmembers of negative shares are left out until none is. Then, as Lawson and Hanson do,
        the one that lessens the error most is taken up, and shares move towards the best ones of
        those that are free until one is zero, which is left out: the error falls with each set.
        """
        lengths = tf.sqrt(tf.reduce_sum(tf.square(triangle), axis=0))
        longest = tf.reduce_max(lengths)
        height = tf.sqrt(tf.reduce_sum(tf.square(y), axis=1, keepdims=True))
        least = _ROUNDING * longest * (longest + height)

        def change(step: tf.Tensor, *state: tf.Tensor) -> tuple:
            return step + 1, *self._change(_State(*state), triangle, y, least, solve)

        def goes_on(step: tf.Tensor, *state: tf.Tensor) -> tf.Tensor:
            return (step < limit) & ~tf.reduce_all(_State(*state).is_final)

        limit = _CHANGES_PER_ENDMEMBER * (self.n_endmembers + 1)
        nowhere = tf.zeros_like(y[:, :1], tf.bool)
        first = _State(tf.zeros_like(y), tf.ones_like(y, tf.bool), nowhere, nowhere)
        _, *last = tf.while_loop(goes_on, change, (tf.constant(0), *first))
        return _State(*last).shares

    def _change(
        self,
        state: _State,
        triangle: tf.Tensor,
        y: tf.Tensor,
        least: tf.Tensor,
        solve: Callable[[tf.Tensor], tf.Tensor],
    ) -> _State:
        shares, is_free, is_feasible, is_final = state
        best = solve(is_free)
        is_below = is_free & (best <= 0)
        is_inside = ~tf.reduce_any(is_below, axis=1, keepdims=True)

        # Where a best share is negative, and the present ones are feasible: as far as these go.
        falls = tf.where(is_below, shares - best, tf.ones_like(shares))
        falls = tf.where(falls > 0, falls, tf.ones_like(falls))
        far = tf.constant(float("inf"), self.dtype)
        parts = tf.where(is_below, shares / falls, far)
        part = tf.reduce_min(parts, axis=1, keepdims=True)
        moved = tf.where(is_inside, best, shares + part * (best - shares))
        moved = tf.where(is_free & (parts > part), tf.maximum(moved, 0), tf.zeros_like(moved))
        moved = tf.where(is_inside, best, moved)
        # Rounding alone makes a share negative that was taken up because it grows.
        is_stuck = is_feasible & ~is_inside & (part <= 0)

        # Where none is: what else would lessen the error.
        rests = tf.linalg.matmul(best, triangle, transpose_b=True) - y
        slopes = tf.linalg.matmul(rests, triangle)
        if self.sum_to_one:
            slopes -= tf.reduce_sum(best * slopes, axis=1, keepdims=True)
        slopes = tf.where(is_free, tf.zeros_like(slopes), slopes)
        is_better = tf.reduce_min(slopes, axis=1, keepdims=True) < -least
        steepest = tf.one_hot(
            tf.argmin(slopes, axis=1), self.n_endmembers, on_value=True, off_value=False
        )

        taken_up = is_free | (steepest & is_better)
        left_out = tf.where(is_feasible, is_free & (moved > 0), is_free & ~is_below)
        is_changed = ~is_final
        return _State(
            tf.where(is_changed & (is_inside | is_feasible), moved, shares),
            tf.where(is_changed, tf.where(is_inside, taken_up, left_out), is_free),
            is_feasible | is_inside,
            is_final | is_stuck | (is_inside & ~is_better),
        )
