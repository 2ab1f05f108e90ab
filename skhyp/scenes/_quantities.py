"""What the values of a map are called, and the units that they are in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from ._pixel_models import PixelModel

# Controls, halves of signs, and ends of lines, which no header can hold.
_NO_SIGNS = ("Cc", "Cs", "Zl", "Zp")


class Quantities(NamedTuple):
    """Names and units of the values of a map, as they are given."""

    # One for each output; of probabilities, whose outputs are classes, one for all.
    long_names: list[str] | None
    # One for each output.
    units: list[str] | None

    @classmethod
    def of(
        cls,
        model: PixelModel,
        long_name: str | Sequence[str] | None,
        units: str | Sequence[str] | None,
    ) -> Quantities:
        """Return what is given for a map, after checking that it fits what the model gives."""
        given = {"long_name": long_name, "units": units}
        given = {argument: value for argument, value in given.items() if value is not None}
        if given and model.classes is not None:
            raise ValueError(
                f"{' and '.join(given)} must be None for a map of classes, whose labels are no "
                f"quantity: class_names names them; got {', '.join(map(repr, given.values()))}."
            )
        n_outputs = model.n_outputs or 1
        long_names = None
        if long_name is not None and model.outputs_are_classes:
            if not isinstance(long_name, str):
                raise ValueError(
                    f"long_name must be one string for {model.method}, whose outputs class_names "
                    f"names; got {long_name!r}."
                )
            long_names = [_text("long_name", long_name, long_name)]
        elif long_name is not None:
            long_names = _texts("long_name", long_name, n_outputs)
            if len(set(long_names)) < n_outputs:
                raise ValueError(f"long_name must name each output differently; got {long_name!r}.")
        if isinstance(units, str):
            units = [units] * n_outputs  # probabilities, and shares, have one unit
        return cls(long_names, None if units is None else _texts("units", units, n_outputs))

    @property
    def long_name(self) -> str | None:
        """The name of all values, if they have one."""
        return self.long_names[0] if self.long_names and len(self.long_names) == 1 else None

    def output_names(self, model: PixelModel, others: Sequence[str] | None) -> Sequence[str] | None:
        """Return the name of each output: the one that is given, or the one that it had."""
        is_of_each = self.long_names is not None and not model.outputs_are_classes
        return self.long_names if is_of_each and model.n_outputs is not None else others


def _texts(argument: str, given: Any, n_outputs: int) -> list[str]:
    """Return one text for each output."""
    entries = given.tolist() if hasattr(given, "tolist") else given
    entries = [entries] if isinstance(entries, str) else entries
    if not isinstance(entries, list | tuple) or len(entries) != n_outputs:
        one = "a string" if n_outputs == 1 else f"{n_outputs} strings, one for each output"
        raise ValueError(f"{argument} must be {one}; got {given!r}.")
    return [_text(argument, entry, given) for entry in entries]


def _text(argument: str, entry: Any, given: Any) -> str:
    if not isinstance(entry, str) or not entry.strip():
        hint = ' The unit of a share, or of a ratio, is "1".' if argument == "units" else ""
        raise ValueError(f"{argument} must be text that is not empty; got {given!r}.{hint}")
    if any(unicodedata.category(sign) in _NO_SIGNS for sign in entry):
        raise ValueError(f"{argument} must be text of a single line; got {given!r}.")
    return entry.strip()
