"""Which kernels a training uses, by a rule over the shapes of the network and the batch.

TensorFlow's executor starts each operation by itself and has the fast convolutions of oneDNN; XLA
compiles all operations of an update into one program, for one or two seconds, and has fast
products of matrices only. So XLA pays where updates are small, as most of the time passes between
the operations then, and if there are many of them.

An operation on the few rows of a batch keeps one core busy at best. So batches are cut into parts
that are independent until their gradients are added up, except where the rows are odd in number,
where the operations are oneDNN's convolutions, which use all cores well, or where parts would draw
other random numbers than the whole.

The rule sees nothing but the training's own shapes and length, so that the same fit always takes
the same kernels, and gives the same bits, whatever was fitted before.
"""

from typing import Any, NamedTuple

from .convolutions import BLOCKS, PRODUCTS

# An update without XLA takes about so long: for starting its operations, and for each multiply-add
# of its forward pass (the backward pass, about twice that, is in the figure).
_SECONDS_PER_UPDATE = 3e-4
_SECONDS_PER_DENSE_MULTIPLY_ADD = 3e-11
_SECONDS_PER_CONVOLUTION_MULTIPLY_ADD = 8.5e-11
# The share of it that XLA saves.
_XLA_SAVES_DENSE, _XLA_SAVES_CONVOLUTION = 0.3, 0.4
# What compiling costs, shared by the fits of one network that a process is expected to make: who
# trains a network once mostly trains it again, in folds, with other seeds or learning rates.
_XLA_SECONDS, _FITS_PER_PROCESS = 1.5, 5
# Beyond so many multiply-adds in the forward pass of a batch, TensorFlow's own kernels win.
_MAX_XLA_DENSE, _MAX_XLA_CONVOLUTION = 1.5e6, 3e7


class Kernels(NamedTuple):
    """What differs between the graphs of one training.

    The form of the convolutions (see :mod:`.convolutions`), whether XLA compiles, and the number
    of parts that a batch is cut into.
    """

    form: str
    uses_xla: bool
    n_parts: int


def choose_kernels(network: Any, batch_rows: int, n_updates: int) -> Kernels:
    """Return the kernels that are expected to end a training of ``n_updates`` first."""
    n_parts = 1 if batch_rows % 2 or network.is_random else 2
    multiply_adds = batch_rows * network.multiply_adds
    if not network.has_convolutions:
        saved = _XLA_SAVES_DENSE * _seconds(multiply_adds, _SECONDS_PER_DENSE_MULTIPLY_ADD)
        uses_xla = multiply_adds <= _MAX_XLA_DENSE and _pays(n_updates * saved)
        return Kernels(BLOCKS, uses_xla, n_parts)
    saved = _XLA_SAVES_CONVOLUTION * _seconds(multiply_adds, _SECONDS_PER_CONVOLUTION_MULTIPLY_ADD)
    if multiply_adds <= _MAX_XLA_CONVOLUTION and _pays(n_updates * saved):
        return Kernels(PRODUCTS, uses_xla=True, n_parts=n_parts)
    return Kernels(BLOCKS, uses_xla=False, n_parts=1)


def _seconds(multiply_adds: int, seconds_each: float) -> float:
    return _SECONDS_PER_UPDATE + seconds_each * multiply_adds


def _pays(seconds_saved: float) -> bool:
    return seconds_saved > _XLA_SECONDS / _FITS_PER_PROCESS
