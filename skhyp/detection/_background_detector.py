"""BackgroundDetector: what all detectors have."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skhyp.endmembers._given_spectra import given_spectra, warn_of_other_unit
from skhyp.fitting._background import refuse_targets_beside, target_means, whitening_of_background
from skhyp.fitting._config import ConfigMixin
from skhyp.fitting._documentation import DocumentationLinkMixin
from skhyp.inputs._band_knowledge import BandKnowledge
from skhyp.inputs._band_moments import moments_of
from skhyp.inputs._known_wavelengths import as_scene
from skhyp.inputs._learned_pixels import blocks_to_learn_from, unrolled
from skhyp.inputs._parameters import NumberInterval
from skhyp.inputs._validation import (
    PASS_FLOAT64,
    computation_dtype,
    refuse_overflow,
    validate_spectra,
)
from skhyp.scenes import apply


class BackgroundDetector(
    BandKnowledge, ConfigMixin, DocumentationLinkMixin, TransformerMixin, BaseEstimator
):
    """What all detectors have: the statistics of a background, and scores of spectra by them."""

    _row_functions: ClassVar = {"transform": "scores"}
    # What is made of spectra in which the background is alike in all directions.
    _kind: ClassVar[str]
    # Whether the mean of the background is taken off.
    _is_centred: ClassVar[bool] = True

    background_mean_: NDArray[np.float64]
    whitening_: NDArray[np.float64]
    targets_: NDArray[np.float64]
    target_names_: NDArray[Any]

    _parameter_constraints: dict = {"shrinkage": [NumberInterval(Real, 0, 1, closed="both")]}

    shrinkage: float

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the scores of spectra.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            Of a Scene or a cube all pixels, row by row; of a Scene as :func:`skhyp.scenes.apply`
            finds its bands.

        Returns
        -------
        scores : ndarray of shape (n_spectra, n_scores)
            One of each spectrum for each target, or a single one without targets. float64 for
            float64 and longer floats, float32 otherwise; NaN for pixels of a scene without data.

        Raises
        ------
        ValueError
            If X is not as described, or knows other wavelengths than those that were fitted.
        """
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            values = np.asarray(apply(self, scene, method="transform"))
            return values.reshape(-1, values.shape[2])
        from skhyp.graph.inference import apply_rows

        X = validate_spectra(self, unrolled(X), reset=False)
        network, parameters, statistics = self._computation(X.dtype)
        scores = apply_rows(network, "scores", parameters, statistics, X)
        refuse_overflow(scores, X)
        return scores

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Return one score of each spectrum: of several targets, the highest.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            As in ``transform``.

        Returns
        -------
        scores : ndarray of shape (n_spectra,)
            The higher, the more a spectrum is what is looked for.
        """
        return self.transform(X).max(axis=1)

    def _learn(self, X: Any, targets: Any = None, y: Any = None) -> None:
        """Keep the statistics of the background and the targets in it."""
        blocks, known, _ = blocks_to_learn_from(self, X, min_spectra=2)
        self._learn_bands_of(known)
        n_bands = self.n_features_in_
        names: list[str] | None = None
        if targets is not None:
            spectra, names = given_spectra(targets, known, n_bands, "targets")
            warn_of_other_unit(spectra, blocks, "targets")
        elif y is not None:
            spectra, names = target_means(blocks, y, n_bands)
        else:
            spectra = np.zeros((0, n_bands))
        moments = moments_of(blocks)
        if self._is_centred:
            mean, spread = moments.mean, moments.covariance
            # Over one less than their number, as others do.
            spread = spread * (moments.n_spectra / (moments.n_spectra - 1))
        else:
            mean, spread = np.zeros(n_bands), moments.correlation
        self.background_mean_ = mean
        shrinkage = float(self.shrinkage)
        self.whitening_, self.n_directions_ = whitening_of_background(
            spread, shrinkage, moments.n_spectra
        )
        origin = "the mean of the background" if self._is_centred else "zero"
        refuse_targets_beside(self.whitening_, spectra - mean, origin)
        self.targets_ = spectra
        if names is None:
            names = [f"target{number}" for number in range(len(spectra))]
        self.target_names_ = np.array(names, dtype=object)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the scores: those of the targets, where they have some.

        Parameters
        ----------
        input_features : array-like of str, shape (n_bands,), default=None
            Names of the bands of X, which are checked only.

        Returns
        -------
        names : ndarray of str, shape (n_scores,)
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        if self._n_features_out > len(self.target_names_):
            return np.array([type(self).__name__.lower()], dtype=object)
        return self.target_names_.copy()

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64
    ) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """Return the scores, no parameters and statistics; they are in float64 for any dtype."""
        from skhyp.graph.detectors import BackgroundScores

        network = BackgroundScores(
            kind=self._kind,
            n_bands=self.n_features_in_,
            n_targets=len(self.targets_),
            output_dtype=computation_dtype(dtype),
        )
        targets = (self.targets_ - self.background_mean_) @ self.whitening_
        known = (self.background_mean_, self.whitening_, targets.T)
        return network, np.zeros(0), np.concatenate([values.ravel() for values in known])

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {"transform": ("scores", {})}

    @property
    def _n_features_out(self) -> int:
        return max(len(self.target_names_), 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
