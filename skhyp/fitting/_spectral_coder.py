"""What estimators share that learn codes of spectra and spectra of codes, without labels."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skhyp.inputs._known_wavelengths import as_scene, source_bands_of
from skhyp.inputs._scene_pixels import as_scene_pixels
from skhyp.inputs._validation import (
    all_or_nothing,
    available_unless,
    computation_dtype,
    largest_magnitudes,
    refuse_too_small,
    validate_spectra,
    warn_of_outliers,
)
from skhyp.metrics._spectral import MEASURES, OF_POSITIVE_SPECTRA, warn_of_negative_values
from skhyp.scenes import Scene, apply
from skhyp.scenes._band_matching import bands_for
from skhyp.spectra._spectra import COMPUTED, spectra_with
from skhyp.wavelengths._model_bands import model_input

from ._protocols import AttributedOutput
from ._training import TrainedNetworkEstimator
from ._views import weighted_quantile

if TYPE_CHECKING:
    from typing import Self

    import keras

MEASURE_NAMES = StrOptions(set(MEASURES))

# The scale is the magnitude that most of the training spectra stay below, but not more than a few
# times the median: saturated pixels have no say in it, however few spectra there are.
_SCALE_QUANTILE = 0.99
_MAX_SCALE_IN_MEDIANS = 3.0


class SpectralCoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TrainedNetworkEstimator):
    """A network that learns to reconstruct spectra through a code.

    Subclasses say which network their parameters describe, and how it begins.
    """

    _row_functions: ClassVar = {
        "transform": "codes",
        "inverse_transform": "spectra",
        "reconstruct": "reconstruction",
    }
    # How training sees spectra that are far brighter than the others.
    _seen_of_outliers: ClassVar[str]
    # The parameter that says how many values a code has.
    _code_size: ClassVar[str]

    _parameter_constraints: dict = {
        **TrainedNetworkEstimator._parameter_constraints,
        "loss": [MEASURE_NAMES],
    }

    # A parameter of the constructors.
    loss: str

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Train on spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            Integers and 32-bit floats are computed in float32, 64-bit floats in float64. Of a
            :class:`~skhyp.scenes.Scene`, the bands that it does not list as bad, and the pixels
            with data in all of these; see Notes.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra, 0 or more; spectra of weight 0 are left out. Where all spectra
            make one batch, integer weights are the same as repeated spectra; else in expectation.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If X or a parameter is not as described, or if training diverges. A fitted estimator
            then keeps its former state.

        Warns
        -----
        UserWarning
            If spectra are far brighter than the others, or have negative values under a loss that
            needs positive ones ("sid").

        Notes
        -----
        A scene or a memory map is read as a whole if scikit-learn's ``working_memory`` (1024 MiB,
        see :func:`sklearn.set_config`) holds it with its copy in floats. If not, an epoch passes
        over it in windows of that size: blocks are drawn at random from all of the scene, some 16
        or more make a window, and the pixels of a window are shuffled among each other. So each
        pixel is seen once an epoch and in another order each time, but not in any order with equal
        chance. The scale of the input, and what ``loss="sse"`` needs of it, are learned from every
        n-th pixel then, at most 262,144. Ctrl-C gives the state at the end of the last epoch.
        """
        self._check_training_parameters()
        pixels = as_scene_pixels(X)
        if pixels is not None and pixels.fit_in_memory:
            X, pixels = pixels.as_spectra(pixels.read()), None
        if pixels is not None:
            if sample_weight is not None or self.early_stopping:
                raise ValueError(
                    "sample_weight and early_stopping=True are for spectra that scikit-learn's "
                    f"working_memory holds; X is {pixels.scene!r}. Allow more, as with "
                    "sklearn.config_context(working_memory=8192) (MiB), or fit to a sample, as "
                    "with scene.spectra_at."
                )
            X = pixels.as_spectra(pixels.survey())
        with all_or_nothing(self):
            continues = self.warm_start and hasattr(self, "parameters_")
            X, weights = self._validate(X, sample_weight, reset=not continues)
            self._warn_of(X)
            result = self._train_on(X, None, weights, continues=continues, pixels=pixels)
        self._tell_of_interruption(result)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train one epoch on these spectra, going on from what was learned before.

        The first call also learns the scale of the input; give it spectra that stand for all.
        Weights count within a call, not between calls.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_spectra,), default=None
            As in ``fit``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in ``fit``; also if the network's parameters were changed since the last call, or
            with ``learning_rate_schedule="cosine"``, as parts have no last epoch.
        """
        with all_or_nothing(self):
            self._check_training_in_parts()
            continues = hasattr(self, "parameters_")
            X, weights = self._validate(X, sample_weight, reset=not continues)
            self._warn_of(X)
            seed = self._draw_seed(continues=continues)
            result = self._fit_network(X, None, weights, continues=continues, n_epochs=1, seed=seed)
        self._tell_of_interruption(result)
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the codes of spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            Of a Scene, all pixels, row by row, as :func:`skhyp.scenes.apply` finds its bands.

        Returns
        -------
        Z : ndarray of shape (n_spectra, n_components)
            NaN for pixels without data.
        """
        return self._codes(X)

    @available_unless(lambda self: self._why_not_invertible())
    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return the spectra that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_components)
            Codes.

        Returns
        -------
        X_reconstructed : ndarray of shape (n_spectra, n_bands)
        """
        return self._spectra(X)

    def reconstruct(self, X: ArrayLike) -> np.ndarray:
        """Return spectra as the network reconstructs them, through the code and any skips.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            As in ``transform``.

        Returns
        -------
        X_reconstructed : ndarray of shape (n_spectra, n_bands)
            In the unit of X, unless ``scale_input="spectrum"``. All losses but "sse" leave the
            brightness of each spectrum open.
        """
        check_is_fitted(self)
        wavelengths = self._input_wavelengths(self.n_features_in_)
        if (scene := as_scene(X)) is not None:
            values = self._of_scene(scene, "reconstruct")
        else:
            values = self._apply("reconstruction", validate_spectra(self, X, reset=False))
        if wavelengths is None:
            return values
        n_bands = self.n_features_in_ if scene is None else scene.shape[2]
        source_bands = source_bands_of(X, n_bands)
        if scene is not None:
            taken = bands_for(model_input(self), scene, type(self).__name__)
            source_bands = source_bands if taken is None else source_bands[taken]
        widths = self._input_widths(self.n_features_in_)
        return spectra_with(values, wavelengths, COMPUTED, source_bands, widths)

    def reconstruction_error(self, X: ArrayLike, *, measure: str | None = None) -> np.ndarray:
        """Return how far each spectrum is from its reconstruction.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            As in ``transform``.
        measure : {"csa", "sa", "sid", "sse"} or None, default=None
            As in :mod:`skhyp.metrics`; ``None`` is the loss. "sa" is in radians; "sse" is in the
            squared unit of X (with ``scale_input="spectrum"``, of spectra of mean square 1).

        Returns
        -------
        error : ndarray of shape (n_spectra,)

        Raises
        ------
        ValueError
            If a squared error is beyond the range of the dtype (from values of 1e19 on in
            float32); the row is named.
        """
        check_is_fitted(self)
        measure = self.loss if measure is None else measure
        validate_parameter_constraints(
            {"measure": [MEASURE_NAMES]}, {"measure": measure}, "reconstruction_error"
        )
        if (scene := as_scene(X)) is not None:
            return self._of_scene(scene, "reconstruction_error", measure=measure)
        X = validate_spectra(self, X, reset=False)
        return self._apply("errors", X, measure=measure)

    def to_keras(self, *, method: str = "transform", name: str | None = None) -> keras.Model:
        """Return the fitted network as a model of Keras, of Keras's own layers.

        What Keras can do with a model can then be done with this one: write a ``.keras`` file,
        a SavedModel or ONNX, train it further, build it into another. :mod:`skhyp.export` exports
        whole pipelines.

        Parameters
        ----------
        method : {"transform", "inverse_transform", "reconstruct"}, default="transform"
            What the model computes.
        name : str, default=None
            Of the model, which must differ from others built into one; ``None`` is the class's.

        Returns
        -------
        model : keras.Model
            In the precision of fit. The scale of the input is in it, as a constant; tied layers
            have copies of the kernels.

        Raises
        ------
        ValueError
            If there is no such method, as "inverse_transform" with skip connections.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp import SpectralAutoencoder
        >>> X = np.random.default_rng(0).uniform(size=(50, 20)).astype("float32")
        >>> autoencoder = SpectralAutoencoder(n_components=3, max_epochs=1, random_state=0).fit(X)
        >>> model = autoencoder.to_keras()
        >>> codes = model.predict(X, verbose=0)
        >>> bool(np.allclose(codes, autoencoder.transform(X), atol=1e-5))
        True
        """
        check_is_fitted(self)
        validate_parameter_constraints(
            {"method": [StrOptions(set(self._row_functions))]}, {"method": method}, "to_keras"
        )
        if method == "inverse_transform" and (reason := self._why_not_invertible()):
            raise ValueError(reason)
        n_columns = self._n_features_out if method == "inverse_transform" else self.n_features_in_
        return self._keras_model(method, n_columns, name)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return minus the mean spectral angle of the reconstructions, in radians.

        The same for every ``loss``, so that models trained by different losses can be compared,
        by a ``GridSearchCV`` for example. For other measures see
        :func:`skhyp.metrics.make_reconstruction_scorer`.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            Of a Scene, the pixels with data.
        y : None
            Ignored.

        Returns
        -------
        score : float
            At most 0; greater is better.
        """
        errors = self.reconstruction_error(X, measure="sa")
        if as_scene(X) is not None:
            errors = errors[~np.isnan(errors)]
        return -float(np.mean(errors, dtype=np.float64))

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        exported = super()._exported_functions()
        del exported["inverse_transform"]  # of codes, not of spectra
        return exported | {"reconstruction_error": ("errors", {"measure": self.loss})}

    def _codes(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            return self._of_scene(scene, "transform")
        return self._apply("codes", validate_spectra(self, X, reset=False))

    def _spectra(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        Z = check_array(X, dtype=(np.float32, np.float64))
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {Z.shape[1]} columns, but {type(self).__name__} was fitted with "
                f"{self._code_size}={self._n_features_out}."
            )
        wavelengths = self._input_wavelengths(self.n_features_in_)
        widths = self._input_widths(self.n_features_in_)
        return spectra_with(self._apply("spectra", Z), wavelengths, COMPUTED, fwhm=widths)

    def _attributed_code(self, spectra: np.ndarray, target: Any, name: str) -> AttributedOutput:
        """Return the value of the code that ``target`` asks for, or the distance of codes."""
        if target is None:
            nothing = np.zeros(len(spectra), np.int64)
            return AttributedOutput("squared distance", "Squared distance of codes", nothing)
        n_components = self._n_features_out
        is_integer = isinstance(target, Integral) and not isinstance(target, bool)
        if not is_integer or not 0 <= target < n_components:
            raise ValueError(
                f"target must be None or a component from 0 to {n_components - 1}; got "
                f"{target!r:.80}."
            )
        return AttributedOutput("component", name, np.full(len(spectra), int(target)))

    def _why_not_invertible(self) -> str | None:
        """Return why there is no ``inverse_transform``, if there is none."""
        return None

    def _warn_of(self, X: np.ndarray) -> None:
        """Warn, in ``fit``, of parameters that do not suit the spectra."""

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.architecture_[self._code_size]

    def _of_scene(self, scene: Scene, method: str, **method_params: Any) -> np.ndarray:
        """Return what a method gives for all pixels of a scene, row by row, NaN without data."""
        values = np.asarray(apply(self, scene, method=method, method_params=method_params))
        return values.reshape(scene.shape[0] * scene.shape[1], *values.shape[2:])

    def _validate(
        self, X: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        self._check_training_parameters()
        given = X
        X = validate_spectra(self, X, reset=reset, continues=not reset)
        self._learn_bands_of(given, continues=not reset)
        self._check_augmentation(X)
        weights = self._check_weights(sample_weight, X)
        if not weights.all():
            X, weights = X[weights > 0], weights[weights > 0]
        magnitudes = largest_magnitudes(X)
        refuse_too_small(magnitudes, computation_dtype(X.dtype))
        warn_of_outliers(
            magnitudes,
            f"{self._seen_of_outliers} Leave them out if they are faults.",
        )
        if self.loss in OF_POSITIVE_SPECTRA:
            warn_of_negative_values(
                X,
                f"loss={self.loss!r} takes spectra for distributions, which have no negative "
                "values: X",
                stacklevel=5,
            )
        return X, weights

    def _objective(self, network: Any) -> Any:
        from skhyp.graph.updates import Objective

        return Objective(network, self.loss, self.optimizer)

    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: None, weights: np.ndarray
    ) -> np.ndarray:
        if not network.scaled:
            return np.zeros(0)
        magnitudes, limits = largest_magnitudes(X), np.finfo(network.dtype)
        magnitudes[magnitudes < limits.tiny] = 0  # as they are to TensorFlow
        most = weighted_quantile(magnitudes, weights, _SCALE_QUANTILE)
        median = weighted_quantile(magnitudes, weights, 0.5)
        with np.errstate(over="ignore"):
            scale = min(most, _MAX_SCALE_IN_MEDIANS * median) if median > 0 else most
        # One over it is a number too, to those who divide by multiplying.
        return np.array([min(scale, float(limits.max) / 8) if scale > 0 else 1.0])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
