"""How well are endmembers and abundances found, of a real scene and of simulated ones?

Jasper Ridge (AVIRIS, mixed pixels) is judged by its published endmembers and abundances, which are
somebody's unmixing themselves. Simulated scenes are mixtures of smooth drawn spectra by abundances
that are drawn evenly, with white noise of 20, 30 and 40 dB: of three endmembers with pixels as pure
as comes, of five without a pixel purer than 0.8, and of five under light that changes from pixel to
pixel. Each of ten seeds draws a simulated scene anew and all that methods draw.

Methods: ``SpectralUnmixer`` by two losses, all else default; VCA and N-FINDR, each followed by
fully constrained least squares (SciPy's NNLS with a heavy row of ones); scikit-learn's NMF,
abundances scaled to the sum one; and the autoencoder of Palsson, Sigurdsson, Sveinsson and
Ulfarsson ("Hyperspectral unmixing using a neural network autoencoder", IEEE Access 6, 2018),
written down from the paper: dense layers of 9, 6, 3 and 1 times the endmembers, leaky ReLU, batch
normalisation, a threshold that is learned, abundances scaled to one, Gaussian dropout; a decoder
that is linear and not negative; the spectral angle, by RMSProp.

Found endmembers are matched with the true ones by least sum of angles. The defaults of
``SpectralUnmixer`` were chosen on Jasper Ridge and on other draws of these simulations (seeds 1 to
3): noise as the next eigenvalue or as the mean of all others, endmembers positive or free, four
learning rates, three courses of the weight of the volume, three ways to begin. What the volume
weighs was derived, and then seen to be best of four weights on draws 20 to 22 (on Jasper Ridge,
four times as much is better).

Run ``python benchmarks/unmixing.py --scenes FOLDER``. It goes on from
``benchmarks/results/unmixing.json`` and writes ``unmixing.md``.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from contenders.unmixing_autoencoder import fit_unmixing_autoencoder
from labelled_scenes import jasper_ridge_cube
from machine import describe_machine
from scipy.optimize import linear_sum_assignment, nnls
from sklearn.decomposition import NMF
from speed_report import write_results

import skhyp
from skhyp import SpectralUnmixer
from skhyp.endmembers import n_findr, vca
from skhyp.metrics import spectral_angle

OUTPUT = Path(__file__).parent / "results" / "unmixing"
N_BANDS, N_SPECTRA = 150, 4000
REFLECTANCE = 1e4
ONES = 1e3  # the weight of the sum, beside spectra of size one


class Mixed(NamedTuple):
    """Spectra, and what they are known to be mixtures of."""

    X: np.ndarray
    endmembers: np.ndarray
    abundances: np.ndarray


class Simulation(NamedTuple):
    """What simulated scenes are like."""

    n_endmembers: int
    purity: float
    light: float
    decibels: int

    @property
    def name(self) -> str:
        kind = "pure pixels" if self.purity == 1 else f"purity below {self.purity}"
        light = f", light ±{self.light:.0%}" if self.light else ""
        return f"{self.n_endmembers} endmembers, {kind}{light}, {self.decibels} dB"

    def draw(self, seed: int) -> Mixed:
        rng = np.random.default_rng(100 + seed)
        endmembers = np.array([drawn_spectrum(rng) for _ in range(self.n_endmembers)])
        abundances = rng.dirichlet(np.ones(self.n_endmembers), 8 * N_SPECTRA)
        abundances = abundances[abundances.max(axis=1) <= self.purity][:N_SPECTRA]
        X = abundances @ endmembers
        X *= rng.uniform(1 - self.light, 1 + self.light, (N_SPECTRA, 1))
        deviation = np.sqrt(np.mean(X**2) / 10 ** (self.decibels / 10))
        X += deviation * rng.standard_normal(X.shape)
        return Mixed(X.astype(np.float32), endmembers, abundances)


SIMULATIONS = [
    *(Simulation(3, 1.0, 0.0, decibels) for decibels in (20, 30, 40)),
    *(Simulation(5, 0.8, 0.0, decibels) for decibels in (20, 30, 40)),
    Simulation(5, 0.8, 0.3, 30),
]


def drawn_spectrum(rng: np.random.Generator) -> np.ndarray:
    """Return a smooth reflectance spectrum: a line and some bumps and dips."""
    bands = np.linspace(0, 1, N_BANDS)
    spectrum = rng.uniform(0.1, 0.5) + rng.uniform(-0.2, 0.3) * bands
    for _ in range(rng.integers(3, 7)):
        width = rng.uniform(0.03, 0.15)
        spectrum += rng.uniform(-0.3, 0.3) * np.exp(-0.5 * ((bands - rng.uniform()) / width) ** 2)
    spectrum += 0.03 - min(0, spectrum.min())
    return spectrum / max(1, 1.2 * spectrum.max())


def jasper_ridge(folder: Path) -> Mixed:
    cube, _ = jasper_ridge_cube(folder, purity=0.0)
    with np.load(folder / "jasper_ridge" / "abundances.npz") as stored:
        endmembers, abundances = stored["endmembers"], stored["abundances"]
    X = cube.reshape(-1, cube.shape[2]).astype(np.float32) / REFLECTANCE
    return Mixed(X, endmembers.astype(float), abundances.reshape(len(X), -1).astype(float))


def constrained(X: np.ndarray, endmembers: np.ndarray) -> np.ndarray:
    """Return abundances that are not negative and add up to one, by NNLS."""
    unit = np.abs(endmembers).max()
    A = np.vstack([endmembers.T / unit, np.full((1, len(endmembers)), ONES)])
    return np.array([nnls(A, np.append(x, ONES))[0] for x in X.astype(float) / unit])


def by_pixels(extract: Callable) -> Callable:
    def unmix(X: np.ndarray, n_endmembers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        endmembers = extract(X, n_endmembers, random_state=seed)[0]
        return endmembers, constrained(X, endmembers)

    return unmix


def by_unmixer(loss: str) -> Callable:
    def unmix(X: np.ndarray, n_endmembers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        unmixer = SpectralUnmixer(n_endmembers=n_endmembers, loss=loss, random_state=seed).fit(X)
        return np.asarray(unmixer.endmembers_, float), unmixer.transform(X)

    return unmix


def by_factors(X: np.ndarray, n_endmembers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    factors = NMF(n_endmembers, init="nndsvda", random_state=seed, max_iter=500, tol=1e-3)
    shares = factors.fit_transform(np.clip(X, 0, None).astype(float))
    return factors.components_, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)


METHODS: dict[str, Callable] = {
    "SpectralUnmixer, sse": by_unmixer("sse"),
    "SpectralUnmixer, csa": by_unmixer("csa"),
    "VCA, FCLS": by_pixels(vca),
    "N-FINDR, FCLS": by_pixels(n_findr),
    "NMF": by_factors,
    "autoencoder of 2018": fit_unmixing_autoencoder,
}
REFERENCE = "VCA, FCLS"


def errors_of(method: Callable, mixed: Mixed, seed: int) -> dict[str, float]:
    """Return the RMSE of abundances, the mean angle of endmembers in degrees, and seconds."""
    start = time.perf_counter()
    endmembers, abundances = method(mixed.X, len(mixed.endmembers), seed)
    seconds = time.perf_counter() - start
    angles = spectral_angle(mixed.endmembers, endmembers, against="library")
    true, found = linear_sum_assignment(angles)
    return {
        "rmse": float(np.sqrt(np.mean((abundances[:, found] - mixed.abundances) ** 2))),
        "angle": float(np.degrees(angles[true, found].mean())),
        "seconds": seconds,
    }


def tables(records: list[dict[str, Any]]) -> list[str]:
    """Return the tables, each after an empty line."""
    scenes = list(dict.fromkeys(record["scene"] for record in records))
    lines = []
    for figure, name in (("rmse", "RMSE of abundances"), ("angle", "angle of endmembers, degrees")):
        lines += _heading(name)
        for scene in scenes:
            found = [list(figures_of(records, scene, m, figure).values()) for m in METHODS]
            best = min(map(mean, found))
            lines.append(f"| {scene} | {' | '.join(shown(f, figure, best) for f in found)} |")
    lines += _heading(f"RMSE over that of {REFERENCE}, median")
    for scene in scenes:
        reference = figures_of(records, scene, REFERENCE, "rmse")
        ratios = (
            median(rmse / reference[seed] for seed, rmse in found.items())
            for found in (figures_of(records, scene, method, "rmse") for method in METHODS)
        )
        lines.append(f"| {scene} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    lines += _heading("seconds, median over seeds and scenes")
    seconds = ([r["seconds"] for r in records if r["method"] == method] for method in METHODS)
    lines.append(f"| | {' | '.join(f'{median(values):.2g}' for values in seconds)} |")
    return lines


def _heading(name: str) -> list[str]:
    return ["", f"| {name} | {' | '.join(METHODS)} |", f"|---|{'---|' * len(METHODS)}"]


def figures_of(
    records: list[dict[str, Any]], scene: str, method: str, figure: str
) -> dict[int, float]:
    """Return a figure of a method on a scene, by seed."""
    return {
        record["seed"]: record[figure]
        for record in records
        if (record["scene"], record["method"]) == (scene, method)
    }


def shown(values: list[float], what: str, best: float) -> str:
    digits = 4 if what == "rmse" else 1
    spread = stdev(values) if len(values) > 1 else 0.0
    text = f"{mean(values):.{digits}f} ± {spread:.{digits}f}"
    return f"**{text}**" if mean(values) == best else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, help="folder with jasper_ridge")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    path = OUTPUT.with_suffix(".json")
    records = json.loads(path.read_text())["records"] if path.exists() else []
    done = {(record["scene"], record["method"], record["seed"]) for record in records}
    scenes: dict[str, Callable[[int], Mixed]] = {s.name: s.draw for s in SIMULATIONS}
    if options.scenes:
        real = jasper_ridge(options.scenes)
        scenes = {"Jasper Ridge": lambda seed: real} | scenes
    for seed in range(options.seeds):
        for scene, draw in scenes.items():
            mixed = draw(seed)
            for method, unmix in METHODS.items():
                if (scene, method, seed) not in done:
                    errors = errors_of(unmix, mixed, seed)
                    records.append({"scene": scene, "method": method, "seed": seed} | errors)
        machine = describe_machine()
        heading = (
            f"{machine['processor']}, {machine['cores']} cores; skhyp {skhyp.__version__}. "
            f"Means and standard deviations over {seed + 1} seeds; the best of each row in bold. "
            "Written by `benchmarks/unmixing.py`, which says what rows and columns are."
        )
        text = "\n".join([heading, *tables(records), ""])
        write_results({"machine": machine, "records": records}, OUTPUT, text)


if __name__ == "__main__":
    main()
