"""BandResampler: spectra of one sensor as another would have measured them."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .fitting._config import ConfigMixin
from .fitting._documentation import DocumentationLinkMixin
from .inputs._band_knowledge import BandKnowledge
from .inputs._known_wavelengths import agreed_wavelengths, as_scene, numbers_of, widths_of
from .inputs._parameters import NumberInterval
from .inputs._target_bands import TargetBands, target_bands
from .inputs._validation import all_or_nothing, refuse_overflow, validate_spectra
from .scenes import apply
from .scenes._scales import refuse_scales_by_band
from .spectra._spectra import spectra_with
from .wavelengths import wavelength_names
from .wavelengths._band_weights import BandWeights
from .wavelengths._band_widths import validate_widths, widths_by_distance
from .wavelengths._sensors import SENSORS

_SHOWN = 8


class BandResampler(
    BandKnowledge, ConfigMixin, DocumentationLinkMixin, TransformerMixin, BaseEstimator
):
    """Spectra of one sensor on the bands of another.

    A band of the target is a weighted mean of bands of the source. The source has blurred the
    spectrum already: it is blurred by what is left to the width of the target, a Gaussian of
    sqrt(target² - source²), where the target is wider, and interpolated where it is not. What
    straight lines between bands blur is taken off as well.
    Weights are computed in fit, of wavelengths and widths alone.

    For a model that was fitted to another sensor's spectra, :func:`skhyp.scenes.apply` does this
    by itself, with ``resample=True``.

    Parameters
    ----------
    target : array-like, str, Scene, DataFrame or fitted estimator, default=None
        The bands that come out: their wavelengths in nm; or a Scene, whose good bands they are,
        :class:`~skhyp.spectra.Spectra`, a DataFrame with columns named like "450.5 nm", or an
        estimator that knows its wavelengths; or "sentinel-2" (nominal) or "landsat-8" (OLI).
        ``None``: those of ``responses`` or, without, the bands of X as they are.
    target_fwhm : float or array-like of shape (n_bands_out,), default=None
        The widths of these bands at half maximum, in nm. ``None``: what ``target`` knows, or
        else the distances between neighbouring bands, if these are up to 30 nm.
    responses : DataFrame or array-like of shape (n_wavelengths, 1 + n_bands_out), default=None
        Instead of ``target``: a table of response functions, a column for each band, of any
        height. Wavelengths in nm are the index of a DataFrame, and the first column of an array.
        The width of the source is not taken from these.
    wavelengths : array-like of shape (n_bands,), default=None
        Of the bands of X, in nm. ``None``: what X knows.
    fwhm : float or array-like of shape (n_bands,), default=None
        The widths of the bands of X at half maximum, in nm. ``None``: what X knows, or else the
        distances between neighbouring bands, if these are up to 30 nm.
    uncovered : {"raise", "drop", "nan"}, default="raise"
        What is done about bands of the target that X did not measure: an error, no column, or a
        column of NaN.
    min_coverage : float, default=0.9
        The share of a band's response that X must have measured, from 0 to 1. A band of X stands
        for what lies within three quarters of its width to each side, but for no band of the
        target that is less than a third as wide.

    Attributes
    ----------
    weights_ : ndarray of shape (n_bands, n_bands_out)
        Of each band of X in each that comes out; columns add up to 1, or are 0 where NaN is given.
    wavelengths_out_, fwhm_out_ : ndarray of shape (n_bands_out,) or None
        Of the bands that come out, in nm: of ``responses`` their mean wavelength, and the width
        between the outermost places of half their maximum.
    bands_out_ : ndarray of int, shape (n_bands_out,)
        Which bands of the target they are.
    coverage_ : ndarray of shape (n_target_bands,)
        The share of the response of each band of the target that X measured; 0 for bands less
        than a third as wide as those of X.
    wavelengths_, fwhm_ : ndarray of shape (n_bands,) or None
        Of the bands of X, in nm, as they were taken.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file, where X knows it.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.

    See Also
    --------
    skhyp.scenes.apply : Maps of a model that was fitted to another sensor.
    HypPreprocessor : Leaves out bands, and scales what is left.

    Notes
    -----
    Gaussians that blur one after the other are one whose width, squared, is the sum of theirs
    squared. Between two bands of X the spectrum is taken to be straight, beyond the last ones
    constant. A value is missing (NaN) where one of X is that it is made of, of a Scene where the
    pixel is.

    A fitted estimator as ``target`` is cloned with the resampler, as in a search, and is not
    fitted any more: wrap it in :class:`~sklearn.frozen.FrozenEstimator` there.

    Bands of imaging spectrometers are calibrated again and again: no list of them is built in.
    Open a scene of the sensor, and pass that.

    float64 spectra are computed in float64, all others in float32.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import BandResampler
    >>> from skhyp.spectra import Spectra
    >>> measured = np.arange(400, 1001)
    >>> X = Spectra(1 + 0.001 * measured[np.newaxis], measured, fwhm=3)
    >>> resampler = BandResampler(target=[450, 550, 650], target_fwhm=[20, 20, 30])
    >>> resampler.fit_transform(X)
    <Spectra of 3 bands, 450 to 650 nm>
    array([[1.45, 1.55, 1.65]])
    >>> BandResampler(target="sentinel-2", uncovered="drop").fit_transform(X).wavelengths
    array([443., 490., 560., 665., 705., 740., 783., 842., 865., 945.])
    """

    _parameter_constraints: dict = {
        "target": [StrOptions(set(SENSORS)), HasMethods("fit"), "array-like", None],
        "target_fwhm": [NumberInterval(Real, 0, np.inf, closed="neither"), "array-like", None],
        "responses": ["array-like", None],
        "wavelengths": ["array-like", None],
        "fwhm": [NumberInterval(Real, 0, np.inf, closed="neither"), "array-like", None],
        "uncovered": [StrOptions({"raise", "drop", "nan"})],
        "min_coverage": [NumberInterval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        target: Any = None,
        target_fwhm: float | ArrayLike | None = None,
        responses: ArrayLike | None = None,
        wavelengths: ArrayLike | None = None,
        fwhm: float | ArrayLike | None = None,
        uncovered: str = "raise",
        min_coverage: float = 0.9,
    ):
        self.target = target
        self.target_fwhm = target_fwhm
        self.responses = responses
        self.wavelengths = wavelengths
        self.fwhm = fwhm
        self.uncovered = uncovered
        self.min_coverage = min_coverage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> BandResampler:
        """Compute the weights, of the wavelengths and widths of X and of the target.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a :class:`~skhyp.scenes.Scene`, or an image of xarray, nothing is read, and bands
            that it lists as bad are left out.
        y : None
            Ignored.

        Returns
        -------
        self : BandResampler

        Raises
        ------
        ValueError
            If wavelengths or widths are not known or not as described, or if bands of the target
            were not measured; the message names them. A fitted estimator then keeps its former
            state.
        """
        with all_or_nothing(self):
            self._learn_source(X)
            target = target_bands(self.target, self.target_fwhm, self.responses)
            if target is None:
                self._keep_all_bands()
            else:
                self._learn_weights(target)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return spectra on the bands of the target.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a Scene or a cube all pixels, row by row; of a Scene as :func:`skhyp.scenes.apply`
            finds its bands. NaN is a missing value. :meth:`skhyp.scenes.Scene.through` resamples
            a scene where it is read.

        Returns
        -------
        X_resampled : ndarray of shape (n_spectra, n_bands_out)
            float64 for float64 and longer floats, float32 otherwise; Spectra, which know their
            wavelengths, where these are known.

        Raises
        ------
        ValueError
            If X is not as described, or knows other wavelengths than those that were fitted.
        """
        check_is_fitted(self)
        numbers = numbers_of(X)
        if (scene := as_scene(X)) is not None:
            refuse_scales_by_band(scene)
            values = np.asarray(apply(self, scene, method="transform"))
            values = values.reshape(-1, self._n_features_out)
        else:
            X = validate_spectra(self, _unrolled(X), reset=False, allow_nan=True)
            values = BandWeights(self.weights_).product(X)
            if not np.isfinite(values).all():
                refuse_overflow(np.where(np.isnan(values), 0, values), X)
        known = self._bands_out
        return spectra_with(
            values, known["wavelengths"], numbers, known["source_bands"], known["fwhm"]
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the bands that come out, which carry their wavelengths.

        Parameters
        ----------
        input_features : array-like of str, shape (n_bands,), default=None
            Names of the bands of X; they come out where no wavelengths are known.

        Returns
        -------
        names : ndarray of str, shape (n_bands_out,)
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return names if self.wavelengths_out_ is None else wavelength_names(self.wavelengths_out_)

    def _learn_source(self, X: Any) -> None:
        """Keep the wavelengths and widths of X, or those that are given."""
        scene = as_scene(X)
        good: Any = slice(None)
        if scene is None:
            X = _unrolled(X)
            validate_spectra(self, X, reset=True, allow_nan=True)
            n_bands = self.n_features_in_
        else:
            refuse_scales_by_band(scene)
            n_bands = scene.shape[2]
            if scene.good_bands is not None:
                good = np.flatnonzero(scene.good_bands)
            example = np.zeros((1, len(np.arange(n_bands)[good])), scene.dtype)
            validate_spectra(self, example, reset=True)
        wavelengths = agreed_wavelengths(self.wavelengths, X, n_bands)
        widths = widths_of(X) if self.fwhm is None else validate_widths(self.fwhm, n_bands)
        self.numbers_in_ = numbers_of(X)
        self.wavelengths_ = None if wavelengths is None else np.array(wavelengths[good])
        self.fwhm_ = None if widths is None else np.array(widths[good])

    def _keep_all_bands(self) -> None:
        n_bands = self.n_features_in_
        self.weights_ = np.eye(n_bands)
        self.wavelengths_out_, self.fwhm_out_ = self.wavelengths_, self.fwhm_
        self.bands_out_, self.coverage_ = np.arange(n_bands), np.ones(n_bands)

    def _learn_weights(self, target: TargetBands) -> None:
        if self.wavelengths_ is None:
            raise ValueError(
                "BandResampler needs the wavelengths of the bands of X, which knows none. Pass "
                "wavelengths, or skhyp.spectra.Spectra(X, wavelengths)."
            )
        if self.fwhm_ is None:
            self.fwhm_ = widths_by_distance(
                self.wavelengths_, "Pass fwhm, the widths of the bands of X in nm."
            )
        self.coverage_ = target.coverage(self.wavelengths_, self.fwhm_)
        is_covered = self.coverage_ >= self.min_coverage
        if not is_covered.all() and self.uncovered == "raise":
            self._refuse_uncovered(target, is_covered)
        if not is_covered.any():
            raise ValueError(
                f"X measured none of the {len(is_covered)} bands of the target: it has "
                f"{self._range()}."
            )
        keeps_all = self.uncovered != "drop"
        self.bands_out_ = np.arange(len(is_covered)) if keeps_all else np.flatnonzero(is_covered)
        weights = np.zeros((self.n_features_in_, len(is_covered)))
        weights[:, is_covered] = target.weights(self.wavelengths_, self.fwhm_, is_covered)
        self.weights_ = weights[:, self.bands_out_]
        self.wavelengths_out_ = target.wavelengths[self.bands_out_]
        self.fwhm_out_ = target.fwhm[self.bands_out_]

    def _refuse_uncovered(self, target: TargetBands, is_covered: NDArray[np.bool_]) -> None:
        missing = target.wavelengths[~is_covered]
        listed = ", ".join(f"{wavelength:g}" for wavelength in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise ValueError(
            f"X did not measure {len(missing)} of the {len(is_covered)} bands of the target: less "
            f"than min_coverage={self.min_coverage:g} of their response lies where it has bands, "
            f"or these are more than three times as wide: {listed}{more} nm. It has "
            f'{self._range()}. Set uncovered="drop" or "nan", or leave them out of target.'
        )

    def _range(self) -> str:
        known = self.wavelengths_
        assert known is not None
        return f"{len(known)} bands from {known.min():g} to {known.max():g} nm"

    @property
    def _bands_out(self) -> dict[str, Any]:
        return {
            "wavelengths": self.wavelengths_out_,
            "fwhm": self.fwhm_out_,
            "source_bands": self.bands_out_,
        }

    @property
    def _n_features_out(self) -> int:
        return self.weights_.shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _unrolled(X: Any) -> Any:
    """Return a cube as rows, and all else as it is."""
    if getattr(X, "ndim", 2) != 3:
        return X
    return X.reshape(-1, X.shape[2])
