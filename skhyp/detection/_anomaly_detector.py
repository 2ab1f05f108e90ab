"""ReedXiaoliDetector: what is unlike the background."""

from __future__ import annotations

from typing import Any

from sklearn.base import _fit_context

from skhyp.inputs._validation import all_or_nothing

from ._background_detector import BackgroundDetector


class ReedXiaoliDetector(BackgroundDetector):
    """How far spectra are from the background, by the detector of Reed and Xiaoli (RX).

    The squared Mahalanobis distance to the mean of the background [1]_: what is rare in a scene,
    whatever it is.

    Parameters
    ----------
    shrinkage : float, default=0.0
        How far the covariance of the background is drawn to one that is alike in all directions,
        from 0 to 1. More than 0 where there are few spectra, or bands that are mixtures of others.

    Attributes
    ----------
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
    AdaptiveCosineEstimator : If it is known what is looked for.
    sklearn.covariance.EllipticEnvelope : Robust, for data of few columns.

    Notes
    -----
    The score of a spectrum x is ``(x - m) C⁻¹ (x - m)`` for the mean m of the background and its
    covariance C (over the number of spectra less one): 0 or more, on average about the number of
    bands. The higher, the stranger, which is the other way round than ``score_samples`` of the
    detectors of outliers in scikit-learn.

    Where bands are constant, or mixtures of others, the directions in which the background does not
    vary are left out. It is learned block by block, in two passes; what is kept does not grow with
    the scene. All is computed in float64, whatever X is; float64 spectra give float64, all others
    float32. Spectra with NaN are refused, pixels of a scene without data are NaN in a map.

    References
    ----------
    .. [1] Reed I. S., Yu X., "Adaptive multiple-band CFAR detection of an optical pattern with
       unknown spectral distribution", IEEE Transactions on Acoustics, Speech, and Signal Processing
       38(10), 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import ReedXiaoliDetector
    >>> X = np.random.default_rng(0).normal(1, 0.1, (500, 20))
    >>> X[42, 5:8] += 1
    >>> detector = ReedXiaoliDetector().fit(X)
    >>> int(detector.score_samples(X).argmax())
    42
    """

    _kind = "distance"

    def __init__(self, *, shrinkage: float = 0.0):
        self.shrinkage = shrinkage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ReedXiaoliDetector:
        """Learn the background.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a :class:`~skhyp.scenes.Scene`, or an image of xarray, the bands that it does not
            list as bad, and the pixels with data in all of these, block by block.
        y : None
            Ignored.

        Returns
        -------
        self : ReedXiaoliDetector

        Raises
        ------
        ValueError
            If X or a parameter is not as described, or if X has too few spectra. A fitted
            estimator then keeps its former state.
        """
        with all_or_nothing(self):
            self._learn(X)
        return self
