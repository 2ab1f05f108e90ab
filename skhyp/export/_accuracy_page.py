"""An accuracy report as one page that can be attached to a paper or a mail."""

from __future__ import annotations

import base64
import io
import platform
from collections.abc import Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skhyp._show_versions import core_versions
from skhyp.files._paths import user_path
from skhyp.files._whole_files import write_whole
from skhyp.metrics import AccuracyReport, Estimate
from skhyp.model_selection import LeakageReport
from skhyp.scenes import Scene

__all__ = ["write_accuracy_page"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ccc; text-align: right }
th:first-child, td:first-child { text-align: left }
td.right { font-weight: bold }
figure { margin: 1rem 0 } img { max-width: 100% } figcaption { color: #555 }
small { color: #555 } pre { background: #f5f5f5; padding: .6rem; white-space: pre-wrap }
"""


def write_accuracy_page(
    path: str | PathLike,
    report: AccuracyReport,
    *,
    title: str = "Accuracy assessment",
    estimator: BaseEstimator | None = None,
    scene: Scene | None = None,
    leakage: LeakageReport | None = None,
    figures: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write an accuracy report as one HTML file, with all that it takes to defend it.

    Parameters
    ----------
    path : str or path
        The file to write, whole or not at all.
    report : AccuracyReport
        As :func:`skhyp.metrics.accuracy_report` returns it, of samples that the model was not
        fitted to.
    title : str, default="Accuracy assessment"
    estimator : estimator or None, default=None
        What predicted: its parameters are listed, and the seeds of its networks.
    scene : Scene or None, default=None
        What was mapped: its name, size, bands and coordinate system are told.
    leakage : LeakageReport or None, default=None
        How near the test samples were to training samples, as
        :func:`skhyp.model_selection.leakage_report` returns it.
    figures : dict of str to Display, Axes or Figure, default=None
        Pictures by their captions, as of the split and of the map; what is drawn is written as
        PNG into the page.
    notes : list of str, default=()
        Further paragraphs, such as how the test samples were drawn.

    Raises
    ------
    ValueError
        If one of the figures has nothing that was drawn.
    OSError
        If the file cannot be written; a former one stays then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skhyp.export import write_accuracy_page
    >>> from skhyp.metrics import accuracy_report
    >>> path = Path(tempfile.mkdtemp()) / "accuracy.html"
    >>> write_accuracy_page(path, accuracy_report([1, 1, 2], [1, 2, 2]), title="Three pixels")
    >>> "Three pixels" in path.read_text()
    True
    """
    if not isinstance(report, AccuracyReport):
        raise ValueError(
            f"report must be what skhyp.metrics.accuracy_report returns, got {report!r:.80}."
        )
    pictures = {caption: _png(caption, drawn) for caption, drawn in (figures or {}).items()}
    parts = [f"<h1>{escape(title)}</h1>", *_figures_of(report)]
    parts += [_confusion(report), _classes(report)]
    if report.area is not None:
        parts += _areas(report)
    if leakage is not None:
        parts += ["<h2>Distance of test from training samples</h2>", _verbatim(str(leakage))]
    for caption, png in pictures.items():
        encoded = base64.b64encode(png).decode()
        parts.append(
            f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{encoded}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    parts += [f"<p>{escape(note)}</p>" for note in notes]
    if scene is not None:
        parts += ["<h2>Scene</h2>", _facts(_of_scene(scene))]
    if estimator is not None:
        parts += ["<h2>Model</h2>", _verbatim(repr(estimator)), *_seeds(estimator)]
    versions = {"python": platform.python_version(), **core_versions()}
    parts += ["<h2>Versions</h2>", _facts(versions)]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
    write_whole(user_path("path", path), page.encode())


def _figures_of(report: AccuracyReport) -> list[str]:
    kind = "of independent samples"
    if report.n_groups is not None:
        kind = f"over {report.n_groups} groups of samples"
    rows = [
        ("Overall accuracy", _percent(report.overall)),
        ("Average accuracy", f"{report.average:.1%}"),
        (
            "Cohen's kappa",
            f"{report.kappa.value:.3f} <small>{report.kappa.low:.3f} to "
            f"{report.kappa.high:.3f}</small>",
        ),
    ]
    return [
        f"<p>{report.n} test samples. Small figures are {report.confidence_level:.0%} confidence "
        f"intervals, {kind}.</p>",
        _table([], [list(row) for row in rows]),
    ]


def _confusion(report: AccuracyReport) -> str:
    names = [escape(name) for name in report.names]
    rows = []
    for i, (name, counts) in enumerate(zip(names, report.confusion.tolist(), strict=True)):
        cells = [f'<td class="right">{n}</td>' if i == j else n for j, n in enumerate(counts)]
        rows.append([name, *cells, sum(counts)])
    rows.append(["predicted", *report.confusion.sum(axis=0).tolist(), report.n])
    heading = ["true \\ predicted", *names, "true"]
    return "<h2>Confusion</h2>" + _table(heading, rows)


def _classes(report: AccuracyReport) -> str:
    rows = [
        [escape(name), _percent(producer), _percent(user), f"{f1:.3f}"]
        for name, producer, user, f1 in zip(
            report.names,
            map(Estimate._make, zip(*report.producers, strict=True)),
            map(Estimate._make, zip(*report.users, strict=True)),
            report.f1.tolist(),
            strict=True,
        )
    ]
    heading = ["class", "producer's accuracy", "user's accuracy", "F1"]
    return "<h2>Classes</h2>" + _table(heading, rows)


def _areas(report: AccuracyReport) -> list[str]:
    area = report.area
    assert area is not None
    rows = [
        [
            escape(name),
            f"{mapped:.6g}",
            f"{found.value:.6g} <small>{found.low:.6g} to {found.high:.6g}</small>",
            _percent(producer),
            _percent(user),
        ]
        for name, mapped, found, producer, user in zip(
            report.names,
            area.mapped.tolist(),
            map(Estimate._make, zip(*area.areas, strict=True)),
            map(Estimate._make, zip(*area.producers, strict=True)),
            map(Estimate._make, zip(*area.users, strict=True)),
            strict=True,
        )
    ]
    heading = ["class", "mapped", "estimated", "producer's accuracy", "user's accuracy"]
    return [
        "<h2>The whole map</h2>",
        f"<p>Overall accuracy of the mapped area: {_percent(area.overall)}. Mapped classes are "
        "weighted by their areas, after Olofsson et al. (2014, Remote Sensing of Environment 148), "
        "for samples that are random within each.</p>",
        _table(heading, rows),
    ]


def _of_scene(scene: Scene) -> dict[str, str]:
    rows, columns, n_bands = scene.shape
    name = Path(str(scene.name)).name  # where it lies is nobody's business
    facts = {"name": name, "size": f"{rows} x {columns} pixels, {n_bands} bands"}
    if scene.wavelengths is not None:
        facts["wavelengths"] = f"{scene.wavelengths.min():g} to {scene.wavelengths.max():g} nm"
    if scene.good_bands is not None:
        facts["bands in use"] = str(int(np.count_nonzero(scene.good_bands)))
    if scene.numbers is not None:
        facts["numbers"] = scene.numbers
    if scene.transform is not None:
        facts["transform of pixels"] = ", ".join(f"{number:.10g}" for number in scene.transform)
    if scene.crs is not None:
        facts["coordinate system"] = scene.crs
    return facts


def _seeds(estimator: BaseEstimator) -> list[str]:
    """Return the drawn seeds of fitted networks, by the steps that they are."""
    steps = estimator.steps if isinstance(estimator, Pipeline) else [("", estimator)]
    seeds = {name: step.seed_ for name, step in steps if hasattr(step, "seed_")}
    return [f"<p>Seed{' of ' if n else ''}{escape(n)}: {seed}</p>" for n, seed in seeds.items()]


def _percent(estimate: Estimate) -> str:
    value, low, high = (100 * number for number in estimate)
    return f"{value:.1f} % <small>{low:.1f} to {high:.1f}</small>"


def _table(heading: list[Any], rows: list[list[Any]]) -> str:
    lines = []
    if heading:
        lines.append("<tr>" + "".join(f"<th>{cell}</th>" for cell in heading) + "</tr>")
    for row in rows:
        cells = [str(cell) for cell in row]
        cells = [cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in cells]
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"


def _facts(facts: Mapping[str, str]) -> str:
    return _table([], [[escape(name), escape(str(fact))] for name, fact in facts.items()])


def _verbatim(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _png(caption: str, drawn: Any) -> bytes:
    """Return the picture of a Display, of axes or of a figure."""
    figure = drawn
    for name in ("figure_", "figure"):
        if not hasattr(figure, "savefig") and getattr(figure, name, None) is not None:
            figure = getattr(figure, name)
    if not hasattr(figure, "savefig"):
        raise ValueError(
            f"figures must be Displays that were drawn, axes or figures; {caption!r} is "
            f"{drawn!r:.80}."
        )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150, bbox_inches="tight")
    return content.getvalue()
