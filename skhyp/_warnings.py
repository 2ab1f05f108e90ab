"""Warnings that point to the line of the user, however deep they come from."""

from __future__ import annotations

import sys
import warnings

# Whose frames lie between a user's line and where something is found to be amiss.
_BETWEEN = ("skhyp.", "sklearn.", "joblib.", "contextlib")


def warn_user(message: str) -> None:
    """Warn as from the line that called the package, by itself or through scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_BETWEEN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
