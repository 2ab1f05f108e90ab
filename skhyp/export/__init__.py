"""Results for others: models for places where skhyp is not installed, and pages to attach."""

from ._accuracy_page import write_accuracy_page
from ._enmapbox import to_enmapbox
from ._saved_model import to_saved_model
from ._sklearn import to_sklearn

__all__ = ["to_enmapbox", "to_saved_model", "to_sklearn", "write_accuracy_page"]
