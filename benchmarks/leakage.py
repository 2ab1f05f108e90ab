"""How much does accuracy depend on where the test pixels lie?

``python benchmarks/leakage.py`` trains the default classifier, and discriminant analysis on snv
spectra, on 50 labels a class of Indian Pines that are drawn from the training side of

* a random split (a fifth is tested),
* blocks of 5 and of 10 pixels, without a guard and with one of 2 pixels (a fold in five is tested),
* the published disjoint split,
* whole fields (a fold in three is tested, of the classes that have three fields or more), and a
  random split of the same classes,

and tests them on the test side, from five seeds. A class that has no pixel on one of the sides is
left out of that seed's test. Reported are the mean and the least and largest of overall accuracy
and of the mean recall of the classes, and the share of test pixels that touch a training pixel,
of those that were drawn and of the whole training side.

It writes ``benchmarks/results/leakage.json`` and ``leakage.md``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import describe_machine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from speed_report import digits, write_results

from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import (
    SpatialBlockKFold,
    field_numbers,
    leakage_report,
    stratified_pixel_sample,
)

RESULTS = Path(__file__).resolve().parent / "results"
SEEDS = range(5)
LABELS_A_CLASS = 50
MODELS: dict[str, Callable] = {
    "classifier": lambda seed: SpectralCNNClassifier(random_state=seed),
    "snv, discriminant analysis": lambda seed: make_pipeline(
        HypPreprocessor(method="snv"),
        LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
    ),
}


def splits(scene, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return training and test pixels of each split."""
    y, positions = scene.target, scene.positions
    found = {
        "random": _first(StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y)),
    }
    for block_size in (5, 10):
        for guard in (0, 2):
            folds = SpatialBlockKFold(
                5,
                block_size=block_size,
                guard=guard,
                missing_classes="ignore",
                random_state=seed,
            )
            name = f"blocks of {block_size}, guard {guard}"
            found[name] = _first(folds.split(y, y, positions))
    found["published, disjoint"] = np.flatnonzero(scene.train), np.flatnonzero(scene.test)
    fields = field_numbers(positions, y)
    several = [label for label in np.unique(y) if len(np.unique(fields[y == label])) >= 3]
    members = np.flatnonzero(np.isin(y, several))
    whole = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    at_random = StratifiedKFold(3, shuffle=True, random_state=seed)
    train, test = _first(at_random.split(members, y[members]))
    found["random, of classes with three fields"] = members[train], members[test]
    train, test = _first(whole.split(members, y[members], fields[members]))
    found["whole fields"] = members[train], members[test]
    return found


def _first(folds) -> tuple[np.ndarray, np.ndarray]:
    return next(iter(folds))


def main() -> None:
    scene = load_indian_pines()
    X, y = scene.data, scene.target
    records = []
    for seed in SEEDS:
        for name, (train, test) in splits(scene, seed).items():
            drawn = train[
                stratified_pixel_sample(y[train], LABELS_A_CLASS, max_share=1, random_state=seed)
            ]
            test = test[np.isin(y[test], y[drawn])]
            near = {
                "touch a drawn one": leakage_report(drawn, test, scene.positions).shares[1],
                "touch the training side": leakage_report(train, test, scene.positions).shares[1],
            }
            for model_name, make in MODELS.items():
                predicted = make(seed).fit(X[drawn], y[drawn]).predict(X[test])
                record = {
                    "split": name,
                    "model": model_name,
                    "seed": seed,
                    "classes": len(np.unique(y[test])),
                    "accuracy": accuracy_score(y[test], predicted),
                    "mean recall": balanced_accuracy_score(y[test], predicted),
                    **near,
                }
                records.append(record)
                print(record, flush=True)
    write({"machine": describe_machine(), "records": records})


def write(content: dict) -> None:
    """Write the records and the table."""
    records = content["records"]
    lines = [
        f"{LABELS_A_CLASS} labels a class of Indian Pines, {len(SEEDS)} seeds: mean [least to "
        "most], in per cent. What is measured says `benchmarks/leakage.py`, which wrote this.",
        "",
        "| split | model | classes | overall accuracy | mean recall | tested next to a drawn pixel "
        "| next to the training side |",
        "|---|---|---|---|---|---|---|",
    ]
    for split in dict.fromkeys(r["split"] for r in records):
        for model in dict.fromkeys(r["model"] for r in records):
            of_both = [r for r in records if (r["split"], r["model"]) == (split, model)]
            classes = sorted({r["classes"] for r in of_both})
            counted = f"{classes[0]}" if len(classes) == 1 else f"{classes[0]} to {classes[-1]}"
            cells = [
                _percent([r[name] for r in of_both])
                for name in (
                    "accuracy",
                    "mean recall",
                    "touch a drawn one",
                    "touch the training side",
                )
            ]
            lines.append(f"| {split} | {model} | {counted} | {' | '.join(cells)} |")
    write_results(content, RESULTS / "leakage", "\n".join(lines) + "\n")


def _percent(values: list[float]) -> str:
    mean, low, high = (digits(100 * v) for v in (np.mean(values), min(values), max(values)))
    return mean if low == high else f"{mean} [{low} to {high}]"


if __name__ == "__main__":
    main()
