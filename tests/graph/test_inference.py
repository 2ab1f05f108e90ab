"""Rows through a network's functions, in chunks nobody can tell, by functions compiled once."""

import gc
import threading
import tracemalloc
import weakref
from collections import OrderedDict

import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph import compilation, inference
from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.compilation import compiled, trace_counts
from skhyp.graph.inference import CHUNK_ROWS, apply_rows, chunks

SHARED = {
    "n_components": 5,
    "activation": "relu",
    "latent_activation": "linear",
    "output_activation": "linear",
    "tied_weights": (False, False),
    "skip_connections": False,
    "scaled": False,
}
CONVOLUTIONS = {"kernel_sizes": (11, 5), "strides": (1, 2), "padding": "same"}


def _dense(dtype="float32", n_bands=103):
    return DenseAutoencoder(n_bands=n_bands, hidden_layer_sizes=(30,), dtype=dtype, **SHARED)


def _conv(dtype):
    return ConvAutoencoder(n_bands=103, n_filters=(8, 6), dtype=dtype, **CONVOLUTIONS, **SHARED)


def _classifier(dtype):
    return ConvClassifier(
        n_bands=103,
        n_classes=7,
        views=("snv", "whitened"),
        n_filters=(8, 6),
        dense_layer_sizes=(24,),
        activation="relu",
        dropout=0.2,
        dtype=dtype,
        **CONVOLUTIONS,
    )


def _vectors(network):
    """Random parameters and statistics."""
    rng = np.random.default_rng(0)
    n_parameters = sum(p.size for p in network.parameters)
    n_statistics = sum(p.size for p in network.statistics)
    return 0.2 * rng.standard_normal(n_parameters), rng.uniform(0.5, 1, n_statistics)


def _spectra(n, n_bands=103, dtype="float32"):
    return np.random.default_rng(1).uniform(0, 1, (n, n_bands)).astype(dtype)


class Doubling:
    """A network without parameters that doubles, and that notes how many rows it is given."""

    parameters = statistics = ()
    dtype = "float64"

    def double(self, _, __, x):
        return 2 * x

    def rows_seen(self, _, __, x):
        return tf.fill([tf.shape(x)[0]], tf.shape(x)[0])


@pytest.mark.parametrize(
    "n", [1, 2, 31, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS, 5 * CHUNK_ROWS + 7]
)
def test_every_row_comes_out_in_its_place(n):
    X = np.arange(3.0 * n).reshape(n, 3)
    found = apply_rows(Doubling(), "double", np.zeros(0), np.zeros(0), X)
    np.testing.assert_array_equal(found, 2 * X)


def test_no_rows_give_an_empty_result_of_the_right_shape():
    network = _dense()
    found = apply_rows(network, "codes", *_vectors(network), np.zeros((0, 103), np.float32))
    assert found.shape == (0, 5) and found.dtype == np.float32


@pytest.mark.parametrize("n", [0, 1, CHUNK_ROWS, CHUNK_ROWS + 1, 10 * CHUNK_ROWS - 1])
def test_chunks_cover_the_rows_once(n):
    cut = chunks(n)
    assert [row for start, stop in cut for row in range(start, stop)] == list(range(n))
    assert all(stop - start <= CHUNK_ROWS for start, stop in cut)


def test_a_network_sees_one_number_of_rows_only():
    X = np.zeros((CHUNK_ROWS + 3, 2))
    seen = apply_rows(Doubling(), "rows_seen", np.zeros(0), np.zeros(0), X)
    assert set(seen) == {CHUNK_ROWS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("make", "function"),
    [
        (_dense, "codes"),
        (_dense, "reconstruction"),
        (_conv, "codes"),
        (_conv, "reconstruction"),
        (_classifier, "logits"),
    ],
)
def test_a_row_gives_the_same_bits_wherever_it_stands(make, function, dtype):
    network = make(dtype)
    vectors, n = _vectors(network), 2 * CHUNK_ROWS + 100
    X = _spectra(n, dtype=dtype)
    whole = apply_rows(network, function, *vectors, X)
    for start, stop in [(0, 1), (n - 1, n), (5, 38), (3, n), (CHUNK_ROWS - 1, 2 * CHUNK_ROWS + 1)]:
        part = apply_rows(network, function, *vectors, X[start:stop])
        np.testing.assert_array_equal(part, whole[start:stop])
    shuffled = np.random.default_rng(2).permutation(n)
    np.testing.assert_array_equal(
        apply_rows(network, function, *vectors, X[shuffled]), whole[shuffled]
    )


SAME_BITS_WITH_MANY_THREADS = """
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(4)
import numpy as np
from skhyp.graph.autoencoders import ConvAutoencoder
from skhyp.graph.inference import apply_rows
for dtype in ("float32", "float64"):
    network = ConvAutoencoder(
        n_bands=103, n_components=5, activation="relu", latent_activation="linear",
        output_activation="linear", tied_weights=(False, False), skip_connections=False,
        scaled=False, n_filters=(8, 6), kernel_sizes=(11, 5), strides=(1, 2), padding="same",
        dtype=dtype,
    )
    rng = np.random.default_rng(0)
    vector = 0.2 * rng.standard_normal(sum(p.size for p in network.parameters))
    X = rng.uniform(0, 1, (1500, 103)).astype(dtype)
    whole = apply_rows(network, "codes", vector, np.zeros(0), X)
    for start, stop in [(0, 1), (3, 35), (7, 300), (1490, 1500)]:
        part = apply_rows(network, "codes", vector, np.zeros(0), X[start:stop])
        print(dtype, start, stop, np.array_equal(part, whole[start:stop]))
"""


def test_a_row_gives_the_same_bits_with_many_threads(run_python):
    # Threads share a product of matrices by its shape: chunks of 32 and of 2048 rows differed.
    finished = run_python(SAME_BITS_WITH_MANY_THREADS)
    lines = finished.stdout.split("\n")[:-1]
    assert len(lines) == 8, finished.stderr
    assert all(line.endswith("True") for line in lines), lines


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "int64", "float16"])
def test_other_dtypes_are_cast_to_that_of_the_network(dtype):
    network = _dense()
    vectors = _vectors(network)
    X = (200 * _spectra(40)).astype(dtype)
    found = apply_rows(network, "codes", *vectors, X)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(
        found, apply_rows(network, "codes", *vectors, X.astype(np.float32))
    )


@pytest.mark.parametrize("n", [3, CHUNK_ROWS, CHUNK_ROWS + 3])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">i2", ">u2", ">f8"])
def test_files_of_either_byte_order_are_read_right(n, dtype):
    X = np.arange(3 * n).reshape(n, 3).astype(dtype)
    found = apply_rows(Doubling(), "double", np.zeros(0), np.zeros(0), X)
    np.testing.assert_array_equal(found, 2 * np.arange(3.0 * n).reshape(n, 3))


def test_rows_of_any_memory_layout_are_read_right():
    X = np.arange(4000.0).reshape(1000, 4)
    for view in (np.asfortranarray(X), X[::-2, ::2], X[:, ::-1]):
        found = apply_rows(Doubling(), "double", np.zeros(0), np.zeros(0), view)
        np.testing.assert_array_equal(found, 2 * view)


def test_a_scene_of_integers_is_never_cast_as_a_whole():
    network = _dense(n_bands=50)
    vectors = _vectors(network)
    X = np.ones((60 * CHUNK_ROWS, 50), np.uint8)
    apply_rows(network, "codes", *vectors, X[:1])  # traced
    tracemalloc.start()
    try:
        output = apply_rows(network, "codes", *vectors, X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < output.nbytes + X.nbytes / 2


@pytest.fixture
def empty_cache(monkeypatch):
    """A cache of compiled functions of its own."""
    monkeypatch.setattr(compilation, "_functions", OrderedDict())


def _adder(amount, pause=0.0):
    """A builder for the cache: a function that adds."""

    def add(x):
        if pause:
            threading.Event().wait(pause)  # a trace takes its time
        return x + amount

    return add, [tf.TensorSpec((None,), tf.float32)]


def _n_traces():
    return trace_counts().get("_adder", 0)


@pytest.mark.usefixtures("empty_cache")
def test_one_key_is_one_function():
    before = _n_traces()
    assert compiled(_adder, 1) is compiled(_adder, 1)
    assert compiled(_adder, 2) is not compiled(_adder, 1)
    assert _n_traces() == before + 2
    assert compiled(_adder, 2)(tf.constant([1.0])).numpy() == [3.0]


@pytest.mark.usefixtures("empty_cache")
def test_equal_networks_share_their_functions():
    X, vectors = _spectra(3), _vectors(_dense())
    apply_rows(_dense(), "codes", *vectors, X)
    before = trace_counts()
    for n in (1, 3, CHUNK_ROWS + 1):
        apply_rows(_dense(), "codes", *vectors, _spectra(n))
    assert trace_counts() == before
    apply_rows(_dense(), "reconstruction", *vectors, X)
    assert trace_counts()["_row_function"] == before["_row_function"] + 1


@pytest.mark.usefixtures("empty_cache")
def test_the_function_used_longest_ago_is_let_go(monkeypatch):
    monkeypatch.setattr(compilation, "MAX_FUNCTIONS", 3)
    first, second, third = (compiled(_adder, i) for i in (1, 2, 3))
    assert compiled(_adder, 1) is first  # used again: the second is the oldest now
    compiled(_adder, 4)
    before = _n_traces()
    assert compiled(_adder, 1) is first and compiled(_adder, 3) is third
    assert _n_traces() == before
    assert compiled(_adder, 2) is not second
    assert _n_traces() == before + 1
    assert len(compilation._functions) == 3
    # Let go of or not, a function that someone holds goes on working.
    assert second(tf.constant([1.0])).numpy() == [3.0]


@pytest.mark.usefixtures("empty_cache")
def test_threads_that_ask_at_once_share_one_trace():
    before, barrier = _n_traces(), threading.Barrier(8)
    found = []

    def ask():
        barrier.wait()
        found.append(compiled(_adder, 5, 0.05))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1
    assert _n_traces() == before + 1


@pytest.mark.usefixtures("empty_cache")
def test_a_builder_that_fails_leaves_nothing_behind():
    def failing():
        raise RuntimeError("no such network")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such network"):
            compiled(failing)
    assert not compilation._functions


def test_what_is_let_go_is_freed(monkeypatch):
    monkeypatch.setattr(compilation, "_functions", OrderedDict())
    monkeypatch.setattr(compilation, "MAX_FUNCTIONS", 1)
    X = np.zeros((1, 2))
    inference.apply_rows(Doubling(), "double", np.zeros(0), np.zeros(0), X)
    (function,) = compilation._functions.values()
    graph = weakref.ref(function.graph)
    del function
    compiled(_adder, 9)
    gc.collect()
    assert graph() is None
