"""What does inference in bfloat16 gain, and what does it cost in exactness?

``python benchmarks/precision.py`` trains the default classifier on 50 labels a class of Indian
Pines, and both autoencoders on all of it, from five seeds. Each is then applied in float32 and
with ``inference_dtype="bfloat16"``, in turns, to the scene repeated ten times, and what differs is
reported as the median over the seeds [least to most]:

* speed: seconds in float32 over seconds in bfloat16;
* classifier: the share of labels that change, the accuracy before and after, and the largest
  change of a probability;
* autoencoders: the root mean square change of the codes over their standard deviation, and the
  mean spectral angle (degrees) between the two reconstructions, beside that between a spectrum
  and its reconstruction in float32.

It writes ``benchmarks/results/precision.json`` and ``precision.md``.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import describe_machine
from speed_report import write_results

from skhyp import SpectralAutoencoder, SpectralCNNClassifier, metrics
from skhyp.datasets import load_indian_pines

RESULTS = Path(__file__).resolve().parent / "results"
SEEDS = range(5)
LABELS_A_CLASS = 50
N_REPEATS, N_TILES = 5, 10


def main() -> None:
    X, y = load_indian_pines(return_X_y=True)
    X, y = X[y > 0], y[y > 0]
    records = [
        {"model": name, "seed": seed}
        | {figure: float(value) for figure, value in compare(X, y, seed).items()}
        for name, compare in MODELS.items()
        for seed in SEEDS
    ]
    write({"machine": describe_machine(), "records": records})


def classifier(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    training = np.concatenate([_draw(np.flatnonzero(y == label), rng) for label in np.unique(y)])
    test = np.setdiff1d(np.arange(len(y)), training)
    model = SpectralCNNClassifier(random_state=seed).fit(X[training], y[training])
    speed, exact, reduced = in_both(model, model.predict_proba, X)
    labels, its_labels = (model.classes_[P.argmax(axis=1)] for P in (exact, reduced))
    return {
        "speed": speed,
        "labels changed (%)": 100 * np.mean(labels != its_labels),
        "accuracy, float32 (%)": 100 * np.mean(labels[test] == y[test]),
        "accuracy, bfloat16 (%)": 100 * np.mean(its_labels[test] == y[test]),
        "largest change of a probability": np.abs(exact - reduced).max(),
    }


def autoencoder(X: np.ndarray, architecture: str, seed: int) -> dict[str, float]:
    epochs = {"dense": "auto", "conv": 5}[architecture]
    model = SpectralAutoencoder(architecture=architecture, max_epochs=epochs, random_state=seed)
    model.fit(X)
    speed, codes, its_codes = in_both(model, model.transform, X)
    _, spectra, its_spectra = in_both(model, model.reconstruct, X)
    return {
        "speed": speed,
        "change of the codes / their deviation": np.sqrt(
            np.mean((codes - its_codes) ** 2 / codes.var(axis=0))
        ),
        "angle between reconstructions (degrees)": _mean_angle(spectra, its_spectra),
        "angle to the spectrum, float32 (degrees)": _mean_angle(X, spectra),
    }


MODELS: dict[str, Callable[[np.ndarray, np.ndarray, int], dict[str, float]]] = {
    "classifier, default": classifier,
    "autoencoder, dense": lambda X, y, seed: autoencoder(X, "dense", seed),
    "autoencoder, conv": lambda X, y, seed: autoencoder(X, "conv", seed),
}


def in_both(
    model, function: Callable[[np.ndarray], np.ndarray], X: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the median ratio of the seconds in float32 and bfloat16, and both results."""
    scene = np.tile(X, (N_TILES, 1))
    results, seconds = {}, {None: [], "bfloat16": []}
    for dtype in seconds:
        results[dtype] = function_in(model, function, dtype, X)
        function_in(model, function, dtype, scene)  # traced before it is timed
    for _ in range(N_REPEATS):
        for dtype, measured in seconds.items():
            started = time.perf_counter()
            function_in(model, function, dtype, scene)
            measured.append(time.perf_counter() - started)
    ratios = np.divide(seconds[None], seconds["bfloat16"])
    return float(np.median(ratios)), results[None], results["bfloat16"]


def function_in(model, function, dtype: str | None, X: np.ndarray) -> np.ndarray:
    model.set_params(inference_dtype=dtype)
    return function(X)


def write(content: dict) -> None:
    """Write every figure, and a table of medians over the seeds."""
    lines = [
        "Inference in bfloat16 beside float32: medians over five seeds [least to most]; written by",
        "`benchmarks/precision.py`, which says what the figures are.",
        "",
        f"{content['machine']['processor']}, {content['machine']['cores']} cores.",
        "",
        "| model | figure | |",
        "|---|---|---|",
    ]
    for model in MODELS:
        records = [record for record in content["records"] if record["model"] == model]
        for figure in [name for name in records[0] if name not in ("model", "seed")]:
            values = [record[figure] for record in records]
            median, least, most = np.median(values), min(values), max(values)
            lines.append(f"| {model} | {figure} | {median:.3g} [{least:.3g} to {most:.3g}] |")
    write_results(content, RESULTS / "precision", "\n".join(lines) + "\n")


def _draw(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(pixels, min(LABELS_A_CLASS, len(pixels) // 2), replace=False)


def _mean_angle(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.degrees(metrics.spectral_angle(X, Y).mean()))


if __name__ == "__main__":
    main()
