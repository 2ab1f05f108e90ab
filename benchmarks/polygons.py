"""How much do folds at random flatter, where labels are polygons?

``python benchmarks/polygons.py shared/scenes`` draws a polygon around each patch of six pixels or
more of the label maps of EnMAP Potsdam (where the folder has it) and of Indian Pines, of classes
with three patches or more, and writes them to a GeoPackage in another reference system.
Discriminant analysis on snv spectra of the pixels that ``labelled_pixels`` takes is tested by three
folds, five times: random ones, and ones that keep polygons whole.

It writes ``benchmarks/results/polygons.json`` and ``polygons.md``.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
from machine import describe_machine
from pyogrio import raw
from rasterio import Affine, features, warp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from speed_report import digits, write_results

from skhyp import HypPreprocessor
from skhyp.datasets import load_indian_pines
from skhyp.scenes import labelled_pixels, open_scene

RESULTS = Path(__file__).resolve().parent / "results"
SEEDS = range(5)
FOLDS = {
    "random": StratifiedKFold,
    "by polygon": StratifiedGroupKFold,
}


def scenes(folder: Path):
    """Yield names, scenes and their label maps."""
    pines = load_indian_pines()
    placed = open_scene(pines.cube, wavelengths=pines.wavelengths)
    grid = (20, 0, 500_000, 0, -20, 4_480_000)
    yield (
        "Indian Pines",
        dataclasses.replace(placed, crs="EPSG:32616", transform=grid),
        pines.labels,
    )
    images = sorted((folder / "enmap_potsdam" / "images").glob("*.tif"))
    if images:
        labels = open_scene([path.parents[1] / "labels" / path.name for path in images])
        yield "EnMAP Potsdam", open_scene(images), np.nan_to_num(np.asarray(labels)[..., 0])


def draw_polygons(labels, scene, path: Path) -> int:
    """Write a polygon around each patch, in Europe's or America's Albers or Lambert system."""
    labels = np.asarray(labels, np.int16)
    shapes = features.shapes(labels, mask=labels > 0, transform=Affine(*scene.transform))
    found = [(shapely.geometry.shape(shape), int(label)) for shape, label in shapes]
    pixel = abs(scene.transform[0] * scene.transform[4])
    found = [(polygon, label) for polygon, label in found if polygon.area > 5.5 * pixel]
    counts = np.bincount([label for _, label in found])
    found = [(polygon, label) for polygon, label in found if counts[label] >= 3]
    crs = "EPSG:3035" if scene.transform[2] < 400_000 else "EPSG:5070"

    def moved(points):
        return np.column_stack(warp.transform(scene.crs, crs, *points.T.tolist()))

    polygons = shapely.transform(np.array([polygon for polygon, _ in found], object), moved)
    classes = np.array([f"class {label}" for _, label in found], object)
    wkb = shapely.to_wkb(polygons)
    raw.write(path, wkb, [classes], ["class"], geometry_type="Polygon", crs=crs)
    return len(found)


def measure(name: str, scene, labels, folder: Path):
    """Yield a record of each kind of folds and each seed."""
    path = folder / f"{name}.gpkg"
    n_polygons = draw_polygons(labels, scene, path)
    start = time.perf_counter()
    X, y, _, groups = labelled_pixels(scene, path, column="class", return_groups=True)
    known = {"scene": name, "polygons": n_polygons, "pixels": len(y), "classes": len(np.unique(y))}
    known["seconds to label"] = time.perf_counter() - start
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    model = make_pipeline(HypPreprocessor(method="snv"), analysis)
    for folds, splitter in FOLDS.items():
        for seed in SEEDS:
            cv = splitter(3, shuffle=True, random_state=seed)
            scoring = ["accuracy", "balanced_accuracy"]
            of_each = groups if folds == "by polygon" else None
            scores = cross_validate(model, X, y, groups=of_each, cv=cv, scoring=scoring)
            accuracy, recall = (float(scores[f"test_{of}"].mean()) for of in scoring)
            yield {**known, "folds": folds, "seed": seed, "accuracy": accuracy, "recall": recall}


def write(content: dict) -> None:
    """Write the records and the table."""
    lines = [
        "Discriminant analysis of pixels within polygons, three folds: overall accuracy and mean "
        f"recall, mean [least to most] of {len(SEEDS)} seeds, in per cent. What is measured says "
        "`benchmarks/polygons.py`, which wrote this.",
        "",
        "| scene | polygons | pixels | classes | folds | overall accuracy | mean recall |",
        "|---|---|---|---|---|---|---|",
    ]
    records = content["records"]
    for scene in dict.fromkeys(record["scene"] for record in records):
        for folds in FOLDS:
            own = [r for r in records if (r["scene"], r["folds"]) == (scene, folds)]
            cells = [own[0][fact] for fact in ("polygons", "pixels", "classes")]
            for score in ("accuracy", "recall"):
                values = [100 * record[score] for record in own]
                spread = f"[{digits(min(values))} to {digits(max(values))}]"
                cells.append(f"{digits(np.mean(values))} {spread}")
            cells = [scene, *cells[:3], folds, *cells[3:]]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    write_results(content, RESULTS / "polygons", "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the scenes that cannot be shipped")
    options = parser.parse_args()
    records = []
    with tempfile.TemporaryDirectory() as folder:
        for name, scene, labels in scenes(options.folder):
            for record in measure(name, scene, labels, Path(folder)):
                records.append(record)
                print(record, flush=True)
    write({"machine": describe_machine(), "records": records})


if __name__ == "__main__":
    main()
