"""What is asked of a fitted part of a model, to know which bands it was given."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class KnowsWavelengths(Protocol):
    """A part that was told the wavelengths of its input, or learned them from it."""

    def _input_wavelengths(self, n_bands: int) -> NDArray[np.float64] | None:
        """Return the wavelengths in nm of all bands of the input, where they are known."""


@runtime_checkable
class KnowsWidths(Protocol):
    """A part that learned the widths of its bands from its input."""

    def _input_widths(self, n_bands: int) -> NDArray[np.float64] | None:
        """Return the widths in nm of all bands of the input, where they are known."""


@runtime_checkable
class MakesBands(Protocol):
    """A part that gives bands of its own, in the unit of those it is given."""

    @property
    def _bands_out(self) -> dict[str, Any]:
        """The ``wavelengths``, ``fwhm`` and ``source_bands`` of what it gives, None if unknown."""


@runtime_checkable
class KnowsNodata(Protocol):
    """A part that leaves out pixels that lack data."""

    @property
    def _nodata_values(self) -> tuple[float, ...]:
        """The values that mark missing data."""
