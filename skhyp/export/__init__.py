"""Results for others: models for places where skhyp is not installed, and pages to attach."""

from ._accuracy_page import write_accuracy_page
from ._saved_model import to_saved_model

__all__ = ["to_saved_model", "write_accuracy_page"]
