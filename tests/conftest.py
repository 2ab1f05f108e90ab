"""Settings that must come before any import, and small data that many tests share."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # read once by SciPy: lets scikit-learn check array API input
os.environ["MPLBACKEND"] = "Agg"
# Processes of pytest-xdist share the cores: with a thread a core in each of them, threads mostly
# wait for each other.
if (N_PROCESSES := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))) > 1:
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // N_PROCESSES)))

import gc
import multiprocessing
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, however slow: a change is judged by what it changed.
settings.register_profile(
    "always the same",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("always the same")


def pytest_collection_finish():
    """Leave what was imported and collected out of the search for garbage: it stays."""
    gc.freeze()


REPOSITORY = Path(__file__).resolve().parents[1]
SMALL_AUTOENCODER = {
    "hidden_layer_sizes": (12,),
    "n_components": 3,
    "max_epochs": 20,
    "learning_rate": 0.01,
    "random_state": 0,
}
SMALL_CLASSIFIER = {
    "n_filters": (4,),
    "kernel_sizes": 8,
    "dense_layer_sizes": (16,),
    "max_epochs": 20,
    "learning_rate": 0.01,
    "random_state": 0,
}
SMALL_REGRESSOR = dict(SMALL_CLASSIFIER)


def make_spectra(n_per_class=(40, 40, 40), n_bands=40, noise=0.02, seed=0):
    """Return smooth reflectance-like spectra of varying brightness, float32, and their classes."""
    rng = np.random.default_rng(seed)
    band = np.linspace(0, 1, n_bands)
    centres = np.linspace(0.2, 0.8, len(n_per_class))[:, None]
    endmembers = 0.3 + 0.3 * band + 0.3 * np.exp(-(((band - centres) / 0.15) ** 2))
    y = np.repeat(np.arange(len(n_per_class)), n_per_class)
    y = rng.permutation(y)
    brightness = rng.uniform(0.6, 1.2, (len(y), 1))
    X = brightness * endmembers[y] + noise * rng.standard_normal((len(y), n_bands))
    return X.astype(np.float32), y


def make_measured_spectra(n_spectra=120, n_bands=40, noise=0.003, seed=0):
    """Return spectra that absorb the more the higher a content is, float32, and contents in %."""
    rng = np.random.default_rng(seed)
    band, content = np.linspace(0, 1, n_bands), rng.uniform(5, 15, n_spectra)
    absorption = np.exp(-(((band - 0.4) / 0.1) ** 2))
    brightness = rng.uniform(0.6, 1.2, (n_spectra, 1))
    X = brightness * (0.5 + 0.3 * band) * (1 - 0.03 * content[:, None] * absorption)
    X += noise * rng.standard_normal(X.shape)
    return X.astype(np.float32), content


@pytest.fixture(scope="session")
def spectra():
    """120 spectra of 40 bands and 3 classes: (X float32, y), read-only."""
    X, y = make_spectra()
    X.flags.writeable = False
    y.flags.writeable = False
    return X, y


@pytest.fixture(scope="session")
def measured():
    """120 spectra of 40 bands and a content that they show: (X float32, y in %), read-only."""
    X, y = make_measured_spectra()
    X.flags.writeable = False
    y.flags.writeable = False
    return X, y


@pytest.fixture
def small_autoencoder():
    """Parameters of an autoencoder that trains in a blink."""
    return dict(SMALL_AUTOENCODER)


@pytest.fixture
def small_classifier():
    """Parameters of a classifier that trains in a blink."""
    return dict(SMALL_CLASSIFIER)


@pytest.fixture
def small_regressor():
    """Parameters of a regressor that trains in a blink."""
    return dict(SMALL_REGRESSOR)


@pytest.fixture(scope="session")
def fitted_autoencoder(spectra):
    """A small autoencoder, fitted once; tests must not change it."""
    from skhyp import SpectralAutoencoder

    return SpectralAutoencoder(**SMALL_AUTOENCODER).fit(spectra[0])


@pytest.fixture(scope="session")
def fitted_classifier(spectra):
    """A small classifier, fitted once; tests must not change it."""
    from skhyp import SpectralCNNClassifier

    return SpectralCNNClassifier(**SMALL_CLASSIFIER).fit(*spectra)


@pytest.fixture(scope="session")
def fitted_regressor(measured):
    """A small regressor, fitted once; tests must not change it."""
    from skhyp import SpectralCNNRegressor

    return SpectralCNNRegressor(**SMALL_REGRESSOR).fit(*measured)


@pytest.fixture(scope="session")
def spectra_factory():
    """The function that makes spectra of other sizes and class counts."""
    return make_spectra


@pytest.fixture(scope="session")
def measured_factory():
    """The function that makes spectra of other numbers, and their contents."""
    return make_measured_spectra


@pytest.fixture(scope="session")
def run_python(tmp_path_factory):
    """A function that runs a script in a fresh interpreter and returns the completed process."""

    def run(script, *arguments):
        environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
        paths = [str(REPOSITORY), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            env=environment,
            cwd=tmp_path_factory.mktemp("subprocess"),
            capture_output=True,
            text=True,
            timeout=900,  # a hang, on any machine
            check=False,
        )

    return run


# What a fork does first: it takes the streams that it is given, and is ``python -c`` to its script.
IN_A_FORK = """
import os, sys, types
for number, stream in enumerate(streams):
    os.dup2(stream.fileno(), number)
    stream.close()
sys.stdin = open(0)
sys.argv = ["-c", *arguments]
os.chdir(folder)
sys.modules["__main__"] = types.ModuleType("__main__")
exec(script, vars(sys.modules["__main__"]))
"""


class ForkedPython:
    """A script in a process of its own, as of ``subprocess.Popen`` with a pipe for each stream."""

    def __init__(self, script, arguments, folder):
        context = multiprocessing.get_context("forkserver")
        pipes = [context.Pipe(duplex=False) for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        given = {
            "script": script,
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder),
            "streams": theirs,
        }
        self._process = context.Process(target=exec, args=(IN_A_FORK, given))
        self._process.start()
        ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(os.dup(end.fileno()), mode) for end, mode in zip(ours, "wrr", strict=True)
        )
        for end in (*theirs, *ours):
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._process.join()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()

    @property
    def returncode(self):
        """The status at the end, the negative of a signal that ended it, None before."""
        return self._process.exitcode

    def kill(self):
        """End the process by SIGKILL, if it has not ended."""
        self._process.kill()

    def communicate(self):
        """Say no more, and return all that is written until the end."""
        self.stdin.close()
        limit = threading.Timer(900, self.kill)  # a hang, on any machine
        limit.start()
        with ThreadPoolExecutor(2) as threads:
            written = list(threads.map(lambda stream: stream.read(), (self.stdout, self.stderr)))
        self._process.join()
        limit.cancel()
        return tuple(written)


@pytest.fixture(scope="session")
def start_forked(tmp_path_factory):
    """A function that starts a script in a fork that has imported skhyp and TensorFlow already.

    Another process than this one, with memory of its own and no file or lock of this one, in which
    nothing has been computed: it takes milliseconds, and a fresh interpreter seconds. What is to be
    seen of imports, settings or the environment needs ``run_python``.
    """
    if not hasattr(os, "fork"):
        pytest.skip("the system has no fork")
    multiprocessing.set_forkserver_preload(
        # Not skhyp.graph, which makes the first tensor and with it TensorFlow's threads.
        ["dask.array", "joblib", "sklearn.ensemble", "skhyp.fitting", "skhyp.scenes", "tensorflow"]
    )
    with pytest.MonkeyPatch.context() as patch:
        # In one thread alone, which is what survives a fork; and hashes of strings are not ours.
        for name, value in {
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONHASHSEED": "7",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)]),
        }.items():
            patch.setenv(name, value)
        forkserver.ensure_running()

    def start(script, *arguments):
        return ForkedPython(script, arguments, tmp_path_factory.mktemp("fork"))

    return start


@pytest.fixture(scope="session")
def run_forked(start_forked):
    """A function that runs a script in such a fork and returns the completed process."""

    def run(script, *arguments):
        with start_forked(script, *arguments) as process:
            written = process.communicate()
            return subprocess.CompletedProcess(script, process.returncode, *written)

    return run


@pytest.fixture(scope="session")
def shared_folder():
    """The folder of real scenes and reference values; what needs it skips where it is absent."""
    folder = Path(os.environ.get("SKHYP_SHARED_DATA", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set SKHYP_SHARED_DATA to the folder that has it")
    return folder


@pytest.fixture(scope="session")
def assert_same_labels():
    """A function that compares labels where the two best scores differ by more than rounding.

    Other software rounds in another order, and so does another processor.
    """

    def compare(found, expected, scores):
        best = np.sort(np.asarray(scores), axis=1)[:, -2:]
        is_clear = best[:, 1] - best[:, 0] > 1e-4 * np.abs(best).max()
        assert np.mean(is_clear) > 0.99
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found[is_clear], expected[is_clear])

    return compare


@pytest.fixture
def interrupted_after_two_epochs(monkeypatch):
    """Ctrl-C arrives when the second epoch is reported."""
    from skhyp.fitting._progress import TrainingProgress
    from skhyp.graph import epochs

    def tell(_, losses, validation_losses):
        if len(losses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(epochs, "FIRST_CALL_UPDATES", 1)
    monkeypatch.setattr(epochs, "SECONDS_PER_CALL", 0)
    monkeypatch.setattr(TrainingProgress, "tell", tell)
