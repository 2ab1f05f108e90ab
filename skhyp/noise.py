"""MinimumNoiseFraction: the components of spectra that stand out of the noise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import RealNotInt, StrOptions
from sklearn.utils.extmath import svd_flip
from sklearn.utils.validation import check_is_fitted

from .fitting._config import ConfigMixin
from .fitting._documentation import DocumentationLinkMixin
from .fitting._noise import noise_along_spectra, noise_of_pairs, whitening_of
from .inputs._band_knowledge import BandKnowledge
from .inputs._band_statistics import band_statistics, in_chunks
from .inputs._known_wavelengths import as_scene
from .inputs._learned_pixels import pixels_to_learn_from, unrolled
from .inputs._parameters import NumberInterval
from .inputs._pixel_pairs import ImagePairs, Pairs, SamplePairs, neighbours, replicates
from .inputs._validation import (
    PASS_FLOAT64,
    all_or_nothing,
    computation_dtype,
    refuse_another_range,
    refuse_overflow,
    validate_spectra,
)
from .scenes import Scene, apply, open_scene
from .scenes._pixel_positions import validate_positions
from .spectra._spectra import COMPUTED, spectra_with


class MinimumNoiseFraction(
    ClassNamePrefixFeaturesOutMixin,
    BandKnowledge,
    ConfigMixin,
    DocumentationLinkMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Components of spectra by how far they stand out of the noise, in units of noise.

    Principal components [1]_ of spectra whose noise was made equal in all directions before: what
    varies most beside the noise comes first. The noise is measured, by what pixels differ from
    their neighbours in an image. With few labels, a classifier of some 20 such components of a
    whole scene often is better than one of its bands.

    Parameters
    ----------
    n_components : int, float or None, default=20
        How many components are kept, cut to the number of bands; or, between 0 and 1, as many as
        have this share of the signal, which is the variance beyond the noise. ``None``: all.
    scaling : {"snv"} or None, default="snv"
        What is done to each spectrum before: the standard normal variate, which takes brightness
        away, or nothing.
    noise : {"auto", "neighbours", "replicates", "spectrum"}, default="auto"
        Where the noise is seen: in differences of neighbouring pixels, of an image or by
        ``positions``; in those of replicates, by ``groups``; or along each spectrum, by how much
        a band differs from the mean of its two neighbours (then bands are taken to have noise of
        their own each). "auto" is the first of these for which fit is given what it needs.
    trim : float, default=0.3
        The share of the differences, the longest, that are left out as edges: 0 or more, less
        than 1. Not for "spectrum".
    shrinkage : float, default=0.1
        How far the covariance of the noise is drawn to that of noise which is alike in all
        directions, from 0 to 1.

    Attributes
    ----------
    n_components_ : int
        The number of components.
    signal_to_noise_ : ndarray of shape (n_bands,)
        Of all components, the kept ones first: their variance beyond that of the noise, over it.
    noise_deviation_ : ndarray of shape (n_bands,)
        The standard deviation of the noise of each band, in the unit of scaled spectra.
    scaling_ : {"snv"} or None
        What is done to each spectrum before, as ``scaling`` was in fit.
    noise_source_ : {"neighbours", "replicates", "spectrum"}
        Where the noise was seen.
    n_differences_ : int
        How many differences it was taken from.
    mean_, scale_ : ndarray of shape (n_bands,)
        Of the bands of scaled spectra; a constant band has the scale 1.
    projection_ : ndarray of shape (n_bands, n_components)
        By which standardised bands are multiplied.
    patterns_ : ndarray of shape (n_components, n_bands)
        What one unit of each component is in standardised bands.
    segments_ : ndarray of int, shape (n_segments, 2)
        The runs of bands, from start to stop, within which bands are neighbours ("spectrum").
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
    SpectralAutoencoder : Features that are not linear in the spectra.
    sklearn.decomposition.PCA : What varies most, be it noise.

    Notes
    -----
    Bands are standardised, the covariance of the noise is shrunk and made round by the symmetric
    inverse of its root; the components are the principal ones of what comes out. They are not
    brought to one variance: in units of noise, distances between spectra mean what they should.

    Fit it to the whole scene, as it needs neighbours and no labels, and put it before a model of
    few labelled pixels as it is: ``make_pipeline(FrozenEstimator(fitted), classifier)``, with
    :class:`~sklearn.frozen.FrozenEstimator`. A scene is read block by block, five times; the
    result does not depend on the blocks but for rounding. Then test pixels were seen without their
    labels, which a report should say.

    Rows that another transformer made of an image have no neighbours any more: fit it to
    ``scene.through(transformer)``, or pass ``positions``.

    Pairs of equal pixels are left out: resampled images repeat them. As edges are trimmed, the
    noise is somewhat too low, by the same factor in all bands; images that were smoothed or
    resampled have less noise between neighbours than in their pixels.

    References
    ----------
    .. [1] Green A. A., Berman M., Switzer P., Craig M. D., "A transformation for ordering
       multispectral data in terms of image quality with implications for noise removal", IEEE
       Transactions on Geoscience and Remote Sensing 26(1), 1988.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import MinimumNoiseFraction
    >>> rng = np.random.default_rng(0)
    >>> share = np.linspace(0, 1, 20)[:, None, None]  # more of a material from row to row
    >>> absorption = np.exp(-((np.arange(50) - 20) ** 2) / 50)
    >>> cube = 1 - share * absorption + 0.01 * rng.standard_normal((20, 30, 50))
    >>> components = MinimumNoiseFraction(n_components=3, scaling=None).fit(cube)
    >>> (components.signal_to_noise_[:3] > 10).tolist()
    [True, False, False]
    >>> components.transform(cube[0]).shape
    (30, 3)
    """

    _row_functions: ClassVar = {"transform": "components", "inverse_transform": "spectra"}

    _parameter_constraints: dict = {
        "n_components": [
            NumberInterval(Integral, 1, None, closed="left"),
            NumberInterval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "scaling": [StrOptions({"snv"}), None],
        "noise": [StrOptions({"auto", "neighbours", "replicates", "spectrum"})],
        "trim": [NumberInterval(Real, 0, 1, closed="left")],
        "shrinkage": [NumberInterval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        n_components: int | float | None = 20,
        scaling: str | None = "snv",
        noise: str = "auto",
        trim: float = 0.3,
        shrinkage: float = 0.1,
    ):
        self.n_components = n_components
        self.scaling = scaling
        self.noise = noise
        self.trim = trim
        self.shrinkage = shrinkage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        positions: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> MinimumNoiseFraction:
        """Measure the noise, and find what stands out of it.

        Parameters
        ----------
        X : Scene, or array-like of shape (rows, columns, n_bands) or (n_spectra, n_bands)
            Of a :class:`~skhyp.scenes.Scene`, or an image of xarray, the bands that it does not
            list as bad, and the pixels with data in all of these.
        y : None
            Ignored.
        positions : array-like of int, shape (n_spectra, 2), default=None
            Of spectra in rows: the row and the column of each, by which neighbours are found.
        groups : array-like of shape (n_spectra,), default=None
            Of spectra in rows: which sample each was measured of.

        Returns
        -------
        self : MinimumNoiseFraction

        Raises
        ------
        ValueError
            If X or a parameter is not as described, if ``noise`` needs what is not given, or if
            no noise is to be seen. A fitted estimator then keeps its former state.

        Warns
        -----
        UserWarning
            With ``scaling=None``, if spectra are far brighter than the others.
        """
        with all_or_nothing(self):
            self.scaling_ = self.scaling
            self.noise_source_ = source = self._source_of_noise(X, positions, groups)
            scene = as_scene(X)
            if scene is None and getattr(X, "ndim", 2) == 3:
                validate_spectra(self, unrolled(X), reset=True)
                scene = open_scene(X)
            if scene is not None:
                found, dtype = self._pairs_of_image(scene)
            else:
                found, dtype = self._pairs_of_rows(X, source, positions, groups)
            n_bands = self.n_features_in_
            scale = partial(self._scaled_blocks, found.blocks)
            self.mean_, self.scale_ = band_statistics(
                lambda: in_chunks(scale()),
                n_bands,
                computation_dtype(dtype),
                "they decide what MinimumNoiseFraction learns. Leave them out, or set "
                'scaling="snv".',
            )
            total, n_spectra = np.zeros((n_bands, n_bands)), 0
            for block in scale():
                spectra = self._standardised(block)
                total += spectra.T @ spectra
                n_spectra += len(spectra)
            if source == "spectrum":
                covariance = noise_along_spectra(scale, self.segments_, n_bands)
                covariance /= np.outer(self.scale_, self.scale_)
                self.n_differences_ = n_spectra
            else:
                covariance, self.n_differences_ = noise_of_pairs(
                    partial(self._differences, found), n_bands, float(self.trim)
                )
            self._learn_components(total / n_spectra, covariance)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None, **fit_params: Any) -> NDArray[Any]:
        """Fit, and return components: of a scene without labels, of its complete pixels alone.

        Parameters
        ----------
        X : Scene, or array-like of shape (rows, columns, n_bands) or (n_spectra, n_bands)
            As in ``fit``.
        y : array-like, default=None
            Ignored; but where it is given, all pixels of a scene come out, as labels need them.
        **fit_params : dict
            Passed to ``fit``.

        Returns
        -------
        Z : ndarray of shape (n_spectra, n_components)
        """
        values = self.fit(X, y, **fit_params).transform(X)
        if as_scene(X) is None or y is not None:
            return values
        complete = ~np.isnan(values).any(axis=1)
        return values if complete.all() else values[complete]

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the components of spectra, in units of noise.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a Scene or a cube all pixels, row by row; of a Scene as :func:`skhyp.scenes.apply`
            finds its bands.

        Returns
        -------
        Z : ndarray of shape (n_spectra, n_components)
            float64 for float64 and longer floats, float32 otherwise; NaN for pixels of a scene
            without data.
        """
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            values = np.asarray(apply(self, scene, method="transform"))
            return values.reshape(-1, self.n_components_)
        return self._apply("components", validate_spectra(self, unrolled(X), reset=False))

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the spectra that components stand for: scaled ones, with less of the noise.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_components)
            Components.

        Returns
        -------
        X_denoised : ndarray of shape (n_spectra, n_bands)
            Spectra as ``scaling`` leaves them: with "snv", standard normal variates, whose
            brightness is gone; with ``None``, in the unit of what was fitted.
        """
        check_is_fitted(self)
        Z = check_array(X, dtype=(np.float32, np.float64))
        if Z.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {Z.shape[1]} components, but MinimumNoiseFraction has "
                f"{self.n_components_} of them."
            )
        wavelengths = self._input_wavelengths(self.n_features_in_)
        spectra = self._apply("spectra", Z)
        widths = self._input_widths(self.n_features_in_)
        return spectra_with(spectra, wavelengths, COMPUTED, fwhm=widths)

    def _source_of_noise(
        self, X: ArrayLike, positions: ArrayLike | None, groups: ArrayLike | None
    ) -> str:
        """Return where noise is to be seen, if fit is given what that needs."""
        is_image = as_scene(X) is not None or getattr(X, "ndim", 2) == 3
        if is_image and (positions is not None or groups is not None):
            raise ValueError(
                "positions and groups are for spectra in rows, but X is an image, whose pixels "
                "have their places. Leave them out, or unroll it with skhyp.scenes.unroll."
            )
        needed = {
            "neighbours": ("an image, or positions", is_image or positions is not None),
            "replicates": ("groups", groups is not None),
            "spectrum": ("", True),
        }
        if self.noise == "auto":
            return next(source for source, (_, is_given) in needed.items() if is_given)
        what, is_given = needed[self.noise]
        if not is_given:
            raise ValueError(
                f"noise={self.noise!r} needs {what} in fit, which got none. With "
                'noise="spectrum", it is taken from differences along each spectrum.'
            )
        return self.noise

    def _pairs_of_image(self, scene: Scene) -> tuple[Pairs, np.dtype]:
        """Return pairs of pixels and what they are numbers of, and keep what they know."""
        pixels, known = pixels_to_learn_from(self, scene)
        self._learn(known)
        return ImagePairs(pixels), scene.dtype

    def _pairs_of_rows(
        self, X: ArrayLike, source: str, positions: ArrayLike | None, groups: ArrayLike | None
    ) -> tuple[Pairs, np.dtype]:
        """Return pairs of spectra and what they are numbers of, and keep what they know."""
        spectra = validate_spectra(self, X, reset=True, ensure_min_samples=2)
        self._learn(X)
        first = second = np.arange(0)
        if source == "neighbours":
            first, second = neighbours(validate_positions(positions, len(spectra)))
        elif source == "replicates":
            groups = np.asarray(groups)
            check_consistent_length(spectra, groups)
            first, second = replicates(groups)
        return SamplePairs(spectra, first, second), spectra.dtype

    def _learn(self, X: Any) -> None:
        self._learn_bands_of(X)
        self._learn_segments_of(X)

    def _scaled_blocks(self, blocks: Any) -> Iterator[NDArray[np.float64]]:
        for block in blocks():
            yield self._scaled(block)

    def _scaled(self, X: NDArray[Any]) -> NDArray[np.float64]:
        from .graph.inference import apply_rows
        from .graph.spectra import SpectralScaling

        dtype, nothing = computation_dtype(X.dtype), np.zeros(0)
        scaling = SpectralScaling(method=self.scaling_, n_bands=X.shape[1], kept=None, dtype=dtype)
        return apply_rows(scaling, "scale", nothing, nothing, X).astype(np.float64)

    def _standardised(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        return (scaled - self.mean_) / self.scale_

    def _differences(self, found: Pairs) -> Iterator[NDArray[np.float64]]:
        for spectra, first, second in found.pairs():
            if len(first):
                standardised = self._standardised(self._scaled(spectra))
                yield standardised[second] - standardised[first]

    def _learn_components(
        self, total: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> None:
        if not np.trace(covariance) > 0:
            alike = "no two neighbouring pixels differ"
            if self.n_features_in_ == 1 and self.scaling_ == "snv":
                alike = 'of one band alone (n_features = 1), scaling="snv" leaves nothing'
            where = {
                "neighbours": alike,
                "replicates": "no two replicates differ, or there are none",
                "spectrum": "no band differs from its neighbours, or there is one band alone "
                "(n_features = 1)",
            }[self.noise_source_]
            raise ValueError(
                f"There is no noise to be seen: {where}. For spectra without noise, use "
                "sklearn.decomposition.PCA."
            )
        whitening, inverse = whitening_of(covariance, float(self.shrinkage))
        variances, directions = np.linalg.eigh(whitening @ total @ whitening)
        variances, directions = variances[::-1], directions[:, ::-1]
        # The sign of a component is free: its largest weight is positive, on every machine.
        directions = svd_flip(directions, np.zeros_like(directions))[0]
        self.signal_to_noise_ = np.maximum(variances - 1, 0)
        self.noise_deviation_ = np.sqrt(np.diag(covariance)) * self.scale_
        self.n_components_ = self._number_of_components()
        kept = directions[:, : self.n_components_]
        self.projection_ = whitening @ kept
        self.patterns_ = kept.T @ inverse

    def _number_of_components(self) -> int:
        if self.n_components is None:
            return self.n_features_in_
        if self.n_components >= 1:
            return min(int(self.n_components), self.n_features_in_)
        signal = np.cumsum(self.signal_to_noise_)
        if not signal[-1]:
            return 1
        return int(np.searchsorted(signal, float(self.n_components) * signal[-1])) + 1

    def _apply(self, function: str, X: NDArray[Any]) -> NDArray[Any]:
        from .graph.inference import apply_rows

        network, parameters, statistics = self._computation(X.dtype)
        values = apply_rows(network, function, parameters, statistics, X)
        refuse_overflow(values, X)
        return values

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64
    ) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """Return components, no parameters and statistics, as spectra of a dtype are computed."""
        from .graph.components import LinearComponents
        from .graph.parameters import split

        network = LinearComponents(
            n_bands=self.n_features_in_,
            n_components=self.n_components_,
            scaling=self.scaling_,
            dtype=computation_dtype(dtype),
        )
        learned = (self.mean_, self.scale_, self.projection_, self.patterns_)
        statistics = np.concatenate([values.ravel() for values in learned])
        refuse_another_range(self, split(statistics, network.statistics), network.dtype, remedy)
        return network, np.zeros(0), statistics

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {"transform": ("components", {})}

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
