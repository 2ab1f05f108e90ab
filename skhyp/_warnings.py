"""Warnings that point to the line of the user, however deep they come from."""

from __future__ import annotations

import sys
import warnings


def warn_user(message: str) -> None:
    """Warn as from the line that called the package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("skhyp."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
