"""Importing TensorFlow quickly and quietly, without touching the user's settings."""

import contextlib
import gc
import importlib.abc
import importlib.machinery
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

# What TensorFlow writes to the process's standard error before its log level can be set:
# lines in absl's format, and the continuation of its remark on CPU instructions.
_CHATTER = re.compile(
    rb"(WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} \d\d:\d\d:\d\d\.\d+ .*(port\.cc|cpu_feature_guard\.cc|cudart_stub\.cc"
    rb"|cuda_platform\.cc|cuda_executor\.cc|cuda_dnn\.cc|cuda_blas\.cc|cuda_fft\.cc"
    rb"|gpu_device\.cc|computation_placer\.cc)"
    rb"|[IWE]0000 00:00:\d+\.\d+ .*\.cc:\d+\]"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|To enable the following instructions)"
)


def import_tensorflow() -> None:
    """Import TensorFlow and create its context, in half the time and without its chatter.

    A user who imported TensorFlow before has decided how; one who set ``TF_CPP_MIN_LOG_LEVEL`` to
    less than 2, what to hear: then nothing is filtered. Otherwise TensorFlow is loaded at its
    level 2 (errors) or above, as its remarks on how it rewrites graphs mean nothing to a user; the
    environment is left as it was. Lines that are not known chatter are passed on.
    """
    if "tensorflow" in sys.modules:
        import tensorflow  # noqa: F401 (another thread may be at it: this waits for its end)

        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(garbage_collection_paused())
        stack.enter_context(_keras_postponed())
        if os.environ.get(_LOG_LEVEL, "2") in ("2", "3"):  # errors at most
            stack.enter_context(_start_up_messages_removed())
        if _LOG_LEVEL not in os.environ:
            stack.enter_context(_log_level("2"))
        import tensorflow as tf

        # Devices are found, and talked about, when the first tensor is made.
        tf.zeros(())


@contextlib.contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Do not search for garbage where very many objects are made that all stay.

    The search passes over all objects there are, again and again as their number grows, and
    finds next to nothing: what is imported or traced is there to stay.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def _keras_postponed() -> Iterator[None]:
    """Leave Keras for whoever uses it first.

    TensorFlow imports it at the end of its own import, if it can be imported, for what Keras
    registers then. Nothing here needs that, and ``tensorflow.keras`` imports it by itself.
    """
    finder = _KerasPostponed()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _KerasPostponed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds Keras, as TensorFlow wants to know where it is, but does not load it in this thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(self, name, path, target=None):
        if name != "keras" or threading.get_ident() != self.thread:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None:
            spec.loader = self
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        raise ImportError("Keras is imported when it is used.")


@contextlib.contextmanager
def _log_level(level: str) -> Iterator[None]:
    os.environ[_LOG_LEVEL] = level
    try:
        yield
    finally:
        del os.environ[_LOG_LEVEL]


@contextlib.contextmanager
def _start_up_messages_removed() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, and let through what is not chatter."""
    try:
        standard_error = os.dup(2)
    except OSError:  # a process without standard error has nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held_back:
        try:
            os.dup2(held_back.fileno(), 2)
            yield
        finally:
            os.dup2(standard_error, 2)
            held_back.seek(0)
            for line in held_back:
                if not _CHATTER.match(line):
                    os.write(standard_error, line)
            os.close(standard_error)
