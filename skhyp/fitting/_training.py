"""The course of a fit: what is checked, where training begins and ends, and what it leaves."""

import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping, Set
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.inputs._validation import computation_dtype

from ._checkpoints import TrainingCheckpoints, epochs_to_save
from ._network_estimator import NetworkEstimator
from ._progress import TrainingProgress, losses_by_epoch
from ._weights import scaled_weights

if TYPE_CHECKING:
    from skhyp.graph.epochs import Epochs, EpochsResult
    from skhyp.graph.milestones import Milestone
    from skhyp.graph.updates import Objective


# Parameters that are numbers of the graph, or that its numbers are made of.
_COMPUTED_WITH = ("learning_rate", "epsilon", "weight_decay", "initializer_std")


class TrainedNetworkEstimator(NetworkEstimator):
    """A network that is trained by epochs, and may be continued, saved and interrupted.

    Subclasses say what is learned of the spectra before training, and what is minimised.
    """

    # With max_epochs="auto": at least so many passes over the data and so many updates.
    _min_epochs: int
    _min_updates: int

    @abstractmethod
    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: np.ndarray | None, weights: np.ndarray
    ) -> np.ndarray:
        """Return the flat statistics that condition the network's input."""

    @abstractmethod
    def _objective(self, network: Any) -> "Objective":
        """Return what is minimised."""

    def _check_training_parameters(self) -> None:
        for callback in self.callbacks or ():
            if isinstance(callback, type):
                raise ValueError(
                    f"callbacks must hold objects, got the class {callback.__name__}: make one of "
                    f"it, as {callback.__name__}()."
                )
            for moment in ("on_training_begin", "on_epoch_end", "on_training_end"):
                if not callable(getattr(callback, moment, None)):
                    raise ValueError(
                        f"callbacks must hold objects with the methods of "
                        f"skhyp.fitting.Callback, got {callback!r} without {moment}."
                    )
        epochs_to_save(self.save_epochs)
        self._piecewise()

    def _piecewise(self) -> tuple[list[float], list[float]]:
        """Return the boundaries and values of the schedule "piecewise", none of the others."""
        if self.learning_rate_schedule != "piecewise":
            return [], []
        given = f"{self.learning_rate_boundaries!r} and {self.learning_rate_values!r}"
        boundaries, values = (
            self._listed_numbers(name)
            for name in ("learning_rate_boundaries", "learning_rate_values")
        )
        if len(boundaries) != len(values) or not values:
            raise ValueError(
                "learning_rate_schedule='piecewise' needs learning_rate_boundaries and "
                f"learning_rate_values of one length, at least 1, got {given}."
            )
        rises = np.isfinite(boundaries).all() and np.all(np.diff(boundaries, prepend=-1) > 0)
        are_rates = all(0 < rate < np.inf for rate in values)
        if not (rises and boundaries[0] >= 0 and are_rates):
            raise ValueError(
                "learning_rate_boundaries must rise from 0 or more and learning_rate_values must "
                f"be positive and finite, got {given}."
            )
        return boundaries, values

    def _listed_numbers(self, name: str) -> list[float]:
        """Return the numbers of a list, which booleans and strings are not."""
        given = getattr(self, name)
        try:
            listed = given.tolist() if isinstance(given, np.ndarray) else list(given)
            is_list = not isinstance(given, Mapping | Set)
            if is_list and all(isinstance(n, Real) and not isinstance(n, bool) for n in listed):
                return [float(number) for number in listed]
        except (TypeError, OverflowError):  # no list, or a number larger than any float
            pass
        raise ValueError(f"{name} must be a list of numbers that a float can hold, got {given!r}.")

    def _check_training_in_parts(self) -> None:
        if self.learning_rate_schedule == "cosine":
            raise ValueError(
                "partial_fit has no last epoch that learning_rate_schedule='cosine' could fall to; "
                "choose 'constant', 'exponential' or 'piecewise'."
            )

    def _check_weights(self, sample_weight: Any, X: np.ndarray) -> np.ndarray:
        """Return the weights in the dtype of the computation, the largest between 1 and 2.

        They matter beside each other alone; none is all ones.
        """
        try:
            weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        except OverflowError as error:
            raise ValueError("sample_weight has a value larger than any float.") from error
        if np.any(weights < 0):
            raise ValueError("sample_weight has negative values; weights must be 0 or more.")
        if not np.any(weights):
            raise ValueError("Every sample_weight is zero: a weight above zero is needed to fit.")
        return scaled_weights("sample_weight", weights, computation_dtype(X.dtype))

    def _check_numbers(self, dtype: str) -> None:
        """Refuse parameters that the precision of the computation has no numbers for."""
        limits = np.finfo(dtype)
        numbers = [(name, getattr(self, name)) for name in _COMPUTED_WITH]
        if self.learning_rate_schedule == "piecewise":
            numbers += [("learning_rate_values", rate) for rate in self._piecewise()[1]]
        for name, given in numbers:
            value = float(given)
            if value != 0 and not float(limits.tiny) <= value <= float(limits.max):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is out of the range of {dtype}, in which "
                    f"spectra of this type are computed: from {limits.tiny:.2g} to "
                    f"{limits.max:.2g}."
                )

    def _open_checkpoints(
        self, *data: np.ndarray | list | None, continues: bool, pixels: ScenePixels | None = None
    ) -> AbstractContextManager[TrainingCheckpoints | None]:
        """Give the checkpoints of a fit to these data, or ``None`` where none are wanted."""
        if self.checkpoint_dir is None:
            if self.resume:
                raise ValueError(
                    "resume=True needs checkpoint_dir, the folder to resume from, got None. Give "
                    "one, or set resume=False."
                )
            return nullcontext()
        return TrainingCheckpoints.opened(self, *data, continues=continues, pixels=pixels)

    def _draw_seed(self, checkpoints: TrainingCheckpoints | None = None, *, continues: bool) -> int:
        """Return the seed of this training: what is continued keeps its own, and its split."""
        if checkpoints is not None and checkpoints.seed is not None:
            return checkpoints.seed
        if continues:
            return self.seed_
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

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
        checkpoints: TrainingCheckpoints | None = None,
        pixels: ScenePixels | None = None,
        **shape: int,
    ) -> "EpochsResult":
        """Train on the rows of X, anew or from the fitted state, and set the fitted state.

        ``n_epochs`` is given where a call is one part of a longer training (``partial_fit``);
        ``validation`` holds spectra, targets and weights to stop by; ``pixels`` are what to train
        on instead, where X is but a sample of them.
        """
        from skhyp.graph.epochs import run_epochs
        from skhyp.graph.streamed_epochs import run_streamed_epochs

        if continues:
            network = self._network(X.shape[1], self.parameters_.dtype.name, **shape)
            self._refuse_another_network(network)
            statistics = self.statistics_
        else:
            network = self._network(X.shape[1], computation_dtype(X.dtype), **shape)
            statistics = self._learn_statistics(network, X, targets, weights)
            statistics = statistics.astype(network.dtype)
        self._check_numbers(network.dtype)
        objective = self._objective(network)
        n_rows = len(X) if pixels is None else pixels.n_rows
        epochs = self._epochs(n_rows, seed, n_epochs, continues=continues)
        data = self._training_data(network, statistics, X, targets, weights)
        held_out = None
        if validation is not None:
            held_out = self._training_data(network, statistics, *validation)
        if pixels is None:
            run = partial(run_epochs, data=data, validation=held_out, patience=self.patience)
        else:
            run = partial(
                run_streamed_epochs,
                windows=lambda rng: map(
                    partial(self._conditioned, network, statistics), pixels.windows(rng)
                ),
                n_rows=pixels.n_rows,
                sample=data,
            )
        return self._train(
            objective,
            statistics,
            epochs,
            run,
            continues=continues,
            is_part=n_epochs is not None,
            seed=seed,
            checkpoints=checkpoints,
        )

    def _train(
        self,
        objective: "Objective",
        statistics: np.ndarray,
        epochs: "Epochs",
        run: Callable[..., "EpochsResult"],
        *,
        continues: bool,
        is_part: bool = False,
        seed: int,
        checkpoints: TrainingCheckpoints | None,
    ) -> "EpochsResult":
        """Run epochs from where training begins, tell of them, and set the fitted state."""
        from skhyp.graph.networks import describe

        former = vars(self).copy() if continues else {}

        def keep(milestone: "Milestone") -> None:
            """Set the fitted state of a milestone."""
            self._set_fitted_state(milestone, statistics, seed, former)
            self.architecture_ = describe(objective.network)

        def report(milestone: "Milestone") -> None:
            # In this order: whatever ends the process in between, nobody misses an epoch.
            progress.tell(milestone.losses, milestone.validation_losses)
            if checkpoints is not None and checkpoints.is_due(milestone):
                keep(milestone)
                checkpoints.save(self, milestone)

        start = None if checkpoints is None else checkpoints.milestone()
        if start is not None and start.n_epochs > epochs.n_epochs:
            raise ValueError(
                f"max_epochs={self.max_epochs!r} stands for {epochs.n_epochs} epochs, but the "
                f"training in checkpoint_dir={str(self.checkpoint_dir)!r} has had "
                f"{start.n_epochs}. Raise it, or get the model of an earlier epoch with "
                "skhyp.fitting.load_model."
            )
        start = start or self._start(objective, seed, continues=continues)
        history = [
            *losses_by_epoch(
                former.get("loss_curve_", ()), former.get("validation_loss_curve_", ())
            ),
            *losses_by_epoch(start.losses, start.validation_losses),
        ]
        with TrainingProgress(self, epochs.n_epochs, history, start.n_epochs) as progress:
            result = run(
                objective,
                start,
                epochs=epochs,
                report=report,
                stops=None if checkpoints is None else checkpoints.is_due_after,
            )
            progress.tell_the_rest(result.reached.losses, result.reached.validation_losses)
            keep(result.reached)
            if checkpoints is not None:
                checkpoints.save(self, result.reached)
        if not is_part and not self.warm_start:
            # Moments are twice the size of the model: kept only where training may go on.
            del self._moments, self._n_updates
        return result

    def _epochs(self, n_rows: int, seed: int, n_epochs: int | None, *, continues: bool) -> "Epochs":
        from skhyp.graph.epochs import Epochs
        from skhyp.graph.training import batches_per_epoch

        n_batches = batches_per_epoch(n_rows, self.batch_size)
        boundaries, values = self._piecewise()
        planned = self._planned_epochs(n_batches)
        first_epoch = self.n_iter_ if continues else 0
        return Epochs(
            n_epochs=planned if n_epochs is None else n_epochs,
            first_epoch=first_epoch,
            n_epochs_planned=planned + (first_epoch if n_epochs is None else 0),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            seed=seed,
            weight_decay=float(self.weight_decay),
            epsilon=float(self.epsilon),
            schedule=self.learning_rate_schedule,
            learning_rate=float(self.learning_rate),
            decay_steps=self.decay_steps,
            decay_rate=float(self.decay_rate),
            boundaries=boundaries,
            values=values,
        )

    def _planned_epochs(self, n_batches: int) -> int:
        if self.max_epochs == "auto":
            return max(self._min_epochs, -(-self._min_updates // n_batches))
        return self.max_epochs

    def _start(self, objective: "Objective", seed: int, *, continues: bool) -> "Milestone":
        """Return where training begins: with drawn parameters, or with the fitted ones."""
        from skhyp.graph.milestones import Milestone
        from skhyp.graph.parameters import initial_vector
        from skhyp.graph.training import TrainingState

        if continues:
            return Milestone(self._continued_state(objective))
        parameters = initial_vector(
            objective.network.parameters,
            np.random.default_rng(seed),
            initializer=self.initializer,
            initializer_std=float(self.initializer_std),
            dtype=objective.network.dtype,
        )
        return Milestone(TrainingState.start(parameters, self.optimizer))

    def _continued_state(self, objective: "Objective") -> Any:
        from skhyp.graph.training import TrainingState

        start = TrainingState.start(self.parameters_, objective.optimizer)
        moments = getattr(self, "_moments", None)
        if moments is None or moments.shape != start.moments.shape:
            return start
        return TrainingState(self.parameters_, moments, self._n_updates)

    def _refuse_another_network(self, network: Any) -> None:
        from skhyp.graph.networks import differing_fields

        if differing := differing_fields(self.architecture_, network):
            raise ValueError(
                "Training can only go on (warm_start=True, partial_fit) with the network that was "
                f"fitted; these have changed since: {', '.join(differing)}. Set warm_start=False, "
                "or clone the estimator, to fit anew."
            )

    def _training_data(
        self,
        network: Any,
        statistics: np.ndarray,
        X: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
    ) -> Any:
        from skhyp.graph.training import TrainingData

        conditioned = self._conditioned(network, statistics, X)
        # Weights of mean one: the loss of a batch is then an unbiased estimate of the whole.
        weights = (weights * (len(weights) / weights.sum())).astype(network.dtype)
        loss_scale = 1.0
        if self._objective(network).loss == "sse":
            loss_scale = float(np.mean(weights * np.einsum("ij,ij->i", conditioned, conditioned)))
        return TrainingData.of_arrays(conditioned, targets, weights, loss_scale)

    def _conditioned(self, network: Any, statistics: np.ndarray, X: np.ndarray) -> np.ndarray:
        from skhyp.graph.inference import apply_rows
        from skhyp.graph.parameters import vector_size

        no_parameters = np.zeros(vector_size(network.parameters), network.dtype)
        return apply_rows(network, "condition", no_parameters, statistics, X)

    def _set_fitted_state(
        self, milestone: "Milestone", statistics: np.ndarray, seed: int, former: dict[str, Any]
    ) -> None:
        """Set what was learned up to a milestone; ``former`` is what the estimator had before."""
        self.loss_curve_ = [*former.get("loss_curve_", ()), *milestone.losses]
        self.validation_loss_curve_ = [
            *former.get("validation_loss_curve_", ()),
            *milestone.validation_losses,
        ]
        self.n_iter_ = len(self.loss_curve_)
        learned = milestone.learned
        self.parameters_, self._moments, self._n_updates = learned
        self.statistics_ = statistics
        self.seed_ = seed

    def _tell_of_interruption(self, result: "EpochsResult") -> None:
        """Warn if Ctrl-C ended training; called when the fitted state is complete."""
        if result.was_interrupted:
            warnings.warn(
                f"{type(self).__name__} was interrupted after {len(result.reached.losses)} of "
                f"{result.n_epochs_asked} epochs; it is fitted with what it learned until then.",
                ConvergenceWarning,
                stacklevel=4,
            )
