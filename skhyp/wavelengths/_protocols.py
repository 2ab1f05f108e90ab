"""What is asked of a fitted part of a model, to know which bands it was given."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class KnowsWavelengths(Protocol):
    """A part that was told the wavelengths of its input, or learned them from it."""

    def _input_wavelengths(self, n_bands: int) -> NDArray[np.float64] | None:
        """Return the wavelengths in nm of all bands of the input, where they are known."""


@runtime_checkable
class KnowsNodata(Protocol):
    """A part that leaves out pixels that lack data."""

    @property
    def _nodata_values(self) -> tuple[float, ...]:
        """The values that mark missing data."""
