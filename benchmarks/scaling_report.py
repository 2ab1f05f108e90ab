"""Tables and the figure of the scaling benchmark, made from its records alone."""

from itertools import pairwise
from pathlib import Path
from statistics import median

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from speed_report import digits, spread, write_results

TITLES = {
    "rows": "Rows: labels and codes of uint16 spectra of 103 bands",
    "bands": "Bands: autoencoders, batch 1000",
    "batch": "Batch: autoencoders, 103 bands",
    "fits": "Fits of the classifier in one process, 5 epochs each",
}
SIZES = {
    "rows": "rows",
    "bands": "bands",
    "batch": "spectra in a batch",
    "fits": "number of the fit",
}
# Okabe and Ito's colours, told apart by most eyes.
STYLES = (("#D55E00", "o"), ("#0072B2", "s"), ("#009E73", "^"), ("#CC79A7", "v"))


def write_scaling(content: dict, output: Path) -> None:
    """Write the records, the tables and the figure."""
    write_results(content, output, scaling_tables(content), draw)


def values_of(content: dict, series: str, what: str, size: int, name: str) -> list[float]:
    return [
        record[name]
        for record in content["records"]
        if (record["series"], record["what"], record["size"]) == (series, what, size)
        and record[name] is not None
    ]


def kinds_of(content: dict, series: str) -> list[str]:
    return list(dict.fromkeys(r["what"] for r in content["records"] if r["series"] == series))


def sizes_of(content: dict, series: str) -> list[int]:
    return sorted({r["size"] for r in content["records"] if r["series"] == series})


def scaling_tables(content: dict) -> str:
    machine, limits = content["machine"], content["limits"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"{limits['flops per second'] / 1e9:.0f} GFLOP/s in float32, "
        f"{limits['bytes per second'] / 1e9:.1f} GB/s. Seconds: median [least to most] of "
        f"{content['repeats']} fresh processes. What is measured says `benchmarks/scaling.py`, "
        f"which wrote this. Epochs are of {content['settings']['n_spectra']:,} spectra.",
    ]
    for series in TITLES:
        if kinds_of(content, series):
            table = fits_table if series == "fits" else size_table
            lines += ["", f"### {TITLES[series]}", "", *table(content, series)]
    named = ", ".join(f"{package} {version}" for package, version in content["versions"].items())
    return "\n".join([*lines, "", f"* {named}"]) + "\n"


def size_table(content: dict, series: str) -> list[str]:
    kinds = kinds_of(content, series)
    with_memory = series == "rows"
    header = [SIZES[series]]
    for kind in kinds:
        header += [f"{kind} (s)", f"{kind}, memory (MB)"] if with_memory else [f"{kind} (s)"]
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    for size in sizes_of(content, series):
        cells = [f"{size:,}"]
        for kind in kinds:
            cells.append(spread(values_of(content, series, kind, size, "seconds")))
            if with_memory:
                peaks = values_of(content, series, kind, size, "peak_bytes")
                cells.append(digits(max(peaks) / 1e6) if peaks else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def fits_table(content: dict, series: str) -> list[str]:
    """Return what fits cost by their number, and all fits together."""
    n_fits = max(sizes_of(content, series))
    lines = ["| fits | seconds of each | seconds of all until then |", "|---|---|---|"]
    edges = [edge for edge in (0, 1, 2, 5, 10, 20, 50) if edge < n_fits] + [n_fits]
    for before, last in pairwise(edges):
        each = [
            seconds
            for number in range(before + 1, last + 1)
            for seconds in values_of(content, series, "fit", number, "seconds")
        ]
        name = f"{last}" if last == before + 1 else f"{before + 1} to {last}"
        lines.append(f"| {name} | {spread(each)} | {spread(totals(content, last))} |")
    return lines


def totals(content: dict, n_fits: int) -> list[float]:
    """Return the seconds of the first fits together, for each repeat."""
    return [
        sum(
            record["seconds"]
            for record in content["records"]
            if record["series"] == "fits"
            and record["repeat"] == repeat
            and record["size"] <= n_fits
        )
        for repeat in range(content["repeats"])
    ]


def draw(content: dict, path: Path) -> None:
    """Draw seconds over sizes, one panel for each series."""
    series_drawn = [series for series in TITLES if kinds_of(content, series)]
    n_columns = min(2, len(series_drawn))
    n_rows = -(-len(series_drawn) // n_columns)
    figure = Figure(figsize=(5.6 * n_columns, 3.9 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for panel in panels[len(series_drawn) :]:
        panel.set_visible(False)
    for panel, series in zip(panels, series_drawn, strict=False):
        sizes = sizes_of(content, series)
        for kind, (colour, marker) in zip(kinds_of(content, series), STYLES, strict=False):
            seconds = [values_of(content, series, kind, size, "seconds") for size in sizes]
            middles = [median(values) for values in seconds]
            panel.plot(sizes, middles, color=colour, marker=marker, markersize=4, label=kind)
            lowest, highest = [min(v) for v in seconds], [max(v) for v in seconds]
            panel.fill_between(sizes, lowest, highest, color=colour, alpha=0.2, linewidth=0)
        panel.set_xscale("log")
        panel.set_yscale("log")
        if series in ("bands", "batch"):
            panel.set_xticks(sizes)
            panel.xaxis.set_minor_locator(NullLocator())
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        panel.set_title(TITLES[series], fontsize=10)
        panel.set_xlabel(SIZES[series])
        panel.set_ylabel("seconds")
        panel.grid(color="0.9")
        panel.set_axisbelow(True)
        panel.legend(fontsize=8)
    figure.savefig(path, dpi=150, format="png")
