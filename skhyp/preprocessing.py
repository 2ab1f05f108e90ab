"""HypPreprocessor: from raw spectra to clean ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_array, gen_batches
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .fitting._config import ConfigMixin
from .fitting._documentation import DocumentationLinkMixin
from .inputs._band_statistics import CHUNK_ROWS, band_statistics, complete_chunks, in_chunks
from .inputs._constant_bands import warn_of_constant_bands
from .inputs._known_wavelengths import (
    agreed_wavelengths,
    as_scene,
    numbers_of,
    source_bands_of,
    widths_of,
)
from .inputs._parameters import POSITIVE_INTEGER, NumberInterval
from .inputs._savitzky_golay import savitzky_golay_matrix
from .inputs._scene_pixels import ScenePixels
from .inputs._validation import (
    EXPORT_FLOAT64,
    PASS_FLOAT64,
    all_or_nothing,
    available_unless,
    computation_dtype,
    refuse_another_range,
    refuse_overflow,
    validate_spectra,
)
from .scenes import Scene, apply
from .spectra import Spectra
from .spectra._spectra import COMPUTED, spectra_with
from .wavelengths import (
    are_same_bands,
    contiguous_segments,
    select_bands,
    wavelength_names,
)

if TYPE_CHECKING:
    import keras

_SCALINGS = ("minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize")
_METHODS = (None, *_SCALINGS, "savgol", "continuum")
_INVERTIBLE = (None, "standardize")
_LEARNED: dict[str | None, tuple[str, ...]] = {
    "standardize": ("mean_", "scale_"),
    "msc": ("reference_",),
}
_INTEGER_OF_SCENES = NumberInterval(Integral, -(2**63), 2**64 - 1, closed="both")


def _why_not_invertible(preprocessor: HypPreprocessor) -> str | None:
    if preprocessor.method in _INVERTIBLE:
        return None
    return (
        f"HypPreprocessor(method={preprocessor.method!r}) has no inverse_transform: it removes "
        "from each spectrum what would be needed to restore it. Methods with an inverse: None and "
        "'standardize'."
    )


class HypPreprocessor(ConfigMixin, DocumentationLinkMixin, TransformerMixin, BaseEstimator):
    """Select bands, mask pixels without data and scale spectra.

    Parameters
    ----------
    method : {"minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize", "savgol", \
            "continuum"} or None, default=None
        What is done to each spectrum x, after the selection of bands:

        - ``None``: nothing but the selection, the mask and the conversion to floats;
        - "minmax": (x - min x) / (max x - min x), between 0 and 1;
        - "deephyp-minmax": (x - (min x - 0.001)) / max x, as the toolbox deephyp computes it;
        - "l2": x / ‖x‖, unit length: brightness is removed, the spectral angle is kept;
        - "l1": x / sum abs(x), unit area;
        - "snv": standard normal variate, (x - mean x) / sd x, with the population's standard
          deviation [1]_;
        - "msc": multiplicative scatter correction [2]_: x ≈ a + b · reference by least squares,
          then (x - a) / b, with the mean spectrum of fit as the reference; spectra unlike it,
          whose b is next to zero, become huge;
        - "standardize": each band to zero mean and unit variance, as learned in fit;
        - "savgol": Savitzky-Golay smoothing or derivative [3]_, see ``window_length``;
        - "continuum": x over its upper convex hull over wavelength [4]_, between 0 and 1.

        "savgol" and "continuum" treat each contiguous segment of the spectrum by itself: segments
        end where bands were dropped, here or before (where X knows it, as
        :class:`~skhyp.spectra.Spectra` do), and where ``wavelengths`` step back or leap. The two
        ends of a segment lie on its hull, and are 1 in every spectrum: fit warns of segments that
        are nothing else, and where several segments make more than a quarter of the bands constant.
    bands : array-like of bool, array-like of int, or sequence of (low, high), default=None
        A mask or indices of the bands to keep, or wavelength ranges in nm (ends included) to
        drop, such as ``((1340, 1450), (1790, 1960))`` for water vapour. ``None`` keeps all. Of a
        Scene in fit, ``None`` and ranges leave out those that it lists as bad, too.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm, of all bands of the input, in their order. ``None``: those that the input of fit
        knows, which are a Scene, :class:`~skhyp.spectra.Spectra` (as
        :func:`~skhyp.scenes.labelled_pixels` gives and this class does), and a DataFrame whose
        columns are named like "450.5 nm"; otherwise unknown.
    nodata : float, default=None
        The value (it may be NaN) that marks missing data. A pixel is missing if any of its kept
        bands has this value: it comes out as a row of NaN, and fit learns nothing from it.
        That of a Scene in fit does the same beside it, in all that comes later. ``None``: that
        of a Scene alone; otherwise no value is special, and NaN is an error. Of a Scene, what it
        says is missing itself is missing in any case.
    window_length : int, default=11
        For "savgol": the number of bands of the window, odd; shorter segments take as many bands
        as they have.
    polyorder : int, default=2
        For "savgol": the order of the polynomial, less than ``window_length``.
    deriv : int, default=0
        For "savgol": the order of the derivative, per nm where wavelengths are known and per band
        where they are not; 0 smooths.

    Attributes
    ----------
    bands_ : ndarray of int, shape (n_bands_out,)
        Indices of the kept bands.
    wavelengths_ : ndarray of shape (n_bands_out,) or None
        Wavelengths of the kept bands in nm, where they are known.
    wavelengths_in_ : ndarray of shape (n_bands,) or None
        Wavelengths of all bands of the input.
    fwhm_ : ndarray of shape (n_bands_out,) or None
        Widths of the kept bands at half maximum in nm, where X knows them.
    fwhm_in_ : ndarray of shape (n_bands,) or None
        Widths of all bands of the input.
    source_bands_in_ : ndarray of int, shape (n_bands,)
        The index of each band of the input in what the input came from, as a Scene whose bad bands
        were left out; 0, 1, 2, ... where X knows of nothing before it.
    segments_ : ndarray of int, shape (n_segments, 2)
        The contiguous segments of the kept bands: the place of the first band of each among them,
        and that after its last.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file or "computed", where X knows it:
        :func:`~skhyp.scenes.apply` warns of a scene that has others.
    nodata_ : float or None
        The nodata of the Scene in fit, which marks missing data beside ``nodata``.
    mean_, scale_ : ndarray of shape (n_bands_out,)
        For "standardize". A band that is constant in fit has the scale 1.
    reference_ : ndarray of shape (n_bands_out,)
        For "msc".
    n_features_in_ : int
        The number of bands of the input.
    feature_names_in_ : ndarray of str
        The columns of the input, if it was a DataFrame.

    See Also
    --------
    SpectralAutoencoder : Features from clean spectra, learned without labels.
    SpectralCNNClassifier : Classes from clean spectra.

    Notes
    -----
    Every spectrum of finite values has a finite result; one whose result would be beyond the range
    of the dtype is refused. A flat spectrum (its values differ by rounding alone) becomes zero
    under "minmax" and "snv", and flat at the mean of the reference under "msc". A zero spectrum
    stays zero under "l2" and "l1"; under "deephyp-minmax" one whose maximum is zero becomes zero.
    Values too small for the dtype's full precision (below 1e-38 in float32) may count as zero.
    Negative values are left as they are, except that "continuum" counts them as zero; where the
    hull is zero the result is 1.

    Integers and float16 come out as float32; floats of 32 and 64 bits keep their dtype and are
    computed in it; longer floats come out as float64.
    "standardize" and "msc" learn from ordinary means: a warning is given when single spectra are
    so bright that they would decide them.

    References
    ----------
    .. [1] Barnes R. J., Dhanoa M. S., Lister S. J., "Standard normal variate transformation and
       de-trending of near-infrared diffuse reflectance spectra", Applied Spectroscopy 43(5), 1989.
    .. [2] Geladi P., MacDougall D., Martens H., "Linearization and scatter-correction for
       near-infrared reflectance spectra of meat", Applied Spectroscopy 39(3), 1985.
    .. [3] Savitzky A., Golay M. J. E., "Smoothing and differentiation of data by simplified least
       squares procedures", Analytical Chemistry 36(8), 1964.
    .. [4] Clark R. N., Roush T. L., "Reflectance spectroscopy: quantitative analysis techniques
       for remote sensing applications", Journal of Geophysical Research 89(B7), 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import HypPreprocessor
    >>> cube = np.array([[[100, 200, 300], [50, 100, 150]]], dtype=np.uint16)
    >>> HypPreprocessor(method="minmax").fit_transform(cube)
    array([[0. , 0.5, 1. ],
           [0. , 0.5, 1. ]], dtype=float32)
    >>> preprocessor = HypPreprocessor(wavelengths=[450.5, 550, 650], bands=[(600, 700)])
    >>> preprocessor.fit(cube).get_feature_names_out()
    array(['450.5 nm', '550 nm'], dtype=object)
    """

    _row_functions: ClassVar = {"transform": "scale"}

    _parameter_constraints: dict = {
        "method": [StrOptions(set(_METHODS) - {None}), None],
        "bands": ["array-like", None],
        "wavelengths": ["array-like", None],
        "nodata": [_INTEGER_OF_SCENES, float, np.floating, None],
        "window_length": [POSITIVE_INTEGER],
        "polyorder": [NumberInterval(Integral, 0, None, closed="left")],
        "deriv": [NumberInterval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        method: str | None = None,
        bands: ArrayLike | None = None,
        wavelengths: ArrayLike | None = None,
        nodata: float | None = None,
        window_length: int = 11,
        polyorder: int = 2,
        deriv: int = 0,
    ):
        self.method = method
        self.bands = bands
        self.wavelengths = wavelengths
        self.nodata = nodata
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> HypPreprocessor:
        """Learn which bands are kept, and what the method needs to know of the data.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands), or Scene
            Spectra, or a cube of them. Of a :class:`~skhyp.scenes.Scene`, or an image of xarray,
            wavelengths, bad bands and nodata are used, and it is read block by block.
        y : None
            Ignored.

        Returns
        -------
        self : HypPreprocessor

        Raises
        ------
        ValueError
            If a parameter does not fit the others or the data, if X holds values that are not
            finite (NaN is allowed where it is ``nodata``), or if every pixel is without data.

        Warns
        -----
        UserWarning
            If "continuum" makes bands constant: those of segments of one or two bands, or the
            ends of so many segments that they are more than a quarter of all bands.
        """
        with all_or_nothing(self):
            if self.method == "savgol":
                self._check_savgol_parameters()
            for name in itertools.chain(*_LEARNED.values()):
                self.__dict__.pop(name, None)  # of a former fit by another method
            if (scene := as_scene(X)) is not None:
                self._fit_scene(scene)
            else:
                self._fit_array(X)
            if self.method == "continuum":
                warn_of_constant_bands(self.bands_, self._source_bands_out, self.wavelengths_)
        return self

    def _fit_array(self, X: ArrayLike) -> None:
        self.nodata_: float | None = None
        given, X = X, self._validate(X, reset=True)
        self._choose_bands(given, X.shape[1])
        learns = self.method in _LEARNED
        has_data = None if self.nodata is None else self._has_data(X, learns)
        if has_data is not None and not has_data.any():
            self._refuse_to_learn_from_nothing(X)
        if learns:
            self._learn_bands(lambda: complete_chunks(X, has_data, self.bands_), X.dtype)

    def _fit_scene(self, scene: Scene) -> None:
        self.nodata_ = scene.nodata
        n_bands = scene.shape[2]
        validate_spectra(self, np.zeros((1, n_bands), scene.dtype), reset=True)
        self._choose_bands(scene, n_bands, scene.good_bands)
        pixels = ScenePixels(scene, bands=self.bands_, nodata=self.nodata)
        if next(pixels.blocks(), None) is None:
            pixels.refuse_to_learn_from_nothing()
        if self.method in _LEARNED:
            self._learn_bands(lambda: in_chunks(pixels.blocks()), scene.dtype)

    def _choose_bands(self, X: Any, n_bands: int, good_bands: np.ndarray | None = None) -> None:
        known = agreed_wavelengths(self.wavelengths, X, n_bands)
        self.numbers_in_ = numbers_of(X)
        wavelengths = None if known is None else np.array(known)
        self.wavelengths_in_ = wavelengths
        self.bands_ = select_bands(self.bands, n_bands, known, good_bands=good_bands)
        self.wavelengths_ = None if wavelengths is None else wavelengths[self.bands_]
        widths = widths_of(X)
        self.fwhm_in_ = None if widths is None else np.array(widths)
        self.fwhm_ = None if widths is None else np.array(widths[self.bands_])
        self.source_bands_in_ = source_bands_of(X, n_bands)
        segments = contiguous_segments(self._source_bands_out, self.wavelengths_)
        self.segments_ = np.array([(part.start, part.stop) for part in segments])

    def fit_transform(self, X: ArrayLike, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Fit, and return clean spectra: of a scene without labels, its complete pixels alone.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands), or Scene
            As in ``fit``.
        y : array-like, default=None
            Ignored; but where it is given, all pixels of a scene come out, as labels need them.
        **fit_params : dict
            Passed to ``fit``.

        Returns
        -------
        X_clean : ndarray of shape (n_spectra, n_bands_out)
            As ``transform`` gives it. Of a Scene and without y, there are no rows for pixels
            without data: so the next step of a Pipeline learns from what has some.
        """
        scene = as_scene(X)
        if scene is None or y is not None:
            return super().fit_transform(X, y, **fit_params)
        values = self.fit(scene, **fit_params)._transform_scene(scene)
        complete = ~np.isnan(values).any(axis=1)
        return values if complete.all() else values[complete]

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return clean spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands), or Scene
            Spectra, or a cube, which is unrolled row by row. Of a Scene, the bands are found as
            by :func:`skhyp.scenes.apply`. Spectra that know their wavelengths may be on the kept
            bands alone, as :func:`skhyp.scenes.labelled_pixels` takes them.

        Returns
        -------
        X_clean : ndarray of shape (n_spectra or rows * columns, n_bands_out)
            float64 for float64 and longer floats, float32 otherwise; rows of NaN for pixels
            without data. :class:`~skhyp.spectra.Spectra`, which know their wavelengths, where
            these are known.

        Raises
        ------
        ValueError
            If X is not as described, or if a result is beyond the range of the dtype; the row is
            named.
        """
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            return self._transform_scene(scene)
        X = self._validate(X, reset=False)
        scaled = self._apply("scale", X)
        refuse_overflow(scaled, X, may_be_missing=bool(self._nodata_values))
        return self._as_spectra(scaled)

    def _transform_scene(self, scene: Scene) -> np.ndarray:
        values = np.asarray(apply(self, scene, method="transform"))
        return self._as_spectra(values.reshape(-1, len(self.bands_)))

    def _as_spectra(self, values: np.ndarray) -> np.ndarray:
        """Return clean values as Spectra, where the wavelengths of the kept bands are known."""
        widths = getattr(self, "fwhm_", None)
        return spectra_with(values, self.wavelengths_, COMPUTED, self._source_bands_out, widths)

    @property
    def _source_bands_out(self) -> np.ndarray:
        return self.source_bands_in_[self.bands_]

    @available_unless(_why_not_invertible)
    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return spectra on all bands of the input, with NaN in the bands that were dropped.

        Only for ``method=None`` and "standardize": the other methods keep too little.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands_out)

        Returns
        -------
        X_original : ndarray of shape (n_spectra, n_bands)

        Raises
        ------
        ValueError
            As in ``transform``.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=(np.float32, np.float64), ensure_all_finite="allow-nan")
        if X.shape[1] != len(self.bands_):
            raise ValueError(
                f"X has {X.shape[1]} bands, but HypPreprocessor gives {len(self.bands_)} bands."
            )
        on_kept_bands = self._apply("unscale", X)
        is_missing = np.isnan(X)
        refuse_overflow(np.where(is_missing, 0, on_kept_bands), np.where(is_missing, 0, X))
        on_all_bands = on_kept_bands
        if not np.array_equal(self.bands_, np.arange(self.n_features_in_)):
            on_all_bands = np.full((len(X), self.n_features_in_), np.nan, X.dtype)
            on_all_bands[:, self.bands_] = on_kept_bands
        known = (self.wavelengths_in_, COMPUTED, self.source_bands_in_)
        return spectra_with(on_all_bands, *known, self._input_widths(self.n_features_in_))

    def to_keras(self, *, dtype: str = "float32", name: str | None = None) -> keras.Model:
        """Return what ``transform`` computes as a model of Keras.

        For networks behind it: ``keras.Sequential([preprocessor.to_keras(), network.to_keras()])``.
        :mod:`skhyp.export` exports whole pipelines, which take a scene's own type of number.

        Parameters
        ----------
        dtype : {"float32", "float64"}, default="float32"
            The precision, of the input too: that in which a network behind it was fitted.
        name : str, default=None
            Of the model, which must differ from others built into one; ``None`` is the class's.

        Returns
        -------
        model : keras.Model
            What was learned in fit is in it, as constants. All of its layers are Keras's own,
            but one for the method "continuum": a ``.keras`` file with that can be read where
            ``skhyp.graph.keras_models`` has been imported.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp import HypPreprocessor
        >>> X = np.random.default_rng(0).uniform(size=(50, 20)).astype("float32")
        >>> preprocessor = HypPreprocessor(method="snv").fit(X)
        >>> clean = preprocessor.to_keras().predict(X, verbose=0)
        >>> bool(np.allclose(clean, preprocessor.transform(X), atol=1e-5))
        True
        """
        check_is_fitted(self)
        validate_parameter_constraints(
            {"dtype": [StrOptions({"float32", "float64"})]}, {"dtype": dtype}, "to_keras"
        )
        from .graph.keras_models import keras_model

        return keras_model(
            *self._computation(np.dtype(dtype), remedy=EXPORT_FLOAT64),
            function=self._row_functions["transform"],
            n_columns=self.n_features_in_,
            name=name or type(self).__name__,
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the kept bands, which carry their wavelengths where these are known.

        Parameters
        ----------
        input_features : array-like of str, shape (n_bands,), default=None
            Names of the input's bands; by default those seen in fit.

        Returns
        -------
        names : ndarray of str, shape (n_bands_out,)
        """
        check_is_fitted(self, "bands_")
        names = _check_feature_names_in(self, input_features)
        if input_features is None and self.wavelengths_ is not None:
            return wavelength_names(self.wavelengths_)
        return names[self.bands_]

    @property
    def _n_features_out(self) -> int:
        return len(self.bands_)

    def _validate(self, X: ArrayLike, *, reset: bool) -> np.ndarray:
        if isinstance(X, list | tuple):
            X = np.asarray(X)
        if getattr(X, "ndim", 2) == 3:
            cube = np.asanyarray(X)
            X = cube.reshape(cube.shape[0] * cube.shape[1], cube.shape[2])
        if not reset and isinstance(X, Spectra):
            X = self._on_all_bands(X)
        return validate_spectra(self, X, reset=reset, allow_nan=self._takes_nan)

    def _on_all_bands(self, X: Spectra) -> Spectra:
        """Return spectra that are on the kept bands alone, as labelled ones of a scene, on all."""
        known, wanted = X.wavelengths, self.wavelengths_in_
        if known is None or wanted is None or are_same_bands(known, wanted):
            return X
        kept = self.wavelengths_
        if X.ndim != 2 or kept is None or not are_same_bands(known, kept):
            return X
        on_all = np.zeros((len(X), len(wanted)), X.dtype)
        on_all[:, self.bands_] = X
        return Spectra(on_all, wanted)

    def _check_savgol_parameters(self) -> None:
        if self.window_length % 2 == 0:
            raise ValueError(f"window_length must be odd, got {self.window_length}.")
        if self.polyorder >= self.window_length:
            raise ValueError(
                f"polyorder must be less than window_length={self.window_length}, "
                f"got {self.polyorder}."
            )

    def _input_wavelengths(self, n_bands: int) -> np.ndarray | None:
        return self.wavelengths_in_

    def _input_widths(self, n_bands: int) -> np.ndarray | None:
        return getattr(self, "fwhm_in_", None)

    @property
    def _nodata_values(self) -> tuple[float, ...]:
        """What marks missing data in arrays: what the user says, and the Scene in fit."""
        values = (self.nodata, getattr(self, "nodata_", None))
        return tuple(dict.fromkeys(value for value in values if value is not None))

    @property
    def _takes_nan(self) -> bool:
        return any(np.isnan(value) for value in self._nodata_values)

    def _has_data(self, X: np.ndarray, of_all: bool) -> np.ndarray:
        """Return which rows are complete, ``of_all`` or up to the first that is."""
        has_data = np.zeros(len(X), bool)
        for rows in gen_batches(len(X), len(X) if of_all else CHUNK_ROWS):
            has_data[rows] = self._apply("has_data", X[rows], method=None)
            if has_data[rows].any():
                break
        return has_data

    def _refuse_to_learn_from_nothing(self, X: np.ndarray) -> None:
        alone = {"method": None, "kept": None, "n_bands": 1}
        never = [
            band
            for band in self.bands_.tolist()
            if not self._apply("has_data", X[:, band : band + 1], **alone).any()
        ]
        hint = ""
        if never:
            hint = (
                f" Bands {never} have it everywhere. Keep the others: bands=numpy.setdiff1d("
                f"numpy.arange({self.n_features_in_}), {never})."
            )
        raise ValueError(
            f"Every pixel has nodata={self.nodata:g} in some kept band: there is nothing to learn "
            f"from.{hint}"
        )

    def _learn_bands(self, chunks: Callable[[], Iterator[np.ndarray]], dtype: np.dtype) -> None:
        """Learn from all complete spectra of a dtype, in chunks that are gone through twice."""
        mean, scale = band_statistics(
            chunks,
            len(self.bands_),
            computation_dtype(dtype),
            f"they decide what method={self.method!r} learns. Leave them out, or mark them with "
            "`nodata`.",
        )
        if self.method == "msc":
            tiny = float(np.finfo(computation_dtype(dtype)).tiny)
            self.reference_ = np.where(np.abs(mean) < tiny, 0, mean)
        else:
            self.mean_, self.scale_ = mean, scale

    def _statistics(self) -> np.ndarray:
        if self.method == "standardize":
            return np.concatenate([self.mean_, self.scale_])
        if self.method == "msc":
            return self.reference_
        if self.method == "savgol":
            return self._savgol_matrix().ravel()
        return np.zeros(0)

    def _savgol_matrix(self) -> np.ndarray:
        """Return the filter as a matrix (bands in, bands out): it is linear in the spectrum."""
        self._validate_params()  # they may have been set after fit
        self._check_savgol_parameters()
        matrix = np.zeros((len(self.bands_), len(self.bands_)))
        positions = self.bands_ if self.wavelengths_ is None else self.wavelengths_
        for start, stop in self.segments_.tolist():
            segment = slice(start, stop)
            matrix[segment, segment] = savitzky_golay_matrix(
                positions[segment].astype(np.float64),
                self.window_length,
                self.polyorder,
                self.deriv,
            )
        return matrix

    def _scaling(self, dtype: np.dtype, **changes: Any) -> Any:
        """Return what is computed of spectra of a dtype, with fields changed."""
        from .graph.spectra import SpectralScaling

        fields: dict[str, Any] = {
            "method": self.method,
            "n_bands": len(self.bands_),
            "kept": None,
            "dtype": computation_dtype(dtype),
            "nodata": self._nodata_among(dtype),
        }
        if not np.array_equal(self.bands_, np.arange(self.n_features_in_)):
            fields["kept"] = tuple(self.bands_.tolist())
        if self.method == "continuum":
            positions = self.bands_ if self.wavelengths_ is None else self.wavelengths_
            fields["positions"] = tuple(positions.tolist())
            fields["segments"] = tuple(map(tuple, self.segments_.tolist()))
        return SpectralScaling(**fields | changes)

    def _nodata_among(self, dtype: np.dtype) -> tuple[float, ...]:
        """Return the values that mark missing data among numbers of a dtype."""
        values = [value for value in self._nodata_values if not np.isnan(value)]
        if dtype.kind == "f":
            # Rounded as the data were when they were stored: 0.1 is another number in float32.
            with np.errstate(over="ignore"):
                values = [float(dtype.type(value)) for value in values]
        # One NaN: others are not equal to it.
        return tuple(dict.fromkeys([*values, np.nan] if self._takes_nan else values))

    def _apply(self, function: str, X: np.ndarray, **changes: Any) -> np.ndarray:
        from .graph.inference import apply_rows

        scaling, parameters, statistics = self._computation(X.dtype, **changes)
        return apply_rows(scaling, function, parameters, statistics, X)

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64, **changes: Any
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return scaling, no parameters and statistics, as spectra of a dtype are computed."""
        from .graph.parameters import split

        if self.method not in _METHODS:
            self._validate_params()  # it has been set after fit
        learned = _LEARNED.get(self.method, ())
        if "method" not in changes and not all(hasattr(self, name) for name in learned):
            raise ValueError(
                f"HypPreprocessor was fitted with another method: method={self.method!r} needs "
                f"{' and '.join(learned)}, learned in fit. Call fit again after set_params."
            )
        scaling = self._scaling(dtype, **changes)
        statistics = self._statistics() if scaling.statistics else np.zeros(0)
        refuse_another_range(self, split(statistics, scaling.statistics), scaling.dtype, remedy)
        return scaling, np.zeros(0), statistics

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {method: (function, {}) for method, function in self._row_functions.items()}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._takes_nan
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
