"""Detectors of known targets: matched filter, adaptive cosine, constrained energy."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import _fit_context

from skhyp.inputs._known_wavelengths import as_scene
from skhyp.inputs._validation import all_or_nothing
from skhyp.libraries import SpectralLibrary

from ._background_detector import BackgroundDetector


class TargetDetector(BackgroundDetector):
    """What detectors of known targets have: their spectra, given or labelled."""

    _parameter_constraints: dict = {
        "targets": ["array-like", SpectralLibrary, None],
        **BackgroundDetector._parameter_constraints,
    }

    def __init__(self, *, targets: Any = None, shrinkage: float = 0.0):
        self.targets = targets
        self.shrinkage = shrinkage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Learn the background, and the targets on its bands.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            The background: few of its spectra may have something of a target. Of a
            :class:`~skhyp.scenes.Scene`, or an image of xarray, the bands that it does not list
            as bad, and the pixels with data in all of these, block by block.
        y : array-like of shape (n_spectra,), default=None
            Without ``targets``, the class of each spectrum, of which the mean is a target; those of
            0 or less, or "", are of none. Not for a Scene; ignored where ``targets`` are given.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, if there are no targets, or if X has too
            few spectra. A fitted estimator then keeps its former state.

        Warns
        -----
        UserWarning
            If ``targets`` are so much brighter or darker than X that they are in another unit.
        """
        with all_or_nothing(self):
            if self.targets is None and y is None:
                raise ValueError(
                    f"{type(self).__name__} requires y to be passed, but the target y is None, and "
                    "so is the parameter targets: it needs the spectra of what it looks for."
                )
            if self.targets is None and as_scene(X) is not None:
                raise ValueError(
                    "y is for spectra in rows, but X is a scene. Pass their mean as targets, such "
                    "as scene.spectra_at(positions).mean(axis=0)."
                )
            self._learn(X, self.targets, y)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.targets is None
        return tags


class MatchedFilter(TargetDetector):
    """How much of a target is in each spectrum, by the matched filter.

    The projection that has 1 on the target, 0 on the mean of the background, and the least variance
    on the background [1]_. If a spectrum is a mixture of the background and the target, that is
    about the share of the target; it may be negative, or more than 1.

    Parameters
    ----------
    targets : array-like of shape (n_targets, n_bands) or (n_bands,) or SpectralLibrary, \
default=None
        The spectra that are looked for, in the unit of X. A
        :class:`~skhyp.libraries.SpectralLibrary`, or a DataFrame by its index, gives them names. If
        both know their wavelengths, they are resampled to the bands of X. ``None``: the means of
        the classes of y in fit.
    shrinkage : float, default=0.0
        How far the covariance of the background is drawn to one that is alike in all directions,
        from 0 to 1. More than 0 where there are few spectra, or bands that are mixtures of others.

    Attributes
    ----------
    targets_ : ndarray of shape (n_targets, n_bands), float64
        The spectra that are looked for, on the bands of X.
    target_names_ : ndarray of str, shape (n_targets,)
        Their names; "target0" and so on where they have none.
    background_mean_ : ndarray of shape (n_bands,)
        Of the spectra of fit.
    whitening_ : ndarray of shape (n_bands, n_bands)
        Symmetric: in ``(X - background_mean_) @ whitening_`` the background has the variance one
        in all directions.
    n_directions_ : int
        In how many directions the background varies; others are left out.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file, where X knows it.

    See Also
    --------
    AdaptiveCosineEstimator : By the direction alone, not by how much.
    ConstrainedEnergyMinimization : Without the mean of the background.

    Notes
    -----
    The score of a spectrum x is ``(t - m) C⁻¹ (x - m) / (t - m) C⁻¹ (t - m)`` for the target t, the
    mean m of the background and its covariance C (over the number of spectra less one).

    Where bands are constant, or mixtures of others, the directions in which the background does not
    vary are left out. It is learned block by block, in two passes; what is kept does not grow with
    the scene. All is computed in float64, whatever X is; float64 spectra give float64, all others
    float32. Spectra with NaN are refused, pixels of a scene without data are NaN in a map.

    References
    ----------
    .. [1] Manolakis D., Marden D., Shaw G. A., "Hyperspectral image processing for automatic target
       detection applications", Lincoln Laboratory Journal 14(1), 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import MatchedFilter
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(1, 0.1, (500, 20))
    >>> target = np.linspace(0.5, 2, 20)
    >>> X[42] = 0.5 * X[42] + 0.5 * target
    >>> detector = MatchedFilter(targets=target).fit(X)
    >>> int(detector.score_samples(X).argmax())
    42
    """

    _kind = "filter"


class AdaptiveCosineEstimator(TargetDetector):
    """How much spectra point in the direction of a target, by the adaptive cosine estimator.

    The squared cosine of the angle between spectrum and target, both from the mean of the
    background, once the background was made alike in all directions [1]_: from 0 to 1, whatever
    the share of the target.

    Parameters
    ----------
    targets : array-like of shape (n_targets, n_bands) or (n_bands,) or SpectralLibrary, \
default=None
        The spectra that are looked for, in the unit of X. A
        :class:`~skhyp.libraries.SpectralLibrary`, or a DataFrame by its index, gives them names. If
        both know their wavelengths, they are resampled to the bands of X. ``None``: the means of
        the classes of y in fit.
    shrinkage : float, default=0.0
        How far the covariance of the background is drawn to one that is alike in all directions,
        from 0 to 1. More than 0 where there are few spectra, or bands that are mixtures of others.

    Attributes
    ----------
    targets_ : ndarray of shape (n_targets, n_bands), float64
        The spectra that are looked for, on the bands of X.
    target_names_ : ndarray of str, shape (n_targets,)
        Their names; "target0" and so on where they have none.
    background_mean_ : ndarray of shape (n_bands,)
        Of the spectra of fit.
    whitening_ : ndarray of shape (n_bands, n_bands)
        Symmetric: in ``(X - background_mean_) @ whitening_`` the background has the variance one
        in all directions.
    n_directions_ : int
        In how many directions the background varies; others are left out.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file, where X knows it.

    See Also
    --------
    MatchedFilter : By how much of the target there is.
    skhyp.metrics.spectral_angle : Without a background.

    Notes
    -----
    With s and y, the target and the spectrum less the mean of the background, and the covariance C
    of that, the score is ``(s C⁻¹ y)² / ((s C⁻¹ s) (y C⁻¹ y))``. A spectrum on the other
    side of the background, of which the target was taken off, has a high score too: ask a
    :class:`MatchedFilter` for the sign. The mean itself has the score 0.

    Where bands are constant, or mixtures of others, the directions in which the background does not
    vary are left out. It is learned block by block, in two passes; what is kept does not grow with
    the scene. All is computed in float64, whatever X is; float64 spectra give float64, all others
    float32. Spectra with NaN are refused, pixels of a scene without data are NaN in a map.

    References
    ----------
    .. [1] Kraut S., Scharf L. L., Butler R. W., "The adaptive coherence estimator: a uniformly
       most-powerful-invariant adaptive detection statistic", IEEE Transactions on Signal
       Processing 53(2), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import AdaptiveCosineEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(1, 0.1, (500, 20))
    >>> target = np.linspace(0.5, 2, 20)
    >>> X[42] = 0.5 * X[42] + 0.5 * target
    >>> detector = AdaptiveCosineEstimator(targets=target).fit(X)
    >>> int(detector.score_samples(X).argmax())
    42
    """

    _kind = "cosine"


class ConstrainedEnergyMinimization(TargetDetector):
    """How much of a target is in each spectrum, by constrained energy minimization.

    The projection that has 1 on the target and the least energy on all spectra [1]_: like the
    matched filter, but seen from zero instead of the mean of the background.

    Parameters
    ----------
    targets : array-like of shape (n_targets, n_bands) or (n_bands,) or SpectralLibrary, \
default=None
        The spectra that are looked for, in the unit of X. A
        :class:`~skhyp.libraries.SpectralLibrary`, or a DataFrame by its index, gives them names. If
        both know their wavelengths, they are resampled to the bands of X. ``None``: the means of
        the classes of y in fit.
    shrinkage : float, default=0.0
        How far the correlation of the background is drawn to one that is alike in all directions,
        from 0 to 1. More than 0 where there are few spectra, or bands that are mixtures of others.

    Attributes
    ----------
    targets_ : ndarray of shape (n_targets, n_bands), float64
        The spectra that are looked for, on the bands of X.
    target_names_ : ndarray of str, shape (n_targets,)
        Their names; "target0" and so on where they have none.
    background_mean_ : ndarray of shape (n_bands,)
        Zeros: nothing is taken off.
    whitening_ : ndarray of shape (n_bands, n_bands)
        Symmetric: in ``(X - background_mean_) @ whitening_`` the background has the variance one
        in all directions.
    n_directions_ : int
        In how many directions the background varies; others are left out.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file, where X knows it.

    See Also
    --------
    MatchedFilter : Seen from the mean of the background.

    Notes
    -----
    The score of a spectrum x is ``t R⁻¹ x / t R⁻¹ t`` for the target t and the mean R of the
    products of bands. It may be negative, or more than 1.

    Where bands are constant, or mixtures of others, the directions in which the background does not
    vary are left out. It is learned block by block, in two passes; what is kept does not grow with
    the scene. All is computed in float64, whatever X is; float64 spectra give float64, all others
    float32. Spectra with NaN are refused, pixels of a scene without data are NaN in a map.

    References
    ----------
    .. [1] Harsanyi J. C., "Detection and classification of subpixel spectral signatures in
       hyperspectral image sequences", PhD thesis, University of Maryland Baltimore County, 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import ConstrainedEnergyMinimization
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(1, 0.1, (500, 20))
    >>> target = np.linspace(0.5, 2, 20)
    >>> X[42] = 0.5 * X[42] + 0.5 * target
    >>> detector = ConstrainedEnergyMinimization(targets=target).fit(X)
    >>> int(detector.score_samples(X).argmax())
    42
    """

    _kind = "filter"
    _is_centred = False
