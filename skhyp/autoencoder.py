"""SpectralAutoencoder: features of spectra, learned without labels."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_array
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from .fitting import Callback
from .fitting._architecture import convolutions, layer_sizes, per_layer, warn_of_cut_convolutions
from .fitting._docstrings import documented
from .fitting._protocols import AttributedOutput
from .fitting._training import TrainedNetworkEstimator
from .fitting._training_parameters import ACTIVATION_NAMES
from .fitting._views import weighted_quantile
from .inputs._known_wavelengths import as_scene, source_bands_of
from .inputs._parameters import POSITIVE_INTEGER
from .inputs._scene_pixels import as_scene_pixels
from .inputs._validation import (
    all_or_nothing,
    available_unless,
    computation_dtype,
    largest_magnitudes,
    refuse_too_small,
    validate_spectra,
    warn_of_outliers,
)
from .light import Augmentation
from .metrics._spectral import MEASURES, OF_POSITIVE_SPECTRA, warn_of_negative_values
from .scenes import Scene, apply
from .scenes._band_matching import bands_for
from .spectra._spectra import COMPUTED, spectra_with
from .wavelengths._model_bands import model_input

if TYPE_CHECKING:
    import keras

MEASURE_NAMES = StrOptions(set(MEASURES))

# The scale is the magnitude that most of the training spectra stay below, but not more than a few
# times the median: saturated pixels have no say in it, however few spectra there are.
_SCALE_QUANTILE = 0.99
_MAX_SCALE_IN_MEDIANS = 3.0


def _why_not_invertible(autoencoder: SpectralAutoencoder) -> str | None:
    fitted = getattr(autoencoder, "architecture_", {})
    if not fitted.get("skip_connections", autoencoder.skip_connections):
        return None
    return (
        "SpectralAutoencoder(skip_connections=True) has no inverse_transform: its decoder also "
        "needs what the skip connections carry past the code. Use reconstruct(X), or fit with "
        "skip_connections=False."
    )


@documented
class SpectralAutoencoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, TrainedNetworkEstimator
):
    """Autoencoder for spectra, trained by a loss made for spectra.

    The encoder maps a spectrum to a code of ``n_components`` values, the decoder maps the code to
    a spectrum; both are trained to reconstruct the training spectra [1]_ [2]_.

    Parameters
    ----------
    architecture : {"dense", "conv"}, default="dense"
        "dense": fully connected layers of ``hidden_layer_sizes``; "conv": convolutions over the
        bands (``n_filters``, ``kernel_sizes``, ``strides``, ``padding``) and one dense layer. The
        decoder mirrors the encoder.
    n_components : int, default=10
        The number of values of a code.
    hidden_layer_sizes : tuple of int, default=(50, 30)
        For "dense": units of each layer between the input and the code.
    n_filters : tuple of int, default=(10, 10, 10)
        For "conv": filters of each convolution.
    kernel_sizes : int or tuple of int, default=(20, 10, 10)
        For "conv": bands that a filter spans, per layer. Kernels longer than what they are
        applied to shrink to it, with a warning if the sizes are not the default ones.
    strides : int or tuple of int, default=1
        For "conv": the step between the positions of a filter, per layer. A step beyond the
        spectrum is cut to it, with a warning.
    padding : {"valid", "same"}, default="valid"
        For "conv": whether filters stay within the spectrum or reach over its ends.
    activation : {"relu", "sigmoid", "linear", "tanh", "elu", "softplus"}, default="relu"
        Of all layers but the code and the output.
    latent_activation : {...} as ``activation``, default="linear"
        Activation of the layer that gives the code.
    output_activation : {...} as ``activation`` or None, default=None
        Of the reconstruction. ``None``: "softplus" where ``loss="sid"``, which needs positive
        spectra, and "linear" otherwise.
    tied_weights : bool or tuple of bool, default=False
        Whether a decoder layer uses the kernel of the encoder layer that it mirrors. A tuple has
        an entry for each decoder layer, from the code to the output ("conv": for each transposed
        convolution).
    skip_connections : bool, default=False
        Whether each decoder layer adds the value of its mirror before activation, and the last
        one the input. There is no ``inverse_transform`` then.
    initializer : {"glorot", "he", "truncated_normal", "normal", "constant"}, default="glorot"
        How kernels start: uniform after Glorot, normal after He, normal of ``initializer_std``
        (whole, or cut at two deviations), or all at ``initializer_std``. Biases start at zero.
    loss : {"csa", "sa", "sid", "sse"}, default="csa"
        What is minimised, in the mean over spectra: the cosine spectral angle (one minus the
        cosine), the spectral angle, the spectral information divergence, or the sum of squared
        errors; see :mod:`skhyp.metrics`. All but "sse" leave the brightness of the reconstruction
        undetermined.
    augmentation : :class:`skhyp.light.Relighting` or None, default=None
        What training spectra are changed by before they are encoded, drawn anew in each update from
        the seed of the fit; the spectrum as it was is what is to be reconstructed, so that codes
        keep the material and lose the light [3]_. X is reflectance or radiance then, of known
        wavelengths.
    scale_input : bool or "spectrum", default=True
        Whether spectra are divided by one number, learned in fit, so that training does not
        depend on their unit, and kept within 10 times of it, so that it does not depend on a
        saturated pixel. Reconstructions are in the unit of the input in either case. "spectrum":
        each is divided by its own root mean square, so that codes do not depend on how bright it
        is, as in the sun or in shadow; reconstructions have a mean square of about 1 then.

    Attributes
    ----------
    statistics_ : ndarray of shape (1,) or (0,)
        The number that all spectra are divided by, if there is one.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them: as a Scene, a DataFrame with columns
        named like "450.5 nm", or :class:`~skhyp.spectra.Spectra`, which a HypPreprocessor and
        :func:`~skhyp.scenes.labelled_pixels` give.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.

    See Also
    --------
    HypPreprocessor : Clean spectra to learn from.
    skhyp.metrics : The four measures in NumPy, and scorers.

    Notes
    -----
    float64 spectra are computed in float64, all others in float32. A zero spectrum has no
    direction: it adds a constant to "csa" and "sa" and teaches nothing. NaN and infinite values
    are refused. Spectra over 1000 times brighter than the median one give a warning.

    References
    ----------
    .. [1] Windrim L., Melkumyan A., Murphy R., Chlingaryan A., Nieto J., "Unsupervised feature
       learning for illumination robustness", ICIP 2016.
    .. [2] Windrim L., Ramakrishnan R., Melkumyan A., Murphy R. J., Chlingaryan A., "Unsupervised
       feature-learning for hyperspectral data with autoencoders", Remote Sensing 11(7):864, 2019.
    .. [3] Windrim L., Ramakrishnan R., Melkumyan A., Murphy R. J., "A physics-based deep learning
       approach to shadow invariant representations of hyperspectral images", IEEE Transactions on
       Image Processing 27(2), 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> rng = np.random.default_rng(0)
    >>> endmembers = rng.uniform(0.1, 1, (3, 50))
    >>> X = (rng.dirichlet(np.ones(3), 500) @ endmembers).astype("float32")
    >>> autoencoder = SpectralAutoencoder(n_components=3, max_epochs=100, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (500, 3)
    >>> bool(autoencoder.reconstruction_error(X, measure="sa").mean() < 0.05)
    True
    """

    _row_functions: ClassVar = {
        "transform": "codes",
        "inverse_transform": "spectra",
        "reconstruct": "reconstruction",
    }
    _min_epochs = 50
    _min_updates = 2000

    _parameter_constraints: dict = {
        **TrainedNetworkEstimator._parameter_constraints,
        "architecture": [StrOptions({"dense", "conv"})],
        "n_components": [POSITIVE_INTEGER],
        "hidden_layer_sizes": ["array-like"],
        "n_filters": ["array-like"],
        "kernel_sizes": ["array-like", POSITIVE_INTEGER],
        "strides": ["array-like", POSITIVE_INTEGER],
        "padding": [StrOptions({"valid", "same"})],
        "latent_activation": [ACTIVATION_NAMES],
        "output_activation": [ACTIVATION_NAMES, None],
        "tied_weights": ["boolean", "array-like"],
        "skip_connections": ["boolean"],
        "loss": [MEASURE_NAMES],
        "scale_input": ["boolean", StrOptions({"spectrum"})],
    }

    def __init__(
        self,
        *,
        architecture: str = "dense",
        n_components: int = 10,
        hidden_layer_sizes: tuple[int, ...] = (50, 30),
        n_filters: tuple[int, ...] = (10, 10, 10),
        kernel_sizes: int | tuple[int, ...] = (20, 10, 10),
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        activation: str = "relu",
        latent_activation: str = "linear",
        output_activation: str | None = None,
        tied_weights: bool | tuple[bool, ...] = False,
        skip_connections: bool = False,
        initializer: str = "glorot",
        initializer_std: float = 0.1,
        loss: str = "csa",
        scale_input: bool | str = True,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        epsilon: float = 1e-8,
        learning_rate_schedule: str = "constant",
        decay_steps: int = 1000,
        decay_rate: float = 0.9,
        learning_rate_boundaries: tuple[int, ...] = (),
        learning_rate_values: tuple[float, ...] = (),
        weight_decay: float = 0.0,
        batch_size: int = 256,
        max_epochs: int | str = "auto",
        shuffle: bool = True,
        augmentation: Augmentation | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        checkpoint_dir: str | PathLike | None = None,
        save_epochs: int | tuple[int, ...] = 10,
        resume: bool = False,
        callbacks: Sequence[Callback] | None = None,
        inference_dtype: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.architecture = architecture
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_filters = n_filters
        self.kernel_sizes = kernel_sizes
        self.strides = strides
        self.padding = padding
        self.latent_activation = latent_activation
        self.output_activation = output_activation
        self.tied_weights = tied_weights
        self.skip_connections = skip_connections
        self.loss = loss
        self.scale_input = scale_input
        self._set_shared_parameters(locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> SpectralAutoencoder:
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
        self : SpectralAutoencoder

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
            result = self._train_on(X, None, weights, continues=continues, pixels=pixels)
        self._tell_of_interruption(result)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> SpectralAutoencoder:
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
        self : SpectralAutoencoder

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
        check_is_fitted(self)
        if (scene := as_scene(X)) is not None:
            return self._of_scene(scene, "transform")
        return self._apply("codes", validate_spectra(self, X, reset=False))

    @available_unless(_why_not_invertible)
    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return the spectra that codes stand for; absent with skip connections.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_components)
            Codes.

        Returns
        -------
        X_reconstructed : ndarray of shape (n_spectra, n_bands)
        """
        check_is_fitted(self)
        Z = check_array(X, dtype=(np.float32, np.float64))
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {Z.shape[1]} components, but SpectralAutoencoder was fitted with "
                f"n_components={self._n_features_out}."
            )
        wavelengths = self._input_wavelengths(self.n_features_in_)
        widths = self._input_widths(self.n_features_in_)
        return spectra_with(self._apply("spectra", Z), wavelengths, COMPUTED, fwhm=widths)

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
            What the model computes. "inverse_transform" is absent with skip connections.
        name : str, default=None
            Of the model, which must differ from others built into one; ``None`` is the class's.

        Returns
        -------
        model : keras.Model
            In the precision of fit. The scale of the input is in it, as a constant; tied layers
            have copies of the kernels.

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
        if method == "inverse_transform" and (reason := _why_not_invertible(self)):
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

    def _attributed_output(self, spectra: np.ndarray, target: Any) -> AttributedOutput:
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
        targets = np.full(len(spectra), int(target))
        return AttributedOutput("component", f"Component {target} of the code", targets)

    def _of_scene(self, scene: Scene, method: str, **method_params: Any) -> np.ndarray:
        """Return what a method gives for all pixels of a scene, row by row, NaN without data."""
        values = np.asarray(apply(self, scene, method=method, method_params=method_params))
        return values.reshape(scene.shape[0] * scene.shape[1], *values.shape[2:])

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.architecture_["n_components"]

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
            "training sees them at no more than 10 times the scale of the others (with "
            "scale_input=False, as they are). Leave them out if they are faults.",
        )
        if self.loss in OF_POSITIVE_SPECTRA:
            warn_of_negative_values(
                X,
                f"loss={self.loss!r} takes spectra for distributions, which have no negative "
                "values: X",
                stacklevel=5,
            )
        if self.architecture == "conv":
            warn_of_cut_convolutions(self, X.shape[1])
        return X, weights

    def _network(self, n_bands: int, dtype: str, **shape: int) -> Any:
        from .graph.autoencoders import ConvAutoencoder, DenseAutoencoder

        output_activation = self.output_activation
        if output_activation is None:
            output_activation = "softplus" if self.loss in OF_POSITIVE_SPECTRA else "linear"
        shared: dict[str, Any] = {
            **shape,
            "n_bands": n_bands,
            "n_components": self.n_components,
            "activation": self.activation,
            "latent_activation": self.latent_activation,
            "output_activation": output_activation,
            "skip_connections": bool(self.skip_connections),
            "scaled": self._has_one_scale,
            "own_scale": self.scale_input == "spectrum",
            "dtype": dtype,
        }
        if self.architecture == "dense":
            sizes = layer_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
            tied = self._tied(len(sizes) + 1)
            return DenseAutoencoder(hidden_layer_sizes=sizes, tied_weights=tied, **shared)
        layers = convolutions(self, n_bands)
        return ConvAutoencoder(tied_weights=self._tied(len(layers["strides"])), **layers, **shared)

    @property
    def _has_one_scale(self) -> bool:
        """Whether all spectra are divided by one number."""
        return bool(self.scale_input) and self.scale_input != "spectrum"

    def _tied(self, n_layers: int) -> tuple[bool, ...]:
        tied = per_layer("tied_weights", self.tied_weights, n_layers)
        if not set(tied) <= {True, False}:
            raise ValueError(f"tied_weights must be booleans, got {self.tied_weights!r}.")
        return tuple(bool(layer) for layer in tied)

    def _objective(self, network: Any) -> Any:
        from .graph.updates import Objective

        return Objective(network, self.loss, self.optimizer)

    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: None, weights: np.ndarray
    ) -> np.ndarray:
        if not self._has_one_scale:
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
