"""Fitted estimators and pipelines for places where skhyp is not installed."""

from ._saved_model import to_saved_model

__all__ = ["to_saved_model"]
