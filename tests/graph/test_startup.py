"""Importing TensorFlow: quick, and without a trace in the user's process."""

import gc
import json
import os
import subprocess
import sys

import pytest

from skhyp.graph._startup import garbage_collection_paused


def run(code: str, is_quiet: bool = True) -> dict:
    """Return what the code prints as its last line, run in a process of its own."""
    # Whoever runs the tests may have a log level of their own.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
        env=environment,
    )
    assert not (is_quiet and result.stderr), result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def after_import():
    return run(
        """
import gc, json, os, sys
gc.disable()  # one who has not: tests/test_reproducibility.py
import skhyp.graph
seen = {
    "tensorflow": "tensorflow" in sys.modules,
    "keras": "keras" in sys.modules,
    "collects": gc.isenabled(),
    "own finders": [str(f) for f in sys.meta_path if "skhyp" in str(type(f))],
    "log level": os.environ.get("TF_CPP_MIN_LOG_LEVEL"),
}
import tensorflow as tf
import tensorflow.keras.models
from tensorflow.keras import layers
import keras
seen["one keras"] = tf.keras.layers.Dense is layers.Dense is keras.layers.Dense
seen["aliases"] = tf.optimizers.Adam is keras.optimizers.Adam
print(json.dumps(seen))
"""
    )


def test_tensorflow_is_imported_without_keras(after_import):
    assert after_import["tensorflow"]
    assert not after_import["keras"]


def test_keras_can_be_used_afterwards_by_each_of_its_names(after_import):
    assert after_import["one keras"]
    assert after_import["aliases"]


def test_the_process_is_left_as_it_was(after_import):
    assert after_import["own finders"] == []
    assert after_import["log level"] is None


def test_a_user_who_imported_keras_keeps_it():
    seen = run(
        """
import json
import keras
before = keras.layers.Dense
import skhyp.graph
import tensorflow as tf
print(json.dumps({"same": tf.keras.layers.Dense is before}))
""",
        is_quiet=False,  # TensorFlow was imported by Keras, as it is
    )
    assert seen["same"]


def test_a_user_who_paused_the_search_for_garbage_is_not_overruled(after_import):
    assert not after_import["collects"]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_search_for_garbage_is_paused_and_then_as_it_was(is_enabled):
    was_enabled = gc.isenabled()
    try:
        gc.enable() if is_enabled else gc.disable()
        with garbage_collection_paused():
            assert not gc.isenabled()
        assert gc.isenabled() == is_enabled
    finally:
        gc.enable() if was_enabled else gc.disable()
