"""How well are materials known in half light and in shadow, by what was trained in full light?

Methods get the same few labels a class, in full light, and label all other pixels three times: as
they are, in half light (a low sun on slopes) and in shadow (the sky alone). Other light is
simulated, as no scene here has each pixel in both: spectra are multiplied by what the formula of
``skhyp.light.Relighting`` says, but with skylight of *other families* than those that it draws in
training: half of the spectra have a power law of the wavelength (exponents 1.5 to 3.5), the other
half a black sky of 10,000 to 25,000 K over a sun of 5,800 K. Noise is that of full light, scaled
with it: real shadows are noisier.

* *skhyp, network*, and *with relighting*: ``SpectralCNNClassifier(augmentation=Relighting())``;
* *SNV, network*: the default network after ``HypPreprocessor(method="snv")``, which only takes the
  brightness away;
* linear discriminant analysis with Ledoit-Wolf shrinkage and a tuned RBF-SVM, both on standard
  normal variates, without and *with relit spectra* from ``Relighting.fit_resample``, as many again;
* *codes*: 5 nearest neighbours on the standardised codes of ``SpectralAutoencoder``, which sees all
  pixels without labels: the default one, one of ``scale_input="spectrum"``, and the latter *with
  relighting*. The drift of codes is the mean distance between a pixel's code in shadow and its own
  in full light, over the mean distance between the means of classes.

The setting of relighting (its defaults) was chosen within the training parts, see the guide. Of
Indian Pines the offset of 1000 of its digital numbers is taken off, so that they are radiance.

Run ``python benchmarks/light.py --scenes FOLDER``. It writes ``benchmarks/results/light.json`` and
``light.md``; what is there already is kept, so that a run that was ended goes on. Seconds are those
of processors, in one thread.
"""

import os

# Read when libraries are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from accuracy import draw_pixels, shrinkage_lda, tuned_svm
from labelled_scenes import NODATA
from machine import describe_machine
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from speed_report import write_results

import skhyp
from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.light import Relighting
from skhyp.scenes import open_scene
from skhyp.spectra import Spectra

RESULTS = Path(__file__).parent / "results"
SIZES = (10, 50)
DRAWS = 10
INDIAN_PINES_OFFSET = 1000
# From where to where sunlight and sky view go.
LIGHTS: dict[str, tuple[tuple[float, float], tuple[float, float]] | None] = {
    "full light": None,
    "half light": ((0.1, 0.6), (0.3, 0.9)),
    "shadow": ((0.0, 0.0), (0.3, 1.0)),
}
NETWORKS = ("skhyp, network", "skhyp, network with relighting", "SNV, network")
CLASSICAL = ("LDA", "LDA with relit spectra", "SVM", "SVM with relit spectra")
CODES = ("codes", "codes, spectrum's own scale", "codes with relighting")


class LitPixels(NamedTuple):
    """Labelled pixels in full light, and their wavelengths."""

    X: Spectra
    y: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("scenes"))
    parser.add_argument("--draws", type=int, default=DRAWS, help="number of draws")
    arguments = parser.parse_args()
    path = RESULTS / "light.json"
    machine = describe_machine()
    results = json.loads(path.read_text()) if path.is_file() else {}
    if results.get("machine") != machine or results.get("skhyp") != skhyp.__version__:
        results = {"machine": machine, "skhyp": skhyp.__version__, "rows": []}
    scenes = lit_scenes(arguments.scenes)
    for draw in range(arguments.draws):
        for name, scene in scenes.items():
            lights = {light: in_light(scene.X, light, seed=draw) for light in LIGHTS}
            measure_codes(results, path, name, draw, scene, lights)
            for size in SIZES:
                is_train = draw_pixels(scene.y, size, draw)
                for method, make in methods().items():
                    task = f"{name}, {size} a class"
                    measure(results, path, task, method, draw, make, scene, lights, is_train)
        write_results(results, RESULTS / "light", report(results))


def lit_scenes(folder: Path) -> dict[str, LitPixels]:
    """Return the labelled pixels of the scenes that are there."""
    scene = load_indian_pines()
    labels = scene.labels.ravel()
    radiance = np.asarray(scene.cube, np.float32).reshape(len(labels), -1) - INDIAN_PINES_OFFSET
    pixels = Spectra(radiance[labels > 0], scene.wavelengths)
    scenes = {"Indian Pines": LitPixels(pixels, labels[labels > 0])}
    images = sorted((folder / "enmap_potsdam" / "images").glob("*.tif"))
    if not images:
        print(f"EnMAP Potsdam is left out: no GeoTIFF files in {folder / 'enmap_potsdam/images'}")
        return scenes
    tiles = [open_scene(path) for path in images]
    X = np.concatenate([np.asarray(tile).reshape(-1, tile.shape[2]) for tile in tiles])
    reference = [open_scene(path.parents[1] / "labels" / path.name) for path in images]
    y = np.concatenate([np.asarray(each)[..., 0].ravel() for each in reference]).astype(np.int64)
    has_band = ~np.all(X == NODATA, axis=0)
    is_used = np.all(X[:, has_band] != NODATA, axis=1) & (y > 0)
    wavelengths = tiles[0].wavelengths
    assert wavelengths is not None
    pixels = Spectra(X[is_used][:, has_band].astype(np.float32), wavelengths[has_band])
    return scenes | {"EnMAP Potsdam": LitPixels(pixels, y[is_used])}


def in_light(X: Spectra, light: str, *, seed: int) -> Spectra:
    """Return each spectrum in a light of its own, of families that no training draws."""
    ranges = LIGHTS[light]
    wavelengths = X.wavelengths
    if ranges is None:
        return X
    rng = np.random.default_rng((seed, 97))
    relative = wavelengths / 550
    power_law = relative ** -rng.uniform(1.5, 3.5, (len(X), 1))
    black_sky = planck(wavelengths, rng.uniform(10_000, 25_000, (len(X), 1)))
    black_sky = black_sky / planck(wavelengths, 5_800)
    at_550 = planck(np.array([550.0]), 5_800)
    black_sky *= at_550 / planck(np.array([550.0]), rng.uniform(10_000, 25_000, (len(X), 1)))
    shape = np.where(rng.uniform(size=(len(X), 1)) < 0.5, power_law, black_sky)
    rho = rng.uniform(0.1, 0.4, (len(X), 1)) * shape
    sun, sky = (rng.uniform(*each, (len(X), 1)) for each in ranges)
    factors = (sun + sky * rho) / (1 + rho)
    return Spectra((np.asarray(X) * factors).astype(np.float32), wavelengths)


def planck(wavelengths: np.ndarray, kelvin: Any) -> np.ndarray:
    """Return the radiance of a black body, up to a constant factor."""
    metres = wavelengths * 1e-9
    return metres**-5 / np.expm1(0.014387769 / (metres * kelvin))


class _OnRelitSpectra:
    """A classifier of scikit-learn that is fitted to spectra in full light and to relit ones."""

    def __init__(self, model: Any, seed: int):
        self.model = model
        self.relighting = Relighting(n_copies=1, random_state=seed)

    def fit(self, X: Spectra, y: np.ndarray) -> "_OnRelitSpectra":
        self.model.fit(*self.relighting.fit_resample(X, y))
        return self

    def predict(self, X: Spectra) -> np.ndarray:
        return self.model.predict(X)


def methods() -> dict[str, Callable[[int], Any]]:
    """Return the methods that learn from labels, each as a function of a seed."""

    def on_snv(model: Any) -> Any:
        return make_pipeline(HypPreprocessor(method="snv"), StandardScaler(), model)

    def svm() -> Any:
        return tuned_svm().set_params(n_jobs=1)

    return {
        "skhyp, network": lambda seed: SpectralCNNClassifier(random_state=seed),
        "skhyp, network with relighting": lambda seed: SpectralCNNClassifier(
            augmentation=Relighting(), random_state=seed
        ),
        "SNV, network": lambda seed: make_pipeline(
            HypPreprocessor(method="snv"), SpectralCNNClassifier(random_state=seed)
        ),
        "LDA": lambda _: on_snv(shrinkage_lda()),
        "LDA with relit spectra": lambda seed: _OnRelitSpectra(on_snv(shrinkage_lda()), seed),
        "SVM": lambda _: on_snv(svm()),
        "SVM with relit spectra": lambda seed: _OnRelitSpectra(on_snv(svm()), seed),
    }


def autoencoders(seed: int) -> dict[str, SpectralAutoencoder]:
    """Return the autoencoders whose codes are compared."""
    own = {"scale_input": "spectrum", "random_state": seed}
    return {
        "codes": SpectralAutoencoder(random_state=seed),
        "codes, spectrum's own scale": SpectralAutoencoder(**own),
        "codes with relighting": SpectralAutoencoder(
            augmentation=Relighting(share=0.8, shadow=0.5, weight=1.0), **own
        ),
    }


def is_there(results: dict[str, Any], task: str, method: str, draw: int) -> bool:
    """Return whether a row was measured before."""
    return any((r["task"], r["method"], r["draw"]) == (task, method, draw) for r in results["rows"])


def measure(
    results: dict[str, Any],
    path: Path,
    task: str,
    method: str,
    draw: int,
    make: Callable[[int], Any],
    scene: LitPixels,
    lights: dict[str, Spectra],
    is_train: np.ndarray,
) -> None:
    """Fit a method in full light and keep its scores in each light, unless that was done."""
    if is_there(results, task, method, draw):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare classes in folds
        if not any(row["method"] == method for row in results["rows"]):
            make(draw).fit(scene.X[is_train], scene.y[is_train])  # compiles, which is not timed
        begin = time.process_time()
        model = make(draw).fit(scene.X[is_train], scene.y[is_train])
        seconds = time.process_time() - begin
        scores = {
            light: 100 * float(np.mean(model.predict(X[~is_train]) == scene.y[~is_train]))
            for light, X in lights.items()
        }
    keep(results, path, {"task": task, "method": method, "draw": draw, "fit": seconds} | scores)


def measure_codes(
    results: dict[str, Any],
    path: Path,
    name: str,
    draw: int,
    scene: LitPixels,
    lights: dict[str, Spectra],
) -> None:
    """Fit each autoencoder and keep the scores of its codes' neighbours, and their drift."""
    tasks = {size: f"{name}, {size} a class" for size in SIZES}
    for method, model in autoencoders(draw).items():
        if all(is_there(results, task, method, draw) for task in tasks.values()):
            continue
        begin = time.process_time()
        model.fit(scene.X)
        seconds = time.process_time() - begin
        codes = {light: model.transform(X) for light, X in lights.items()}
        scaler = StandardScaler().fit(codes["full light"])
        codes = {light: scaler.transform(values) for light, values in codes.items()}
        moved = np.linalg.norm(codes["shadow"] - codes["full light"], axis=1).mean()
        drift = float(moved / distance_of_classes(codes["full light"], scene.y))
        for size, task in tasks.items():
            is_train = draw_pixels(scene.y, size, draw)
            neighbours = KNeighborsClassifier(5)
            neighbours.fit(codes["full light"][is_train], scene.y[is_train])
            scores = {
                light: 100 * float(neighbours.score(values[~is_train], scene.y[~is_train]))
                for light, values in codes.items()
            }
            row = {"task": task, "method": method, "draw": draw, "fit": seconds, "drift": drift}
            keep(results, path, row | scores)


def distance_of_classes(codes: np.ndarray, y: np.ndarray) -> float:
    """Return the mean distance between the means of classes."""
    means = np.stack([codes[y == label].mean(axis=0) for label in np.unique(y)])
    distances = np.linalg.norm(means[:, None] - means, axis=2)
    return float(distances[np.triu_indices(len(means), 1)].mean())


def keep(results: dict[str, Any], path: Path, row: dict[str, Any]) -> None:
    """Keep a row in the file, and tell of it."""
    results["rows"].append(row)
    path.write_text(json.dumps(results, indent=1) + "\n")
    scores = ", ".join(f"{light} {row[light]:.1f} %" for light in LIGHTS)
    print(f"{row['task']}, draw {row['draw']}, {row['method']}: {scores}", flush=True)


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown: accuracies by light, what relighting costs, drifts."""
    rows = results["rows"]
    names = list(dict.fromkeys(row["task"] for row in rows))
    order = [*NETWORKS, *CLASSICAL, *CODES]
    n_draws = len({row["draw"] for row in rows})
    lines = [
        f"{results['machine']['processor']}; skhyp {results['skhyp']}. Overall accuracy in %, "
        f"means over {n_draws} draws; the best of each row in bold. Other light is simulated, by "
        "families that no training draws. Written by `benchmarks/light.py`, which says what rows "
        "and columns are.",
        "",
        f"| | {' | '.join(order)} |",
        "|---" * (len(order) + 1) + "|",
    ]
    for task in names:
        for light in LIGHTS:
            means = [
                np.mean(list(of_draws(rows, task, method, light).values())) for method in order
            ]
            best = round(float(max(means)), 1)
            cells = [f"{v:.1f}" if round(float(v), 1) < best else f"**{v:.1f}**" for v in means]
            lines.append(f"| {task}, {light} | {' | '.join(cells)} |")
    plain, relit = NETWORKS[:2]
    lines += ["", "The network with relighting beside the one without: mean of the differences on "]
    lines[-1] += "the same draws, and its standard error; and the ratio of their seconds to fit:"
    lines += ["", f"| | {' | '.join(LIGHTS)} | fit |", "|---" * (len(LIGHTS) + 2) + "|"]
    for task in names:
        cells = [paired(rows, task, relit, plain, light) for light in LIGHTS]
        seconds = [of_draws(rows, task, method, "fit") for method in (relit, plain)]
        ratio = np.median([seconds[0][draw] / seconds[1][draw] for draw in seconds[0]])
        lines.append(f"| {task} | {' | '.join(cells)} | {ratio:.2f} |")
    lines += ["", "Drift of codes in shadow, over the distance of classes:", ""]
    lines += [f"| | {' | '.join(CODES)} |", "|---" * (len(CODES) + 1) + "|"]
    for scene in dict.fromkeys(task.split(", ")[0] for task in names):
        task = next(task for task in names if task.startswith(scene))
        drifts = [np.mean(list(of_draws(rows, task, method, "drift").values())) for method in CODES]
        lines.append(f"| {scene} | {' | '.join(f'{drift:.2f}' for drift in drifts)} |")
    return "\n".join(lines) + "\n"


def paired(rows: list[dict[str, Any]], task: str, one: str, other: str, light: str) -> str:
    """Return the mean difference of two methods on the same draws, and its standard error."""
    first, second = (of_draws(rows, task, method, light) for method in (one, other))
    differences = [first[draw] - second[draw] for draw in first]
    n_draws = len(differences)
    error = np.std(differences, ddof=1) / np.sqrt(n_draws) if n_draws > 1 else 0
    return f"{np.mean(differences):+.1f} ± {error:.1f}"


def of_draws(rows: list[dict[str, Any]], task: str, method: str, name: str) -> dict[int, float]:
    """Return a measure by draw."""
    return {r["draw"]: r[name] for r in rows if (r["task"], r["method"]) == (task, method)}


if __name__ == "__main__":
    main()
