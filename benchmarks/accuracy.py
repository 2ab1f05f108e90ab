"""How accurate is the default classifier beside classical methods, on three scenes?

Every method gets the same pixels of the same draws: ``Pipeline(HypPreprocessor(),
SpectralCNNClassifier())`` with default parameters, an RBF-SVM tuned by cross-validation inside the
training pixels, and linear discriminant analysis with Ledoit-Wolf shrinkage, the last two on bands
standardised over the training pixels, with and without a standard normal variate before. No method
sees where a pixel lies.

* random draws: 10 and 50 labels a class (half of its pixels for a class that has fewer than twice
  as many), all other labelled pixels are the test;
* ``disjoint``: the published split of Indian Pines, with the network's seed as the draw.

Run ``python benchmarks/accuracy.py --scenes FOLDER``; the folder holds the scenes that cannot be
shipped (``jasper_ridge``, ``enmap_potsdam``), and those not found are left out. It writes
``benchmarks/results/accuracy.json`` and ``accuracy.md``. With ``--validate`` it scores candidates
for the defaults instead, by folds inside the training pixels of other draws, and writes
``accuracy_validation.json`` and ``.md``: this is how the defaults were chosen.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sklearn
from labelled_scenes import enmap_potsdam, jasper_ridge
from scipy.ndimage import label as connected_components
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from speed_report import write_results

import skhyp
from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines

RESULTS = Path(__file__).parent / "results"
SIZES = (10, 50)
TEST_DRAWS = range(10)
VALIDATION_DRAWS = range(100, 105)
MEASURES = {"overall accuracy": "%", "average accuracy": "%", "kappa": "x 100"}

Draw = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("scenes"))
    parser.add_argument("--validate", action="store_true", help="score candidates for defaults")
    parser.add_argument("--draws", type=int, default=len(TEST_DRAWS), help="number of draws")
    arguments = parser.parse_args()
    scenes = labelled_scenes(arguments.scenes)
    if arguments.validate:
        tasks, methods, name = validation_tasks(scenes), candidates(), "accuracy_validation"
    else:
        tasks, methods, name = test_tasks(scenes, arguments.draws), contenders(), "accuracy"
    write(compare(tasks, methods), name)


def labelled_scenes(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return spectra and labels of each scene that is there."""
    scenes = {"Indian Pines": load_indian_pines(return_X_y=True)}
    for name, load in {"Jasper Ridge": jasper_ridge, "EnMAP Potsdam": enmap_potsdam}.items():
        try:
            scenes[name] = load(folder)
        except (FileNotFoundError, ImportError) as error:
            print(f"{name} is left out: {error}")
    return scenes


def contenders() -> dict:
    """Return the methods under test, each as a function of a seed."""
    return {
        "skhyp, defaults": lambda seed: make_pipeline(
            HypPreprocessor(), SpectralCNNClassifier(random_state=seed)
        ),
        "SVM": lambda seed: make_pipeline(StandardScaler(), tuned_svm()),
        "SVM, SNV": lambda seed: make_pipeline(
            HypPreprocessor(method="snv"), StandardScaler(), tuned_svm()
        ),
        "LDA": lambda seed: make_pipeline(StandardScaler(), shrinkage_lda()),
        "LDA, SNV": lambda seed: make_pipeline(
            HypPreprocessor(method="snv"), StandardScaler(), shrinkage_lda()
        ),
    }


def candidates() -> dict:
    """Return variants of the classifier among which the defaults were chosen, and baselines."""

    def network(**parameters):
        return lambda seed: make_pipeline(
            HypPreprocessor(), SpectralCNNClassifier(random_state=seed, **parameters)
        )

    return {
        "whitening 0.5": network(whitening=0.5),
        "whitening 0.75": network(whitening=0.75),
        "whitening 1": network(whitening=1.0),
        "no whitened view": network(views=("snv", "bands")),
        "no bands view": network(views=("snv", "whitened")),
        "no hidden layer": network(dense_layer_sizes=()),
        **{name: make for name, make in contenders().items() if not name.startswith("skhyp")},
    }


def tuned_svm() -> GridSearchCV:
    # gamma="scale" is 1 / n_bands on standardised bands; the grid lies around it.
    grid = {"C": [1, 10, 100, 1000], "gamma": [0.0003, 0.001, 0.003, 0.01]}
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(SVC(), grid, cv=folds, n_jobs=-1)


def shrinkage_lda() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def test_tasks(scenes: dict, n_draws: int) -> Iterator[tuple[str, int, Draw]]:
    """Yield the name of the task, the seed, and training and test pixels."""
    for name, (X, y) in scenes.items():
        for size in SIZES:
            for seed in range(n_draws):
                train = draw_pixels(y, size, seed)
                yield f"{name}, {size} a class", seed, (X[train], y[train], X[~train], y[~train])
    scene = load_indian_pines()
    X, y, train = scene.data, scene.target, scene.train
    for seed in range(n_draws):
        yield "Indian Pines, disjoint", seed, (X[train], y[train], X[~train], y[~train])


def validation_tasks(scenes: dict) -> Iterator[tuple[str, int, Draw]]:
    """Yield splits of the training pixels of draws that the test does not use.

    Of 50 drawn pixels a class, 10 or 40 train and the others validate. All other pixels of these
    draws are never looked at.
    """
    for name, (X, y) in scenes.items():
        for seed in VALIDATION_DRAWS:
            drawn = draw_pixels(y, 50, seed)
            X_drawn, y_drawn = X[drawn], y[drawn]
            for repeat in range(2):
                few = draw_pixels(y_drawn, 10, 1000 * seed + repeat)
                many = np.zeros_like(few)
                folds = StratifiedKFold(5, shuffle=True, random_state=1000 * seed + repeat)
                many[next(folds.split(X_drawn, y_drawn))[0]] = True
                for size, is_train in ((10, few), (40, many)):
                    yield (
                        f"{name}, {size} a class",
                        seed,
                        (
                            X_drawn[is_train],
                            y_drawn[is_train],
                            X_drawn[~is_train],
                            y_drawn[~is_train],
                        ),
                    )
    scene = load_indian_pines()
    for seed in range(2):
        # As the published split halves the fields, halve their training halves once more.
        is_train = halves_of_fields(np.where(scene.train_mask, scene.labels, 0), seed)
        is_train = is_train[tuple(scene.positions[scene.train].T)]
        X, y = scene.data[scene.train], scene.target[scene.train]
        task = "Indian Pines, halves of training fields"
        yield task, seed, (X[is_train], y[is_train], X[~is_train], y[~is_train])


def halves_of_fields(labels: np.ndarray, first: int) -> np.ndarray:
    """Return a mask of one half of every connected field, cut across its longer side."""
    is_chosen = np.zeros(labels.shape, dtype=bool)
    for label in np.unique(labels[labels > 0]):
        fields, n_fields = connected_components(labels == label)
        for field in range(1, n_fields + 1):
            rows, columns = np.nonzero(fields == field)
            along = rows if np.ptp(rows) > np.ptp(columns) else columns
            chosen = (along <= np.median(along)) == (first == 0)
            is_chosen[rows[chosen], columns[chosen]] = True
    return is_chosen


def draw_pixels(y: np.ndarray, n_per_class: int, seed: int) -> np.ndarray:
    """Return a mask of random pixels, as many of each class, or half of a small class."""
    rng = np.random.default_rng(seed)
    is_drawn = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        pixels = rng.permutation(np.flatnonzero(y == label))
        is_drawn[pixels[: n_per_class if len(pixels) >= 2 * n_per_class else len(pixels) // 2]] = 1
    return is_drawn


def compare(tasks: Iterator[tuple[str, int, Draw]], methods: dict) -> list[dict]:
    """Return one record for each method on each draw; methods take turns on the same pixels."""
    records = []
    fitted_once: dict[tuple, dict] = {}
    for task, seed, (X_train, y_train, X_test, y_test) in tasks:
        for method, make in methods.items():
            # On the one disjoint split only the networks differ from seed to seed.
            once = (task, method) if "disjoint" in task and "skhyp" not in method else None
            if once in fitted_once:
                records.append({**fitted_once[once], "seed": seed})
                continue
            started = time.perf_counter()
            with warnings.catch_warnings():
                # A class may have fewer pixels than the tuning has folds.
                warnings.filterwarnings("ignore", "The least populated class")
                model = make(seed).fit(X_train, y_train)
            seconds = time.perf_counter() - started
            y_predicted = model.predict(X_test)
            record = {
                "task": task,
                "method": method,
                "seed": seed,
                "overall accuracy": accuracy_score(y_test, y_predicted),
                "average accuracy": balanced_accuracy_score(y_test, y_predicted),
                "kappa": cohen_kappa_score(y_test, y_predicted),
                "fit seconds": seconds,
            }
            records.append(record)
            if once:
                fitted_once[once] = record
            print(
                f"{task}, draw {seed}, {method}: {100 * record['overall accuracy']:.1f} %, "
                f"{seconds:.1f} s",
                flush=True,
            )
    return records


def write(records: list[dict], name: str) -> None:
    """Write the records, and a table of means and standard deviations for each measure."""
    versions = {package.__name__: package.__version__ for package in (skhyp, sklearn, np)}
    tasks = list(dict.fromkeys(record["task"] for record in records))
    methods = list(dict.fromkeys(record["method"] for record in records))
    lines = [
        "Mean ± standard deviation over the draws, the best mean of each row in bold; written by",
        "`benchmarks/accuracy.py`, which says what the rows and columns are.",
    ]
    for measure, unit in MEASURES.items():
        lines += ["", f"| {measure}, {unit} | {' | '.join(methods)} |"]
        lines.append("|---" * (len(methods) + 1) + "|")
        lines += [row(records, task, methods, measure) for task in tasks]
        if measure == "overall accuracy":
            margins = [
                f"{least_margin(records, tasks, method, methods):+.1f}" for method in methods
            ]
            lines.append(f"| least margin over the best SVM or LDA | {' | '.join(margins)} |")
    content = {"versions": versions, "records": records}
    write_results(content, RESULTS / name, "\n".join(lines) + "\n")


def least_margin(records: list[dict], tasks: list[str], method: str, methods: list[str]) -> float:
    """Return by how many points of overall accuracy a method leads where it leads least."""
    classical = [name for name in methods if name.startswith(("SVM", "LDA"))] or methods

    def mean(task: str, name: str) -> float:
        chosen = [r for r in records if (r["task"], r["method"]) == (task, name)]
        return 100 * float(np.mean([record["overall accuracy"] for record in chosen]))

    return min(mean(task, method) - max(mean(task, name) for name in classical) for task in tasks)


def row(records: list[dict], task: str, methods: list[str], measure: str) -> str:
    """Return a row of a table: a measure of each method on one task."""
    values = [
        100 * np.array([r[measure] for r in records if (r["task"], r["method"]) == (task, method)])
        for method in methods
    ]
    best = max(round(float(v.mean()), 1) for v in values)
    cells = [f"{v.mean():.1f} ± {v.std():.1f}" for v in values]
    cells = [
        f"**{cell}**" if round(float(v.mean()), 1) == best else cell
        for cell, v in zip(cells, values, strict=True)
    ]
    return f"| {task} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
