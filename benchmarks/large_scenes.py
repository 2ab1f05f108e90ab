"""Does a scene larger than memory cost more a pixel than one that is in memory?

``python benchmarks/large_scenes.py`` trains a classifier on Indian Pines (snv, then the default
network), and measures two series:

* size: the scene, repeated to ENVI files (BIL, uint16) of 1, 5 and 20 GB, is classified by
  ``skhyp.scenes.apply`` to a GeoTIFF, in a fresh process for each, from the disk and not from the
  system's cache where that can be asked for; right before and after, another fresh process
  predicts 420,500 of the same pixels from memory, after a first call. Noted are pixels a second
  and the most memory that the process had resident, with Python, TensorFlow and all;
* workers: the file of 1 GB in chunks, on a cluster of one and of two processes of dask with a
  core each (TF_NUM_INTRAOP_THREADS=1), after a first map in which all compile; and whether the
  labels are those of ``apply``. From the rate of one follows what a campaign of 1 TB takes.

Files are removed afterwards. It writes ``benchmarks/results/large_scenes.json`` and
``large_scenes.md``.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

import joblib
import numpy as np
from kernel_counts import memory
from machine import describe_machine
from scaling import in_fresh_process
from sklearn.pipeline import make_pipeline
from speed_report import digits, spread, write_results

import skhyp
from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.scenes import apply, open_scene

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = (1, 5, 20)
# The scene is laid side by side as often as this, and one below the other as often as it takes.
ACROSS = 4
MEMORY_ROWS = 5 * 145
N_PREDICTIONS = 3
CHUNK_MIB = 32
CAMPAIGN_BYTES = 1e12
CAMPAIGN_WORKERS = (1, 8, 32, 128)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with tempfile.TemporaryDirectory(prefix="scenes", dir=options.folder) as name:
        folder = Path(name)
        train(folder / "model.joblib")
        records = [*size_series(folder, options), *worker_series(folder, options)]
    write(
        {
            "machine": describe_machine(),
            "repeats": options.repeats,
            "versions": {
                name: version(name) for name in ("tensorflow", "rasterio", "dask", "numpy")
            }
            | {"skhyp": skhyp.__version__},
            "records": records,
        },
        options.output,
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=float, default=SIZES, help="in GB")
    parser.add_argument("--repeats", type=int, default=2, help="fresh processes for each size")
    parser.add_argument("--folder", help="where the files are made; it has to have room")
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS / "large_scenes",
        help="where to write, without the suffixes .json and .md",
    )
    return parser.parse_args(arguments)


def train(path: Path) -> None:
    scene = load_indian_pines(subset="train")
    model = make_pipeline(
        HypPreprocessor(method="snv"), SpectralCNNClassifier(max_epochs=20, random_state=0)
    )
    joblib.dump(model.fit(scene.data, scene.target), path)


def size_series(folder: Path, options: argparse.Namespace) -> Iterator[dict]:
    for gigabytes in options.sizes:
        with envi_scene(folder / "scene.hdr", gigabytes) as path:
            for repeat in range(options.repeats):
                for measure in (predict_from_memory, apply_to_file, predict_from_memory):
                    record = in_fresh_process(measure, folder / "model.joblib", path)
                    record = {"series": "size", "GB": gigabytes, "repeat": repeat, **record}
                    print(record, flush=True)
                    yield record


def worker_series(folder: Path, options: argparse.Namespace) -> Iterator[dict]:
    with envi_scene(folder / "scene.hdr", min(options.sizes)) as path:
        for repeat in range(options.repeats):
            for n_workers in (1, 2):
                record = in_fresh_process(
                    apply_by_workers, folder / "model.joblib", path, n_workers
                )
                record = {"series": "workers", "repeat": repeat, **record}
                print(record, flush=True)
                yield record


@contextlib.contextmanager
def envi_scene(header: Path, gigabytes: float) -> Iterator[Path]:
    """Give an ENVI file of Indian Pines, repeated to a size."""
    cube = np.tile(load_indian_pines().cube, (1, ACROSS, 1))
    rows, columns, bands = cube.shape
    lines = np.ascontiguousarray(cube.transpose(0, 2, 1))
    n_rows = max(rows, round(gigabytes * 1e9 / lines[0].nbytes))
    data = header.with_suffix(".img")
    with data.open("wb") as file:
        for start in range(0, n_rows, rows):
            file.write(lines[: n_rows - start].data)
        file.flush()
        os.fsync(file.fileno())
    header.write_text(
        f"ENVI\nsamples = {columns}\nlines = {n_rows}\nbands = {bands}\nheader offset = 0\n"
        "file type = ENVI Standard\ndata type = 12\ninterleave = bil\nbyte order = 0\n"
    )
    try:
        yield header
    finally:
        data.unlink()
        header.unlink()


def forget(path: Path) -> None:
    """Ask the system not to keep a file in memory, so that it is read from the disk."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def predict_from_memory(model_path: Path, scene_path: Path) -> dict:
    model, scene = joblib.load(model_path), open_scene(scene_path)
    X = scene.read(rows=slice(0, min(MEMORY_ROWS, scene.shape[0]))).reshape(-1, scene.shape[2])
    model.predict(X)
    seconds = []
    for _ in range(N_PREDICTIONS):
        started = time.perf_counter()
        model.predict(X)
        seconds.append(time.perf_counter() - started)
    return {"what": "memory", "pixels a second": len(X) / median(seconds)}


def apply_to_file(model_path: Path, scene_path: Path) -> dict:
    model, scene = joblib.load(model_path), open_scene(scene_path)
    forget(scene_path.with_suffix(".img"))
    out = scene_path.with_name("map.tif")
    started = time.perf_counter()
    apply(model, scene, out)
    seconds = time.perf_counter() - started
    labels = np.asarray(open_scene(out))[..., 0]
    height = load_indian_pines().cube.shape[0]
    repeated = labels[: len(labels) // height * height].reshape(-1, height, labels.shape[1])
    return {
        "what": "apply",
        "seconds": seconds,
        "pixels a second": labels.size / seconds,
        "peak MB": memory()["VmHWM"] / 1e6,
        "all repeats alike": bool((repeated == repeated[0]).all()),
    }


def apply_by_workers(model_path: Path, scene_path: Path, n_workers: int) -> dict:
    from distributed import Client, LocalCluster

    model, scene = joblib.load(model_path), open_scene(scene_path)
    expected = apply(model, scene)
    array = scene.to_xarray(chunk_memory=CHUNK_MIB)
    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            dashboard_address=None,
            env={"TF_NUM_INTRAOP_THREADS": "1"},
        ) as cluster,
        Client(cluster) as client,
    ):
        apply(model, array).compute()
        forget(scene_path.with_suffix(".img"))
        started = time.perf_counter()
        labels = apply(model, array).compute().values
        seconds = time.perf_counter() - started
        resident = max(client.run(peak_resident).values())
    return {
        "workers": n_workers,
        "seconds": seconds,
        "pixels a second": labels.size / seconds,
        "peak MB of a worker": resident / 1e6,
        "labels as by apply": bool((labels == expected).all()),
    }


def peak_resident() -> int:
    """Return the most bytes that this process has had resident."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def campaign(content: dict) -> list[str]:
    """Return what the rates mean for a campaign, line by line."""
    of_one = [r for r in content["records"] if r["series"] == "workers" and r["workers"] == 1]
    rate = median(r["pixels a second"] for r in of_one)
    pixel_bytes = load_indian_pines().cube.itemsize * load_indian_pines().cube.shape[2]
    n_pixels, n_chunks = CAMPAIGN_BYTES / pixel_bytes, CAMPAIGN_BYTES / (CHUNK_MIB * 2**20)
    lines = [
        "",
        f"A campaign of {CAMPAIGN_BYTES / 1e12:g} TB with pixels of {pixel_bytes} bytes has "
        f"{n_pixels / 1e9:.3g} billion of them in {n_chunks:,.0f} chunks "
        f"of {CHUNK_MIB} MiB. A worker with one core had at most "
        f"{max(r['peak MB of a worker'] for r in of_one):.0f} MB resident. If the rate of one "
        "worker multiplies with their number, and the storage gives so much:",
        "",
        "| workers | hours | MB a second to be read | GB of memory for all workers |",
        "|---|---|---|---|",
    ]
    for n_workers in CAMPAIGN_WORKERS:
        hours = n_pixels / rate / n_workers / 3600
        memory_gb = n_workers * max(r["peak MB of a worker"] for r in of_one) / 1e3
        read = n_workers * rate * pixel_bytes / 1e6
        lines.append(f"| {n_workers} | {hours:.3g} | {read:.0f} | {memory_gb:.3g} |")
    return lines


def write(content: dict, output: Path) -> None:
    """Write the records and the tables."""
    machine = content["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}. Median [least to "
        f"most] of {content['repeats']} fresh processes. What is measured says "
        "`benchmarks/large_scenes.py`, which wrote this.",
        "",
        "| GB | seconds | pixels a second | share of the rate from memory | most resident, MB |",
        "|---|---|---|---|---|",
    ]
    records = content["records"]
    for size in dict.fromkeys(r["GB"] for r in records if r["series"] == "size"):
        of_size = [r for r in records if r["series"] == "size" and r["GB"] == size]
        applied = [r for r in of_size if r["what"] == "apply"]
        from_memory = [r["pixels a second"] for r in of_size if r["what"] == "memory"]
        shares = [r["pixels a second"] / median(from_memory) for r in applied]
        cells = [
            spread([r["seconds"] for r in applied]),
            f"{median(r['pixels a second'] for r in applied):,.0f}",
            spread(shares),
            f"{max(r['peak MB'] for r in applied):.0f}",
        ]
        lines.append(f"| {size:g} | {' | '.join(cells)} |")
    lines += [
        "",
        "| workers | seconds | times as fast as one | labels as by `apply` |",
        "|---|---|---|---|",
    ]
    by_workers = {
        n: [r for r in records if r["series"] == "workers" and r["workers"] == n] for n in (1, 2)
    }
    one = median(r["seconds"] for r in by_workers[1])
    for n_workers, of_these in by_workers.items():
        seconds = [r["seconds"] for r in of_these]
        alike = "yes" if all(r["labels as by apply"] for r in of_these) else "NO"
        lines.append(
            f"| {n_workers} | {spread(seconds)} | {digits(one / median(seconds))} | {alike} |"
        )
    lines += campaign(content)
    write_results(content, output, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
