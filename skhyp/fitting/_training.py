"""The course of a fit: what is checked, where training begins and ends, and what it leaves."""

import warnings
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.inputs._validation import computation_dtype
from skhyp.light import Augmentation
from skhyp.light._augmentation import GraphForm, refuse_centred

from ._checkpoints import TrainingCheckpoints
from ._network_estimator import NetworkEstimator
from ._progress import TrainingProgress, losses_by_epoch

if TYPE_CHECKING:
    from skhyp.graph.epochs import Epochs, EpochsResult
    from skhyp.graph.milestones import Milestone
    from skhyp.graph.updates import Objective


class TrainedNetworkEstimator(NetworkEstimator):
    """A network that is trained by epochs, and may be continued, saved and interrupted.

    Subclasses say what is learned of the spectra before training, and what is minimised.
    """

    # What training spectra are changed by: a parameter of networks of layers.
    augmentation: Augmentation | None = None

    @abstractmethod
    def _learn_statistics(
        self, network: Any, X: np.ndarray, targets: Any, weights: np.ndarray
    ) -> np.ndarray:
        """Return the flat statistics that condition the network's input."""

    @abstractmethod
    def _initial_parameters(
        self, network: Any, statistics: np.ndarray, X: np.ndarray, weights: np.ndarray, seed: int
    ) -> np.ndarray:
        """Return the flat parameters that training begins with."""

    @abstractmethod
    def _objective(self, network: Any) -> "Objective":
        """Return what is minimised."""

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

    def _train_on(
        self,
        X: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
        *,
        continues: bool,
        known_by: list | None = None,
        pixels: ScenePixels | None = None,
    ) -> "EpochsResult":
        """Train on the rows of X as the parameters say, checkpoints and early stopping included.

        ``known_by`` is what else a training to resume is known by; for the others, see
        :meth:`_fit_network`.
        """
        with self._open_checkpoints(
            X, targets, weights, known_by, continues=continues, pixels=pixels
        ) as checkpoints:
            seed = self._draw_seed(checkpoints, continues=continues)
            validation = None
            if self.early_stopping:
                (X, targets, weights), validation = self._hold_out(X, targets, weights, seed)
            return self._fit_network(
                X,
                targets,
                weights,
                continues=continues,
                validation=validation,
                seed=seed,
                checkpoints=checkpoints,
                pixels=pixels,
            )

    def _hold_out(
        self, X: np.ndarray, targets: np.ndarray | None, weights: np.ndarray, seed: int
    ) -> tuple[tuple, tuple]:
        """Return spectra, targets and weights to train on, and those that early stopping sees."""
        strata = None if targets is None else self._strata(targets)
        least = 1 if strata is None else len(np.unique(strata))
        n_held_out = max(least, round(self.validation_fraction * len(X)))
        if len(X) - n_held_out < least:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} holds out {n_held_out} of "
                f"{len(X)} samples and leaves too few to train on: at least {least} are needed "
                "on either side. Lower it, or set early_stopping=False."
            )
        rows = train_test_split(
            np.arange(len(X)), test_size=n_held_out, stratify=strata, random_state=seed
        )
        trained, held_out = (
            (X[part], None if targets is None else targets[part], weights[part]) for part in rows
        )
        return trained, held_out

    def _strata(self, targets: np.ndarray) -> np.ndarray | None:
        """Return what early stopping holds out the same share of, if that is anything."""
        return None

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
    ) -> "EpochsResult":
        """Train on the rows of X, anew or from the fitted state, and set the fitted state.

        ``n_epochs`` is given where a call is one part of a longer training (``partial_fit``);
        ``validation`` holds spectra, targets and weights to stop by; ``pixels`` are what to train
        on instead, where X is but a sample of them.
        """
        from skhyp.graph.epochs import run_epochs
        from skhyp.graph.streamed_epochs import run_streamed_epochs

        if continues:
            network = self._network(X.shape[1], self.parameters_.dtype.name)
            self._refuse_another_network(network)
            statistics = self.statistics_
        else:
            network = self._network(X.shape[1], computation_dtype(X.dtype))
            statistics = self._learn_statistics(network, X, targets, weights)
            statistics = statistics.astype(network.dtype)
        self._check_numbers(network.dtype)
        objective = self._objective(network)
        light = self._light(X.shape[1])
        if light is not None:
            objective = objective._replace(corruption=light.name)
        n_rows = len(X) if pixels is None else pixels.n_rows
        epochs = self._epochs(n_rows, seed, n_epochs, continues=continues)
        draw = partial(self._initial_parameters, network, statistics, X, weights, seed)
        data = self._training_data(network, statistics, X, targets, weights, light)
        held_out = None
        if validation is not None:
            held_out = self._training_data(network, statistics, *validation)
        if pixels is None:
            run = partial(run_epochs, data=data, validation=held_out, patience=self.patience)
        else:
            seen = partial(self._conditioned, network, statistics)
            if light is not None:  # which comes before
                seen = partial(np.asarray, dtype=network.dtype)
            run = partial(
                run_streamed_epochs,
                windows=lambda rng: map(seen, pixels.windows(rng)),
                n_rows=pixels.n_rows,
                sample=data,
            )
        return self._train(
            objective,
            statistics,
            epochs,
            run,
            draw,
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
        draw: Callable[[], np.ndarray],
        *,
        continues: bool,
        is_part: bool = False,
        seed: int,
        checkpoints: TrainingCheckpoints | None,
    ) -> "EpochsResult":
        """Run epochs from where training begins, tell of them, and set the fitted state.

        It begins with the parameters that ``draw`` returns, if nothing is continued.
        """
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
        start = start or self._start(objective, draw, continues=continues)
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
            schedule=self._schedule(is_part=n_epochs is not None),
            learning_rate=float(self.learning_rate),
            decay_steps=self.decay_steps,
            decay_rate=float(self.decay_rate),
            boundaries=boundaries,
            values=values,
        )

    def _schedule(self, *, is_part: bool) -> str:
        """Return the schedule of a training, or of one that has no last epoch."""
        if self.learning_rate_schedule == "auto":
            return "constant" if is_part else "cosine"
        return self.learning_rate_schedule

    def _start(
        self, objective: "Objective", draw: Callable[[], np.ndarray], *, continues: bool
    ) -> "Milestone":
        """Return where training begins: with first parameters, or with the fitted ones."""
        from skhyp.graph.milestones import Milestone
        from skhyp.graph.training import TrainingState

        if continues:
            return Milestone(self._continued_state(objective))
        return Milestone(TrainingState.start(draw(), self.optimizer))

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
        light: GraphForm | None = None,
    ) -> Any:
        from skhyp.graph.corruptions import Corruption
        from skhyp.graph.training import TrainingData

        conditioned = self._conditioned(network, statistics, X)
        corruption = None
        if light is not None:
            may_change = self._may_change(targets, len(X))
            corruption = Corruption.of_arrays(may_change, light.numbers, light.curves, statistics)
        if targets is not None:
            targets = self._conditioned_targets(network, statistics, targets)
        # Weights of mean one: the loss of a batch is then an unbiased estimate of the whole.
        weights = (weights * (len(weights) / weights.sum())).astype(network.dtype)
        loss_scale = 1.0
        if self._objective(network).loss == "sse":
            loss_scale = float(np.mean(weights * np.einsum("ij,ij->i", conditioned, conditioned)))
        spectra = conditioned if light is None else X.astype(network.dtype)
        return TrainingData.of_arrays(
            spectra, targets, weights, loss_scale, self._loss_level, corruption
        )

    def _check_augmentation(self, X: np.ndarray) -> None:
        """Refuse an augmentation that spectra cannot have, after their bands were learned."""
        if self.augmentation is not None:
            self.augmentation._validate_params()
            refuse_centred(self.augmentation, X)
            self._light(X.shape[1])

    def _light(self, n_bands: int) -> GraphForm | None:
        """Return the augmentation as the graph computes it, if there is one."""
        if self.augmentation is None:
            return None
        wavelengths = self.augmentation._wavelengths_for(self.wavelengths_, n_bands)
        return self.augmentation._graph_form(wavelengths)

    def _in_other_light(self, X: np.ndarray, targets: np.ndarray | None) -> np.ndarray | None:
        """Return training spectra as the augmentation changes them, if it does.

        They are the same ones in each fit.
        """
        if self.augmentation is None or not self.augmentation.share:
            return None
        may_change = self._may_change(targets, len(X))
        if not may_change.any():
            return None
        wavelengths = self.augmentation._wavelengths_for(self.wavelengths_, X.shape[1])
        spectra = X.astype(computation_dtype(X.dtype))
        changed = self.augmentation._changed(spectra, wavelengths, np.random.default_rng(0))
        return np.where(may_change[:, None], changed, spectra)

    def _may_change(self, targets: np.ndarray | None, n_rows: int) -> np.ndarray:
        """Return which rows an augmentation may change."""
        assert self.augmentation is not None
        if len(self.augmentation.exclude_classes):
            raise ValueError(
                f"{type(self).__name__} has no classes that augmentation could exclude: "
                f"exclude_classes must be empty, got {self.augmentation.exclude_classes!r:.80}."
            )
        return np.ones(n_rows, bool)

    def _conditioned_targets(
        self, network: Any, statistics: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        """Return the targets as the network learns them."""
        return targets

    @property
    def _loss_level(self) -> float:
        """The level of a loss that has one."""
        return 0.5

    def _conditioned(self, network: Any, statistics: np.ndarray, X: np.ndarray) -> np.ndarray:
        from skhyp.graph.conditioning import apply_conditioning

        return apply_conditioning(network, "condition", statistics, X)

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
