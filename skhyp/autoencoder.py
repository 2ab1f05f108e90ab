"""SpectralAutoencoder: features of spectra, learned without labels."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from .fitting import Callback
from .fitting._architecture import convolutions, layer_sizes, per_layer, warn_of_cut_convolutions
from .fitting._docstrings import documented
from .fitting._layered_estimator import LayeredNetworkEstimator
from .fitting._protocols import AttributedOutput
from .fitting._spectral_coder import SpectralCoder
from .fitting._training_parameters import ACTIVATION_NAMES
from .inputs._parameters import POSITIVE_INTEGER
from .light import Augmentation
from .metrics._spectral import OF_POSITIVE_SPECTRA


@documented
class SpectralAutoencoder(LayeredNetworkEstimator, SpectralCoder):
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

    _code_size = "n_components"
    _seen_of_outliers = (
        "training sees them at no more than 10 times the scale of the others (with "
        "scale_input=False, as they are)."
    )
    _min_epochs = 50
    _min_updates = 2000

    _parameter_constraints: dict = {
        **LayeredNetworkEstimator._parameter_constraints,
        **SpectralCoder._parameter_constraints,
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

    def _attributed_output(self, spectra: np.ndarray, target: Any) -> AttributedOutput:
        return self._attributed_code(spectra, target, f"Component {target} of the code")

    def _why_not_invertible(self) -> str | None:
        fitted = getattr(self, "architecture_", {})
        if not fitted.get("skip_connections", self.skip_connections):
            return None
        return (
            "SpectralAutoencoder(skip_connections=True) has no inverse_transform: its decoder also "
            "needs what the skip connections carry past the code. Use reconstruct(X), or fit with "
            "skip_connections=False."
        )

    def _warn_of(self, X: np.ndarray) -> None:
        if self.architecture == "conv":
            warn_of_cut_convolutions(self, X.shape[1])

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
            "scaled": bool(self.scale_input) and self.scale_input != "spectrum",
            "own_scale": self.scale_input == "spectrum",
            "dtype": dtype,
        }
        if self.architecture == "dense":
            sizes = layer_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
            tied = self._tied(len(sizes) + 1)
            return DenseAutoencoder(hidden_layer_sizes=sizes, tied_weights=tied, **shared)
        layers = convolutions(self, n_bands)
        return ConvAutoencoder(tied_weights=self._tied(len(layers["strides"])), **layers, **shared)

    def _tied(self, n_layers: int) -> tuple[bool, ...]:
        tied = per_layer("tied_weights", self.tied_weights, n_layers)
        if not set(tied) <= {True, False}:
            raise ValueError(f"tied_weights must be booleans, got {self.tied_weights!r}.")
        return tuple(bool(layer) for layer in tied)
