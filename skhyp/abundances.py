"""FullyConstrainedLeastSquares: the shares of endmembers in spectra."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ._warnings import warn_user
from .endmembers._extracted import ExtractedEndmembers, validate_number
from .endmembers._given_spectra import given_spectra, warn_of_other_unit
from .endmembers._simplex_volumes import largest_simplex_of
from .endmembers._vertex_components import vertices_of
from .fitting._config import ConfigMixin
from .fitting._documentation import DocumentationLinkMixin
from .fitting._mixture_solutions import mixture_solutions, n_independent
from .inputs._band_knowledge import BandKnowledge
from .inputs._band_moments import Blocks, moments_of
from .inputs._known_wavelengths import as_scene
from .inputs._learned_pixels import blocks_to_learn_from, unrolled
from .inputs._parameters import NumberInterval
from .inputs._validation import (
    PASS_FLOAT64,
    all_or_nothing,
    computation_dtype,
    refuse_overflow,
    validate_spectra,
)
from .libraries import SpectralLibrary
from .scenes import apply
from .spectra._spectra import COMPUTED, spectra_with

_EXTRACTIONS = {"vca": vertices_of, "n-findr": largest_simplex_of}


class FullyConstrainedLeastSquares(
    BandKnowledge, ConfigMixin, DocumentationLinkMixin, TransformerMixin, BaseEstimator
):
    """The shares of endmembers in each spectrum, by constrained least squares.

    A pixel of some metres is a mixture: its spectrum is the mean of those of the materials in it,
    weighted by the areas that they cover. Given the spectra of the pure materials, the endmembers,
    their shares (abundances) are those that are not negative, add up to one and leave the least
    squared error [1]_. Of a scene whose materials are not known, the endmembers are its purest
    pixels.

    Parameters
    ----------
    endmembers : array-like of shape (n_endmembers, n_bands) or SpectralLibrary, default=None
        The spectra of the pure materials, in the unit of X. A
        :class:`~skhyp.libraries.SpectralLibrary`, or a DataFrame by its index, gives them names. If
        both know their wavelengths, they are resampled to the bands of X. ``None``: taken from X.
    n_endmembers : int, default=3
        How many are taken from X: 2 or more, cut to the number of bands and one, with a warning.
        Not used where ``endmembers`` are given. :func:`skhyp.endmembers.signal_subspace` tells how
        many there may be.
    extraction : {"n-findr", "vca"}, default="n-findr"
        How they are taken from X: by :func:`skhyp.endmembers.n_findr` or
        :func:`skhyp.endmembers.vca`, which is for light that differs from pixel to pixel, but
        takes what is dark for several materials.
    nonnegative : bool, default=True
        Whether no abundance may be negative.
    sum_to_one : bool, default=True
        Whether the abundances of a spectrum add up to one. Without it, a spectrum may be darker or
        brighter than its endmembers.
    random_state : int, RandomState instance or None, default=None
        Draws directions where endmembers are taken from X. Pass an int for the same ones each time.

    Attributes
    ----------
    endmembers_ : ndarray of shape (n_endmembers, n_bands), float64
        Their spectra, on the bands of X.
    endmember_names_ : ndarray of str, shape (n_endmembers,)
        Their names; "endmember0" and so on where they have none.
    nonnegative_, sum_to_one_ : bool
        As the parameters were in fit.
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
    skhyp.endmembers.vca : The purest spectra.
    skhyp.plotting.AbundanceMapDisplay : Maps of abundances.
    MinimumNoiseFraction : Components in units of noise, which are no shares.

    Notes
    -----
    The solution is exact, to rounding: active sets are changed until no endmember that is left out
    would lessen the error, and none that is taken is negative. For up to 12 endmembers the
    solutions of all their subsets are tabled. All is computed in float64, whatever X is, as those
    that are alike have shares that are differences of large numbers; float64 spectra give float64,
    all others float32. A spectrum gives the same bits alone and in a scene.

    With given endmembers, nothing of a scene is read in fit but its first block, which is compared
    with their brightness. Otherwise a scene is read block by block, some times for each endmember,
    and what is kept of it does not grow with it.

    References
    ----------
    .. [1] Heinz D. C., Chang C.-I., "Fully constrained least squares linear spectral mixture
       analysis method for material quantification in hyperspectral imagery", IEEE Transactions on
       Geoscience and Remote Sensing 39(3), 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import FullyConstrainedLeastSquares
    >>> soil, leaf = np.linspace(0.1, 0.4, 50), np.where(np.arange(50) < 20, 0.05, 0.5)
    >>> mixed = 0.25 * soil + 0.75 * leaf
    >>> unmixing = FullyConstrainedLeastSquares(endmembers=[soil, leaf]).fit([mixed])
    >>> unmixing.transform([mixed]).round(4)
    array([[0.25, 0.75]])
    """

    _row_functions: ClassVar = {
        "transform": "abundances",
        "inverse_transform": "spectra",
        "reconstruction_error": "errors",
    }

    _parameter_constraints: dict = {
        "endmembers": ["array-like", SpectralLibrary, None],
        "n_endmembers": [NumberInterval(Integral, 2, None, closed="left")],
        "extraction": [StrOptions(set(_EXTRACTIONS))],
        "nonnegative": ["boolean"],
        "sum_to_one": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        endmembers: Any = None,
        n_endmembers: int = 3,
        extraction: str = "n-findr",
        nonnegative: bool = True,
        sum_to_one: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.endmembers = endmembers
        self.n_endmembers = n_endmembers
        self.extraction = extraction
        self.nonnegative = nonnegative
        self.sum_to_one = sum_to_one
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> FullyConstrainedLeastSquares:
        """Take the endmembers that are given to the bands of X, or find some in it.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a :class:`~skhyp.scenes.Scene`, or an image of xarray, the bands that it does not
            list as bad, and the pixels with data in all of these.
        y : None
            Ignored.

        Returns
        -------
        self : FullyConstrainedLeastSquares

        Raises
        ------
        ValueError
            If X or a parameter is not as described, if X has fewer endmembers than
            ``n_endmembers``, or if some of them are mixtures of the others, so that shares are not
            told apart. A fitted estimator then keeps its former state.

        Warns
        -----
        UserWarning
            If ``endmembers`` are so much brighter or darker than X that they are in another unit.
        """
        with all_or_nothing(self):
            is_given = self.endmembers is not None
            blocks, known, _ = blocks_to_learn_from(self, X, min_spectra=1 if is_given else 2)
            self._learn_bands_of(known)
            self.nonnegative_, self.sum_to_one_ = bool(self.nonnegative), bool(self.sum_to_one)
            names: list[str] | None = None
            if is_given:
                n_bands = self.n_features_in_
                spectra, names = given_spectra(self.endmembers, known, n_bands, "endmembers")
                self._refuse_mixtures(spectra)
                warn_of_other_unit(spectra, blocks, "endmembers")
            else:
                spectra = self._extracted(blocks).spectra
                self._refuse_mixtures(spectra)
            if names is None:
                names = [f"endmember{number}" for number in range(len(spectra))]
            self.endmembers_ = spectra
            self.endmember_names_ = np.array(names, dtype=object)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the abundances in spectra.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a Scene or a cube all pixels, row by row; of a Scene as :func:`skhyp.scenes.apply`
            finds its bands.

        Returns
        -------
        abundances : ndarray of shape (n_spectra, n_endmembers)
            float64 for float64 and longer floats, float32 otherwise; NaN for pixels of a scene
            without data.

        Raises
        ------
        ValueError
            If X is not as described, or knows other wavelengths than those that were fitted.
        """
        return self._of_spectra("transform", X)

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the spectra that abundances mix.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_endmembers)
            Abundances; they may be negative, and need not add up to one.

        Returns
        -------
        spectra : ndarray of shape (n_spectra, n_bands)
            In the unit of the endmembers.
        """
        check_is_fitted(self)
        shares = check_array(X, dtype=(np.float64, np.float32))
        if shares.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {shares.shape[1]} abundances, but FullyConstrainedLeastSquares has "
                f"{self._n_features_out} endmembers."
            )
        spectra = self._apply("inverse_transform", shares)
        return spectra_with(spectra, self.wavelengths_, COMPUTED, fwhm=self.fwhm_)

    def reconstruction_error(self, X: Any) -> NDArray[Any]:
        """Return how far spectra are from the best mixtures of the endmembers.

        It is large where a material is that is none of them.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            As in ``transform``.

        Returns
        -------
        errors : ndarray of shape (n_spectra,)
            The root of the mean over bands of squared differences, in the unit of X.
        """
        return self._of_spectra("reconstruction_error", X)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the endmembers.

        Parameters
        ----------
        input_features : array-like of str, shape (n_bands,), default=None
            Names of the bands of X, which are checked only.

        Returns
        -------
        names : ndarray of str, shape (n_endmembers,)
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return self.endmember_names_.copy()

    def _extracted(self, blocks: Blocks) -> ExtractedEndmembers:
        moments = moments_of(blocks)
        n_bands = self.n_features_in_
        most = n_bands + 1 if self.sum_to_one_ else n_bands
        number = min(int(self.n_endmembers), most)
        if number < self.n_endmembers:
            warn_user(
                f"n_endmembers={self.n_endmembers} is cut to {number}: mixtures of spectra with "
                f"{n_bands} bands tell no more apart."
            )
        validate_number(number, n_bands, moments.n_spectra)
        rng = check_random_state(self.random_state)
        return _EXTRACTIONS[self.extraction](blocks, moments, number, rng)

    def _refuse_mixtures(self, spectra: NDArray[np.float64]) -> None:
        found = n_independent(spectra, self.sum_to_one_)
        if found < len(spectra):
            raise ValueError(
                f"endmembers must not be mixtures of each other, but the {len(spectra)} of them "
                f"in {spectra.shape[1]} bands are mixtures of {found}: abundances would not be "
                "told apart. Leave some out."
            )

    def _of_spectra(self, method: str, X: Any) -> NDArray[Any]:
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            values = np.asarray(apply(self, scene, method=method))
            return values.reshape(-1, *values.shape[2:])
        return self._apply(method, validate_spectra(self, unrolled(X), reset=False))

    def _apply(self, method: str, X: NDArray[Any]) -> NDArray[Any]:
        from .graph.inference import apply_rows

        values = apply_rows(*self._function(method, X.dtype), X)
        refuse_overflow(values, X)
        return values

    def _function(self, method: str, dtype: np.dtype) -> tuple[Any, str, Any, Any]:
        network, parameters, statistics = self._computation(dtype)
        return network, self._row_functions[method], parameters, statistics

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64
    ) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """Return the mixture, no parameters and statistics; they are in float64 for any dtype."""
        from .graph.mixtures import LinearMixture

        network = LinearMixture(
            n_bands=self.n_features_in_,
            n_endmembers=len(self.endmembers_),
            nonnegative=self.nonnegative_,
            sum_to_one=self.sum_to_one_,
            output_dtype=computation_dtype(dtype),
        )
        sets = {0: "none", 1: "whole"}.get(network.n_solutions, "all")
        solved = mixture_solutions(self.endmembers_, sum_to_one=self.sum_to_one_, sets=sets)
        statistics = np.concatenate([values.ravel() for values in (self.endmembers_, *solved)])
        return network, np.zeros(0), statistics

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {
            method: (self._row_functions[method], {})
            for method in ("transform", "reconstruction_error")
        }

    @property
    def _n_features_out(self) -> int:
        return len(self.endmembers_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
