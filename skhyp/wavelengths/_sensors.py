"""Bands of sensors whose centres and widths are published, and alike in all of their scenes.

Those of imaging spectrometers are not: they are calibrated again, and each scene tells its own.
"""

from __future__ import annotations

from typing import NamedTuple


class SensorBands(NamedTuple):
    """Names, centres and widths at half maximum in nm of the bands of a sensor."""

    names: tuple[str, ...]
    wavelengths: tuple[float, ...]
    fwhm: tuple[float, ...]


SENSORS = {
    # Nominal values of ESA: Sentinel-2 User Handbook, issue 1, revision 2, 2015.
    "sentinel-2": SensorBands(
        ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"),
        (443, 490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190),
        (20, 65, 35, 30, 15, 15, 20, 115, 20, 20, 30, 90, 180),
    ),
    # Barsi J. A. et al., Remote Sensing 6(10), 2014: averages over the modules of Landsat 8's.
    "landsat-8": SensorBands(
        ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9"),
        (442.96, 482.04, 561.41, 654.59, 864.67, 1608.86, 2200.73, 589.50, 1373.43),
        (15.98, 60.04, 57.33, 37.47, 28.25, 84.72, 186.66, 172.40, 20.39),
    ),
}
