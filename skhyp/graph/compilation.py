"""Compiled functions, one for each architecture, shared by all estimators of a process.

A function is compiled for a *key* of hashable values (a network, a loss, an optimizer, a number
of rows) and found again by it, so that clones, folds, candidates of a search and repeated fits
trace nothing anew. What varies without changing shapes is an argument of the function.
"""

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

from ._startup import garbage_collection_paused

# Enough for a search over some thirty architectures; the least recently used graph is let go beyond
# it. What XLA compiled of it stays, as TensorFlow frees that in no way.
MAX_FUNCTIONS = 128

# TensorFlow rewrites a graph twice before its first call, which takes longer than most calls; the
# second time has changed no bit and made nothing faster in any of the functions here.
_REWRITTEN_ONCE = tf.compat.v1.ConfigProto()
_REWRITES = _REWRITTEN_ONCE.graph_options.rewrite_options
_REWRITES.meta_optimizer_iterations = _REWRITES.ONE

_functions: OrderedDict[Hashable, Callable] = OrderedDict()
_traces: Counter[str] = Counter()
_lock = threading.RLock()
_process = os.getpid()


def compiled(
    builder: Callable[..., tuple[Callable, Sequence[tf.TensorSpec]]],
    *key: Hashable,
    is_brief: bool = False,
) -> Callable:
    """Return the compiled function that ``builder(*key)`` describes, from the cache if it can be.

    The builder returns a Python function of tensors and its signature. It is traced here, once,
    under a lock, so that threads that fit side by side share one trace. ``is_brief`` says that its
    calls are so short that TensorFlow's overhead would show; it is to be small, as not all of it
    is freed when it is let go.

    Raises
    ------
    RuntimeError
        In a fork of a process that has used TensorFlow.
    """
    if os.getpid() != _process:
        # TensorFlow's threads do not live on in a fork: the first operation would wait for ever.
        raise RuntimeError(
            "This process was forked from one that had used TensorFlow, which does not survive a "
            "fork. Start processes by 'spawn', or through joblib, whose default workers are fine."
        )
    full_key = (builder.__module__, builder.__qualname__, *key)
    with _lock:
        if full_key in _functions:
            _functions.move_to_end(full_key)
            return _functions[full_key]
        with garbage_collection_paused(), ThreadPoolExecutor(1) as thread:
            call = thread.submit(_traced, builder, key).result()
            if is_brief:
                call = _brief_call_of(call)
        _traces[builder.__name__] += 1
        _functions[full_key] = call
        while len(_functions) > MAX_FUNCTIONS:
            _functions.popitem(last=False)
        return call


def _traced(builder: Callable[..., tuple[Callable, Sequence[tf.TensorSpec]]], key: tuple) -> Any:
    """Return the concrete function, at best made in a thread of its own.

    TensorFlow keeps with each operation what called it: from deep within a search, a notebook or a
    test, that would be a fifth of the time of a small fit.
    """
    python_function, signature = builder(*key)
    return tf.function(python_function, autograph=False).get_concrete_function(*signature)


def _brief_call_of(concrete: Any) -> Callable:
    """Return a concrete function as a plain one of flat tensors, with a tenth of the overhead.

    A concrete function spends 0.1 ms on finding out which argument is which; here their order is
    known, so the operation that calls a function is executed itself. TensorFlow keeps what it
    has made of the function for that operation until the process ends.
    """
    dtypes = [tensor.dtype for tensor in concrete.outputs]
    config = _REWRITTEN_ONCE.SerializeToString()

    def call(*tensors: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        outputs = tf.raw_ops.StatefulPartitionedCall(
            args=tensors, Tout=dtypes, f=concrete, config_proto=config
        )
        return outputs if len(outputs) > 1 else outputs[0]

    return call


def trace_counts() -> dict[str, int]:
    """Return how many functions of each kind this process has traced so far."""
    with _lock:
        return dict(_traces)
