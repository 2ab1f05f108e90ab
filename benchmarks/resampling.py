"""How well are the bands of one sensor told from those of another, and does a model go along?

The truth is synthetic: reflectance in steps of 0.5 nm, 200 canopies and 200 minerals, drawn as
``canopies`` and ``minerals`` say. A sensor measures it by bands that are Gaussians of its centres
and widths, without noise: ``SENSORS`` has grids in the manner of a field spectrometer, of EMIT and
of EnMAP, and the nominal bands of Sentinel-2. What methods make of the bands of one sensor is
compared with what the other measures of the same truth: root mean squared error over spectra and
bands, of the bands that ``BandResampler`` finds measured. ``spectral`` is the package of that name,
where it is installed.

Then six minerals, each mixed with another, under varying light and with noise are mapped: a
classifier is fitted to labelled spectra of one sensor, and maps a scene of another by
``apply(resample=True)``; beside it one that is fitted to the scene's own sensor, and one fitted to
spectra resampled to it. No scene is resampled to the bands of the field spectrometer, which are
finer than its own.

Run ``python benchmarks/resampling.py``. It writes ``benchmarks/results/resampling.json`` and
``resampling.md``.
"""

import os

# Read when libraries are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from speed_report import write_results

import skhyp
from skhyp import BandResampler, HypPreprocessor
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra

RESULTS = Path(__file__).parent / "results"
FINE = np.arange(340.0, 2600.0, 0.5)
N_SPECTRA = 200
DRAWS = 5
# Of the reflectance: noise of each band, and the strength of light.
NOISE, LIGHT = 0.015, (0.7, 1.3)
SCENE_SHAPE = (60, 60)
N_TIMED = 100_000
PAIRS = (
    ("field spectrometer", "EnMAP"),
    ("EMIT", "EnMAP"),
    ("EnMAP", "EMIT"),
    ("EnMAP", "Sentinel-2"),
)
MAPPED = (("EMIT", "EnMAP"), ("EnMAP", "EMIT"), ("field spectrometer", "EnMAP"))


def grids() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return centres and widths in nm, in the manner of some sensors."""
    field = np.arange(350.0, 2501.0)
    emit = np.arange(381.0, 2493.0, 7.45)
    vnir, swir = np.arange(418.5, 900.0, 6.5), np.arange(905.0, 2446.0, 11.0)
    sentinel = BandResampler(target="sentinel-2", uncovered="nan")
    sentinel.fit(Spectra(np.zeros((1, len(FINE))), FINE, 0.5))
    return {
        "field spectrometer": (field, np.where(field < 1000, 3.0, 10.0)),
        "EMIT": (emit, np.full(len(emit), 8.5)),
        "EnMAP": (np.append(vnir, swir), np.append(vnir * 0 + 8.0, swir * 0 + 12.0)),
        "Sentinel-2": (sentinel.wavelengths_out_, sentinel.fwhm_out_),
    }


SENSORS = grids()


def gaussian(centre: Any, fwhm: Any, wavelengths: np.ndarray = FINE) -> np.ndarray:
    return np.exp(-4 * np.log(2) * ((wavelengths - centre) / fwhm) ** 2)


def sigmoid(centre: float, width: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(FINE - centre) / width))


def canopies(rng: np.random.Generator, n_spectra: int) -> np.ndarray:
    """Return leaves over soil: pigments, a red edge, and absorption by water and dry matter."""
    spectra = []
    for _ in range(n_spectra):
        pigments = 0.6 * gaussian(rng.uniform(430, 450), 90) + gaussian(rng.uniform(672, 682), 60)
        edge = sigmoid(rng.uniform(705, 725), rng.uniform(8, 14))
        leaf = (0.04 + 0.45 * edge) * np.exp(-rng.uniform(0.5, 1.5) * pigments * (1 - edge))
        leaf += rng.uniform(0.03, 0.08) * gaussian(550, 70)
        water = sum(
            depth * gaussian(centre, width)
            for centre, width, depth in (
                *((970, 60, 0.12), (1190, 80, 0.3), (1450, 110, 2.2)),
                *((1935, 130, 3.0), (2500, 300, 2.5)),
            )
        )
        dry = sum(gaussian(centre, 25) for centre in (1510, 1690, 1730, 2100, 2270, 2310))
        leaf *= np.exp(-rng.uniform(0.6, 1.4) * water - rng.uniform(0.02, 0.08) * dry)
        soil = rng.uniform(0.05, 0.15) + rng.uniform(0.1, 0.25) * sigmoid(900, 400)
        cover = rng.uniform(0.3, 1)
        spectra.append(cover * leaf + (1 - cover) * soil)
    return np.array(spectra)


def minerals(rng: np.random.Generator, n_spectra: int) -> np.ndarray:
    """Return a slope with ten absorptions each, from 10 to 80 nm wide, anywhere."""
    spectra = []
    for _ in range(n_spectra):
        depths = sum(
            rng.uniform(0.02, 0.3) * gaussian(rng.uniform(400, 2480), rng.uniform(10, 80))
            for _ in range(10)
        )
        slope = rng.uniform(0.2, 0.6) + rng.uniform(-0.1, 0.2) * (FINE - 340) / 2260
        spectra.append(slope * np.exp(-depths))
    return np.array(spectra)


def measured(truth: np.ndarray, sensor: str) -> np.ndarray:
    """Return what the bands of a sensor see of a truth, by sums of 0.5 nm."""
    centres, widths = SENSORS[sensor]
    responses = gaussian(centres, widths, FINE[:, np.newaxis])
    return truth @ (responses / responses.sum(axis=0))


def by_skhyp(X: np.ndarray, source: str, target: str) -> np.ndarray:
    return np.asarray(_resampler(source, target).transform(X))


def _resampler(source: str, target: str) -> BandResampler:
    centres, widths = SENSORS[target]
    resampler = BandResampler(target=centres, target_fwhm=widths, uncovered="nan")
    return resampler.fit(Spectra(np.zeros((1, len(SENSORS[source][0]))), *SENSORS[source]))


def by_spectral(X: np.ndarray, source: str, target: str) -> np.ndarray:
    from spectral import BandResampler as OfSpectral

    (from_centres, from_widths), (to_centres, to_widths) = SENSORS[source], SENSORS[target]
    return OfSpectral(from_centres, to_centres, from_widths, to_widths)(X.T).T


def at_the_centre(X: np.ndarray, source: str, target: str) -> np.ndarray:
    return np.array([np.interp(SENSORS[target][0], SENSORS[source][0], row) for row in X])


def by_target_width(X: np.ndarray, source: str, target: str) -> np.ndarray:
    weights = gaussian(*SENSORS[target], SENSORS[source][0][:, np.newaxis])
    with np.errstate(invalid="ignore"):
        return X @ (weights / weights.sum(axis=0))


METHODS = {
    "skhyp": by_skhyp,
    "spectral": by_spectral,
    "straight line at the centre": at_the_centre,
    "Gaussian of the target's width": by_target_width,
}


def main() -> None:
    logging.getLogger("spectral").setLevel(logging.ERROR)
    methods = dict(METHODS)
    try:
        import spectral

        version = spectral.__version__
    except ImportError:
        version = methods.pop("spectral") and None
    rng = np.random.default_rng(0)
    truths = {"canopies": canopies(rng, N_SPECTRA), "minerals": minerals(rng, N_SPECTRA)}
    errors: dict[str, dict[str, dict[str, float]]] = {}
    for source, target in PAIRS:
        pair = f"{source} to {target}"
        is_measured = _resampler(source, target).coverage_ >= 0.9
        for name, method in methods.items():
            for kind, truth in truths.items():
                found = method(measured(truth, source), source, target)[:, is_measured]
                error = found - measured(truth, target)[:, is_measured]
                value = float(np.sqrt(np.mean(error**2)))
                errors.setdefault(pair, {}).setdefault(name, {})[kind] = value
        print(pair, errors[pair], flush=True)
    maps = [mapped(source, target, draw) for source, target in MAPPED for draw in range(DRAWS)]
    results = {
        "machine": describe_machine(),
        "skhyp": skhyp.__version__,
        "spectral": version,
        "errors": errors,
        "maps": maps,
        "microseconds a spectrum": microseconds(),
    }
    write_results(results, RESULTS / "resampling", report(results))


def mapped(source: str, target: str, draw: int) -> dict[str, Any]:
    """Return the accuracies in % of maps of a scene of the target's, by what was fitted to what."""
    rng = np.random.default_rng(draw)
    endmembers = minerals(rng, 6)
    y, labels = np.repeat(np.arange(1, 7), 30), rng.integers(1, 7, SCENE_SHAPE)
    field = Spectra(seen(endmembers, y, source, rng), *SENSORS[source])
    own = Spectra(seen(endmembers, y, target, rng), *SENSORS[target])
    pixels = seen(endmembers, labels.ravel(), target, rng).reshape(*SCENE_SHAPE, -1)
    scene = replace(
        open_scene(pixels, wavelengths=SENSORS[target][0]), fwhm=SENSORS[target][1], name="scene"
    )
    # The first and the last bands of either sensor are beyond the other, and no gaps within.
    shared = HypPreprocessor(bands=((0, 430), (2430, 3000)))
    to_scene = BandResampler(target=scene, uncovered="drop").fit(field)
    models = {
        "the scene's own sensor": (own, False),
        "the other, the scene resampled": (field, True),
        "the other, spectra resampled": (to_scene.transform(field), False),
    }
    row: dict[str, Any] = {"source": source, "target": target, "draw": draw}
    for name, (X, resample) in models.items():
        model = make_pipeline(
            shared, HypPreprocessor(method="l2"), LinearDiscriminantAnalysis("eigen", "auto")
        ).fit(X, y)
        if name == "the other, the scene resampled" and source == "field spectrometer":
            continue
        found = apply(model, scene, resample=resample)
        row[name] = 100 * float(np.mean(found == labels))
    print(row, flush=True)
    return row


def seen(
    endmembers: np.ndarray, labels: np.ndarray, sensor: str, rng: np.random.Generator
) -> np.ndarray:
    """Return pixels of some classes: a third of another class, light, and noise."""
    bands = measured(endmembers, sensor)
    share = rng.uniform(0.6, 1, (len(labels), 1))
    other = bands[rng.integers(0, len(bands), len(labels))]
    mixed = share * bands[labels - 1] + (1 - share) * other
    return mixed * rng.uniform(*LIGHT, (len(labels), 1)) + rng.normal(0, NOISE, mixed.shape)


def microseconds() -> dict[str, float]:
    """Return how long a spectrum of EMIT's takes to EnMAP's bands in float32, on one core."""
    X = np.random.default_rng(0).random((N_TIMED, len(SENSORS["EMIT"][0])), np.float32)
    resampler, seconds = _resampler("EMIT", "EnMAP"), []
    weights = resampler.weights_.astype(np.float32)
    for function in (lambda: resampler.transform(X), lambda: X @ weights):
        function()
        begin = time.process_time()
        function()
        seconds.append(1e6 * (time.process_time() - begin) / N_TIMED)
    return {"BandResampler": seconds[0], "a dense product": seconds[1]}


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    machine, errors = results["machine"], results["errors"]
    of_spectral = f", spectral {results['spectral']}" if results["spectral"] else ""
    heads = ["root mean squared error x 10⁴, canopies / minerals", *errors]
    lines = [
        f"{machine['processor']}; skhyp {results['skhyp']}{of_spectral}. Written by "
        "`benchmarks/resampling.py`, which says what rows and columns are.",
        "",
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
    ]
    for name in next(iter(errors.values())):
        cells = [
            " / ".join(f"{1e4 * value:.1f}" for value in pair[name].values())
            for pair in errors.values()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    fitted_to = ["the scene's own sensor", "the other, the scene resampled"]
    fitted_to.append("the other, spectra resampled")
    lines += [
        "",
        f"| accuracy of a map, %: fitted to | {' | '.join(fitted_to)} |",
        "|---" * 4 + "|",
    ]
    for source, target in MAPPED:
        rows = [r for r in results["maps"] if (r["source"], r["target"]) == (source, target)]
        cells = []
        for name in fitted_to:
            values = [row[name] for row in rows if name in row]
            error = np.std(values, ddof=1) / np.sqrt(len(values)) if values else 0
            cells.append(f"{np.mean(values):.1f} ± {error:.1f}" if values else "")
        lines.append(f"| a scene of {target}, labels of {source} | {' | '.join(cells)} |")
    times = results["microseconds a spectrum"]
    lines += [
        "",
        f"Accuracies are means over {len({row['draw'] for row in results['maps']})} draws of six "
        f"minerals, with the standard error. EMIT to EnMAP takes {times['BandResampler']:.1f} µs a "
        "spectrum on one core; a dense product with the same weights "
        f"{times['a dense product']:.1f} µs.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
