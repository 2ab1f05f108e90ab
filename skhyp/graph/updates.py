"""The graphs of training: what an update does, and the loops over updates and over batches.

Two loops do the same. TensorFlow's executor takes the updates one by one. XLA, to which operations
cost nothing but which compiles for fixed shapes, is given groups of batches: the loop over groups
and the gathering of their rows are left to TensorFlow, as the number of spectra and of updates
varies from fold to fold, and the loop over the updates of a group is compiled.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from .corruptions import CORRUPTIONS, Corruption
from .kernels import Kernels
from .layers import Layers
from .losses import LOSSES, TRAINING_LOSSES, batch_balancing_weights, loss_of_rows
from .optimizers import OPTIMIZERS, n_moments
from .parameters import decay_mask, split_tensor, vector_size

# XLA is given this many batches at once, but not more values of spectra than these.
GROUP_UPDATES = 32
GROUP_VALUES = 2**22
# Rows of a batch where the loss is only evaluated.
EVALUATION_ROWS = 1024


class Objective(NamedTuple):
    """What is trained, hashable: it decides, with the batch size, which graph is used."""

    network: Any
    loss: str
    optimizer: str
    balance_batches: bool = False
    # What spectra are corrupted by in each update, see :mod:`.corruptions`. They are conditioned
    # there then, and not before.
    corruption: str | None = None


class _Batch(NamedTuple):
    """The rows of an update, the spectra in the parts that are computed side by side."""

    spectra: list[tf.Tensor]
    targets: tf.Tensor | None
    weights: tf.Tensor
    is_real: tf.Tensor
    may_change: tf.Tensor | None = None


class _OfAll(NamedTuple):
    """What is the same for all updates of a training.

    ``corruption`` is a :class:`.Corruption` without what differs from row to row, or nothing.
    """

    negligible: tf.Tensor
    level: tf.Tensor
    corruption: tuple[tf.Tensor, ...] = ()


class _PerUpdate(NamedTuple):
    """What differs from update to update, besides the batch."""

    step_size: tf.Tensor
    decay: tf.Tensor
    epsilon: tf.Tensor
    seed: tf.Tensor

    def at(self, i: tf.Tensor) -> "_PerUpdate":
        return _PerUpdate(*(values[i] for values in self))


def updates_per_group(network: Any, batch_rows: int) -> int:
    """Return how many batches XLA is given at once."""
    values_per_batch = batch_rows * math.prod(network.input_shape)
    return max(1, min(GROUP_UPDATES, GROUP_VALUES // values_per_batch))


def update_loop(objective: Objective, batch_rows: int, kernels: Kernels):
    """Describe the function that runs updates: it returns parameters, moments and losses.

    Its arguments are the flat parameters and moments, the data, the rows of each batch, the
    number of updates (XLA's are padded to whole groups), what differs from update to update, below
    which share of the weights a loss is nothing but rounding, and the level of a loss that has one.
    """
    network = objective.network
    dtype = tf.as_dtype(network.dtype)
    run = _run_in_xla_groups if kernels.uses_xla else _run_one_by_one

    def loop(
        parameters,
        moments,
        spectra,
        weights,
        order,
        n_updates,
        step_sizes,
        decays,
        epsilons,
        seeds,
        negligible,
        level,
        *others,  # not some with defaults: TensorFlow takes milliseconds to bind these
    ):
        targets = others[0] if network.targets is not None else None
        may_change, corruption = None, ()
        if objective.corruption is not None:
            may_change, *corruption = others[-len(Corruption._fields) :]
        return run(
            objective,
            kernels,
            parameters,
            moments,
            (spectra, targets, weights, may_change),
            order,
            n_updates,
            _PerUpdate(step_sizes, decays, epsilons, seeds),
            _OfAll(negligible, level, tuple(corruption)),
        )

    parameters, *data = _data_signature(network, batch_rows)
    spectra, weights, order, *others = data
    if objective.corruption is not None:
        spectra = tf.TensorSpec((None, network.n_bands), dtype)
        others += _corruption_signature(network)
    number = tf.TensorSpec((None,), dtype)
    per_update = [number, number, number, tf.TensorSpec((None, 2), tf.int32)]
    n_updates, scalar = tf.TensorSpec((), tf.int32), tf.TensorSpec((), dtype)
    moments = tf.TensorSpec((n_moments(objective.optimizer), *parameters.shape), dtype)
    state = [parameters, moments]
    of_all = [scalar, scalar]
    signature = [*state, spectra, weights, order, n_updates, *per_update, *of_all, *others]
    return loop, signature


def loss_loop(objective: Objective):
    """Describe the function that returns the weighted mean loss of data, without dropout."""
    network = objective.network
    dtype = tf.as_dtype(network.dtype)

    def loop(parameters, spectra, weights, order, level, *targets):
        layers = Layers(split_tensor(parameters, network.parameters))

        def step(i, loss, weight):
            batch = _gather(order[i], spectra, targets[0] if targets else None, weights, None)
            output = network.output(layers, batch.spectra[0])
            losses = loss_of_rows(LOSSES[objective.loss], _targets(batch)[0], output, level)
            loss += tf.reduce_sum(batch.weights * losses)
            return i + 1, loss, weight + tf.reduce_sum(batch.weights)

        zero = tf.zeros((), dtype)
        _, loss, weight = tf.while_loop(
            lambda i, *_: i < tf.shape(order)[0], step, (tf.constant(0), zero, zero)
        )
        return loss / weight + _penalty(network, layers)

    parameters, spectra, weights, order, *targets = _data_signature(network, EVALUATION_ROWS)
    return loop, [parameters, spectra, weights, order, tf.TensorSpec((), dtype), *targets]


def _run_one_by_one(
    objective, kernels, parameters, moments, data, order, n_updates, per_update, of_all
):
    update = _update(objective, kernels)
    spectra, targets, weights, may_change = data

    def step(i, parameters, moments, losses):
        batch = _gather(order[i], spectra, targets, weights, may_change, kernels.n_parts)
        each = per_update.at(i)
        parameters, moments, loss = update(parameters, moments, batch, each, of_all)
        return i + 1, parameters, moments, losses.write(i, loss)

    losses = tf.TensorArray(parameters.dtype, size=n_updates, element_shape=())
    start = (tf.constant(0), parameters, tuple(tf.unstack(moments)), losses)
    _, parameters, its_moments, losses = tf.while_loop(
        lambda i, *_: i < n_updates, step, start, parallel_iterations=1
    )
    return parameters, _stacked(its_moments, moments), losses.stack()


def _run_in_xla_groups(
    objective, kernels, parameters, moments, data, order, n_updates, per_update, of_all
):
    network, batch_rows = objective.network, order.shape[1]
    n_grouped = updates_per_group(network, batch_rows)
    has_targets, may_change = data[1] is not None, data[3] is not None
    update = _update(objective, kernels)

    @tf.function(jit_compile=True, autograph=False)
    def run_group(parameters, moments, batches, n_here, per_update, of_all):
        def step(i, parameters, moments, losses):
            x, w, is_real, *others = (values[i] for values in batches)
            parts = _split(x, kernels.n_parts)
            targets = others[0] if has_targets else None
            batch = _Batch(parts, targets, w, is_real, others[-1] if may_change else None)
            each = per_update.at(i)
            parameters, moments, loss = update(parameters, moments, batch, each, of_all)
            return i + 1, parameters, moments, tf.where(tf.range(n_grouped) == i, loss, losses)

        start = (tf.constant(0), parameters, moments, tf.zeros(n_grouped, parameters.dtype))
        return tf.while_loop(lambda i, *_: i < n_here, step, start, parallel_iterations=1)[1:]

    def step(first, parameters, moments, losses):
        group = slice(first, first + n_grouped)
        batch = _gather(tf.ensure_shape(order[group], (n_grouped, batch_rows)), *data)
        batches = (batch.spectra[0], batch.weights, batch.is_real)
        batches += (batch.targets,) if has_targets else ()
        batches += (batch.may_change,) if may_change else ()
        parameters, moments, its_losses = run_group(
            parameters,
            moments,
            batches,
            tf.minimum(n_grouped, n_updates - first),
            _PerUpdate(*(values[group] for values in per_update)),
            of_all,
        )
        return first + n_grouped, parameters, moments, losses.write(first // n_grouped, its_losses)

    n_groups = tf.shape(order)[0] // n_grouped
    losses = tf.TensorArray(parameters.dtype, size=n_groups, element_shape=(n_grouped,))
    start = (tf.constant(0), parameters, tuple(tf.unstack(moments)), losses)
    _, parameters, its_moments, losses = tf.while_loop(
        lambda first, *_: first < n_updates, step, start, parallel_iterations=1
    )
    return parameters, _stacked(its_moments, moments), losses.concat()


def _update(objective: Objective, kernels: Kernels) -> Callable:
    """Return what one update does to the parameters and the moments, and the loss before it.

    All parameters are one vector, so that the optimizer is a few operations however many layers
    there are, for TensorFlow to start or for XLA to compile.
    """
    network = objective.network
    dtype = tf.as_dtype(network.dtype)
    optimize = OPTIMIZERS[objective.optimizer]
    is_decayed = decay_mask(network.parameters, network.dtype)

    def loss_and_gradient(parameters, spectra, targets, w, seed, level):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            layers = Layers(split_tensor(parameters, network.parameters), kernels.form)
            output = network.output(layers, spectra, seed)
            losses = loss_of_rows(TRAINING_LOSSES[objective.loss], targets, output, level)
            loss = tf.reduce_sum(w * losses)
            # Each part of a batch bears its share.
            penalty = tf.reduce_sum(w) * _penalty(network, layers)
            minimized = loss + penalty
        return loss, penalty, tape.gradient(minimized, parameters)

    if kernels.n_parts > 1:
        # Traced once for all parts, and compiled in less time.
        loss_and_gradient = tf.function(loss_and_gradient, autograph=False)

    def update(parameters, moments, batch, each, of_all):
        w = batch.weights
        if objective.balance_batches:
            w *= batch_balancing_weights(batch.targets, batch.is_real, network.n_classes, dtype)
        w /= tf.math.count_nonzero(batch.is_real, dtype=dtype)
        losses, penalties, gradients = [], [], []
        seen, targets = batch.spectra, _targets(batch)
        if objective.corruption is not None:
            seen, targets, weight = _corrupted(objective, batch, each.seed, *of_all.corruption)
            w *= weight
        for part in zip(seen, targets, _split(w, kernels.n_parts), strict=True):
            loss, penalty, gradient = loss_and_gradient(parameters, *part, each.seed, of_all.level)
            losses.append(loss)
            penalties.append(penalty)
            gradients.append(gradient)
        loss = tf.add_n(losses)
        # A batch that is learned to rounding has a gradient of rounding errors, which Adam
        # would blow up to full steps.
        step_size = tf.where(loss > of_all.negligible * tf.reduce_sum(w), each.step_size, 0)
        parameters -= each.decay * is_decayed * parameters
        gradient = tf.add_n(gradients)
        moved = optimize(parameters, gradient, moments, step_size, each.epsilon)
        return *moved, loss + tf.add_n(penalties)

    return update


def _penalty(network: Any, layers: Layers) -> tf.Tensor:
    """Return what is minimised besides the mean loss, of the parameters alone."""
    return network.penalty(layers) if network.is_penalized else tf.zeros((), network.dtype)


def _corrupted(
    objective: Objective,
    batch: _Batch,
    seed: tf.Tensor,
    numbers: tf.Tensor,
    curves: tf.Tensor,
    statistics: tf.Tensor,
) -> tuple[list[tf.Tensor], list[tf.Tensor], tf.Tensor]:
    """Return what the network sees of a batch and what its outputs are compared with, in parts.

    And by what the weight of each row is multiplied.

    What is drawn is drawn for the whole batch: into how many parts it is cut changes nothing.
    """
    assert objective.corruption is not None
    network, n_parts = objective.network, len(batch.spectra)
    layers, learned = Layers({}), split_tensor(statistics, network.statistics)
    spectra = tf.concat(batch.spectra, axis=0) if n_parts > 1 else batch.spectra[0]
    change = CORRUPTIONS[objective.corruption]
    changed, weight = change(spectra, seed, batch.may_change, numbers, curves)
    seen = [network.condition(layers, learned, part) for part in _split(changed, n_parts)]
    if batch.targets is not None:
        return seen, _targets(batch), weight
    targets = [network.condition(layers, learned, part) for part in batch.spectra]
    return seen, targets, weight


def _gather(
    rows: tf.Tensor,
    spectra: tf.Tensor,
    targets: tf.Tensor | None,
    weights: tf.Tensor,
    may_change: tf.Tensor | None,
    n_parts: int = 1,
) -> _Batch:
    """Return the rows of a batch; padding repeats the first row with the weight zero."""
    is_real = rows >= 0
    rows = tf.maximum(rows, 0)
    return _Batch(
        [tf.gather(spectra, part) for part in _split(rows, n_parts)],
        None if targets is None else tf.gather(targets, rows),
        tf.where(is_real, tf.gather(weights, rows), tf.zeros((), weights.dtype)),
        is_real,
        None if may_change is None else tf.gather(may_change, rows),
    )


def _targets(batch: _Batch) -> list[tf.Tensor]:
    """Return what each part's output is compared with: the spectra, where there is nothing else."""
    if batch.targets is None:
        return batch.spectra
    return _split(batch.targets, len(batch.spectra))


def _split(values: tf.Tensor, n_parts: int) -> list[tf.Tensor]:
    """Cut into parts of equal size, which the processor's cores take side by side."""
    return tf.split(values, n_parts) if n_parts > 1 else [values]


def _stacked(vectors: tuple[tf.Tensor, ...], moments: tf.Tensor) -> tf.Tensor:
    """Return vectors in the form of the moments they were; an optimizer may have none."""
    return tf.stack(vectors) if vectors else moments


def _data_signature(network: Any, rows: int) -> list[tf.TensorSpec]:
    signature = [
        tf.TensorSpec((vector_size(network.parameters),), network.dtype),
        tf.TensorSpec((None, *network.input_shape), network.dtype),
        tf.TensorSpec((None,), network.dtype),
        tf.TensorSpec((None, rows), tf.int32),
    ]
    if network.targets is None:
        return signature
    shape, dtype = network.targets
    return [*signature, tf.TensorSpec((None, *shape), dtype)]


def _corruption_signature(network: Any) -> list[tf.TensorSpec]:
    """Return the signature of a :class:`.Corruption`."""
    return [
        tf.TensorSpec((None,), tf.bool),
        tf.TensorSpec((None,), network.dtype),
        tf.TensorSpec((None, network.n_bands), network.dtype),
        tf.TensorSpec((vector_size(network.statistics),), network.dtype),
    ]
