"""Fitted estimators and pipelines for places where skhyp is not installed."""

from ._enmapbox import to_enmapbox
from ._saved_model import to_saved_model
from ._sklearn import to_sklearn

__all__ = ["to_enmapbox", "to_saved_model", "to_sklearn"]
