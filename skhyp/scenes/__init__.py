"""Scenes: images of spectra in files and in arrays, their pixels, and maps of them.

A cube has the shape (rows, columns, bands). Estimators want one pixel a row; these functions go
there and return. Pixels labelled 0, less than 0 or NaN are unlabelled, and never a class.
"""

from ._apply import apply
from ._class_smoothing import ClassSmoothing
from ._cubes import mask_unlabelled, to_map, unroll
from ._labelled import labelled_pixels, labelled_points
from ._map_polygons import polygons_of
from ._pictures import false_colour
from ._scene import Scene
from ._swath_lookups import SwathLookup
from .reading._opening import open_scene
from .reading.products._cube_layout import CubeLayout

__all__ = [
    "ClassSmoothing",
    "CubeLayout",
    "Scene",
    "SwathLookup",
    "apply",
    "false_colour",
    "labelled_pixels",
    "labelled_points",
    "mask_unlabelled",
    "open_scene",
    "polygons_of",
    "to_map",
    "unroll",
]
