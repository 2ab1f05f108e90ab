"""What the two network estimators share: parameters, training, fitted state, inference."""

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from ._config import ConfigMixin
from ._progress import TrainingProgress
from ._validation import computation_dtype

if TYPE_CHECKING:
    from .graph.epochs import EpochsResult
    from .graph.updates import Objective

ACTIVATION_NAMES = StrOptions({"relu", "sigmoid", "linear", "tanh", "elu", "softplus"})
POSITIVE_INTEGER = Interval(Integral, 1, None, closed="left")


class NetworkEstimator(ConfigMixin, BaseEstimator, metaclass=ABCMeta):
    """A network as a scikit-learn estimator.

    Subclasses say which network their parameters describe and what it learns of the spectra
    before training; everything that is trained, continued, saved and computed in rows is here.
    Fitted state is NumPy: one flat vector of parameters, one of statistics, and plain scalars.
    """

    # With max_epochs="auto": at least so many passes over the data and so many updates.
    _min_epochs: int
    _min_updates: int

    _parameter_constraints: dict = {
        "activation": [ACTIVATION_NAMES],
        "initializer": [StrOptions({"truncated_normal", "normal", "glorot", "he", "constant"})],
        "initializer_std": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions({"adam", "sgd"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_schedule": [StrOptions({"constant", "exponential", "piecewise", "cosine"})],
        "decay_steps": [POSITIVE_INTEGER],
        "decay_rate": [Interval(Real, 0, 1, closed="right")],
        "learning_rate_boundaries": ["array-like"],
        "learning_rate_values": ["array-like"],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [POSITIVE_INTEGER],
        "max_epochs": [StrOptions({"auto"}), POSITIVE_INTEGER],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "patience": [POSITIVE_INTEGER],
        "warm_start": ["boolean"],
        "inference_dtype": [StrOptions({"bfloat16"}), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _network(self, n_bands: int, dtype: str, **shape: int) -> Any:
        """Return the network that the parameters describe, as a frozen value.

        ``shape`` is what else of the training data decides it, where it is not fitted yet.
        """

    @abstractmethod
    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: np.ndarray | None, weights: np.ndarray
    ) -> np.ndarray:
        """Return the flat statistics that condition the network's input."""

    @abstractmethod
    def _objective(self, network: Any) -> "Objective":
        """Return what is minimised."""

    @property
    def weights_(self) -> dict[str, np.ndarray]:
        """The fitted arrays by name: kernels and biases, layer by layer."""
        check_is_fitted(self)
        from .graph.parameters import split

        return split(self.parameters_, self._fitted_network().parameters)

    def _check_training_parameters(self) -> None:
        if self.learning_rate_schedule != "piecewise":
            return
        given = f"{self.learning_rate_boundaries!r} and {self.learning_rate_values!r}"
        try:
            boundaries = np.asarray(self.learning_rate_boundaries, dtype=np.float64)
            values = np.asarray(self.learning_rate_values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"learning_rate_boundaries and learning_rate_values must be numbers, got {given}."
            ) from error
        if boundaries.ndim != 1 or boundaries.shape != values.shape or not len(values):
            raise ValueError(
                "learning_rate_schedule='piecewise' needs learning_rate_boundaries and "
                f"learning_rate_values of one length, at least 1, got {given}."
            )
        if np.any(np.diff(boundaries) <= 0) or boundaries[0] < 0 or not np.all(values > 0):
            raise ValueError(
                "learning_rate_boundaries must rise from 0 or more and learning_rate_values must "
                f"be positive, got {given}."
            )

    def _check_training_in_parts(self) -> None:
        if self.learning_rate_schedule == "cosine":
            raise ValueError(
                "partial_fit has no last epoch that learning_rate_schedule='cosine' could fall to; "
                "choose 'constant', 'exponential' or 'piecewise'."
            )

    def _check_weights(self, sample_weight: Any, X: np.ndarray) -> np.ndarray:
        """Return the weights as an array of the dtype of the computation; none is all ones."""
        weights = _check_sample_weight(sample_weight, X, dtype=np.dtype(computation_dtype(X)))
        if np.any(weights < 0):
            raise ValueError("sample_weight has negative values; weights must be 0 or more.")
        if not np.any(weights):
            raise ValueError("Every sample_weight is zero: a weight above zero is needed to fit.")
        return weights

    def _fit_network(
        self,
        X: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
        *,
        continues: bool,
        validation: tuple[np.ndarray, np.ndarray | None, np.ndarray] | None = None,
        n_epochs: int | None = None,
        seed: int,
        **shape: int,
    ) -> "EpochsResult":
        """Train on the rows of X, anew or from the fitted state, and set the fitted state.

        ``n_epochs`` is given where a call is one part of a longer training (``partial_fit``);
        ``validation`` holds spectra, targets and weights to stop by.
        """
        from .graph.epochs import Epochs, run_epochs
        from .graph.networks import describe
        from .graph.parameters import initial_vector
        from .graph.training import TrainingState, rows_per_batch

        if continues:
            network = self._network(X.shape[1], self.parameters_.dtype.name, **shape)
            self._refuse_another_network(network)
            objective = self._objective(network)
            seed, statistics, first_epoch = self.seed_, self.statistics_, self.n_iter_
            state = self._continued_state(objective)
        else:
            network = self._network(X.shape[1], computation_dtype(X), **shape)
            objective = self._objective(network)
            first_epoch = 0
            statistics = self._learn_statistics(network, X, targets, weights)
            statistics = statistics.astype(network.dtype)
            parameters = initial_vector(
                network.parameters,
                np.random.default_rng(seed),
                initializer=self.initializer,
                initializer_std=self.initializer_std,
                dtype=network.dtype,
            )
            state = TrainingState.start(parameters, self.optimizer)
        n_batches = -(-len(X) // rows_per_batch(len(X), self.batch_size))
        planned = self._planned_epochs(n_batches)
        epochs = Epochs(
            n_epochs=planned if n_epochs is None else n_epochs,
            first_epoch=first_epoch,
            n_epochs_planned=planned + (first_epoch if n_epochs is None else 0),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            seed=seed,
            weight_decay=self.weight_decay,
            epsilon=self.epsilon,
            schedule=self.learning_rate_schedule,
            learning_rate=self.learning_rate,
            decay_steps=self.decay_steps,
            decay_rate=self.decay_rate,
            boundaries=self.learning_rate_boundaries,
            values=self.learning_rate_values,
        )
        data = self._training_data(network, statistics, X, targets, weights)
        held_out = None
        if validation is not None:
            held_out = self._training_data(network, statistics, *validation)
        with TrainingProgress(
            verbose=self.verbose, n_epochs=epochs.n_epochs, description=type(self).__name__
        ) as progress:
            result = run_epochs(
                objective,
                state,
                data,
                epochs,
                report=progress.show,
                validation=held_out,
                patience=self.patience,
            )
        self.architecture_ = describe(network)
        self._set_fitted_state(
            result, statistics, seed, continues, keep_moments=n_epochs is not None
        )
        return result

    def _tell_of_interruption(self, result: "EpochsResult") -> None:
        """Warn if Ctrl-C ended training; called when the fitted state is complete."""
        if result.was_interrupted:
            warnings.warn(
                f"{type(self).__name__} was interrupted after {len(result.loss_curve)} of "
                f"{result.n_epochs_asked} epochs; it is fitted with what it learned until then.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _refuse_another_network(self, network: Any) -> None:
        from .graph.networks import differing_fields

        if differing := differing_fields(self.architecture_, network):
            raise ValueError(
                "Training can only go on (warm_start=True, partial_fit) with the network that was "
                f"fitted; these have changed since: {', '.join(differing)}. Set warm_start=False, "
                "or clone the estimator, to fit anew."
            )

    def _fitted_network(self, **changes: Any) -> Any:
        from .graph.networks import from_description

        return from_description(self.architecture_, **changes)

    def _continued_state(self, objective: "Objective") -> Any:
        from .graph.training import TrainingState

        start = TrainingState.start(self.parameters_, objective.optimizer)
        moments = getattr(self, "_moments", None)
        if moments is None or moments.shape != start.moments.shape:
            return start
        return TrainingState(self.parameters_, moments, self._n_updates)

    def _planned_epochs(self, n_batches: int) -> int:
        if self.max_epochs == "auto":
            return max(self._min_epochs, -(-self._min_updates // n_batches))
        return self.max_epochs

    def _training_data(
        self,
        network: Any,
        statistics: np.ndarray,
        X: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
    ) -> Any:
        import tensorflow as tf

        from .graph.inference import apply_rows
        from .graph.memory import shared_tensor
        from .graph.training import TrainingData

        no_parameters = np.zeros(sum(p.size for p in network.parameters), network.dtype)
        conditioned = apply_rows(network, "condition", no_parameters, statistics, X)
        # Weights of mean one: the loss of a batch is then an unbiased estimate of the whole.
        weights = (weights * (len(weights) / weights.sum())).astype(network.dtype)
        loss_scale = 1.0
        if self._objective(network).loss == "sse":
            loss_scale = float(np.mean(weights * np.einsum("ij,ij->i", conditioned, conditioned)))
        return TrainingData(
            shared_tensor(conditioned),
            None if targets is None else tf.constant(targets, tf.int32),
            tf.constant(weights),
            loss_scale,
        )

    def _set_fitted_state(
        self, result: Any, statistics: np.ndarray, seed: int, continues: bool, keep_moments: bool
    ) -> None:
        former = self if continues else None
        self.loss_curve_ = [*getattr(former, "loss_curve_", ()), *result.loss_curve]
        self.validation_loss_curve_ = [
            *getattr(former, "validation_loss_curve_", ()),
            *result.validation_loss_curve,
        ]
        self.n_iter_ = len(self.loss_curve_)
        self.parameters_ = result.state.parameters
        self.statistics_ = statistics
        self.seed_ = seed
        # Moments are twice the size of the model: kept only where training may go on.
        if keep_moments or self.warm_start:
            self._moments, self._n_updates = result.state.moments, result.state.n_updates
        elif hasattr(self, "_moments"):
            del self._moments, self._n_updates

    def _n_held_out(self, n_spectra: int, least: int) -> int:
        """Return how many spectra early stopping holds out, at least ``least`` on either side."""
        n_held_out = max(least, round(self.validation_fraction * n_spectra))
        if n_spectra - n_held_out < least:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} holds out {n_held_out} of "
                f"{n_spectra} samples and leaves too few to train on: at least {least} are needed "
                "on either side. Lower it, or set early_stopping=False."
            )
        return n_held_out

    def _draw_seed(self, *, continues: bool) -> int:
        """Return the seed of this training: what is continued keeps its own, and its split."""
        if continues:
            return self.seed_
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _apply(self, function: str, X: np.ndarray, **options: Any) -> np.ndarray:
        """Return a function of the fitted network for the rows of X, computed in X's precision."""
        from .graph.inference import apply_rows

        if self.inference_dtype is not None:
            self._validate_params()  # it may have been set after fit
        network = self._fitted_network(
            dtype=computation_dtype(X), layers_dtype=self.inference_dtype
        )
        return apply_rows(network, function, self.parameters_, self.statistics_, X, **options)
