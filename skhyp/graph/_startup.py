"""Importing TensorFlow without its chatter and without touching the user's settings."""

import contextlib
import os
import re
import sys
import tempfile
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
    """Import TensorFlow and create its context, keeping its start-up messages to itself.

    A user who imported TensorFlow before, or who set ``TF_CPP_MIN_LOG_LEVEL``, has decided what
    to hear: then nothing is filtered. Otherwise TensorFlow is loaded at its level 2 (errors), as
    its remarks on how it rewrites graphs mean nothing to a user; the environment is left as it
    was. Lines that are not known chatter are passed on.
    """
    if "tensorflow" in sys.modules or _LOG_LEVEL in os.environ:
        import tensorflow  # noqa: F401

        return
    with _start_up_messages_removed():
        os.environ[_LOG_LEVEL] = "2"
        try:
            import tensorflow as tf

            # Devices are found, and talked about, when the first tensor is made.
            tf.zeros(())
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
