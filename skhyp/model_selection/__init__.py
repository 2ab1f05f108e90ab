"""Splits of pixels that keep training and test apart in space, and what leaks where they do not.

Neighbouring pixels are nearly copies of each other. A split at random puts most test pixels next
to training pixels, and measures how well a model remembers rather than how well it maps. The
splitters here work like those of scikit-learn, in ``cross_validate`` and ``GridSearchCV``, for any
estimator; beside X and y they need the positions of the pixels.
"""

from ._block_splitters import SpatialBlockKFold, SpatialShuffleSplit
from ._field_splitter import LeaveOneFieldOut
from ._fields import field_numbers
from ._leakage import LeakageReport, leakage_report
from ._map_distance_splitter import MapDistanceKFold
from ._sampling import stratified_pixel_sample
from ._smoothing_choice import SmoothingChoice, choose_smoothing

__all__ = [
    "LeakageReport",
    "LeaveOneFieldOut",
    "MapDistanceKFold",
    "SmoothingChoice",
    "SpatialBlockKFold",
    "SpatialShuffleSplit",
    "choose_smoothing",
    "field_numbers",
    "leakage_report",
    "stratified_pixel_sample",
]
