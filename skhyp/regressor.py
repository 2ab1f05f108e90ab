"""SpectralCNNRegressor: values of spectra by a convolutional network over the bands."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .fitting import Callback
from .fitting._conv_estimator import ConvNetworkEstimator
from .fitting._docstrings import documented
from .fitting._protocols import AttributedOutput
from .fitting._views import learn_view_statistics, robust_standardisation
from .inputs._parameters import NumberInterval
from .inputs._reference_values import reference_values, refuse_unresolved
from .inputs._validation import PASS_FLOAT64, all_or_nothing
from .light import Augmentation

if TYPE_CHECKING:
    import keras


# Targets that differ by no more than so much of their mean are constant.
_ROUNDING = 10 * np.finfo(np.float64).eps
# So far below the largest number are losses of single targets.
_HEADROOM = 2.0**20


@documented
class SpectralCNNRegressor(RegressorMixin, ConvNetworkEstimator):
    """Convolutional network that predicts values from spectra: contents, traits, cover.

    With default parameters a spectrum enters as four channels: its standard normal variate, the
    slope and the curvature of that, each standardised per band, and, more quietly, the
    standardised bands themselves, which keep the brightness. One layer of strided convolutions,
    one dense layer and a linear layer follow, which has a value for each target. Targets are
    standardised in fit and given back in their unit.

    Parameters
    ----------
    views : tuple of str or None, default=("snv", "slope", "curvature", "bands")
        The channels made of each spectrum, out of these four, see Notes. ``None``: the spectrum as
        it is.
    dense_layer_sizes : tuple of int, default=(128,)
        Units of each dense layer between the convolutions and the targets.
    initializer : {"he", "glorot", "truncated_normal", "normal", "constant"}, default="he"
        How kernels start: normal after He, uniform after Glorot (either with a last layer at a
        tenth), normal of ``initializer_std`` (whole, or cut at two deviations), or all at
        ``initializer_std``. Biases start at zero.
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, default="squared_error"
        What is minimised, in the mean over spectra and targets, of errors in deviations of each
        target. "huber" is the square up to 0.3 deviations and linear beyond [1]_: wrong reference
        values weigh less. "quantile" is the pinball loss [2]_: predictions are the quantile
        ``quantile`` of what the target may be.
    quantile : float, default=0.5
        For "quantile": between 0 and 1, both excluded.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the former fit: parameters, moments, epochs, and the
        standardisation of the targets, which must be as many.

    Attributes
    ----------
    n_outputs_ : int
        The number of targets.
    target_ndim_ : int
        1 if y was a list of numbers, 2 if it was a matrix: predictions have as many axes.
    segments_ : ndarray of shape (n_segments, 2)
        The runs of bands, from start to stop, within which slopes and curvatures are taken.
    statistics_ : ndarray of shape (n_statistics,)
        What the views learned of the training spectra: means and deviations per band, and filters;
        and the mean and the deviation of each target, one after the other.

    See Also
    --------
    HypPreprocessor : Clean spectra to learn from.
    SpectralPLSRegressor : The usual calibration: linear, in a blink, what to compare with.
    SpectralKernelRegressor : Likeness to the spectra of fit; for few of them.
    SpectralCNNClassifier : Classes instead of values.

    Notes
    -----
    The view "snv" is the standard normal variate of the spectrum, then standardised per band;
    "slope" and "curvature" are its first and second derivative, by polynomials [3]_ over windows
    of 30 nm where wavelengths are known (else of a 50th of the bands, in either case of 5 bands
    or more), standardised per band; "bands" is the spectrum standardised per band, at 0.3 of it.
    Means and deviations, of bands and of targets, are taken after values beyond 10 robust
    deviations were pulled in, and standardised bands are kept within 10: a saturated training
    pixel moves nothing but itself. NaN and infinite values are refused.

    float64 spectra are computed in float64, all others in float32, in which predictions come out.
    The training loss is in squared (or, by ``loss``, in simple) deviations of the targets.

    References
    ----------
    .. [1] Huber P. J., "Robust estimation of a location parameter", The Annals of Mathematical
       Statistics 35(1), 1964.
    .. [2] Koenker R., Bassett G., "Regression quantiles", Econometrica 46(1), 1978.
    .. [3] Savitzky A., Golay M. J. E., "Smoothing and differentiation of data by simplified least
       squares procedures", Analytical Chemistry 36(8), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralCNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> protein = rng.uniform(8, 16, 200)  # in %
    >>> bands = np.linspace(0, 1, 60)
    >>> absorption = np.exp(-((bands - 0.4) ** 2) / 0.005)
    >>> X = (1 - 0.02 * protein[:, None] * absorption).astype("float32")
    >>> regressor = SpectralCNNRegressor(max_epochs=100, random_state=0).fit(X[:150], protein[:150])
    >>> bool(regressor.score(X[150:], protein[150:]) > 0.95)
    True
    """

    _row_functions: ClassVar = {"predict": "values"}
    _view_names = ("snv", "slope", "curvature", "bands")
    _target_checks: ClassVar = {"multi_output": True}
    _min_epochs = 50
    _min_updates = 1000
    n_outputs_: int
    target_ndim_: int

    _parameter_constraints: dict = {
        **ConvNetworkEstimator._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber", "quantile"})],
        "quantile": [NumberInterval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        *,
        views: tuple[str, ...] | None = ("snv", "slope", "curvature", "bands"),
        n_filters: tuple[int, ...] = (16,),
        kernel_sizes: int | tuple[int, ...] | str = "auto",
        strides: int | tuple[int, ...] | str = "auto",
        padding: str = "valid",
        dense_layer_sizes: tuple[int, ...] = (128,),
        activation: str = "relu",
        dropout: float = 0.0,
        initializer: str = "he",
        initializer_std: float = 0.1,
        loss: str = "squared_error",
        quantile: float = 0.5,
        optimizer: str = "adam",
        learning_rate: float = 3e-3,
        epsilon: float = 1e-8,
        learning_rate_schedule: str = "auto",
        decay_steps: int = 1000,
        decay_rate: float = 0.9,
        learning_rate_boundaries: tuple[int, ...] = (),
        learning_rate_values: tuple[float, ...] = (),
        weight_decay: float = 3.0,
        batch_size: int = 64,
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
        self.views = views
        self.n_filters = n_filters
        self.kernel_sizes = kernel_sizes
        self.strides = strides
        self.padding = padding
        self.dense_layer_sizes = dense_layer_sizes
        self.dropout = dropout
        self.loss = loss
        self.quantile = quantile
        self._set_shared_parameters(locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> SpectralCNNRegressor:
        """Train on spectra and their reference values.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
            Integers and 32-bit floats are computed in float32, 64-bit floats in float64.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Reference values in any unit.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra, 0 or more; spectra of weight 0 are left out. Where all spectra
            make one batch, integer weights are the same as repeated spectra; else in expectation.

        Returns
        -------
        self : SpectralCNNRegressor

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or if training diverges. A fitted estimator
            then keeps its former state.
        """
        with all_or_nothing(self):
            continues = self.warm_start and hasattr(self, "parameters_")
            X, targets, weights = self._validate(X, y, sample_weight, reset=not continues)
            result = self._train_on(X, targets, weights, continues=continues)
        self._tell_of_interruption(result)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> SpectralCNNRegressor:
        """Train one epoch on these spectra, going on from what was learned before.

        The first call also learns the statistics of the views and of the targets; give it spectra
        that stand for all. Weights count within a call, not between calls.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        sample_weight : array-like of shape (n_spectra,), default=None
            As in ``fit``.

        Returns
        -------
        self : SpectralCNNRegressor

        Raises
        ------
        ValueError
            As in ``fit``; also if y has another number of targets than before, if the network's
            parameters were changed since the last call, or with
            ``learning_rate_schedule="cosine"``, as parts have no last epoch.
        """
        with all_or_nothing(self):
            self._check_training_in_parts()
            continues = hasattr(self, "parameters_")
            X, targets, weights = self._validate(X, y, sample_weight, reset=not continues)
            result = self._fit_network(
                X,
                targets,
                weights,
                continues=continues,
                n_epochs=1,
                seed=self._draw_seed(continues=continues),
            )
        self._tell_of_interruption(result)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted values of each spectrum, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            As y was in fit. float64 if X is, else float32.
        """
        check_is_fitted(self)
        values = self._predict("values", X)
        return values[:, 0] if self.target_ndim_ == 1 else values

    def to_keras(self, *, name: str | None = None) -> keras.Model:
        """Return the fitted network as a model of Keras, of Keras's own layers.

        What Keras can do with a model can then be done with this one: write a ``.keras`` file, a
        SavedModel or ONNX, train it further, build it into another. :mod:`skhyp.export` exports
        whole pipelines.

        Parameters
        ----------
        name : str, default=None
            Of the model, which must differ from others built into one; ``None`` is the class's.

        Returns
        -------
        model : keras.Model
            Of values (n_spectra, n_targets) in their unit, in the precision of fit, without
            dropout. The views, the targets' means and deviations are in it, as constants.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp import SpectralCNNRegressor
        >>> X = np.random.default_rng(0).uniform(size=(50, 40)).astype("float32")
        >>> y = 10 * X[:, 3] + 2
        >>> regressor = SpectralCNNRegressor(max_epochs=1, random_state=0).fit(X, y)
        >>> values = regressor.to_keras().predict(X, verbose=0)
        >>> bool(np.allclose(values[:, 0], regressor.predict(X), atol=1e-4))
        True
        """
        check_is_fitted(self)
        return self._keras_model("predict", self.n_features_in_, name)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _attributed_output(self, spectra: np.ndarray, target: Any) -> AttributedOutput:
        if target is None and self.n_outputs_ == 1:
            return AttributedOutput("value", "Predicted value", np.zeros(len(spectra), np.int64))
        is_integer = isinstance(target, Integral) and not isinstance(target, bool)
        if not is_integer or not 0 <= target < self.n_outputs_:
            raise ValueError(
                f"target must be the number of a target, from 0 to {self.n_outputs_ - 1}; got "
                f"{target!r:.80}."
            )
        targets = np.full(len(spectra), int(target))
        return AttributedOutput("value", f"Predicted value of target {target}", targets)

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {"predict": ("value" if self.target_ndim_ == 1 else "values", {})}

    def _check_targets(self, y: ArrayLike, *, continues: bool) -> np.ndarray:
        y = reference_values(y)
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if continues and n_targets != self.n_outputs_:
            raise ValueError(
                f"y must have as many targets as in the former fit, {self.n_outputs_}; got "
                f"{n_targets}."
            )
        self.n_outputs_, self.target_ndim_ = n_targets, y.ndim
        return y.reshape(len(y), n_targets)

    def _network(self, n_bands: int, dtype: str) -> Any:
        from .graph.regressors import ConvRegressor

        return ConvRegressor(n_targets=self.n_outputs_, **self._body(n_bands, dtype))

    def _objective(self, network: Any) -> Any:
        from .graph.updates import Objective

        return Objective(network, self.loss, self.optimizer)

    @property
    def _loss_level(self) -> float:
        return float(self.quantile)

    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        from .graph.parameters import split

        statistics = learn_view_statistics(network, X, weights, filters=self._filters(X.shape[1]))
        learned, limits = split(statistics, network.statistics), np.finfo(network.dtype)
        mean, scale = robust_standardisation(targets, weights, rounding=_ROUNDING)
        # What is constant is learned beside its size, which its unit gives.
        largest = np.abs(targets).max(axis=0)
        is_constant = targets.max(axis=0) - targets.min(axis=0) <= _ROUNDING * largest
        scale[is_constant & (largest > 0)] = largest[is_constant & (largest > 0)]
        if largest.max() > limits.max / 8 or scale.min() < limits.tiny:
            raise ValueError(
                f"y has values beyond the range of {network.dtype}, in which X is computed: up to "
                f"{largest.max():.3g}, with deviations of {scale.tolist()}. Change its unit, leave "
                "out values that are wrong, or pass X as float64."
            )
        refuse_unresolved(
            mean, scale, network.dtype, "Subtract a constant from y, or pass X as float64."
        )
        learned["target_mean"][:], learned["target_scale"][:] = mean, scale
        return statistics

    def _conditioned_targets(
        self, network: Any, statistics: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        from .graph.parameters import split

        learned = split(statistics.astype(np.float64), network.statistics)
        with np.errstate(over="ignore"):
            standardised = (targets - learned["target_mean"]) / learned["target_scale"]
        # Their losses are added up, after what weights and layers do to them.
        most = float(np.finfo(network.dtype).max) / _HEADROOM
        most = np.sqrt(most) if self.loss == "squared_error" else most
        if not np.abs(standardised).max() <= most:
            raise ValueError(
                f"y has a value {np.abs(standardised).max():.2g} deviations from its mean, of "
                f"which loss={self.loss!r} has no number in {network.dtype}. Leave it out"
                + (', or choose loss="huber".' if self.loss == "squared_error" else ".")
            )
        return standardised.astype(network.dtype)

    def _check_numbers(self, dtype: str) -> None:
        super()._check_numbers(dtype)
        level, limits = np.dtype(dtype).type(self.quantile), np.finfo(dtype)
        if self.loss == "quantile" and not limits.tiny <= level < 1:
            raise ValueError(
                f"quantile={self.quantile!r} is rounded to {level:g} in {dtype}, in which X is "
                f"computed: it must be from {limits.tiny:.2g} to {1 - limits.epsneg:.16g} there."
            )

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        network, parameters, statistics = super()._computation(dtype, remedy=remedy)
        if network.dtype != parameters.dtype:
            from .graph.parameters import split

            learned = split(statistics, network.statistics)
            mean, scale = learned["target_mean"], learned["target_scale"]
            refuse_unresolved(mean, scale, network.dtype, remedy)
        return network, parameters, statistics
