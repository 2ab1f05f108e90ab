"""Where an estimator is documented, for what notebooks show of it."""

DOCUMENTATION = "https://skhyp.readthedocs.io/en/stable"


class DocumentationLinkMixin:
    """The question mark in an estimator's diagram leads to its page in the API reference.

    Before ``BaseEstimator`` among the bases, which has scikit-learn's addresses.
    """

    _doc_link_module = "skhyp"
    _doc_link_template = f"{DOCUMENTATION}/generated/skhyp.{{estimator_name}}.html"
