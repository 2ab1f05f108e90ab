"""One process of its own for all that needs one: importing TensorFlow takes seconds."""

import json

import pytest

# Memory comes first, as what was freed before could hide what is not.
PROGRAM = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
os.environ["XLA_FLAGS"] = f"--xla_dump_to={folder} --xla_dump_hlo_module_re=.*run_group.*"
import gc, json
import numpy as np
import tensorflow as tf
from skhyp.graph import compilation
from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.inference import apply_rows
from skhyp.graph.kernels import Kernels
from skhyp.graph.training import TrainingData, TrainingState, Updates, run_updates
from skhyp.graph.updates import Objective

tf.config.threading.set_intra_op_parallelism_threads(4)
AUTOENCODER = {
    "activation": "relu", "latent_activation": "linear", "output_activation": "linear",
    "skip_connections": False, "scaled": False,
}

def functions_that_were_kept():
    # Of twelve that hold 10 MB each, when each has been let go for the next. There are some
    # before, as what is freed is kept for the threads that may want it again, up to a limit.
    import resource

    def holding(seed):
        values = np.random.default_rng(seed).random(1_250_000)
        return lambda i: tf.gather(tf.constant(values), i), [tf.TensorSpec((), tf.int32)]

    def resident():
        with open("/proc/self/statm") as counts:
            return int(counts.read().split()[1]) * resource.getpagesize()

    most, compilation.MAX_FUNCTIONS = compilation.MAX_FUNCTIONS, 1
    for seed in range(20):
        compilation.compiled(holding, seed)(tf.constant(0))
        gc.collect()
        if seed == 7:
            before = resident()
    compilation.MAX_FUNCTIONS = most
    return (resident() - before) / 10e6

def compiled_by_xla():
    # How many update loops were traced, and compiled, after each of some trainings.
    network = DenseAutoencoder(
        n_bands=7, hidden_layer_sizes=(), n_components=2, dtype="float32", tied_weights=(False,),
        **AUTOENCODER,
    )
    objective = Objective(network, "sse", "sgd")
    n_parameters = sum(p.size for p in network.parameters)

    def run(n_rows, n_updates, batch_rows=8):
        rng = np.random.default_rng(n_rows)
        state = TrainingState.start(np.full(n_parameters, 0.1, np.float32), "sgd")
        X = tf.constant(rng.uniform(size=(n_rows, 7)), tf.float32)
        order = rng.integers(0, n_rows, (n_updates, batch_rows)).astype(np.int32)
        rates, seeds = np.full(n_updates, 0.01), np.zeros((n_updates, 2), np.int32)
        updates = Updates(order, rates, rates, rates, seeds)
        data = TrainingData(X, None, tf.ones(n_rows))
        run_updates(objective, state, data, updates, Kernels("products", True, 2))
        n_compiled = len(list(folder.glob("*before_optimizations.txt")))
        return compilation.trace_counts()["update_loop"], n_compiled

    return [run(*numbers) for numbers in [(40, 5), (40, 32), (41, 33), (8, 70), (40, 5, 16)]]

def same_bits_with_many_threads():
    # Whether some runs of rows have the codes that they have in a scene.
    found = []
    for dtype in ("float32", "float64"):
        network = ConvAutoencoder(
            n_bands=103, n_components=5, tied_weights=(False, False), n_filters=(8, 6),
            kernel_sizes=(11, 5), strides=(1, 2), padding="same", dtype=dtype, **AUTOENCODER,
        )
        rng = np.random.default_rng(0)
        vector = 0.2 * rng.standard_normal(sum(p.size for p in network.parameters))
        X = rng.uniform(0, 1, (5000, 103)).astype(dtype)
        whole = apply_rows(network, "codes", vector, np.zeros(0), X)
        for start, stop in [(0, 1), (3, 35), (7, 300), (1490, 3500), (4990, 5000)]:
            part = apply_rows(network, "codes", vector, np.zeros(0), X[start:stop])
            found.append((dtype, start, stop, np.array_equal(part, whole[start:stop])))
    return found

report = {}
if sys.platform == "linux":
    report["functions that were kept"] = functions_that_were_kept()
report["compiled by XLA"] = compiled_by_xla()
report["same bits with many threads"] = same_bits_with_many_threads()
print(json.dumps(report))
"""


@pytest.fixture(scope="session")
def report_of_a_process(run_python, tmp_path_factory):
    """What a process of its own has seen of memory, of XLA and of threads."""
    finished = run_python(PROGRAM, tmp_path_factory.mktemp("XLA"))
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)
