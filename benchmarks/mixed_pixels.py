"""How fast are exact shares of endmembers, and how well are planted targets found?

Shares: a million pixels of 200 bands, mixtures of 10 endmembers with noise, of many or of few
materials each, as float32 in memory. ``FullyConstrainedLeastSquares.transform`` of all of them
takes turns with a loop over ``scipy.optimize.nnls`` of some thousand, whose time is multiplied up:
with one more band of much weight, it gives the same shares to about 1e-6. Then the same pixels as
a scene in a file, mapped to a file by ``apply``: the peak of the memory of a process that does it,
and of one that maps a tenth of the scene.

Targets: a spectrum is mixed into 100 random pixels of a scene, by shares of some per cent: of
Indian Pines, a reflectance that is none of its classes, in its radiance as the mean of the scene
tells. The detectors know the target and learn the background from the scene with the targets in it.
The area under the curve of planted pixels against all others, over draws.

Run ``python benchmarks/mixed_pixels.py --scenes FOLDER``. It writes
``benchmarks/results/mixed_pixels.json`` and ``mixed_pixels.md``.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine
from scipy.optimize import nnls
from sklearn.metrics import roc_auc_score
from speed_report import write_results

import skhyp
from skhyp import (
    AdaptiveCosineEstimator,
    ConstrainedEnergyMinimization,
    FullyConstrainedLeastSquares,
    MatchedFilter,
    ReedXiaoliDetector,
)
from skhyp.metrics import spectral_angle
from skhyp.scenes import apply, open_scene

RESULTS = Path(__file__).parent / "results"
N_PIXELS, N_BANDS, N_ENDMEMBERS = 1_000_000, 200, 10
# Pixels of one line of the scene in a file.
N_COLUMNS = 1000
N_LOOPED, TURNS = 20_000, 3
# The concentration of the shares, and the noise of a band.
KINDS = {"many materials in a pixel": (1.0, 0.01), "few materials in a pixel": (0.2, 0.01)}
# Of the last band of nnls, in which shares add up to one.
WEIGHT = 1e3
N_PLANTED, DRAWS = 100, 5
SHARES = (0.005, 0.02, 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("scenes"))
    parser.add_argument("--pixels", type=int, default=N_PIXELS)
    parser.add_argument("--map", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.map:
        print(peak_of_mapping(*arguments.map))
        return
    results = {
        "machine": describe_machine(),
        "skhyp": skhyp.__version__,
        "pixels": arguments.pixels,
        "shares": {kind: measure_shares(*how, arguments.pixels) for kind, how in KINDS.items()},
        "memory": measure_memory(arguments.pixels),
        "targets": measure_targets(arguments.scenes),
    }
    write_results(results, RESULTS / "mixed_pixels", report(results))


def endmembers() -> np.ndarray:
    """Return random walks from band to band, as smooth as reflectance."""
    steps = np.random.default_rng(0).normal(size=(N_ENDMEMBERS, N_BANDS))
    return 0.05 + np.abs(0.3 + 0.03 * np.cumsum(steps, axis=1))


def mixtures(concentration: float, noise: float, n_pixels: int) -> np.ndarray:
    """Return float32 mixtures, drawn in parts."""
    rng, pure = np.random.default_rng(1), endmembers()
    X = np.empty((n_pixels, N_BANDS), np.float32)
    for start in range(0, n_pixels, 50_000):
        part = X[start : start + 50_000]
        shares = rng.dirichlet(np.full(N_ENDMEMBERS, concentration), len(part))
        part[:] = shares @ pure + noise * rng.standard_normal(part.shape)
    return X


def measure_shares(concentration: float, noise: float, n_pixels: int) -> dict[str, Any]:
    """Return the seconds of both ways, turn by turn, and by how much their shares differ."""
    X = mixtures(concentration, noise, n_pixels)
    model = FullyConstrainedLeastSquares(endmembers=endmembers()).fit(X[:2])
    import skhyp.graph.inference  # noqa: F401, TensorFlow is not timed

    begin = time.perf_counter()
    model.transform(X[:20_000])
    results: dict[str, Any] = {"first call": time.perf_counter() - begin}
    looped = X[: min(N_LOOPED, n_pixels)].astype(np.float64)
    heavy = np.vstack([endmembers().T, np.full(N_ENDMEMBERS, WEIGHT)])
    seconds: dict[str, list[float]] = {"skhyp": [], "nnls": []}
    for _ in range(TURNS):
        begin = time.perf_counter()
        shares = model.transform(X)
        seconds["skhyp"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        of_loop = [nnls(heavy, np.append(spectrum, WEIGHT))[0] for spectrum in looped]
        seconds["nnls"].append((time.perf_counter() - begin) * n_pixels / len(looped))
    results["seconds"] = seconds
    results["largest difference"] = float(np.abs(shares[: len(looped)] - of_loop).max())
    results["mean number of materials"] = float((shares > 0).sum(axis=1).mean())
    results["violation"] = violation(shares[:N_LOOPED].astype(np.float64), looped)
    return results


def violation(shares: np.ndarray, X: np.ndarray) -> float:
    """Return by how much the conditions of the best shares are missed, for spectra of about 1."""
    pure = endmembers()
    slopes = (shares @ pure - X) @ pure.T
    slopes -= np.sum(shares * slopes, axis=1, keepdims=True)
    return float(max(-slopes.min(), np.abs(shares * slopes).max()))


def measure_memory(n_pixels: int) -> dict[str, float]:
    """Return the peak in MiB of processes that map a scene in a file, and a tenth of it."""
    X = mixtures(*KINDS["few materials in a pixel"], n_pixels)
    X = np.round(1e4 * X).astype(np.int16)
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("a tenth", X[: n_pixels // 10]), ("all", X)):
            scene = Path(folder) / "scene.npy"
            np.save(scene, part.reshape(-1, N_COLUMNS, N_BANDS))
            command = [sys.executable, __file__, "--map", scene, Path(folder) / "map.npy"]
            finished = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks[name] = float(finished.stdout.split()[-1])
    return peaks


def peak_of_mapping(path: str, out: str) -> float:
    scene = open_scene(path)
    model = FullyConstrainedLeastSquares(endmembers=1e4 * endmembers()).fit(scene)
    apply(model, scene, out, method="transform")
    # Not getrusage, which knows the peak of the process that started this one too.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure_targets(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Return the areas under the curve of each detector, by the share of the target."""
    cube = skhyp.datasets.load_indian_pines().cube.astype(np.float64)
    scenes = {"Indian Pines": cube.reshape(-1, cube.shape[2])}
    if (path := folder / "jasper_ridge" / "jasperRidge2_R198.hdr").exists():
        jasper = np.asarray(open_scene(path).read(), np.float64)
        scenes["Jasper Ridge"] = jasper.reshape(-1, jasper.shape[2])
    areas: dict[str, dict[str, list[float]]] = {}
    for name, X in scenes.items():
        band = np.linspace(0, 1, X.shape[1])
        # Brighter than the scene's mean, and with absorptions that nothing in it has.
        target = X.mean(axis=0) * (1.5 - 0.5 * np.exp(-(((band - 0.3) / 0.05) ** 2)))
        target *= 1 - 0.4 * np.exp(-(((band - 0.7) / 0.04) ** 2))
        for share in SHARES:
            found = areas.setdefault(f"{name}, {100 * share:g} %", {})
            for draw in range(DRAWS):
                planted = np.random.default_rng(draw).permutation(len(X))[:N_PLANTED]
                mixed = X.copy()
                mixed[planted] += share * (target - mixed[planted])
                is_target = np.isin(np.arange(len(X)), planted)
                for method, scores in scored(mixed, target).items():
                    area = float(roc_auc_score(is_target, scores))
                    found.setdefault(method, []).append(area)
    return areas


def scored(X: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of each method, the higher the more of the target."""
    detectors = {
        "matched filter": MatchedFilter(targets=target),
        "ACE": AdaptiveCosineEstimator(targets=target),
        "CEM": ConstrainedEnergyMinimization(targets=target),
        "RX, without the target": ReedXiaoliDetector(),
    }
    scores = {name: model.fit(X).score_samples(X) for name, model in detectors.items()}
    return {**scores, "spectral angle": -spectral_angle(X, target)}


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    machine, pixels = results["machine"], results["pixels"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores; skhyp {results['skhyp']}. Written by "
        "`benchmarks/mixed_pixels.py`, which says what rows and columns are.",
        "",
        f"| {pixels:,} pixels, {N_BANDS} bands, {N_ENDMEMBERS} endmembers | skhyp, s | first call, "
        "s | loop over nnls, s | times as fast | materials above zero | largest difference of "
        "shares | conditions missed by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, found in results["shares"].items():
        own, loop = (np.array(found["seconds"][name]) for name in ("skhyp", "nnls"))
        lines.append(
            f"| {kind} | {np.median(own):.1f} | {found['first call']:.1f} | {np.median(loop):.0f} "
            f"| {np.median(loop / own):.0f} ({(loop / own).min():.0f} to "
            f"{(loop / own).max():.0f}) | {found['mean number of materials']:.1f} | "
            f"{found['largest difference']:.0e} | {found['violation']:.0e} |"
        )
    lines += [
        "",
        f"As a scene in a file of {pixels * N_BANDS * 2 / 2**20:.0f} MiB, mapped to a file: "
        f"{results['memory']['all']:.0f} MiB of memory at the peak, with all libraries; "
        f"{results['memory']['a tenth']:.0f} MiB for a tenth of it.",
        "",
    ]
    rows = results["targets"]
    methods = list(next(iter(rows.values())))
    lines.append(f"| area under the curve | {' | '.join(methods)} |")
    lines.append("|---" * (len(methods) + 1) + "|")
    for name, found in rows.items():
        cells = [f"{np.mean(found[m]):.3f} ± {np.std(found[m], ddof=1):.3f}" for m in methods]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"Means and standard deviations over {DRAWS} draws of {N_PLANTED} pixels."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
