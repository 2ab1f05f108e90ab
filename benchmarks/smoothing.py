"""What does smoothing a map do to it, and does the strength that folds choose do any harm?

``MinimumNoiseFraction`` of the whole scene before ``SpectralKernelClassifier``, on 10 and 50
labels a class of the training side of both folds of ``SpatialBlockKFold(2, block_size=12,
guard=2)``, another draw of blocks and of labels each time. The other side is the test. It is mapped
without smoothing, at some strengths of ``ClassSmoothing``, and at the strength that
``choose_smoothing`` finds best in folds of the labels alone. The tiles of EnMAP are put into one
scene, with rows without data between them.

Run ``python benchmarks/smoothing.py --scenes FOLDER``. It writes
``benchmarks/results/smoothing.json`` and ``smoothing.md``.
"""

import os

# Read when libraries are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"

import argparse
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from labelled_scenes import TILE_DISTANCE, PlacedPixels, placed_scenes
from machine import describe_machine
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from speed_report import write_results

import skhyp
from skhyp import MinimumNoiseFraction, SpectralKernelClassifier
from skhyp.model_selection import SpatialBlockKFold, choose_smoothing
from skhyp.scenes import ClassSmoothing, apply, open_scene

RESULTS = Path(__file__).parent / "results"
SIZES = (10, 50)
STRENGTHS = (0, 1, 2, 4, 8, 16, 32)
DRAWS = 3
# Rows without data between tiles, wider than a block of pixels.
GAP = 20
MEASURES = {"overall": accuracy_score, "average": balanced_accuracy_score}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("scenes"))
    parser.add_argument("--draws", type=int, default=DRAWS, help="number of draws")
    arguments = parser.parse_args()
    rows = []
    for name, placed in placed_scenes(arguments.scenes).items():
        cube, labels = as_image(placed)
        components = FrozenEstimator(MinimumNoiseFraction().fit(open_scene(cube)))
        smoothing = ClassSmoothing.for_scene(cube, strength=0)
        for draw in range(arguments.draws):
            for size in SIZES:
                row = {"scene": name, "labels a class": size, "draw": draw}
                row |= measure(cube, labels, components, smoothing, size, draw)
                rows.append(row)
                print(row, flush=True)
    results = {"machine": describe_machine(), "skhyp": skhyp.__version__, "rows": rows}
    write_results(results, RESULTS / "smoothing", report(results))


def as_image(placed: PlacedPixels) -> tuple[np.ndarray, np.ndarray]:
    """Return a scene as one cube, with NaN where there is none, and the labels of its pixels."""
    tiles, rows = np.divmod(placed.positions[:, 0], TILE_DISTANCE)
    places = rows + tiles * (rows.max() + 1 + GAP), placed.positions[:, 1]
    shape = places[0].max() + 1, places[1].max() + 1
    cube = np.full((*shape, placed.X.shape[1]), np.nan, np.float32)
    cube[places] = placed.X
    labels = np.zeros(shape, np.int64)
    labels[places] = placed.y
    return cube, labels


def measure(
    cube: np.ndarray,
    labels: np.ndarray,
    components: FrozenEstimator,
    smoothing: ClassSmoothing,
    size: int,
    draw: int,
) -> dict[str, Any]:
    """Return the mean scores of both folds in %, by strength, and what was chosen."""
    places = np.argwhere(labels > 0)
    y = labels[tuple(places.T)]
    scores: dict[str, Any] = {measure: {} for measure in MEASURES}
    chosen, seconds = [], []
    folds = SpatialBlockKFold(
        2, block_size=12, guard=2, random_state=draw, missing_classes="ignore"
    )
    for train, test in folds.split(y, y, places):
        drawn = [
            np.random.default_rng(draw).permutation(train[y[train] == label])[:size]
            for label in np.unique(y[train])
        ]
        few = np.concatenate(drawn)
        X_few = cube[tuple(places[few].T)]
        make = make_pipeline(components, SpectralKernelClassifier())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rare classes in folds
            model = make.fit(X_few, y[few])
            begin = time.process_time()
            choice = choose_smoothing(
                model, cube, X_few, y[few], places[few], smoothing=smoothing, strengths=STRENGTHS
            )
        seconds.append(time.process_time() - begin)
        chosen.append(choice.smoothing.strength)
        for strength in STRENGTHS:
            found = apply(model, cube, smoothing=replace(smoothing, strength=strength))
            found = found[tuple(places[test].T)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # classes that are predicted and not tested
                for name, score in MEASURES.items():
                    value = 100 * float(score(y[test], found))
                    scores[name].setdefault(str(strength), []).append(value)
                    if strength == choice.smoothing.strength:
                        scores[name].setdefault("chosen", []).append(value)
    means = {
        name: {key: float(np.mean(values)) for key, values in by_strength.items()}
        for name, by_strength in scores.items()
    }
    return {**means, "chosen": chosen, "seconds to choose": float(np.mean(seconds))}


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown: accuracy without smoothing, and what it changes."""
    rows, machine = results["rows"], results["machine"]
    tried = [str(strength) for strength in STRENGTHS[1:]]
    n_draws = len({row["draw"] for row in rows})
    lines = [
        f"{machine['processor']}; skhyp {results['skhyp']}. Means over {n_draws} draws of two "
        "folds each, and what smoothing changes: at the chosen strength with the standard error "
        "over draws, and at each strength. Written by `benchmarks/smoothing.py`, which says what "
        "rows and columns are.",
    ]
    tasks = list(dict.fromkeys((row["scene"], row["labels a class"]) for row in rows))
    for name in MEASURES:
        heads = [f"{name} accuracy, %", "without", "chosen", *tried, "strengths chosen"]
        lines += ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for scene, size in tasks:
            of_task = [r for r in rows if (r["scene"], r["labels a class"]) == (scene, size)]
            without = np.array([row[name]["0"] for row in of_task])
            changes = {
                key: np.array([row[name][key] for row in of_task]) - without
                for key in ("chosen", *tried)
            }
            error = np.std(changes["chosen"], ddof=1) / np.sqrt(n_draws) if n_draws > 1 else 0
            cells = [f"{scene}, {size} a class", f"{without.mean():.1f}"]
            cells.append(f"{changes['chosen'].mean():+.1f} ± {error:.1f}")
            cells += [f"{changes[key].mean():+.1f}" for key in tried]
            chosen = sorted(strength for row in of_task for strength in row["chosen"])
            cells.append(", ".join(f"{strength:g}" for strength in chosen))
            lines.append(f"| {' | '.join(cells)} |")
    seconds = np.mean([row["seconds to choose"] for row in rows])
    lines += ["", f"Choosing took {seconds:.1f} s of one processor on average."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
