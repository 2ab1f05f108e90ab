"""SpectralCNNClassifier: classes of spectra by a convolutional network over the bands."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted

from .fitting import Callback
from .fitting._conv_estimator import ConvNetworkEstimator
from .fitting._docstrings import documented
from .fitting._protocols import AttributedOutput
from .fitting._views import learn_view_statistics
from .fitting._weights import scaled_weights
from .inputs._class_labels import class_labels, refuse_one_class
from .inputs._parameters import NUMBER_FROM_ZERO, NumberInterval
from .inputs._validation import all_or_nothing
from .light import Augmentation

if TYPE_CHECKING:
    import keras


@documented
class SpectralCNNClassifier(ClassifierMixin, ConvNetworkEstimator):
    """Convolutional network that classifies spectra, without spatial context.

    With default parameters a spectrum enters as three channels: its standard normal variate,
    standardised per band; that again with the scatter within classes evened out; and,
    more quietly, the standardised bands themselves, which keep the brightness. One layer of
    strided convolutions, one dense layer and a softmax follow.

    Parameters
    ----------
    views : tuple of str or None, default=("snv", "whitened", "bands")
        The channels made of each spectrum, out of "snv", "whitened", "bands", "slope" and
        "curvature", see Notes. ``None``: the spectrum as it is.
    whitening : float, default=1.0
        How far the view "whitened" evens out the scatter within classes: 0 not at all, 1 fully.
        Full whitening helps most where pixels are mixed and labels few, half of it where labels
        are many.
    dense_layer_sizes : tuple of int, default=(128,)
        Units of each dense layer between the convolutions and the classes.
    initializer : {"he", "glorot", "truncated_normal", "normal", "constant"}, default="he"
        How kernels start: normal after He, uniform after Glorot (either with a last layer at a
        tenth), normal of ``initializer_std`` (whole, or cut at two deviations), or all at
        ``initializer_std``. Biases start at zero.
    class_weight : dict, {"balanced", "balanced_batch"} or None, default=None
        Weights of the classes in the loss, times ``sample_weight``. "balanced": all classes weigh
        the same over the training set. "balanced_batch": weights from the counts in each batch,
        (largest count + 1) / (count + 1), as in the toolbox deephyp.
    early_stopping : bool, default=False
        Whether to hold out ``validation_fraction`` of the spectra of each class, stop when their
        loss has not fallen for ``patience`` epochs, and keep the best epoch's parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the former fit: parameters, moments, epochs. The classes must
        be the same.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    segments_ : ndarray of shape (n_segments, 2)
        The runs of bands, from start to stop, within which slopes and curvatures are taken.
    statistics_ : ndarray of shape (n_statistics,)
        What the views learned of the training spectra: means and deviations per band, and the
        whitening matrix, one after the other.

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
    "slope" and "curvature" are the derivatives that :class:`SpectralCNNRegressor` describes.
    Means and deviations are taken after values beyond 10 robust deviations were pulled in, and
    standardised values are kept within 10: a saturated training pixel moves nothing but itself.
    With an ``augmentation``, W is the scatter of spectra in full and in other light together.
    A flat spectrum has the standard normal variate zero. NaN and infinite values are refused.

    float64 spectra are computed in float64, all others in float32.

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
    _view_names = ("snv", "whitened", "bands", "slope", "curvature")
    _min_epochs = 100
    _min_updates = 1500

    _parameter_constraints: dict = {
        **ConvNetworkEstimator._parameter_constraints,
        "whitening": [NumberInterval(Real, 0, 1, closed="both")],
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
        self.whitening = whitening
        self.n_filters = n_filters
        self.kernel_sizes = kernel_sizes
        self.strides = strides
        self.padding = padding
        self.dense_layer_sizes = dense_layer_sizes
        self.dropout = dropout
        self.class_weight = class_weight
        self._set_shared_parameters(locals())

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
            refuse_one_class(self, classes)
            weights = self._weigh_classes(classes, targets, weights)
            self.classes_: np.ndarray = classes
            result = self._train_on(
                X,
                targets,
                weights,
                known_by=classes.tolist(),
                continues=continues,
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
            self.classes_ = classes
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

    def _attributed_output(self, spectra: np.ndarray, target: Any) -> AttributedOutput:
        if target is None:
            return AttributedOutput(
                "log-odds", "Log-odds of the class", self._apply("places", spectra)
            )
        labels = np.asarray(target)
        if labels.ndim and labels.shape != (len(spectra),):
            raise ValueError(
                f"target must be one label or one for each of {len(spectra)} spectra; got an array "
                f"of shape {labels.shape}."
            )
        is_known = np.isin(labels, self.classes_)
        if not is_known.all():
            raise ValueError(
                f"target must be among the classes {self.classes_.tolist()}; got "
                f"{labels[~is_known].tolist()[0]!r}."
            )
        places = np.searchsorted(self.classes_, labels)
        of = "the class" if labels.ndim else self.classes_[places]
        return AttributedOutput(
            "log-odds", f"Log-odds of {of}", np.broadcast_to(places, len(spectra))
        )

    def _check_targets(self, y: ArrayLike, *, continues: bool) -> np.ndarray:
        return class_labels(y)

    def _classes_of_parts(self, classes: ArrayLike | None, continues: bool) -> np.ndarray:
        """Return all classes of a training in parts, which the first call has to name."""
        if not continues:
            if classes is None:
                raise ValueError("classes must be given in the first call of partial_fit.")
            classes = np.unique(classes)
            refuse_one_class(self, classes)
            return classes
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} are not those of the first call, "
                f"{self.classes_.tolist()}."
            )
        return self.classes_

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
        given: Any = self.class_weight  # a dict here: it is no name
        for weight in given.values():
            if not NUMBER_FROM_ZERO.is_satisfied_by(weight):
                raise ValueError(
                    "class_weight must be a number of 0 or more, and finite, for each class, got "
                    f"{self.class_weight!r}."
                )
        class_weight = {label: float(weight) for label, weight in given.items()}
        return compute_class_weight(class_weight, classes=classes, y=classes)

    def _strata(self, targets: np.ndarray) -> np.ndarray:
        counts = np.bincount(targets)
        if counts.min() < 2:
            raise ValueError(
                "early_stopping holds out spectra of each class, so each class needs at least 2; "
                f"the smallest class has {counts.min()}."
            )
        return targets

    def _may_change(self, targets: np.ndarray | None, n_rows: int) -> np.ndarray:
        assert self.augmentation is not None
        return self.augmentation._classes_that_change(self.classes_)[targets]

    def _network(self, n_bands: int, dtype: str) -> Any:
        from .graph.classifiers import ConvClassifier

        return ConvClassifier(n_classes=len(self.classes_), **self._body(n_bands, dtype))

    def _objective(self, network: Any) -> Any:
        from .graph.updates import Objective

        balances = self.class_weight == "balanced_batch"
        return Objective(network, "cross_entropy", self.optimizer, balances)

    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        return learn_view_statistics(
            network,
            X,
            weights,
            classes=targets,
            whitening=float(self.whitening),
            filters=self._filters(X.shape[1]),
            relit=self._in_other_light(X, targets),
        )
