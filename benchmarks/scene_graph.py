"""What does a map by the graph of a scene cost, and how does it grow with pixels and bands?

``python benchmarks/scene_graph.py`` lays Indian Pines side by side to scenes of up to a million
pixels, with other noise in each copy (normal, of the deviation that neighbouring pixels have in
each band), as ``.npy`` files of int16, and keeps some of their bands, evenly spaced. In a fresh
process for each it takes the time of each step by itself: ``MinimumNoiseFraction`` fitted, its
components of all pixels, ``PixelGraph.from_components``, ``smooth`` of 16 columns with
``alpha=0.9``; and then of ``SceneGraphClassifier().fit`` from ten labels a class, which does all
of it and maps the scene once for each of three folds and once more, and of ``write_map`` to an
ENVI file. Memory is the most that the process had resident, Python, TensorFlow and all. Accuracy is
that of pixels with a label in the scene that was laid, and none here; they lie beside training
pixels.

Files are removed afterwards. It writes ``benchmarks/results/scene_graph.json`` and
``scene_graph.md``.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from kernel_counts import memory
from machine import describe_machine
from scaling import in_fresh_process
from speed_report import write_results

import skhyp
from skhyp import MinimumNoiseFraction, SceneGraphClassifier
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import stratified_pixel_sample
from skhyp.neighbours import PixelGraph
from skhyp.scenes import apply, open_scene

RESULTS = Path(__file__).resolve().parent / "results"
# Rows and columns, and bands.
SCENES = ((250, 250, 200), (500, 500, 200), (1000, 1000, 200), (1000, 1000, 100), (1000, 1000, 50))
STEPS = ("noise", "components", "graph", "smoothing", "fit", "writing")
N_LABELS = 10


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=len(SCENES), help="so many, the least first")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    records = []
    for shape in SCENES[: options.scenes]:
        with tempfile.TemporaryDirectory(prefix="scenes") as folder:
            lay(Path(folder), shape)
            records.append({"shape": shape, **in_fresh_process(measure, folder)})
        print(records[-1], flush=True)
    results = {
        "machine": describe_machine(),
        "versions": {name: version(name) for name in ("tensorflow", "faiss-cpu", "scipy")}
        | {"skhyp": skhyp.__version__},
        "records": records,
    }
    write_results(results, RESULTS / "scene_graph", report(results))


def lay(folder: Path, shape: tuple[int, int, int]) -> None:
    """Write a scene of some shape, and its labels, of copies of Indian Pines."""
    rows, columns, n_bands = shape
    scene = load_indian_pines()
    bands = np.linspace(0, scene.cube.shape[2] - 1, n_bands).round().astype(int)
    cube = np.asarray(scene.cube)[..., bands].astype(np.float32)
    deviations = np.diff(cube, axis=0).std(axis=(0, 1)) / np.sqrt(2)
    labels = np.tile(scene.labels, (-(-rows // 145), -(-columns // 145)))[:rows, :columns]
    np.save(folder / "labels.npy", labels)
    rng = np.random.default_rng(0)
    written = np.lib.format.open_memmap(folder / "cube.npy", "w+", np.int16, shape)
    across = np.arange(columns) % 145
    for row in range(rows):
        spectra = cube[row % 145, across] + rng.normal(0, deviations, (columns, n_bands))
        written[row] = np.clip(spectra, 0, np.iinfo(np.int16).max)
    written.flush()


def measure(folder: str) -> dict[str, float]:
    """Return the seconds of each step, the most memory, and the accuracy of the map."""
    scene = open_scene(Path(folder) / "cube.npy")
    truth = np.load(Path(folder) / "labels.npy")
    places = np.argwhere(truth > 0)
    y = truth[tuple(places.T)]
    few = stratified_pixel_sample(y, N_LABELS, random_state=0)
    estimator = MinimumNoiseFraction()
    seconds: dict[str, float] = {}
    with taking(seconds, "noise"):
        estimator.fit(scene)
    with taking(seconds, "components"):
        components = np.asarray(apply(estimator, scene, method="transform"))
    with taking(seconds, "graph"):
        graph = PixelGraph.from_components(
            components.reshape(truth.size, -1), np.argwhere(np.ones(truth.shape, bool))
        )
    values = np.random.default_rng(0).uniform(size=(truth.size, 16)).astype(np.float32)
    with taking(seconds, "smoothing"):
        graph.smooth(values, alpha=0.9)
    del components, graph, values
    classifier = SceneGraphClassifier(random_state=0)
    with taking(seconds, "fit"):
        classifier.fit(scene, y[few], places[few])
    with taking(seconds, "writing"):
        classifier.write_map(Path(folder) / "map.img")
    is_test = np.ones(len(y), bool)
    is_test[few] = False
    right = classifier.map_[tuple(places[is_test].T)] == y[is_test]
    return {**seconds, "peak": memory()["VmHWM"], "accuracy": float(right.mean())}


@contextmanager
def taking(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Note how long something takes."""
    begin = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - begin


def report(results: dict[str, Any]) -> str:
    """Return the table as Markdown."""
    machine, versions = results["machine"], results["versions"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores; skhyp {versions['skhyp']}, TensorFlow "
        f"{versions['tensorflow']}, faiss {versions['faiss-cpu']}. Seconds, each row in a process "
        "of its own. Written by `benchmarks/scene_graph.py`, which says what columns are.",
        "",
        f"| pixels | bands | {' | '.join(STEPS)} | memory, GiB | accuracy, % |",
        "|---" * (len(STEPS) + 4) + "|",
    ]
    for record in results["records"]:
        rows, columns, n_bands = record["shape"]
        cells = [f"{record[step]:.1f}" for step in STEPS]
        lines.append(
            f"| {rows * columns:,} | {n_bands} | {' | '.join(cells)} | "
            f"{record['peak'] / 2**30:.1f} | {100 * record['accuracy']:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
