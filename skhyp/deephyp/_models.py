"""Estimators with the networks and the weights of deephyp."""

import math
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skhyp.autoencoder import SpectralAutoencoder
from skhyp.classifier import SpectralCNNClassifier

from ._configuration import CONFIG, Configuration, read_configuration

Estimator = SpectralAutoencoder | SpectralCNNClassifier
Variables = Mapping[str, np.ndarray]

_CHECKPOINT = "model.ckpt"
_EPOCH_FOLDER = re.compile(r"epoch_(\d+)")
_VARIABLE = re.compile(r"Variable(?:_(\d+))?")
# What deephyp's Adam adds to the divisor, and by how much its second moments fade.
_EPSILON, _BETA_2 = 1e-8, 0.999
# A folder named after more was not written by a training; its losses would fill the memory.
_MAX_EPOCHS = 10_000_000


def load_config(path: str | PathLike, **parameters: Any) -> Estimator:
    """Return an estimator with the network of a ``config.json`` of deephyp, not fitted.

    Parameters
    ----------
    path : str or path
        The file, or the folder that it is in.
    **parameters
        What the file does not say, or is to be replaced: parameters of the estimator, as
        ``loss``, ``learning_rate`` or ``batch_size``. If not given, some are those of deephyp's
        ``add_train_op``: the loss is "csa" for dense and "sse" for convolutional autoencoders,
        and a classifier balances the classes of each batch.

    Returns
    -------
    estimator : SpectralAutoencoder or SpectralCNNClassifier
        The number of bands and of classes is that of the data it will be fitted to.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a configuration of deephyp; the message names the file and the entry.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skhyp.deephyp import load_config
    >>> folder = Path(tempfile.mkdtemp())
    >>> written_by_deephyp = {
    ...     "inputSize": 103, "encodersize": [50, 30, 10], "activationFunc": "sigmoid",
    ...     "tiedWeights": [0, 0, 0], "weightInitOpt": "truncated_normal", "weightStd": 0.1,
    ...     "skipConnect": False, "activationFuncFinal": "linear",
    ... }
    >>> _ = (folder / "config.json").write_text(json.dumps(written_by_deephyp))
    >>> load_config(folder, max_epochs=100).hidden_layer_sizes
    (50, 30)
    """
    path = Path(path)
    return _unfitted(read_configuration(path / CONFIG if path.is_dir() else path), parameters)


def load_model(directory: str | PathLike, epoch: int | None = None, **parameters: Any) -> Estimator:
    """Return a fitted estimator that computes what a model of deephyp computes.

    Training can go on: ``warm_start`` is set, and ``fit`` or ``partial_fit`` start from the
    checkpoint's weights, moments of Adam and number of updates.

    Parameters
    ----------
    directory : str or path
        The folder that deephyp trained into, with a ``config.json`` and folders ``epoch_N``; or
        one of these folders.
    epoch : int, default=None
        The epoch; ``None`` is the last that was saved.
    **parameters
        As in :func:`load_config`. To go on training an autoencoder as deephyp would, give the
        ``batch_size`` that it was trained with: deephyp adds up the losses of a batch and skhyp
        takes their mean, so that moments and ``epsilon`` are scaled by it.

    Returns
    -------
    estimator : SpectralAutoencoder or SpectralCNNClassifier
        Classes are 1, 2, ... as in deephyp. The losses of the epochs, which deephyp does not
        keep, are NaN in ``loss_curve_``.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, configuration or epoch.
    ValueError
        If a file is damaged, or the checkpoint does not hold the network of the configuration.

    Notes
    -----
    deephyp preprocesses spectra outside of its models, mostly by its "minmax":
    ``HypPreprocessor(method="deephyp-minmax")``.

    A convolutional autoencoder with strides or skip connections that deephyp itself sets up from
    a ``config.json`` decodes without them, unlike the one that was trained. This function returns
    the one that was trained.

    Examples
    --------
    >>> from skhyp.deephyp import load_model
    >>> model = load_model("trained_by_deephyp", epoch=100)  # doctest: +SKIP
    >>> codes = model.transform(spectra)  # doctest: +SKIP
    """
    from skhyp.graph.tf1_checkpoints import read_variables

    folder = _epoch_folder(Path(directory), epoch)
    configuration = read_configuration(folder.parent / CONFIG)
    variables = read_variables(folder / _CHECKPOINT)
    known = {"warm_start": True, "optimizer": "adam" if _adam_slots(variables) else "sgd"}
    estimator = _unfitted(configuration, known | parameters)
    _restore(estimator, configuration, variables, folder)
    return estimator


def _unfitted(configuration: Configuration, parameters: Mapping[str, Any]) -> Estimator:
    is_autoencoder = configuration.n_classes is None
    kind = SpectralAutoencoder if is_autoencoder else SpectralCNNClassifier
    parameters = {**configuration.parameters, **parameters}
    if is_autoencoder:
        # The same for the mean of a batch as deephyp's is for the sum.
        batch_size = parameters.get("batch_size", SpectralAutoencoder().batch_size)
        parameters.setdefault("epsilon", _EPSILON / batch_size)
    estimator = kind(**parameters)
    estimator._validate_params()
    return estimator


def _epoch_folder(directory: Path, epoch: int | None) -> Path:
    """Return the folder of an epoch, the last one by default."""
    if not directory.is_dir():
        raise FileNotFoundError(f"There is no folder {directory}.")
    if epoch is None and _EPOCH_FOLDER.fullmatch(directory.resolve().name):
        return directory.resolve()
    saved = {
        int(match.group(1)): folder
        for folder in directory.iterdir()
        if folder.is_dir() and (match := _EPOCH_FOLDER.fullmatch(folder.name))
    }
    if not saved:
        raise FileNotFoundError(
            f"{directory} has no folder named epoch_0, epoch_1, ..., as deephyp saves its models."
        )
    if epoch is None:
        return saved[max(saved)]
    if epoch not in saved:
        raise FileNotFoundError(
            f"{directory} has no epoch {epoch!r}; saved are {', '.join(map(str, sorted(saved)))}."
        )
    return saved[epoch]


def _restore(
    estimator: Estimator, configuration: Configuration, variables: Variables, folder: Path
) -> None:
    """Give the estimator the fitted state that a checkpoint holds."""
    from skhyp.graph.milestones import Milestone
    from skhyp.graph.networks import describe
    from skhyp.graph.training import TrainingState

    n_classes = configuration.n_classes
    if n_classes is not None:
        estimator.classes_ = np.arange(1, n_classes + 1)
    network = estimator._network(configuration.n_bands, "float32")
    names = _names_in_checkpoint(network, variables, folder)
    state = TrainingState.start(_vector(network, names, variables, folder), estimator.optimizer)
    if not np.isfinite(state.parameters).all():
        raise ValueError(f"The model in {folder} has weights that are not finite numbers.")
    counts = [_number(variables, name, folder) for name in _series(variables, "global_step")]
    n_updates = int(max(counts, default=0))
    state = state._replace(n_updates=n_updates)
    if estimator.optimizer == "adam":
        slots = _slots_of_most_updates(variables, n_updates, folder)
        scale = 1 if n_classes is not None else estimator.batch_size
        if slots is None:
            state = state._replace(n_updates=0)  # its corrections are for moments that it lacks
        else:
            first, second = (_vector(network, names, variables, folder, slot) for slot in slots)
            state = state._replace(moments=np.stack([first / scale, second / scale**2]))
            if not np.isfinite(state.moments).all():
                raise ValueError(f"The model in {folder} has moments that are not finite numbers.")
    n_epochs = int(folder.name.removeprefix("epoch_")) + 1  # deephyp counts from 0
    if n_epochs > _MAX_EPOCHS:
        raise ValueError(f"{folder} is named after more epochs than can have been: {n_epochs - 1}.")
    milestone = Milestone(state, losses=(math.nan,) * n_epochs)
    estimator.n_features_in_ = network.n_bands
    estimator.wavelengths_ = None
    estimator.architecture_ = describe(network)
    seed = estimator._draw_seed(continues=False)
    estimator._set_fitted_state(milestone, np.zeros(0, network.dtype), seed, former={})


def _order_of_creation(network: Any) -> list[str]:
    """Return our names of deephyp's variables, in the order in which it creates them."""
    if hasattr(network, "n_classes"):
        layers = [f"convolution_{i + 1}" for i in range(len(network.n_filters))]
        layers += [f"dense_{i + 1}" for i in range(len(network.dense_layer_sizes))]
        layers += ["output"]
        return [f"{name}_kernel" for name in layers] + [f"{name}_bias" for name in layers]
    encoder = [f"encoder_{i + 1}" for i in range(network.n_layers)]
    decoder = [f"decoder_{i + 1}" for i in range(network.n_layers)]
    untied = [name for name, tied in zip(decoder, network.tied_weights, strict=True) if not tied]
    if hasattr(network, "n_filters"):
        encoder, decoder, untied = [*encoder, "latent"], ["unfold", *decoder], ["unfold", *untied]
    kernels = [f"{name}_kernel" for name in encoder + untied]
    return kernels + [f"{name}_bias" for name in encoder + decoder]


def _names_in_checkpoint(network: Any, variables: Variables, folder: Path) -> dict[str, str]:
    """Return what each array of the network is called in the checkpoint.

    TensorFlow numbers the variables of a graph. Where the graph had other networks as well, the
    numbers of this one begin later: they are found by their shapes.
    """
    numbered = {
        int(match.group(1) or 0): name for name in variables if (match := _VARIABLE.fullmatch(name))
    }
    ordered = [numbered[number] for number in sorted(numbered)]
    shapes = {p.name: p.shape for p in network.parameters}
    wanted = _order_of_creation(network)
    runs = [
        names
        for first in range(len(ordered) - len(wanted) + 1)
        if (names := dict(zip(wanted, ordered[first : first + len(wanted)], strict=True)))
        and all(variables[names[name]].shape == shapes[name] for name in wanted)
    ]
    if len(runs) == 1:
        return runs[0]
    network_text = ", ".join(f"{name} {shapes[name]}" for name in wanted)
    if runs:
        raise ValueError(
            f"The checkpoint in {folder} holds several networks of this kind, of one graph: which "
            f"is meant cannot be told. The configuration describes {network_text}."
        )
    found = ", ".join(f"{name} {variables[name].shape}" for name in ordered) or "no variables"
    raise ValueError(
        f"The checkpoint in {folder} does not hold the network of its configuration: that has "
        f"{network_text}; found were {found}."
    )


def _vector(
    network: Any, names: Mapping[str, str], variables: Variables, folder: Path, slot: str = ""
) -> np.ndarray:
    """Return our flat vector of deephyp's variables, or of what its optimizer keeps of each."""
    arrays = []
    for parameter in network.parameters:
        name = names[parameter.name] + slot
        found = variables.get(name)
        if found is None or found.shape != parameter.shape or found.dtype.kind != "f":
            raise ValueError(
                f"The checkpoint in {folder} has no variable {name} of shape {parameter.shape}."
            )
        arrays.append(variables[name].ravel())
    return np.concatenate(arrays).astype(network.dtype)


def _series(variables: Variables, name: str) -> list[str]:
    """Return ``name``, ``name_1``, ...: the variables of this name, one for each training op."""
    found = [name, *(f"{name}_{i}" for i in range(1, len(variables)))]
    return [candidate for candidate in found if candidate in variables]


def _adam_slots(variables: Variables) -> list[tuple[str, str]]:
    """Return the suffixes of the moments of each training op that uses Adam."""
    n_operations = len(_series(variables, "beta2_power"))
    suffixes = ["/Adam", *(f"/Adam_{i}" for i in range(1, 2 * n_operations))]
    return [(suffixes[2 * i], suffixes[2 * i + 1]) for i in range(n_operations)]


def _number(variables: Variables, name: str, folder: Path) -> float:
    """Return a variable that is one number."""
    value = np.asarray(variables[name])
    if value.shape != () or value.dtype.kind not in "iuf" or not np.isfinite(value):
        raise ValueError(f"The checkpoint in {folder} has no number as {name}, but {value!r:.80}.")
    return value.item()


def _slots_of_most_updates(
    variables: Variables, n_updates: int, folder: Path
) -> tuple[str, str] | None:
    """Return the suffixes of the moments that belong to the training op that was run.

    A graph may have several training ops, each with a count of updates and moments of its own;
    which belong together is seen from how far the power of Adam's beta has fallen.
    """
    distances = {}
    powers = _series(variables, "beta2_power")
    for slots, name in zip(_adam_slots(variables), powers, strict=True):
        power = _number(variables, name, folder)
        if 0 < power < 1:
            distances[slots] = abs(math.log(power) / math.log(_BETA_2) - 1 - n_updates)
        else:
            distances[slots] = math.inf  # so many updates that nothing is left of the power
    return min(distances, key=distances.__getitem__, default=None)
