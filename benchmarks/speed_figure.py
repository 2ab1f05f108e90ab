"""The figure of the speed benchmark: speed beside deephyp, warm and in the first call."""

from pathlib import Path
from statistics import median

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

Points = dict[tuple[str, str, str, str], list[float]]

TITLES = {"warm": "Warm", "first": "First call, or whole process (W5)"}
# Okabe and Ito's colours, told apart by most eyes, and a marker each for all others.
STYLES = {
    "skhyp": ("#D55E00", "o"),
    "keras": ("#0072B2", "s"),
    "torch": ("#009E73", "^"),
    "skorch": ("#CC79A7", "v"),
    "scikeras": ("#56B4E9", "D"),
    "scikit-learn": ("#E69F00", "P"),
    "numpy": ("#000000", "X"),
}


def draw_ratios(points: Points, path: Path) -> None:
    """Draw the median, least and most of each list of ratios.

    Parameters
    ----------
    points : dict
        Ratios of each repeat by workload, contender, variant and kind ("warm" or "first").
    path : Path
        The PNG file.
    """
    kinds = [kind for kind in TITLES if any(key[3] == kind for key in points)] or ["warm"]
    rows = {kind: [key for key in points if key[3] == kind] for kind in kinds}
    height = 1.6 + 0.24 * max(len(keys) + 0.7 * len({k[0] for k in keys}) for keys in rows.values())
    figure = Figure(figsize=(6.2 * len(kinds), height), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharex=True)[0]
    for panel, kind in zip(panels, kinds, strict=True):
        draw_panel(panel, {key: points[key] for key in rows[kind]}, TITLES[kind])
    figure.savefig(path, dpi=150, format="png")


def draw_panel(panel, points: Points, title: str) -> None:
    position, ticks, labels, former = 0.0, [], [], None
    for (workload, contender, variant, _), values in points.items():
        if former not in (None, workload):
            panel.axhline(position - 0.15, color="0.8", linewidth=0.8)
            position += 0.7
        former = workload
        colour, marker = STYLES.get(contender, ("0.4", "*"))
        middle = median(values)
        errors = [[middle - min(values)], [max(values) - middle]]
        panel.errorbar(
            middle, position, xerr=errors, color=colour, marker=marker, markersize=7, capsize=3
        )
        panel.annotate(
            f"{middle:.0f}x" if middle >= 100 else f"{middle:.2g}x",
            (max(values), position),
            (7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
        ticks.append(position)
        labels.append(f"{workload}  {contender}{f', {variant}' if variant else ''}")
        position += 1
    panel.axvline(1, color="0.3", linewidth=1)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.margins(x=0.35)
    panel.set_yticks(ticks, labels, fontsize=9)
    panel.set_ylim(position - 0.4, -0.6)
    panel.grid(axis="x", color="0.9")
    panel.set_axisbelow(True)
    panel.set_title(title, fontsize=11)
    panel.set_xlabel("times as fast as deephyp")
