"""How good is the best map from few labels, with and without what the scene itself knows?

Methods get the same pixels of the same draws. *From spectra and labels alone*: the default
network, ``SpectralEnsembleClassifier()``, and the classical methods, each on standardised bands
and on those of standard normal variates: an RBF-SVM and a logistic regression tuned by
cross-validation, linear discriminant analysis with Ledoit-Wolf shrinkage, extremely randomised
trees. *With the scene's pixels, without their labels*: ``MinimumNoiseFraction`` of the whole scene
before ``SpectralKernelClassifier``, before a dense network, and
``SpectralEnsembleClassifier(components=)``. *Transductive*, by the graph of all pixels of the
scene, those of the test without their labels among them: ``SceneGraphClassifier``.

* random draws: 5, 10, 20 and 50 labels a class (half of its pixels for a class that has fewer than
  twice as many), all other labelled pixels are the test. Test pixels lie beside training pixels,
  and scores are flattered;
* blocks: both folds of ``SpatialBlockKFold(2, block_size=12, guard=2)``, another draw of blocks
  each time, of the training part 50 labels a class at most. The scores of both are averaged.

Run ``python benchmarks/few_labels.py --scenes FOLDER``. It writes
``benchmarks/results/few_labels.json`` and ``few_labels.md``; what is there already is kept, so that
a run that was ended goes on. Seconds are those of processors, in one thread.
"""

import os

# Read when libraries are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from accuracy import draw_pixels, shrinkage_lda, tuned_svm
from labelled_scenes import PlacedPixels, placed_scenes
from machine import describe_machine
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from speed_report import write_results

import skhyp
from skhyp import (
    HypPreprocessor,
    MinimumNoiseFraction,
    SceneGraphClassifier,
    SpectralCNNClassifier,
    SpectralEnsembleClassifier,
    SpectralKernelClassifier,
)
from skhyp.model_selection import SpatialBlockKFold

RESULTS = Path(__file__).parent / "results"
SIZES = (5, 10, 20, 50)
DRAWS = 10
BLOCK_SIZE, GUARD, MOST_IN_BLOCKS = 12, 2, 50
ALONE = ("skhyp, network", "skhyp, ensemble")
WITH_SCENE = ("skhyp, MNF and likeness", "skhyp, MNF and network", "skhyp, ensemble with MNF")
IN_SCENE = ("skhyp, scene graph",)
MEASURES = {
    "overall accuracy": accuracy_score,
    "average accuracy": balanced_accuracy_score,
    "kappa": cohen_kappa_score,
}

Parts = list[tuple[np.ndarray, np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("scenes"))
    parser.add_argument("--draws", type=int, default=DRAWS, help="number of draws")
    arguments = parser.parse_args()
    path = RESULTS / "few_labels.json"
    machine = describe_machine()
    results = json.loads(path.read_text()) if path.is_file() else {}
    if results.get("machine") != machine or results.get("skhyp") != skhyp.__version__:
        results = {"machine": machine, "skhyp": skhyp.__version__, "rows": []}
    scenes = placed_scenes(arguments.scenes)
    components = {name: components_of(scene) for name, scene in scenes.items()}
    for draw in range(arguments.draws):
        for name, scene in scenes.items():
            for task, parts in tasks(scene, draw):
                for method, make in methods(components[name]).items():
                    measure(results, path, f"{name}, {task}", method, draw, make, scene, parts)
    write_results(results, RESULTS / "few_labels", report(results))


def components_of(scene: PlacedPixels) -> FrozenEstimator:
    """Return the components of all pixels of a scene, labelled or not."""
    return FrozenEstimator(MinimumNoiseFraction().fit(scene.X, positions=scene.positions))


def tasks(scene: PlacedPixels, draw: int) -> Iterator[tuple[str, Parts]]:
    """Yield the name of each task, and its training and test pixels."""
    labelled = np.flatnonzero(scene.y)
    y = scene.y[labelled]
    for size in SIZES:
        is_train = draw_pixels(y, size, draw)
        yield f"{size} a class", [(labelled[is_train], labelled[~is_train])]
    folds = SpatialBlockKFold(
        2, block_size=BLOCK_SIZE, guard=GUARD, random_state=draw, missing_classes="ignore"
    )
    parts = []
    for train, test in folds.split(labelled, y, scene.positions[labelled]):
        # All of a class that has no more, as the rest of the scene is the test.
        few = np.concatenate(
            [
                np.random.default_rng(draw).permutation(train[y[train] == label])[:MOST_IN_BLOCKS]
                for label in np.unique(y[train])
            ]
        )
        parts.append((labelled[few], labelled[test]))
    yield "guarded blocks", parts


def methods(components: FrozenEstimator) -> dict[str, Callable[[int], Any]]:
    """Return the methods under test, each as a function of a seed."""
    made: dict[str, Callable[[int], Any]] = {
        "skhyp, network": lambda seed: SpectralCNNClassifier(random_state=seed),
        "skhyp, ensemble": lambda seed: SpectralEnsembleClassifier(random_state=seed),
        "skhyp, MNF and likeness": lambda _: make_pipeline(components, SpectralKernelClassifier()),
        "skhyp, MNF and network": lambda seed: make_pipeline(components, dense_network(seed)),
        "skhyp, ensemble with MNF": lambda seed: SpectralEnsembleClassifier(
            components=components, random_state=seed
        ),
    }
    made["skhyp, scene graph"] = lambda seed: SceneGraphClassifier(
        components=components, random_state=seed
    )
    for name, make in classical_methods().items():
        for scaling, first in {"": (), ", SNV": (HypPreprocessor(method="snv"),)}.items():
            made[name + scaling] = lambda seed, make=make, first=first: make_pipeline(
                *first, StandardScaler(), make(seed)
            )
    return made


def dense_network(seed: int) -> SpectralCNNClassifier:
    """Return a network for components, which have no neighbours to be convolved with."""
    return SpectralCNNClassifier(
        views=None,
        n_filters=(256,),
        kernel_sizes=20,
        strides=1,
        dense_layer_sizes=(128,),
        weight_decay=1.0,
        max_epochs=300,
        random_state=seed,
    )


def classical_methods() -> dict[str, Callable[[int], Any]]:
    """Return classifiers of scikit-learn, each as a function of a seed."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    penalties = {"C": [0.01, 0.1, 1, 10, 100]}
    return {
        "SVM": lambda _: tuned_svm(),
        "LDA": lambda _: shrinkage_lda(),
        "logistic": lambda _: GridSearchCV(LogisticRegression(max_iter=300), penalties, cv=folds),
        "trees": lambda seed: ExtraTreesClassifier(500, random_state=seed),
    }


def measure(
    results: dict[str, Any],
    path: Path,
    task: str,
    method: str,
    draw: int,
    make: Callable[[int], Any],
    scene: PlacedPixels,
    parts: Parts,
) -> None:
    """Fit a method to each part and keep its mean scores, unless that was done before."""
    if any((r["task"], r["method"], r["draw"]) == (task, method, draw) for r in results["rows"]):
        return
    row: dict[str, Any] = {"task": task, "method": method, "draw": draw}
    scores: dict[str, list[float]] = {name: [] for name in MEASURES}
    seconds: dict[str, list[float]] = {"fit seconds": [], "predict seconds": []}
    for train, test in parts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rare classes in folds, iterations at their limit
            begin = time.process_time()
            model = make(draw)
            if isinstance(model, SceneGraphClassifier):
                model.fit(scene.cube, scene.y[train], scene.positions[train])
                fitted = time.process_time()
                predicted = model.map_[tuple(scene.positions[test].T)]
            else:
                model.fit(scene.X[train], scene.y[train])
                fitted = time.process_time()
                predicted = model.predict(scene.X[test])
            seconds["fit seconds"].append(fitted - begin)
            seconds["predict seconds"].append(time.process_time() - fitted)
            for name, score in MEASURES.items():
                scores[name].append(100 * float(score(scene.y[test], predicted)))
    row |= {name: float(np.mean(values)) for name, values in (scores | seconds).items()}
    results["rows"].append(row)
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{task}, draw {draw}, {method}: {row['overall accuracy']:.1f} %", flush=True)


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown: scores, differences from the best classical, seconds."""
    rows = results["rows"]
    names = list(dict.fromkeys(row["task"] for row in rows))
    classical = [f"{name}{end}" for name in classical_methods() for end in ("", ", SNV")]
    ours = [*ALONE, *WITH_SCENE, *IN_SCENE]
    order = [*ours, *classical]
    machine = results["machine"]
    n_draws = len({row["draw"] for row in rows})
    lines = [
        f"{machine['processor']}; skhyp {results['skhyp']}, scikit-learn {sklearn.__version__}. "
        f"Means over {n_draws} draws; the best of each row in bold. Written by "
        "`benchmarks/few_labels.py`, which says what rows and columns are.",
    ]
    for name in MEASURES:
        lines += ["", f"| {name}, {'x 100' if name == 'kappa' else '%'} | {' | '.join(order)} |"]
        lines.append("|---" * (len(order) + 1) + "|")
        for task in names:
            means = [np.mean(list(of_draws(rows, task, method, name).values())) for method in order]
            best = round(float(max(means)), 1)
            cells = [f"{v:.1f}" if round(float(v), 1) < best else f"**{v:.1f}**" for v in means]
            lines.append(f"| {task} | {' | '.join(cells)} |")
    lines += ["", "Overall accuracy beside the best single classical method of the row: mean of "]
    lines[-1] += "the differences on the same draws, and its standard error."
    lines += ["", f"| | best classical | {' | '.join(ours)} |", "|---" * (len(ours) + 2) + "|"]
    for task in names:
        best_name, best_values = max(
            ((name, of_draws(rows, task, name, "overall accuracy")) for name in classical),
            key=lambda pair: np.mean(list(pair[1].values())),
        )
        cells = []
        for method in ours:
            values = of_draws(rows, task, method, "overall accuracy")
            differences = [values[draw] - best_values[draw] for draw in values]
            error = np.std(differences, ddof=1) / np.sqrt(len(differences)) if n_draws > 1 else 0
            cells.append(f"{np.mean(differences):+.1f} ± {error:.1f}")
        lines.append(f"| {task} | {best_name} | {' | '.join(cells)} |")
    lines += ["", "Seconds of one processor to fit, choices included, and to predict the test "]
    lines[-1] += "pixels (medians over draws and rows); of the scene graph all pixels, within fit:"
    lines += ["", "| | fit | predict |", "|---|---|---|"]
    for method in order:
        medians = [
            np.median([row[name] for row in rows if row["method"] == method])
            for name in ("fit seconds", "predict seconds")
        ]
        lines.append(f"| {method} | {medians[0]:.1f} | {medians[1]:.2f} |")
    return "\n".join(lines) + "\n"


def of_draws(rows: list[dict[str, Any]], task: str, method: str, name: str) -> dict[int, float]:
    """Return a measure by draw."""
    return {r["draw"]: r[name] for r in rows if (r["task"], r["method"]) == (task, method)}


if __name__ == "__main__":
    main()
