"""SpectralCNNClassifier: classes of spectra by a convolutional network over the bands."""

from __future__ import annotations

from collections.abc import Sequence, Set
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.model_selection import train_test_split
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .fitting import Callback
from .fitting._architecture import convolutions, layer_sizes, warn_of_cut_convolutions
from .fitting._network_estimator import ACTIVATION_NAMES
from .fitting._training import TrainedNetworkEstimator
from .fitting._views import learn_view_statistics
from .fitting._weights import scaled_weights
from .inputs._known_wavelengths import numbers_of, wavelengths_of
from .inputs._parameters import NUMBER_FROM_ZERO, POSITIVE_INTEGER, NumberInterval
from .inputs._validation import (
    all_or_nothing,
    computation_dtype,
    largest_magnitudes,
    refuse_too_small,
    validate_spectra,
)

if TYPE_CHECKING:
    import keras


# What dropout lets through is scaled up by 1 / (1 - dropout).
_MAX_DROPOUT = 0.999


class SpectralCNNClassifier(ClassifierMixin, TrainedNetworkEstimator):
    """Convolutional network that classifies spectra, without spatial context.

    With default parameters a spectrum enters as three channels: its standard normal variate,
    standardised per band; that again with the scatter within classes evened out; and,
    more quietly, the standardised bands themselves, which keep the brightness. One layer of
    strided convolutions, one dense layer and a softmax follow.

    Parameters
    ----------
    views : tuple of {"snv", "whitened", "bands"} or None, default=("snv", "whitened", "bands")
        The channels made of each spectrum, see Notes. ``None``: the spectrum as it is.
    whitening : float, default=1.0
        How far the view "whitened" evens out the scatter within classes: 0 not at all, 1 fully.
        Full whitening helps most where pixels are mixed and labels few, half of it where labels
        are many.
    n_filters : tuple of int, default=(16,)
        Filters of each convolution.
    kernel_sizes : int or tuple of int, default=16
        Bands that a filter spans, per layer. Kernels longer than what they are applied to shrink
        to it, with a warning if the sizes are not the default ones.
    strides : int or tuple of int, default=4
        The step between the positions of a filter, per layer. A step beyond the
        spectrum is cut to it, with a warning.
    padding : {"valid", "same"}, default="valid"
        Whether filters stay within the spectrum or reach over its ends.
    dense_layer_sizes : tuple of int, default=(128,)
        Units of each dense layer between the convolutions and the classes.
    activation : {"relu", "sigmoid", "linear", "tanh", "elu", "softplus"}, default="relu"
        Of all layers but the last.
    dropout : float, default=0.0
        The share of the inputs of each dense layer and of the last that is silenced in training,
        at most 0.999.
    initializer : {"he", "glorot", "truncated_normal", "normal", "constant"}, default="he"
        How kernels start: normal after He, uniform after Glorot (either with a last layer at a
        tenth), normal of ``initializer_std`` (whole, or cut at two deviations), or all at
        ``initializer_std``. Biases start at zero.
    initializer_std : float, default=0.1
        For "truncated_normal", "normal" and "constant".
    class_weight : dict, {"balanced", "balanced_batch"} or None, default=None
        Weights of the classes in the loss, times ``sample_weight``. "balanced": all classes weigh
        the same over the training set. "balanced_batch": weights from the counts in each batch,
        (largest count + 1) / (count + 1), as in the toolbox deephyp.
    optimizer : {"adam", "sgd"}, default="adam"
        Adam [1]_ or plain stochastic gradient descent.
    learning_rate : float, default=0.001
        The size of an update; at the start, if it is changed by a schedule.
    epsilon : float, default=1e-08
        For "adam": added to the root of the second moment, so that tiny gradients are not blown up.
    learning_rate_schedule : str, default="constant"
        How the rate changes with the updates: "constant", it does not; "exponential", by
        ``decay_rate`` after every ``decay_steps``; "piecewise", to ``learning_rate_values`` after
        ``learning_rate_boundaries``; "cosine", along half a cosine to zero at the last epoch.
    decay_steps : int, default=1000
        Updates. For "exponential".
    decay_rate : float, default=0.9
        For "exponential".
    learning_rate_boundaries : tuple of int, default=()
        Updates. For "piecewise".
    learning_rate_values : tuple of float, default=()
        For "piecewise": the rate after each boundary.
    weight_decay : float, default=0.0
        At each update, kernels shrink by this times the learning rate (decoupled [2]_).
    batch_size : int, default=64
        Spectra per update.
    max_epochs : int or "auto", default="auto"
        Passes over the training spectra: with ``resume``, in all; with ``warm_start``, so many
        more. "auto": 100, or as many as 1500 updates take, whichever is more.
    shuffle : bool, default=True
        Whether each epoch takes the spectra in a new order.
    early_stopping : bool, default=False
        Whether to hold out ``validation_fraction`` of the spectra of each class, stop when their
        loss has not fallen for ``patience`` epochs, and keep the best epoch's parameters.
    validation_fraction : float, default=0.1
        The share of the spectra that ``early_stopping`` holds out.
    patience : int, default=10
        Epochs.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the former fit: parameters, moments, epochs. The classes must
        be the same.
    checkpoint_dir : str, path or None, default=None
        A folder that ``fit`` writes checkpoints to, for this training alone: another one that
        runs at the same time is refused. After a crash, only the epochs since the last one are
        lost; :mod:`skhyp.fitting` loads them. "~" is the home folder.
    save_epochs : int or tuple of int, default=10
        After every so many epochs, or after which epochs, a checkpoint is written; always after
        the last one.
    resume : bool, default=False
        Whether ``fit`` goes on from the latest checkpoint in ``checkpoint_dir``, if there is one,
        up to ``max_epochs``. It ends with the same weights, to the last bit, as a training that
        was never interrupted. Except under the schedule "cosine", ``max_epochs`` may have been
        raised since; the weights are then those of one longer training, up to rounding.
    callbacks : list of :class:`skhyp.fitting.Callback` or None, default=None
        Objects that are called after each epoch; each fit works with copies.
    inference_dtype : {"bfloat16"} or None, default=None
        "bfloat16" computes the layers of a fitted network with 8 significant bits, which is faster
        on processors that have such instructions and less exact; the guide says by how much.
        ``None``: in the precision of X. Training is never changed.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order, dropout and held-out spectra. With one int, one model (on
        one machine, with the same number of threads).
    verbose : int, default=0
        Above zero: a progress bar with the loss (by tqdm, else plain lines).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    loss_curve_ : list of float
        The mean training loss of each epoch.
    validation_loss_curve_ : list of float
        The mean loss of the held-out spectra after each epoch; empty without early stopping.
    n_iter_ : int
        Epochs trained.
    parameters_ : ndarray of shape (n_parameters,)
        All kernels and biases.
    weights_ : dict of str to ndarray
        The same by name, as views.
    architecture_ : dict
        The network that was fitted: its kind, sizes and activations, as plain values.
    statistics_ : ndarray of shape (n_statistics,)
        What the views learned of the training spectra: means and deviations per band, and the
        whitening matrix, one after the other.
    seed_ : int
        Drawn from ``random_state``; decides all that was random in fit.
    n_features_in_ : int
        Number of bands.
    feature_names_in_ : ndarray of str
        Columns of X, if it was a DataFrame.
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them: as a DataFrame with columns
        named like "450.5 nm", or :class:`~skhyp.spectra.Spectra`, which a HypPreprocessor and
        :func:`~skhyp.scenes.labelled_pixels` give.
    numbers_in_ : str or None
        What the numbers of X were, such as "as stored" in a file or "computed", where X knows it:
        :func:`~skhyp.scenes.apply` warns of a scene that has others.

    See Also
    --------
    HypPreprocessor : Clean spectra to learn from.
    SpectralAutoencoder : Features learned without labels.

    Notes
    -----
    The view "snv" is the standard normal variate of the spectrum, then standardised per band. The
    view "whitened" multiplies it by W^(-whitening / 2), with W the scatter within the classes,
    shrunk by a tenth towards a sphere: directions in which one class varies (noise, light,
    mixture) are damped. The matrix is symmetric, so every band stays in its place; the view enters
    at half the weight of "snv". "bands" is the spectrum standardised per band, at 0.3 of it.
    Means and deviations are taken after values beyond 10 robust deviations were pulled in, and
    standardised values are kept within 10: a saturated training pixel moves nothing but itself.
    A flat spectrum has the standard normal variate zero. NaN and infinite values are refused.

    float64 spectra are computed in float64, all others in float32.

    References
    ----------
    .. [1] Kingma D. P., Ba J., "Adam: a method for stochastic optimization", ICLR 2015.
    .. [2] Loshchilov I., Hutter F., "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralCNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> endmembers = np.cumsum(rng.normal(0, 0.1, (3, 60)), axis=1) + 2
    >>> y = rng.integers(0, 3, 150)
    >>> X = (endmembers[y] * rng.uniform(0.5, 1, (150, 1))).astype("float32")
    >>> classifier = SpectralCNNClassifier(max_epochs=30, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X).shape
    (150, 3)
    >>> classifier.score(X, y)
    1.0
    """

    _row_functions: ClassVar = {"predict_proba": "probabilities"}
    _min_epochs = 100
    _min_updates = 1500

    _parameter_constraints: dict = {
        **TrainedNetworkEstimator._parameter_constraints,
        "views": ["array-like", None],
        "whitening": [NumberInterval(Real, 0, 1, closed="both")],
        "n_filters": ["array-like"],
        "kernel_sizes": ["array-like", POSITIVE_INTEGER],
        "strides": ["array-like", POSITIVE_INTEGER],
        "padding": [StrOptions({"valid", "same"})],
        "dense_layer_sizes": ["array-like"],
        "activation": [ACTIVATION_NAMES],
        "dropout": [NumberInterval(Real, 0, _MAX_DROPOUT, closed="both")],
        "class_weight": [StrOptions({"balanced", "balanced_batch"}), dict, None],
    }

    def __init__(
        self,
        *,
        views: tuple[str, ...] | None = ("snv", "whitened", "bands"),
        whitening: float = 1.0,
        n_filters: tuple[int, ...] = (16,),
        kernel_sizes: int | tuple[int, ...] = 16,
        strides: int | tuple[int, ...] = 4,
        padding: str = "valid",
        dense_layer_sizes: tuple[int, ...] = (128,),
        activation: str = "relu",
        dropout: float = 0.0,
        initializer: str = "he",
        initializer_std: float = 0.1,
        class_weight: dict | str | None = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        epsilon: float = 1e-8,
        learning_rate_schedule: str = "constant",
        decay_steps: int = 1000,
        decay_rate: float = 0.9,
        learning_rate_boundaries: tuple[int, ...] = (),
        learning_rate_values: tuple[float, ...] = (),
        weight_decay: float = 0.0,
        batch_size: int = 64,
        max_epochs: int | str = "auto",
        shuffle: bool = True,
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
        self.whitening = whitening
        self.n_filters = n_filters
        self.kernel_sizes = kernel_sizes
        self.strides = strides
        self.padding = padding
        self.dense_layer_sizes = dense_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.initializer = initializer
        self.initializer_std = initializer_std
        self.class_weight = class_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.learning_rate_schedule = learning_rate_schedule
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.learning_rate_boundaries = learning_rate_boundaries
        self.learning_rate_values = learning_rate_values
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.save_epochs = save_epochs
        self.resume = resume
        self.callbacks = callbacks
        self.inference_dtype = inference_dtype
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> SpectralCNNClassifier:
        """Train on labelled spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
            Integers and 32-bit floats are computed in float32, 64-bit floats in float64.
        y : array-like of shape (n_spectra,)
            Labels of any sortable type. Unlabelled pixels do not belong here:
            :func:`skhyp.scenes.labelled_pixels` leaves them out.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra, 0 or more; spectra of weight 0 are left out, with the classes
            that only they have. Where all spectra make one batch, integer weights are the same as
            repeated spectra; beyond one batch in expectation.

        Returns
        -------
        self : SpectralCNNClassifier

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, if there are not two classes, or if
            training diverges. A fitted estimator then keeps its former state.
        """
        with all_or_nothing(self):
            continues = self.warm_start and hasattr(self, "parameters_")
            X, y, weights = self._validate(X, y, sample_weight, reset=not continues)
            classes, targets = np.unique(y, return_inverse=True)
            if continues and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    "warm_start=True needs the classes of the former fit, "
                    f"{self.classes_.tolist()}, got {classes.tolist()}."
                )
            self._refuse_one_class(classes)
            weights = self._weigh_classes(classes, targets, weights)
            with self._open_checkpoints(
                X, targets, weights, classes.tolist(), continues=continues
            ) as checkpoints:
                seed = self._draw_seed(checkpoints, continues=continues)
                self.classes_ = classes
                validation = None
                if self.early_stopping:
                    X, X_held_out, targets, targets_held_out, weights, weights_held_out = (
                        self._hold_out(X, targets, weights, seed)
                    )
                    validation = (X_held_out, targets_held_out, weights_held_out)
                result = self._fit_network(
                    X,
                    targets,
                    weights,
                    continues=continues,
                    validation=validation,
                    seed=seed,
                    checkpoints=checkpoints,
                    n_classes=len(classes),
                )
        self._tell_of_interruption(result)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> SpectralCNNClassifier:
        """Train one epoch on these spectra, going on from what was learned before.

        The first call also learns the statistics of the views; give it spectra that stand for
        all. Weights count within a call, not between calls.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,)
        classes : array-like of shape (n_classes,), default=None
            All labels that will occur. Needed in the first call, may be left out later.
        sample_weight : array-like of shape (n_spectra,), default=None
            As in ``fit``.

        Returns
        -------
        self : SpectralCNNClassifier

        Raises
        ------
        ValueError
            As in ``fit``; also if ``classes`` is missing in the first call or differs later, if y
            has a label that is not among them, if the network's parameters were changed since the
            last call, or with ``learning_rate_schedule="cosine"``, as parts have no last epoch.
        """
        with all_or_nothing(self):
            self._check_training_in_parts()
            continues = hasattr(self, "parameters_")
            classes = self._classes_of_parts(classes, continues)
            X, y, weights = self._validate(X, y, sample_weight, reset=not continues)
            unknown = np.setdiff1d(y, classes)
            if len(unknown):
                raise ValueError(f"y has labels that are not in classes: {unknown.tolist()}.")
            targets = np.searchsorted(classes, y)
            weights = self._weigh_classes(classes, targets, weights)
            result = self._fit_network(
                X,
                targets,
                weights,
                continues=continues,
                n_epochs=1,
                seed=self._draw_seed(continues=continues),
                n_classes=len(classes),
            )
            self.classes_ = classes
        self._tell_of_interruption(result)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,)
        """
        places = self._predict("places", X)  # a scene's probabilities need not be kept for this
        return self.classes_[places]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        P : ndarray of shape (n_spectra, n_classes)
            Rows sum to 1.
        """
        return self._predict("probabilities", X)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithms of the probabilities, finite where these round to zero.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        log_P : ndarray of shape (n_spectra, n_classes)
        """
        return self._predict("log_probabilities", X)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the logits: raw scores, the greater the more likely.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        scores : ndarray of shape (n_spectra, n_classes), or (n_spectra,) for two classes
            For two classes, the logit of ``classes_[1]`` minus that of ``classes_[0]``.
        """
        logits = self._predict("logits", X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_features(self, X: ArrayLike, layer: int = -2) -> np.ndarray:
        """Return the values of a layer of the network.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        layer : int, default=-2
            Counted from 0 as Python counts: the convolutions, the dense layers, and the logits at
            -1. By default the last layer before the logits.

        Returns
        -------
        features : ndarray of shape (n_spectra, n_values)
            After the activation. Values of a convolution are flattened, position by position.
        """
        check_is_fitted(self)
        n_layers = self._fitted_network().n_layers
        validate_parameter_constraints(
            {"layer": [Interval(Integral, -n_layers, n_layers - 1, closed="both")]},
            {"layer": layer},
            "predict_features",
        )
        return self._predict("features", X, layer=int(layer) % n_layers)

    def to_keras(self, *, name: str | None = None) -> keras.Model:
        """Return the fitted network as a model of Keras, of Keras's own layers.

        It gives what ``predict_proba`` gives; the layer "output" in it has the logits. What Keras
        can do with a model can then be done with this one: write a ``.keras`` file, a SavedModel
        or ONNX, train it further, build it into another. :mod:`skhyp.export` exports whole
        pipelines.

        Parameters
        ----------
        name : str, default=None
            Of the model, which must differ from others built into one; ``None`` is the class's.

        Returns
        -------
        model : keras.Model
            In the precision of fit, without dropout. The views and their statistics are in it, as
            constants. To train it further with Keras, give it the places of the labels in
            ``classes_`` (``numpy.searchsorted(classifier.classes_, y)``) and a cross-entropy of
            probabilities; there is no way back.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp import SpectralCNNClassifier
        >>> X = np.random.default_rng(0).uniform(size=(50, 40)).astype("float32")
        >>> y = np.where(X[:, 0] > 0.5, "soil", "grass")
        >>> classifier = SpectralCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
        >>> model = classifier.to_keras()
        >>> probabilities = model.predict(X, verbose=0)
        >>> bool(np.allclose(probabilities, classifier.predict_proba(X), atol=1e-5))
        True
        """
        check_is_fitted(self)
        return self._keras_model("predict_proba", self.n_features_in_, name)

    def _predict(self, function: str, X: ArrayLike, **options: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._apply(function, validate_spectra(self, X, reset=False), **options)

    def _validate(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self._check_training_parameters()
        known, numbers = wavelengths_of(X), numbers_of(X)
        X, y = validate_spectra(self, X, y=y, reset=reset)
        self._know_spectra(known, numbers, continues=not reset)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        weights = self._check_weights(sample_weight, X)
        if not weights.all():
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        refuse_too_small(largest_magnitudes(X), computation_dtype(X.dtype))
        warn_of_cut_convolutions(self, X.shape[1])
        return X, y, weights

    def _classes_of_parts(self, classes: ArrayLike | None, continues: bool) -> np.ndarray:
        """Return all classes of a training in parts, which the first call has to name."""
        if not continues:
            if classes is None:
                raise ValueError("classes must be given in the first call of partial_fit.")
            classes = np.unique(classes)
            self._refuse_one_class(classes)
            return classes
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} are not those of the first call, "
                f"{self.classes_.tolist()}."
            )
        return self.classes_

    def _refuse_one_class(self, classes: np.ndarray) -> None:
        if len(classes) < 2:
            raise ValueError(
                "SpectralCNNClassifier needs at least two classes, got one class: "
                f"{classes.tolist()}."
            )

    def _weigh_classes(
        self, classes: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """Return the weights times those of the classes ("balanced_batch" is for the graph)."""
        if self.class_weight is None or self.class_weight == "balanced_batch":
            return weights
        if self.class_weight == "balanced":
            present = np.bincount(targets, weights, len(classes))
            of_class = present.sum() / np.where(present > 0, present, 1) / len(classes)
        else:
            of_class = self._weights_of_classes(classes)
            if not np.any(of_class[targets] > 0):
                raise ValueError(
                    "class_weight must be above 0 for a class that occurs, got "
                    f"{self.class_weight!r}."
                )
        name, dtype = f"class_weight={self.class_weight!r}", weights.dtype.name
        of_class = scaled_weights(name, of_class, dtype).astype(np.float64)
        return scaled_weights(f"{name} times sample_weight", weights * of_class[targets], dtype)

    def _weights_of_classes(self, classes: np.ndarray) -> np.ndarray:
        """Return the weights that ``class_weight`` names."""
        for weight in self.class_weight.values():
            if not NUMBER_FROM_ZERO.is_satisfied_by(weight):
                raise ValueError(
                    "class_weight must be a number of 0 or more, and finite, for each class, got "
                    f"{self.class_weight!r}."
                )
        class_weight = {label: float(weight) for label, weight in self.class_weight.items()}
        return compute_class_weight(class_weight, classes=classes, y=classes)

    def _hold_out(
        self, X: np.ndarray, targets: np.ndarray, weights: np.ndarray, seed: int
    ) -> list[np.ndarray]:
        counts = np.bincount(targets)
        if counts.min() < 2:
            raise ValueError(
                "early_stopping holds out spectra of each class, so each class needs at least 2; "
                f"the smallest class has {counts.min()}."
            )
        return train_test_split(
            X,
            targets,
            weights,
            test_size=self._n_held_out(len(X), len(counts)),
            stratify=targets,
            random_state=seed,
        )

    def _network(self, n_bands: int, dtype: str, *, n_classes: int) -> Any:
        from .graph.classifiers import ConvClassifier

        return ConvClassifier(
            n_bands=n_bands,
            n_classes=n_classes,
            views=self._checked_views(),
            dense_layer_sizes=layer_sizes("dense_layer_sizes", self.dense_layer_sizes),
            activation=self.activation,
            dropout=float(self.dropout),
            dtype=dtype,
            **convolutions(self, n_bands),
        )

    def _checked_views(self) -> tuple[str, ...]:
        if self.views is None:
            return ()
        views = tuple(self.views)
        is_unordered = isinstance(self.views, Set)
        is_known = set(views) <= {"snv", "whitened", "bands"}
        if is_unordered or not is_known or len(set(views)) < len(views):
            raise ValueError(
                "views must be None or hold 'snv', 'whitened' and 'bands', each at most once, "
                f"got {self.views!r}."
            )
        return views

    def _objective(self, network: Any) -> Any:
        from .graph.updates import Objective

        balances = self.class_weight == "balanced_batch"
        return Objective(network, "cross_entropy", self.optimizer, balances)

    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        return learn_view_statistics(network, X, targets, weights, whitening=float(self.whitening))
