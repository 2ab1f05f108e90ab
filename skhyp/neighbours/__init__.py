"""What the pixels of a scene say of each other: those that are alike and near are of one class.

The graph of a scene joins each pixel to the few that it is most like. What is known of some pixels,
labels or probabilities, passes along it.
"""

from ._pixel_graph import PixelGraph

__all__ = ["PixelGraph"]
