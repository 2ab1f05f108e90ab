"""How does the cost of skhyp grow with rows, bands, the size of a batch and the number of fits?

``python benchmarks/scaling.py`` measures four series, each repeat in a fresh process:

* rows: labels (W3's network) and codes (W1's) of up to 10,000,000 uint16 spectra of 103 bands,
  after a small call, with the memory that the call needs beyond its input;
* bands: an epoch of the dense and of the convolutional autoencoder (W1, W2) on 20,480 spectra of
  50 to 400 bands, batch 1000, and their first fit, which compiles;
* batch: an epoch of the same on 103 bands in batches of 32 to 4096;
* fits: up to 100 fits of W3's classifier (5 epochs), each with another learning rate and seed, as
  in a search: the first one compiles for all.

It writes ``benchmarks/results/scaling.json``, ``scaling.md`` and ``scaling.png``.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from kernel_counts import peak_above, reset_peak_memory
from machine import describe_machine, measure_limits
from pavia_sized_scene import min_max, nine_classes, vary, write_scene
from scaling_report import write_scaling
from task import Task

import skhyp

RESULTS = Path(__file__).resolve().parent / "results"
ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
BANDS = (50, 100, 200, 400)
BATCH_SIZES = (32, 128, 512, 1024, 4096)
FITS = 100
AUTOENCODERS = ("dense", "conv")


@dataclass(frozen=True)
class Settings:
    """What a series needs to know; every series runs in a process of its own."""

    folder: str
    seed: int
    max_rows: int
    n_fits: int
    n_spectra: int

    def task(self, epochs: int, batch_size: int) -> Task:
        return Task(self.folder, self.max_rows, batch_size, epochs, self.seed)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    records = []
    with tempfile.TemporaryDirectory(prefix="scaling") as folder:
        write_scene(Path(folder))
        for repeat in range(options.repeats):
            settings = Settings(folder, repeat, options.max_rows, options.fits, options.spectra)
            for name in options.series:
                for record in in_fresh_process(run_series, name, settings):
                    records.append({"series": name, "repeat": repeat, **record})
    content = {
        "machine": describe_machine(),
        "limits": measure_limits(),
        "settings": {k: v for k, v in asdict(settings).items() if k not in ("folder", "seed")},
        "repeats": options.repeats,
        "versions": {name: version(name) for name in ("tensorflow", "scikit-learn", "numpy")}
        | {"skhyp": skhyp.__version__},
        "records": records,
    }
    write_scaling(content, options.output)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="+", choices=SERIES, default=list(SERIES))
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes for each series")
    parser.add_argument(
        "--max-rows", type=int, default=max(ROWS), help="10,000,000 need 2 GB for the input alone"
    )
    parser.add_argument("--fits", type=int, default=FITS, help="fits in one process")
    parser.add_argument("--spectra", type=int, default=20_480, help="of an epoch")
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS / "scaling",
        help="where to write, without the suffixes .json, .md and .png",
    )
    options = parser.parse_args(arguments)
    if min(options.repeats, options.max_rows, options.fits, options.spectra) < 1:
        parser.error("--repeats, --max-rows, --fits and --spectra must be at least 1")
    return options


def in_fresh_process(function: Callable, *arguments):
    """Return what the function returns in a new process, which ends with it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def run_series(name: str, settings: Settings) -> list[dict]:
    records = []
    for record in SERIES[name](settings):
        print(f"{name}: {record}", flush=True)
        records.append(record)
    return records


def timed(what: str, size: int, function: Callable[[], object]) -> dict:
    """Return a record of one call."""
    resident = reset_peak_memory()
    started = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - started
    del result
    return {"what": what, "size": size, "seconds": seconds, "peak_bytes": peak_above(resident)}


def over_rows(settings: Settings) -> Iterator[dict]:
    from contenders import skhyp_

    task = settings.task(2, 1000)
    scene = np.load(Path(settings.folder) / "scene.npy")
    classifier = skhyp_.make_classifier(task).fit(*integer_training_spectra(task))
    autoencoder = skhyp_.started_by_default(skhyp_.make_dense_autoencoder(task)).fit(scene[:5000])
    classifier.predict(scene[:2000])
    autoencoder.transform(scene[:2000])
    for n_rows in sizes_up_to(settings.max_rows):
        rows = np.tile(scene, (-(-n_rows // len(scene)), 1))[:n_rows]
        yield timed("labels", n_rows, lambda rows=rows: classifier.predict(rows))
        yield timed("codes", n_rows, lambda rows=rows: autoencoder.transform(rows))
        del rows


def integer_training_spectra(task: Task) -> tuple[np.ndarray, np.ndarray]:
    X, y = task.labelled()
    return (10_000 * X).astype(np.uint16), y


def sizes_up_to(largest: int) -> list[int]:
    return [size for size in ROWS if size < largest] + [largest]


def over_bands(settings: Settings) -> Iterator[dict]:
    rng = np.random.default_rng(0)
    pixels, _ = nine_classes(n_bands=None)
    full = min_max(vary(pixels[rng.integers(0, len(pixels), settings.n_spectra)], rng))
    own = np.linspace(0, 1, full.shape[1])
    for n_bands in BANDS:
        new = np.linspace(0, 1, n_bands)
        # Linear interpolation of all spectra at once: a product with that of unit vectors.
        weights = np.stack([np.interp(new, own, unit) for unit in np.eye(len(own))])
        X = (full @ weights).astype(np.float32)
        for kind in AUTOENCODERS:
            yield from first_and_warm_fit(kind, X, n_bands, settings.task(1, 1000))


def over_batch_sizes(settings: Settings) -> Iterator[dict]:
    X = np.load(Path(settings.folder) / "spectra.npy")[: settings.n_spectra]
    for batch_size in BATCH_SIZES:
        for kind in AUTOENCODERS:
            yield from first_and_warm_fit(kind, X, batch_size, settings.task(1, batch_size))


def first_and_warm_fit(kind: str, X: np.ndarray, size: int, task: Task) -> Iterator[dict]:
    from contenders import skhyp_

    make = {"dense": skhyp_.make_dense_autoencoder, "conv": skhyp_.make_conv_autoencoder}[kind]
    yield timed(f"{kind}, first fit", size, lambda: make(task).fit(X))
    yield timed(f"{kind}, epoch", size, lambda: make(task).fit(X))


def over_fits(settings: Settings) -> Iterator[dict]:
    from contenders import skhyp_

    X, y = settings.task(5, 50).labelled()
    for number in range(1, settings.n_fits + 1):
        classifier = skhyp_.make_classifier(settings.task(5, 50)).set_params(
            learning_rate=1e-3 * (1 + number / 100), random_state=number
        )
        yield timed("fit", number, lambda classifier=classifier: classifier.fit(X, y))


SERIES = {"rows": over_rows, "bands": over_bands, "batch": over_batch_sizes, "fits": over_fits}

if __name__ == "__main__":
    main()
