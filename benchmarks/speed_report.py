"""Tables and the figure of the speed benchmark, made from its records alone."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median, stdev

from workloads import ACCURACY_WORKLOADS, EPOCHS_OF_ACCURACY, WORKLOADS

REFERENCE = "deephyp"
KINDS = ("warm", "first")
# In cores: beyond this, a time says little of the contender.
MOST_DISTURBANCE = 0.1
# The kernel counts in hundredths of a second: what others used is told from nothing beyond this.
LEAST_SECONDS_OF_OTHERS = 0.03


def write_speed(content: dict, output: Path) -> None:
    """Write the records, the tables and the figure."""
    write_results(content, output, speed_tables(content), draw)


def write_accuracy(content: dict, output: Path) -> None:
    """Write losses and accuracies over seeds."""
    write_results(content, output, accuracy_table(content))


def write_results(
    content: dict, output: Path, text: str, draw: Callable[[dict, Path], object] | None = None
) -> None:
    """Write records as JSON, a text and, where it is drawn, a figure: all of them, or none."""
    writers = {
        ".json": lambda path: path.write_text(json.dumps(content, indent=1) + "\n"),
        ".md": lambda path: path.write_text(text),
    }
    if draw is not None:
        writers[".png"] = lambda path: draw(content, path)
    write_together({output.with_name(output.name + end): writers[end] for end in writers})
    print(text)


def write_together(writers: dict[Path, Callable[[Path], object]]) -> None:
    """Write files beside their places first, so that a failure leaves the former ones whole."""
    temporary = {path: path.with_name(f".new_{path.name}") for path in writers}
    try:
        for path, write in writers.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(temporary[path])
        for path in writers:
            temporary[path].replace(path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)


def seconds_of(content: dict, workload: str, contender: str, kind: str) -> dict[int, float]:
    """Return seconds by repeat."""
    return {
        record["repeat"]: record["seconds"]
        for record in content["records"]
        if (record["workload"], record["contender"], record["kind"]) == (workload, contender, kind)
    }


def ratios(content: dict, workload: str, contender: str, kind: str) -> list[float]:
    """Return how many times faster than deephyp a contender was, repeat by repeat."""
    own = seconds_of(content, workload, contender, kind)
    reference = seconds_of(content, workload, REFERENCE, kind)
    return [reference[repeat] / own[repeat] for repeat in own if repeat in reference]


def limits(content: dict) -> dict[str, float]:
    """Return the best rates that the machine reached in any repeat."""
    return {rate: max(limit[rate] for limit in content["limits"]) for rate in content["limits"][0]}


def speed_tables(content: dict) -> str:
    """Return the tables as Markdown."""
    best = limits(content)
    disturbed = [record for record in content["records"] if is_disturbed(record)]
    n_unseen = sum(not (is_disturbed(r) or is_watched(r)) for r in content["records"])
    lines = [
        *heading(content),
        f"{best['flops per second'] / 1e9:.0f} GFLOP/s in float32 and "
        f"{best['bytes per second'] / 1e9:.1f} GB/s of memory traffic in the same run.",
        "",
        f"Median [least to most] of {content['repeats']} repeats, each in a fresh process. "
        f"Speed beside {REFERENCE} is the median of the ratios of each repeat, above 1 where the "
        "contender is faster. Memory is the peak above what was held before the call. What the "
        "workloads and columns are says `benchmarks/speed.py`, which wrote this.",
        "",
        f"{len(disturbed)} of {len(content['records'])} times were taken while other processes "
        f"kept more than {MOST_DISTURBANCE:g} cores busy, for {LEAST_SECONDS_OF_OTHERS:g} s or "
        f"more altogether; {n_unseen} are too short to tell.",
        "",
    ]
    for key in content["workloads"]:
        lines += [*speed_table(content, key, best), ""]
    return "\n".join([*lines, *notes(content)]) + "\n"


def heading(content: dict) -> list[str]:
    machine = content["machine"]
    warning = "**Scaled down to try the benchmark out: these are no results.**"
    return [
        *([warning, ""] if content["scale"] < 1 else []),
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}.",
    ]


def speed_table(content: dict, key: str, best: dict[str, float]) -> list[str]:
    workload = WORKLOADS[key]
    ideal = workload.ideal_seconds(best, content["scale"])
    kinds = ("first",) if workload.whole_process else KINDS
    names = {"first": "whole process" if workload.whole_process else "first call", "warm": "warm"}
    header = ["", f"{names[kinds[0]]} ({workload.unit})", f"speed beside {REFERENCE}"]
    if ideal is not None:
        header.append("times the limit")
    if len(kinds) > 1:
        header += ["first call (s)", f"first beside {REFERENCE}", "memory (MB)"]
    lines = [f"### {key}: {workload.title}", ""]
    if ideal is not None:
        lines += [f"The limit is {ideal:.3g} {workload.unit}.", ""]
    lines += [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    for entry in workload.entries:
        if entry.contender not in content["contenders"]:
            continue
        cells = [entry.label]
        for kind in kinds:
            seconds = list(seconds_of(content, key, entry.label, kind).values())
            cells += [spread(seconds), spread(ratios(content, key, entry.label, kind), "x")]
            if kind == kinds[0] and ideal is not None:
                has_limit = seconds and not entry.is_other_network
                cells.append(digits(median(seconds) / ideal) if has_limit else "")
        if len(kinds) > 1:
            cells.append(peak_memory(content, key, entry.label))
        if not any(cells[1:]):
            cells[1] = why_missing(content, key, entry.contender, entry.label)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def spread(values: list[float], unit: str = "") -> str:
    if not values:
        return ""
    low, middle, high = map(digits, (min(values), median(values), max(values)))
    return f"{middle}{unit}" if len(values) == 1 else f"{middle}{unit} [{low} to {high}]"


def digits(value: float, n_digits: int = 3) -> str:
    """Return the number with so many digits, but never with an exponent if it is large."""
    return f"{value:.0f}" if value >= 10**n_digits else f"{value:.{n_digits}g}"


def peak_memory(content: dict, key: str, label: str) -> str:
    peaks = [
        record["peak_bytes"]
        for record in content["records"]
        if (record["workload"], record["contender"]) == (key, label)
        and record.get("peak_bytes") is not None
    ]
    return f"{max(peaks) / 1e6:.0f}" if peaks else ""


def why_missing(content: dict, key: str, contender: str, label: str) -> str:
    if contender in content["not installed"]:
        return "does not take part, see below"
    failed = any((f["workload"], f["contender"]) == (key, label) for f in content["failures"])
    return "failed, see below" if failed else ""


def notes(content: dict) -> list[str]:
    """Return who did not take part, what failed, and versions."""
    lines = []
    for contender, reason in content["not installed"].items():
        lines.append(f"* {contender} does not take part: {one_line(reason)}")
    for failure in content["failures"]:
        lines.append(
            f"* {failure['workload']}, {failure['contender']}, repeat {failure['repeat']} failed: "
            f"{one_line(failure['error'])}"
        )
    for contender, versions in content["versions"].items():
        named = ", ".join(f"{package} {version}" for package, version in versions.items())
        lines.append(f"* {contender} ran on {named}")
    return lines


def is_disturbed(record: dict) -> bool:
    """Return whether other processes of the machine were busy while the time was taken."""
    others = record.get("cores used by others") or 0
    used = others * record["seconds watched"]
    return others > MOST_DISTURBANCE and used >= LEAST_SECONDS_OF_OTHERS


def is_watched(record: dict) -> bool:
    """Return whether a time was taken for so long that the kernel would count a disturbance."""
    is_counted = record.get("cores used by others") is not None
    return is_counted and MOST_DISTURBANCE * record["seconds watched"] >= LEAST_SECONDS_OF_OTHERS


def one_line(text: str) -> str:
    return " ".join(text.split())[-400:]


def accuracy_table(content: dict) -> str:
    """Return losses and accuracies over the seeds as Markdown."""
    entries = ACCURACY_WORKLOADS[content["workloads"][0]].entries
    labels = [entry.label for entry in entries if entry.contender in content["versions"]]
    lines = [
        *heading(content),
        "",
        f"Mean ± standard deviation over {content['repeats']} seeds, of the same layers and "
        "batches. W1, W2: mean cosine spectral angle of the training spectra after "
        f"{EPOCHS_OF_ACCURACY} epochs (less is better); W3: accuracy in % on 4,500 other spectra "
        f"after {ACCURACY_WORKLOADS['W3'].epochs}. skhyp has its own "
        "activation of the code (linear) and initial weights in the first column, deephyp's in "
        "the second; only deephyp's biases start at random. Written by "
        "`benchmarks/speed.py --accuracy`.",
        "",
        f"| | {' | '.join(labels)} |",
        "|---" * (len(labels) + 1) + "|",
    ]
    for key in content["workloads"]:
        measure, factor = ("accuracy", 100) if key == "W3" else ("loss", 1)
        cells = []
        for label in labels:
            values = [
                factor * record[measure]
                for record in content["records"]
                if (record["workload"], record["contender"]) == (key, label)
            ]
            deviation = f" ± {stdev(values):.3g}" if len(values) > 1 else ""
            cells.append(f"{mean(values):.4g}{deviation}" if values else "failed")
        lines.append(f"| {key}, {measure} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *notes(content)]) + "\n"


def draw(content: dict, path: Path) -> None:
    """Draw how many times faster than deephyp each contender was, and how sure that is."""
    from speed_figure import draw_ratios

    points = {
        (key, entry.contender, entry.variant, kind): found
        for key in content["workloads"]
        for entry in WORKLOADS[key].entries
        for kind in KINDS
        if entry.label != REFERENCE and (found := ratios(content, key, entry.label, kind))
    }
    draw_ratios(points, path)
