"""What estimators keep of what the spectra they were fitted to know of their bands."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.wavelengths import contiguous_segments

from ._known_wavelengths import numbers_of, source_bands_of, wavelengths_of, widths_of


class BandKnowledge:
    """Wavelengths and widths of the bands, and what their numbers were, where X knows them."""

    wavelengths_: NDArray[np.float64] | None
    fwhm_: NDArray[np.float64] | None
    numbers_in_: str | None
    n_features_in_: int
    segments_: NDArray[np.intp]

    def _input_wavelengths(self, n_bands: int) -> NDArray[np.float64] | None:
        """Return the wavelengths in nm of all bands that were fitted."""
        return getattr(self, "wavelengths_", None)

    def _input_widths(self, n_bands: int) -> NDArray[np.float64] | None:
        """Return the widths in nm of all bands that were fitted."""
        return getattr(self, "fwhm_", None)

    def _learn_bands_of(self, X: Any, *, continues: bool = False) -> None:
        """Keep what spectra to learn from know; those of a training that goes on may know less."""
        known, numbers, widths = wavelengths_of(X), numbers_of(X), widths_of(X)
        if known is None and continues:  # arrays that know nothing, of the same scene
            known = self._input_wavelengths(self.n_features_in_)
            numbers = getattr(self, "numbers_in_", None)
            widths = self._input_widths(self.n_features_in_)
        self.numbers_in_ = numbers
        self.fwhm_ = None if widths is None else np.array(widths)
        self.wavelengths_ = None if known is None else np.array(known)

    def _learn_segments_of(self, X: Any) -> None:
        """Keep which runs of bands are contiguous, after what X knows of its bands was learned."""
        source_bands = source_bands_of(X, self.n_features_in_)
        segments = contiguous_segments(source_bands, self.wavelengths_)
        self.segments_ = np.array([(part.start, part.stop) for part in segments])
