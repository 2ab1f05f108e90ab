"""What is written beside a quantity, and which of several is shown."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from skhyp.metrics import RegressionReport

# As many letters stand beside an axis of a figure of the default size.
_LETTERS_IN_A_LINE = 45
# Powers of ten between which figures are written out.
_WRITTEN_OUT = (-5, 7)


def quantity_label(name: str | None, unit: str | None, words: str = "") -> str:
    """Return the label of an axis: "Protein content, measured (%)"; shares have no unit."""
    if name:
        label = f"{name}, {words}" if words else name
    else:
        label = f"{words} value".strip().capitalize()
    label = f"{label} ({unit})" if unit and unit != "1" else label
    return textwrap.fill(label, _LETTERS_IN_A_LINE)


def chosen_output(output: Any, names: Sequence[str] | None, n_outputs: int) -> int:
    """Return the index of the output that is to be shown, by its index or its name."""
    if output is None and n_outputs == 1:
        return 0
    is_index = isinstance(output, Integral) and not isinstance(output, bool)
    if is_index and 0 <= output < n_outputs:
        return int(output)
    listed = list(names or [])
    if isinstance(output, str) and listed.count(output) == 1:
        return listed.index(output)
    which = f", or by name {', '.join(map(repr, listed))}" if any(listed) else ""
    raise ValueError(
        f"output must be which of {n_outputs} is shown, 0 to {n_outputs - 1}{which}; got "
        f"{output!r}."
    )


def report_text(report: RegressionReport, units: str | None) -> str:
    """Return the figures, those in the unit with as many decimals as the RMSE has to three digits.

    What is not defined, as R² of values that are all alike, is left out.
    """
    power = math.floor(math.log10(report.rmse)) if report.rmse > 0 else 0
    least, most = _WRITTEN_OUT
    form = f".{max(0, 2 - power)}f" if least < power < most else ".2e"
    unit = f" {units}" if units and units != "1" else ""
    lines = [f"n = {report.n}"]
    for name, value, of_value, after in (
        ("Bias", report.bias, f"+{form}", unit),
        ("RMSE", report.rmse, form, unit),
        ("SEP", report.sep, form, unit),
        ("R²", report.r2, ".3f", ""),
    ):
        if not math.isnan(value):
            number = format(value, of_value).replace("-", "\N{MINUS SIGN}")
            lines.append(f"{name} = {number}{after}")
    return "\n".join(lines)
