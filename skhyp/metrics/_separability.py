"""How well classes are separated in a feature space."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.multiclass import check_classification_targets


@validate_params(
    {
        "Z": ["array-like"],
        "y": ["array-like"],
        "kind": [StrOptions({"trace", "whitened"})],
        "regularization": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def fisher_discriminant_ratio(
    Z: ArrayLike, y: ArrayLike, *, kind: str = "trace", regularization: float = 1e-6
) -> float:
    """Compute how far the classes lie apart compared with how far each spreads.

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_features)
        Features, such as the latent values of an autoencoder.
    y : array-like of shape (n_samples,)
        Class labels, of at least two classes.
    kind : {"trace", "whitened"}, default="trace"
        "trace" is J1 = tr(S_b) / tr(S_w); "whitened" is J2 = tr((S_w + eps I)^-1 S_b).
    regularization : float, default=1e-6
        The eps of J2, above 0, in the squared unit of `Z`. J1 does not use it.

    Returns
    -------
    ratio : float
        0 or more; greater is better separated. Classes that are single points each give infinity,
        or 0 if all of them are the same point, for both kinds.

    Raises
    ------
    ValueError
        If `y` holds one class only or continuous values, or if the lengths differ.

    Notes
    -----
    With n_c samples of mean m_c in class c, and the overall mean m (see [1]_, section 10.2),
    ``S_b = sum_c n_c (m_c - m)(m_c - m)' / n`` and
    ``S_w = sum_c sum_i (z_i - m_c)(z_i - m_c)' / n``.

    J2 grows with the number of features whether or not they are of use: never compare it between
    latent spaces of different sizes. J1 changes with the relative scales of the features.

    References
    ----------
    .. [1] Fukunaga K., "Introduction to Statistical Pattern Recognition", 2nd ed., 1990.

    Examples
    --------
    >>> from skhyp.metrics import fisher_discriminant_ratio
    >>> fisher_discriminant_ratio([[0.0], [2.0], [10.0], [12.0]], ["soil", "soil", "tree", "tree"])
    25.0
    """
    Z = check_array(Z, dtype=np.float64, input_name="Z")
    y = column_or_1d(y)
    check_consistent_length(Z, y)
    check_classification_targets(y)
    classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"y must hold at least two classes; got only {classes.tolist()}.")

    # Counted from one of their own points, equal points are exactly zero, which a mean is not.
    Z = Z - Z[0]
    means = np.empty((len(classes), Z.shape[1]))
    residuals = np.empty_like(Z)
    for code in range(len(classes)):
        members = codes == code
        origin = Z[members][0]
        offsets = Z[members] - origin
        means[code] = origin + offsets.mean(axis=0)
        residuals[members] = offsets - offsets.mean(axis=0)
    means -= counts @ means / len(Z)

    between = np.sum(counts[:, np.newaxis] * means**2) / len(Z)
    within = np.sum(residuals**2) / len(Z)
    if within == 0:
        return float("inf") if between > 0 else 0.0
    if kind == "trace":
        return float(between / within)
    # By eigenvectors rather than by a solver: S_w may be singular, or eps lost in its rounding.
    variances, axes = np.linalg.eigh(residuals.T @ residuals / len(Z))
    between_along_axes = counts @ (means @ axes) ** 2 / len(Z)
    return float(np.sum(between_along_axes / (np.maximum(variances, 0) + regularization)))
