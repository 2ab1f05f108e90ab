"""SpectralPLSRegressor: values of spectra by partial least squares."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods

from .fitting._partial_least_squares import partial_least_squares
from .fitting._scaled_regressor import ScaledSpectraRegressor, standardisation_of
from .fitting._scalings import checked_scalings
from .inputs._parameters import POSITIVE_INTEGER, NumberInterval
from .inputs._validation import all_or_nothing

# Folds in the order of the spectra are a trap where these are sorted; drawn so, they stay the same.
_SEED = 0


class SpectralPLSRegressor(ScaledSpectraRegressor):
    """Partial least squares whose scaling and number of components are chosen by folds.

    The usual calibration of spectroscopy [1]_: a regression on few components of the spectra,
    those that vary most with the targets. Alone it is what other models have to be better than.

    Parameters
    ----------
    scalings : tuple of {None, "snv", "slope", "curvature"}, \
            default=(None, "snv", "slope", "curvature")
        The scalings of the spectra to choose from: ``None``, as they are; "snv", the standard
        normal variate; "slope" and "curvature", its first and second derivative, see Notes.
    max_components : int, default=20
        The most components that are tried, cut to the number of bands, and to one less than the
        smallest training part has spectra.
    cv : int or splitter, default=5
        The folds by which scaling and number are chosen: a number of folds, drawn with a fixed
        seed (with ``groups`` in fit, each group is in one of them), or a splitter of scikit-learn
        or :mod:`skhyp.model_selection`.

    Attributes
    ----------
    scaling_ : str or None
        The scaling that was chosen.
    n_components_ : int
        The number of components that was chosen; less where spectra or targets have nothing left
        to explain, and 0 where they do not vary.
    cv_errors_ : ndarray of shape (n_scalings, n_components)
        Mean squared error of the folds by scaling and by number of components, from 1, over the
        variance of the target; the mean over the targets.
    coef_ : ndarray of shape (n_bands,) or (n_targets, n_bands)
        Coefficients of the bands of scaled spectra, in the unit of y.
    intercept_ : float or ndarray of shape (n_targets,)
        What is added.
    n_outputs_ : int
        The number of targets.
    target_ndim_ : int
        1 if y was a list of numbers, 2 if it was a matrix: predictions have as many axes.
    segments_ : ndarray of shape (n_segments, 2)
        The runs of bands, from start to stop, within which derivatives are taken.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them: as a DataFrame with columns named like
        "450.5 nm", or :class:`~skhyp.spectra.Spectra`.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file or "computed", where X knows it.

    See Also
    --------
    SpectralKernelRegressor : Where values do not depend on spectra in a linear way.
    SpectralCNNRegressor : A convolutional network.

    Notes
    -----
    Derivatives are by polynomials [2]_ over windows of 30 nm where wavelengths are known, else of
    a 50th of the bands, in either case of 5 bands or more, and within segments of the spectrum.
    Several targets share scaling and components, each in its own deviations: what unit they are in
    changes nothing. Neither spectra nor targets are weighted or cleaned of outliers. All is
    computed in float64.

    The error of the chosen numbers in ``cv_errors_`` is somewhat too low for an error on new
    spectra, as it is the least of many; for that, use folds around the whole estimator.

    References
    ----------
    .. [1] Wold S., Sjöström M., Eriksson L., "PLS-regression: a basic tool of chemometrics",
       Chemometrics and Intelligent Laboratory Systems 58(2), 2001.
    .. [2] Savitzky A., Golay M. J. E., "Smoothing and differentiation of data by simplified least
       squares procedures", Analytical Chemistry 36(8), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralPLSRegressor
    >>> rng = np.random.default_rng(0)
    >>> protein = rng.uniform(8, 16, 80)  # in %
    >>> bands = np.linspace(0, 1, 60)
    >>> absorption = np.exp(-((bands - 0.4) ** 2) / 0.005)
    >>> X = 1 - 0.02 * protein[:, None] * absorption + 0.001 * rng.standard_normal((80, 60))
    >>> regressor = SpectralPLSRegressor().fit(X[:50], protein[:50])
    >>> bool(regressor.score(X[50:], protein[50:]) > 0.99)
    True
    """

    _parameter_constraints: dict = {
        **ScaledSpectraRegressor._parameter_constraints,
        "max_components": [POSITIVE_INTEGER],
        "cv": [NumberInterval(Integral, 2, None, closed="left"), HasMethods(["split"])],
    }

    def __init__(
        self,
        *,
        scalings: tuple[str | None, ...] = (None, "snv", "slope", "curvature"),
        max_components: int = 20,
        cv: Any = 5,
    ):
        self.scalings = scalings
        self.max_components = max_components
        self.cv = cv

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> SpectralPLSRegressor:
        """Choose scaling and number of components by folds, and fit them to all spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Reference values in any unit.
        groups : array-like of shape (n_spectra,), default=None
            What spectra belong to that must not be parted by folds, such as a field, a year or an
            instrument. Passed to the splitter.

        Returns
        -------
        self : SpectralPLSRegressor

        Raises
        ------
        ValueError
            If X, y, groups or a parameter is not as described, or if there are fewer spectra, or
            groups, than folds. A fitted estimator then keeps its former state.
        """
        with all_or_nothing(self):
            scalings = checked_scalings(self.scalings)
            X, targets = self._validate(X, y)
            folds = self._folds(X, self._in_form_of_y(targets), groups)
            mean, scale = standardisation_of(targets)
            standardised = (targets - mean) / scale
            fewest = min(len(training) for training, _ in folds)
            n_components = max(1, min(self.max_components, X.shape[1], fewest - 1))
            self.cv_errors_ = np.stack(
                [
                    _errors(self._scaled(X, scaling), standardised, folds, n_components)
                    for scaling in scalings
                ]
            )
            best, place = np.unravel_index(np.argmin(self.cv_errors_), self.cv_errors_.shape)
            self.scaling_ = scalings[best]
            spectrum, target, rotations, loadings = _components(
                self._scaled(X, self.scaling_), standardised, int(place) + 1
            )
            self.n_components_ = len(loadings)
            coefficients = (rotations @ loadings * scale).T
            intercept = mean + scale * target - coefficients @ spectrum
            self.coef_ = coefficients[0] if self.target_ndim_ == 1 else coefficients
            self.intercept_ = float(intercept[0]) if self.target_ndim_ == 1 else intercept
        return self

    def _folds(self, X: np.ndarray, y: np.ndarray, groups: Any) -> list[tuple[Any, Any]]:
        if groups is not None:
            check_consistent_length(X, groups)
        splitter = self.cv
        if isinstance(splitter, Integral):
            n_folds = int(splitter)
            if n_folds > len(X):
                raise ValueError(
                    f"cv={n_folds} folds need as many spectra or more, got n_samples={len(X)}. "
                    f"Pass cv={len(X)}, which leaves out one at a time, or less."
                )
            if groups is not None:
                splitter = GroupKFold(n_folds)
            else:
                splitter = KFold(n_folds, shuffle=True, random_state=_SEED)
        folds = [
            (np.arange(len(X))[training], np.arange(len(X))[test])
            for training, test in splitter.split(X, y, groups)
        ]
        if not folds or not all(len(training) and len(test) for training, test in folds):
            raise ValueError(
                f"cv must split {len(X)} spectra into folds with spectra to train on and to test, "
                f"got {self.cv!r:.80}."
            )
        return folds

    def _values(self, scaled: np.ndarray) -> np.ndarray:
        return scaled @ np.atleast_2d(self.coef_).T + self.intercept_

    @property
    def _n_values(self) -> int:
        return self.n_outputs_


def _components(
    scaled: np.ndarray, targets: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the means of spectra and targets, and the components of what is left of them."""
    spectrum, target = scaled.mean(axis=0), targets.mean(axis=0)
    # The means are rounded too: what is left of equal spectra is not always zero.
    rounding = np.finfo(np.float64).eps * max(scaled.shape) * float(np.linalg.norm(scaled))
    components = partial_least_squares(
        scaled - spectrum, targets - target, n_components, rounding=rounding
    )
    return spectrum, target, *components


def _errors(
    scaled: np.ndarray, targets: np.ndarray, folds: list[tuple[Any, Any]], n_components: int
) -> np.ndarray:
    """Return the mean squared error by number of components: one fit a fold has them all."""
    errors, n_tested = np.zeros(n_components), 0
    for training, test in folds:
        spectrum, target, rotations, loadings = _components(
            scaled[training], targets[training], n_components
        )
        scores = (scaled[test] - spectrum) @ rotations
        residuals = targets[test] - target
        for number in range(n_components):
            if number < len(loadings):  # else there is nothing that a further one could add
                residuals = residuals - np.outer(scores[:, number], loadings[number])
            errors[number] += np.square(residuals).sum()
        n_tested += targets[test].size
    return errors / n_tested
