"""Rows through a network's functions, in chunks nobody can tell, by functions compiled once."""

import gc
import sys
import threading
import tracemalloc
import weakref
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph import compilation, inference
from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.compilation import compiled, trace_counts
from skhyp.graph.inference import apply_rows, rows_per_chunk
from skhyp.graph.spectra import SpectralScaling

AUTOENCODER = {
    "n_bands": 103,
    "n_components": 3,
    "activation": "relu",
    "latent_activation": "linear",
    "output_activation": "linear",
    "skip_connections": False,
    "scaled": True,
    "dtype": "float32",
}
CLASSIFIER = {
    "n_bands": 103,
    "n_classes": 9,
    "padding": "valid",
    "activation": "relu",
    "dropout": 0.2,
    "dtype": "float32",
}
OF_DEEPHYP = {"n_filters": (10, 10, 10), "kernel_sizes": (20, 10, 10), "strides": (1, 1, 1)}
DENSE = DenseAutoencoder(hidden_layer_sizes=(50, 30, 10), tied_weights=(False,) * 4, **AUTOENCODER)
CONV = ConvAutoencoder(padding="valid", tied_weights=(False,) * 3, **OF_DEEPHYP, **AUTOENCODER)
DEEPHYP_CLASSIFIER = ConvClassifier(
    views=(), dense_layer_sizes=(20, 20), **OF_DEEPHYP, **CLASSIFIER
)
DEFAULT_CLASSIFIER = ConvClassifier(
    views=("snv", "whitened", "bands"),
    n_filters=(16,),
    kernel_sizes=(16,),
    strides=(4,),
    dense_layer_sizes=(128,),
    **CLASSIFIER,
)
STRIDED = replace(
    CONV,
    n_filters=(8, 6),
    kernel_sizes=(11, 5),
    strides=(1, 2),
    padding="same",
    tied_weights=(False, False),
    activation="elu",
)


def _scaling(method, dtype="float32"):
    return SpectralScaling(method=method, n_bands=103, kept=None, dtype=dtype)


def _vectors(network):
    """Random parameters and statistics."""
    rng = np.random.default_rng(0)
    n_parameters = sum(p.size for p in network.parameters)
    n_statistics = sum(p.size for p in network.statistics)
    return 0.2 * rng.standard_normal(n_parameters), rng.uniform(0.5, 1, n_statistics)


def _spectra(n, n_bands=103, dtype="float32"):
    return np.random.default_rng(1).uniform(0, 1, (n, n_bands)).astype(dtype)


@dataclass(frozen=True)
class Toy:
    """A network without parameters, in chunks of 240 rows unless it computes less."""

    n_values: int = 2**14
    dtype: str = "float64"
    parameters = statistics = ()

    def double(self, _, __, x):
        return 2 * x

    def rows_seen(self, _, __, x):
        return tf.fill([tf.shape(x)[0]], tf.shape(x)[0])

    def double_positive(self, _, __, x):
        with tf.control_dependencies([tf.debugging.assert_non_negative(x, "a negative value")]):
            return 2 * x


TOY = Toy()
CHUNK_ROWS = rows_per_chunk(TOY)


def _apply(function, X, network=TOY):
    return apply_rows(network, function, np.zeros(0), np.zeros(0), X)


@pytest.mark.parametrize(
    "n", [1, 2, 31, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS, 5 * CHUNK_ROWS + 7]
)
def test_every_row_comes_out_in_its_place(n):
    X = np.arange(3.0 * n).reshape(n, 3)
    np.testing.assert_array_equal(_apply("double", X), 2 * X)


def test_no_rows_give_an_empty_result_of_the_right_shape():
    found = apply_rows(DENSE, "codes", *_vectors(DENSE), np.zeros((0, 103), np.float32))
    assert found.shape == (0, 3) and found.dtype == np.float32


@pytest.mark.parametrize("n", [0, 1, 9, CHUNK_ROWS, 3 * CHUNK_ROWS + 1])
def test_a_result_is_the_caller_s_to_change(n):
    X = np.ones((n, 3))
    found, again = _apply("double", X), _apply("double", X)
    assert found.flags.writeable and found.flags.c_contiguous
    found[:] = 7
    assert np.all(again == 2) and np.all(X == 1)
    assert not np.shares_memory(found, again)


@pytest.mark.parametrize("network", [DENSE, CONV, DEFAULT_CLASSIFIER, _scaling("snv"), TOY])
def test_a_chunk_is_of_as_many_rows_as_keep_the_values_within_bounds(network):
    n = rows_per_chunk(network)
    assert n % 240 == 0 and 240 <= n <= 3840
    assert n * network.n_values <= 2**22
    # More would be too many.
    assert n == 3840 or (n + 240) * network.n_values > 2**22


def test_a_chunk_of_a_huge_network_is_a_few_rows_still():
    assert rows_per_chunk(Toy(2**30)) == 240


@pytest.fixture
def rows_computed(monkeypatch):
    """How many rows each computation is given, padding included."""
    numbers, compute = [], inference._compute_padded

    def counted(function, rows, n_rows):
        numbers.append(n_rows)
        return compute(function, rows, n_rows)

    monkeypatch.setattr(inference, "_compute_padded", counted)
    return numbers


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, 16), (2, 16), (16, 16), (17, 48), (48, 48), (49, 240), (240, 240)],
)
def test_few_rows_are_padded_to_one_of_a_few_numbers(rows_computed, n, expected):
    network = Toy(1000)
    _apply("double", np.ones((n, 3)), network)  # tried
    rows_computed.clear()
    _apply("double", np.ones((n, 3)), network)
    assert rows_computed == [expected]


def test_a_scene_is_computed_in_chunks_of_one_size(rows_computed):
    _apply("double", np.ones((3 * CHUNK_ROWS + 5, 3)))
    assert rows_computed == [CHUNK_ROWS] * 4


@pytest.mark.parametrize("n", [1, 8, 100, CHUNK_ROWS, CHUNK_ROWS + 3])
def test_what_depends_on_the_number_of_rows_is_always_given_the_same(n):
    seen = _apply("rows_seen", np.zeros((n, 2)))
    assert len(seen) == n and set(seen) == {CHUNK_ROWS}


def test_a_number_of_rows_that_gives_other_bits_is_passed_over(monkeypatch, rows_computed):
    network = Toy(1000)
    tried = []

    def agrees(n_rows, chunk_rows, _):
        tried.append(n_rows)
        assert chunk_rows == rows_per_chunk(network)
        return n_rows == 48

    monkeypatch.setattr(inference, "_agrees_with_chunk", agrees)
    found = _apply("double", np.ones((3, 2)), network)
    np.testing.assert_array_equal(found, np.full((3, 2), 2.0))
    assert rows_computed == [48] and tried == [16, 48]
    _apply("double", np.ones((49, 2)), network)
    assert rows_computed[1:] == [rows_per_chunk(network)]


def test_numbers_of_rows_are_tried_once(rows_computed):
    network = Toy(1001)
    _apply("double", np.ones((3, 2)), network)
    assert len(rows_computed) > 1
    rows_computed.clear()
    for _ in range(3):
        _apply("double", np.ones((3, 2)), network)
    assert rows_computed == [16] * 3


def _sizes(chunk_rows):
    """How many rows to give at once, and how many times, from elsewhere each time."""
    yield from [(1, 100), (2, 60), (8, 20), (9, 10), (48, 5), (49, 5), (240, 3), (241, 3)]
    for n in (chunk_rows - 1, chunk_rows, chunk_rows + 1):
        yield n, 3


@pytest.fixture
def assert_same_bits_anywhere(rows_computed):
    """A function that compares rows given by themselves with the same ones in a scene."""

    def compare(network, function, **options):
        _compare_few_and_many(rows_computed, network, function, **options)

    return compare


def _compare_few_and_many(rows_computed, network, function, **options):
    vectors, chunk_rows = _vectors(network), rows_per_chunk(network)
    n = 3 * chunk_rows + 5
    X = _spectra(n, network.n_bands, network.dtype)
    whole = apply_rows(network, function, *vectors, X, **options)
    assert np.isfinite(whole).all()
    rng, differing = np.random.default_rng(3), {}
    for size, n_times in _sizes(chunk_rows):
        differ = []
        for start in [0, n - size, *rng.integers(0, n - size, n_times)]:
            rows = X[start : start + size]
            part = apply_rows(network, function, *vectors, rows, **options)
            differ.append(not np.array_equal(part, whole[start : start + size]))
            if len(differ) == 6 and rows_computed[-1] == chunk_rows:
                break  # padded to a chunk, as the scene's last rows are: nothing else is computed
        if any(differ):
            differing[size] = f"{sum(differ)} of {len(differ)}"
    assert differing == {}


@pytest.mark.parametrize(
    ("network", "function"),
    [
        (DENSE, "codes"),
        (DENSE, "reconstruction"),
        (CONV, "codes"),
        (STRIDED, "codes"),
        (STRIDED, "reconstruction"),
        (DEEPHYP_CLASSIFIER, "probabilities"),
        (DEFAULT_CLASSIFIER, "logits"),
        (DEFAULT_CLASSIFIER, "probabilities"),
        (DEFAULT_CLASSIFIER, "log_probabilities"),
        *((_scaling(method), "scale") for method in ("minmax", "snv", "l2", "msc", "savgol")),
    ],
    ids=lambda value: getattr(value, "method", None) or getattr(value, "__name__", None),
)
def test_a_spectrum_gives_the_same_bits_alone_and_in_a_scene(
    assert_same_bits_anywhere, network, function
):
    assert_same_bits_anywhere(network, function)


@pytest.mark.parametrize(
    ("network", "function"),
    [
        (DENSE, "codes"),
        (STRIDED, "codes"),
        (DEFAULT_CLASSIFIER, "logits"),
        (DEFAULT_CLASSIFIER, "probabilities"),
        (_scaling("savgol"), "scale"),
    ],
)
def test_a_spectrum_gives_the_same_bits_anywhere_in_double_precision(
    assert_same_bits_anywhere, network, function
):
    assert_same_bits_anywhere(replace(network, dtype="float64"), function)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("network", "function"),
    [
        (
            replace(STRIDED, n_bands=37, n_filters=(3, 5), kernel_sizes=(5, 4), strides=(2, 1)),
            "codes",
        ),
        (replace(DEFAULT_CLASSIFIER, n_bands=37, n_classes=7, n_filters=(5,)), "log_probabilities"),
    ],
    ids=["conv", "classifier"],
)
def test_odd_numbers_of_values_change_no_bit(assert_same_bits_anywhere, network, function, dtype):
    # Of a few rows, the last values fill no vector, and may be computed one by one.
    assert_same_bits_anywhere(replace(network, dtype=dtype), function)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("measure", ["sse", "csa", "sa", "sid"])
def test_the_error_of_a_spectrum_is_the_same_anywhere(assert_same_bits_anywhere, measure, dtype):
    network = replace(DENSE, hidden_layer_sizes=(13,), tied_weights=(False,) * 2, dtype=dtype)
    assert_same_bits_anywhere(network, "errors", measure=measure)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_order_of_the_rows_changes_no_bit(dtype):
    for of_single_precision, function in [(DENSE, "codes"), (DEFAULT_CLASSIFIER, "logits")]:
        network = replace(of_single_precision, dtype=dtype)
        vectors, n = _vectors(network), rows_per_chunk(network) + 100
        X, shuffled = _spectra(n, dtype=dtype), np.random.default_rng(2).permutation(n)
        whole = apply_rows(network, function, *vectors, X)
        found = apply_rows(network, function, *vectors, X[shuffled])
        np.testing.assert_array_equal(found, whole[shuffled])


def test_a_row_gives_the_same_bits_with_many_threads(report_of_a_process):
    # Threads share a product of matrices by its shape: a few rows and many differed.
    lines = report_of_a_process["same bits with many threads"]
    assert len(lines) == 10
    assert all(line[-1] is True for line in lines), lines


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "longdouble"])
@pytest.mark.parametrize("n", [40, 3900])
def test_other_dtypes_are_cast_to_that_of_the_network(n, dtype):
    vectors = _vectors(DENSE)
    X = (100 * _spectra(n)).astype(dtype)
    found = apply_rows(DENSE, "codes", *vectors, X)
    assert found.dtype == np.float32
    expected = apply_rows(DENSE, "codes", *vectors, X.astype(np.float32))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", [None, "minmax", "snv", "standardize"])
def test_integers_are_scaled_like_the_numbers_that_they_are(method, dtype):
    network = _scaling(method, dtype)
    vectors = _vectors(network)
    for integer in INTEGERS:
        lowest = -100 if integer.startswith("i") else 0
        X = np.random.default_rng(0).integers(lowest, 120, (50, 103)).astype(integer)
        X[3], X[4] = 0, 17
        for order in "<>":
            found = apply_rows(network, "scale", *vectors, X.astype(X.dtype.newbyteorder(order)))
            assert found.dtype == dtype
            expected = apply_rows(network, "scale", *vectors, X.astype(dtype))
            np.testing.assert_array_equal(found, expected, err_msg=integer)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32"])
def test_the_extremes_of_an_integer_type_are_scaled_without_overflow(dtype):
    limits = np.iinfo(dtype)
    X = np.full((2, 103), limits.min, dtype)
    X[:, 5] = limits.max
    found = apply_rows(_scaling("minmax"), "scale", np.zeros(0), np.zeros(0), X)
    assert np.all(found[:, 5] == 1) and np.all(np.delete(found, 5, axis=1) == 0)


@pytest.mark.parametrize("n", [3, CHUNK_ROWS, CHUNK_ROWS + 3])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">i2", ">u2", ">f8", ">f2"])
def test_files_of_either_byte_order_are_read_right(n, dtype):
    X = np.arange(2 * n).reshape(n, 2).astype(dtype)
    np.testing.assert_array_equal(_apply("double", X), 2 * X.astype(np.float64))


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint16", ">i4"])
def test_rows_of_any_memory_layout_are_read_right(dtype):
    X = np.arange(4000).reshape(1000, 4).astype(dtype)
    read_only = X.copy()
    read_only.flags.writeable = False
    for view in (np.asfortranarray(X), X[::-2, ::2], X[:, ::-1], X[::9], X[7:, 1:], read_only):
        np.testing.assert_array_equal(_apply("double", view), 2 * view.astype(np.float64))


@pytest.mark.parametrize("n_chunks", [2, 3, 7])
def test_an_error_in_any_chunk_reaches_the_caller(n_chunks):
    X = np.ones((n_chunks * CHUNK_ROWS, 3))
    for chunk in range(n_chunks):
        X[:] = 1
        X[chunk * CHUNK_ROWS + 5] = -1
        with pytest.raises(tf.errors.InvalidArgumentError, match="a negative value"):
            _apply("double_positive", X)
    # Nothing is left behind by it.
    X[:] = 1
    np.testing.assert_array_equal(_apply("double_positive", X), 2 * X)


def test_an_error_of_python_s_in_a_worker_reaches_the_caller_and_ends_the_workers(monkeypatch):
    compute, threads = inference._compute_padded, set()

    def failing(function, rows, n_rows):
        threads.add(threading.current_thread())
        if rows[0, 0] == 3 * CHUNK_ROWS:
            raise MemoryError("no room for this chunk")
        return compute(function, rows, n_rows)

    monkeypatch.setattr(inference, "_compute_padded", failing)
    X = np.repeat(np.arange(6.0 * CHUNK_ROWS)[:, None], 2, axis=1)
    with pytest.raises(MemoryError, match="no room for this chunk"):
        _apply("double", X)
    assert len(threads) > 1
    assert [thread for thread in threads if thread.is_alive()] == [threading.current_thread()]


def _peak_of(function):
    """What a function returns, and how many bytes of arrays there were at most on the way."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_scene_of_integers_is_never_cast_as_a_whole():
    network = replace(DENSE, n_bands=50)
    vectors = _vectors(network)
    X = np.ones((60 * 2048, 50), np.uint8)
    apply_rows(network, "codes", *vectors, X[:5000])  # traced
    output, peak = _peak_of(lambda: apply_rows(network, "codes", *vectors, X))
    assert peak < output.nbytes + X.nbytes / 2


@pytest.mark.parametrize("order", ["=", ">"])
def test_the_output_is_allocated_once_and_chunk_by_chunk_whatever_else(order):
    vectors, chunk_rows = _vectors(DENSE), rows_per_chunk(DENSE)
    X = _spectra(20 * chunk_rows + 1).astype(np.dtype("f4").newbyteorder(order))
    apply_rows(DENSE, "reconstruction", *vectors, X[: chunk_rows + 1])  # traced
    output, peak = _peak_of(lambda: apply_rows(DENSE, "reconstruction", *vectors, X))
    assert output.nbytes == X.nbytes
    assert peak < 1.25 * output.nbytes


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
    X, vectors = _spectra(3), _vectors(DENSE)
    apply_rows(DENSE, "codes", *vectors, X)
    before = trace_counts()
    for n in (1, 3, 300, rows_per_chunk(DENSE) + 1):
        apply_rows(replace(DENSE), "codes", *vectors, _spectra(n))
    assert trace_counts() == before
    apply_rows(replace(DENSE), "reconstruction", *vectors, X)
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
    graphs = []

    class Noting(Toy):
        def double(self, _, __, x):
            graphs.append(weakref.ref(tf.compat.v1.get_default_graph()))
            return 2 * x

    _apply("double", np.zeros((1, 2)), Noting())
    (graph,) = graphs
    gc.collect()
    assert graph() is not None
    compiled(_adder, 9)
    gc.collect()
    assert graph() is None


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_what_tensorflow_made_of_a_function_is_freed_with_it(report_of_a_process):
    # Each of the twelve functions after the eighth holds 10 MB, several times over.
    assert report_of_a_process["functions that were kept"] < 6
