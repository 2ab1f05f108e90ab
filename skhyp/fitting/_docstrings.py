"""What parameters and fitted attributes mean that several networks have, said once.

The docstring of an estimator describes what is its own, and wherever it is its own sense;
:func:`documented` adds the rest, in the order of the constructor and with its defaults.
"""

import inspect
import re
import textwrap
from string import Template
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

# What the texts have of the class of an estimator, as $names.
_OF_CLASSES = ("_min_epochs", "_min_updates")

# By name: the type, and what it means.
PARAMETERS = {
    "initializer_std": ("float", 'For "truncated_normal", "normal" and "constant".'),
    "optimizer": (
        '{"adam", "sgd"}',
        "Adam (Kingma and Ba, ICLR 2015) or plain stochastic gradient descent.",
    ),
    "learning_rate": (
        "float",
        "The size of an update; at the start, if it is changed by a schedule.",
    ),
    "epsilon": (
        "float",
        'For "adam": added to the root of the second moment, so that tiny gradients are not blown '
        "up.",
    ),
    "learning_rate_schedule": (
        '{"constant", "exponential", "piecewise", "cosine", "auto"}',
        'How the rate changes with the updates: "constant", it does not; "exponential", by '
        '``decay_rate`` after every ``decay_steps``; "piecewise", to ``learning_rate_values`` '
        'after ``learning_rate_boundaries``; "cosine", along half a cosine to zero at the last '
        'epoch; "auto", as "cosine" in ``fit`` and "constant" in ``partial_fit``.',
    ),
    "decay_steps": ("int", 'Updates. For "exponential".'),
    "decay_rate": ("float", 'For "exponential".'),
    "learning_rate_boundaries": ("tuple of int", 'Updates. For "piecewise".'),
    "learning_rate_values": (
        "tuple of float",
        'For "piecewise": the rate after each boundary.',
    ),
    "weight_decay": (
        "float",
        "At each update, kernels shrink by this times the learning rate (decoupled, as of "
        "Loshchilov and Hutter, ICLR 2019).",
    ),
    "batch_size": ("int", "Spectra per update."),
    "max_epochs": (
        'int or "auto"',
        "Passes over the training spectra: with ``resume``, in all; with ``warm_start``, so many "
        'more. "auto": $_min_epochs, or as many as $_min_updates updates take, whichever is more.',
    ),
    "shuffle": ("bool", "Whether each epoch takes the spectra in a new order."),
    "augmentation": (
        ":class:`skhyp.light.Relighting` or None",
        "What training spectra are changed by, drawn anew in each update from the seed of the fit: "
        "X is reflectance or radiance then, of known wavelengths. What ``early_stopping`` holds "
        "out is left as it is.",
    ),
    "early_stopping": (
        "bool",
        "Whether to hold out ``validation_fraction`` of the spectra, stop when their loss has not "
        "fallen for ``patience`` epochs, and keep the best epoch's parameters.",
    ),
    "validation_fraction": ("float", "The share of the spectra that ``early_stopping`` holds out."),
    "patience": ("int", "Epochs."),
    "warm_start": (
        "bool",
        "Whether ``fit`` goes on from the former fit: parameters, moments, epochs.",
    ),
    "checkpoint_dir": (
        "str, path or None",
        "A folder that ``fit`` writes checkpoints to, for this training alone: another one that "
        "runs at the same time is refused. After a crash, only the epochs since the last one are "
        'lost; :mod:`skhyp.fitting` loads them. "~" is the home folder.',
    ),
    "save_epochs": (
        "int or tuple of int",
        "After every so many epochs, or after which epochs, a checkpoint is written; always after "
        "the last one.",
    ),
    "resume": (
        "bool",
        "Whether ``fit`` goes on from the latest checkpoint in ``checkpoint_dir``, if there is "
        "one, up to ``max_epochs``. It ends with the same weights, to the last bit, as a training "
        "that was never interrupted. Except under a schedule that falls along a cosine, "
        "``max_epochs`` may have been raised since; the weights are then those of one longer "
        "training, up to rounding.",
    ),
    "callbacks": (
        "list of :class:`skhyp.fitting.Callback` or None",
        "Objects that are called after each epoch; each fit works with copies.",
    ),
    "inference_dtype": (
        '{"bfloat16"} or None',
        '"bfloat16" computes the layers of a fitted network with 8 significant bits, which is '
        "faster on processors that have such instructions and less exact; the guide says by how "
        "much. ``None``: in the precision of X. Training is never changed.",
    ),
    "random_state": (
        "int, RandomState instance or None",
        "Decides all that is random in fit: initial weights, order, dropout, held-out spectra. "
        "With one int, one model (on one machine, with the same number of threads).",
    ),
    "verbose": ("int", "Above zero: a progress bar with the loss (by tqdm, else plain lines)."),
    # Of a convolutional body.
    "n_filters": ("tuple of int", "Filters of each convolution."),
    "kernel_sizes": (
        'int, tuple of int or "auto"',
        'Bands that a filter spans, per layer. "auto": four strides. Kernels longer than what they '
        "are applied to shrink to it, with a warning if the sizes are not the default ones.",
    ),
    "strides": (
        'int, tuple of int or "auto"',
        'The step between the positions of a filter, per layer. "auto": a 64th of the bands, at '
        "least 4, in the first layer, and 1 in others. A step beyond the spectrum is cut to it, "
        "with a warning.",
    ),
    "padding": (
        '{"valid", "same"}',
        "Whether filters stay within the spectrum or reach over its ends.",
    ),
    "activation": (
        '{"relu", "sigmoid", "linear", "tanh", "elu", "softplus"}',
        "Of all layers but the last.",
    ),
    "dropout": (
        "float",
        "The share of the inputs of each dense layer and of the last that is silenced in training, "
        "at most 0.999.",
    ),
}
ATTRIBUTES = {
    "loss_curve_": ("list of float", "The mean training loss of each epoch."),
    "validation_loss_curve_": (
        "list of float",
        "The mean loss of the held-out spectra after each epoch; empty without early stopping.",
    ),
    "n_iter_": ("int", "Epochs trained."),
    "parameters_": ("ndarray of shape (n_parameters,)", "All kernels and biases."),
    "weights_": ("dict of str to ndarray", "The same by name, as views."),
    "architecture_": (
        "dict",
        "The network that was fitted: its kind, sizes and activations, as plain values.",
    ),
    "seed_": ("int", "Drawn from ``random_state``; decides all that was random in fit."),
    "n_features_in_": ("int", "Number of bands."),
    "feature_names_in_": ("ndarray of str", "Columns of X, if it was a DataFrame."),
    "wavelengths_": (
        "ndarray of shape (n_bands,) or None",
        "Wavelengths of the bands in nm, where X knows them: as a DataFrame with columns named "
        'like "450.5 nm", or :class:`~skhyp.spectra.Spectra`, which a HypPreprocessor and '
        ":func:`~skhyp.scenes.labelled_pixels` give.",
    ),
    "fwhm_": (
        "ndarray of shape (n_bands,) or None",
        "Their widths at half maximum in nm, where X knows them.",
    ),
    "numbers_in_": (
        "str or None",
        'What the numbers of X were, such as "as stored" in a file or "computed", where X knows '
        "it: :func:`~skhyp.scenes.apply` warns of a scene that has others.",
    ),
}


def documented(estimator: Class) -> Class:
    """Complete the docstring of an estimator's class by what it does not describe itself.

    Parameters come in the order of the constructor, with its defaults; attributes at the end.
    """
    if estimator.__doc__ is None:  # Python was told to leave docstrings out
        return estimator
    text = inspect.cleandoc(estimator.__doc__)
    own = _entries(text, "Parameters")
    parameters = [
        own.get(name) or _entry(estimator, name, *PARAMETERS[name], default=parameter.default)
        for name, parameter in inspect.signature(estimator).parameters.items()
    ]
    own = _entries(text, "Attributes")
    attributes = [
        _entry(estimator, name, *ATTRIBUTES[name]) for name in ATTRIBUTES if name not in own
    ]
    text = _with_section(text, "Parameters", parameters)
    estimator.__doc__ = _with_section(text, "Attributes", [*own.values(), *attributes])
    return estimator


def _section(name: str) -> re.Pattern:
    """Return the pattern of a section's entries: up to the next heading, or to the end."""
    return re.compile(rf"(?<=^{name}\n{'-' * len(name)}\n).*?(?=\n\n^[\w ]+\n---|\Z)", re.M | re.S)


def _entries(text: str, section: str) -> dict[str, str]:
    """Return the entries of a section by name, in order."""
    starts = re.split(r"^(?=\w[\w, ]* : )", _section(section).findall(text)[0], flags=re.M)
    return {entry.split(" : ")[0]: entry.rstrip("\n") for entry in starts if entry}


def _with_section(text: str, section: str, entries: list[str]) -> str:
    return _section(section).sub(lambda _: "\n".join(entries), text)


def _entry(
    estimator: type, name: str, kind: str, meaning: str, *, default: Any = inspect.Parameter.empty
) -> str:
    """Return the entry of a parameter or an attribute as numpydoc has it."""
    if default is not inspect.Parameter.empty:
        kind += f", default={_shown(default)}"
    meaning = Template(meaning).substitute({name: getattr(estimator, name) for name in _OF_CLASSES})
    lines = textwrap.wrap(meaning, 92, break_on_hyphens=False, break_long_words=False)
    return "\n".join([f"{name} : {kind}", *(f"    {line}" for line in lines)])


def _shown(default: Any) -> str:
    """Return a default as docstrings write it."""
    return f'"{default}"' if isinstance(default, str) else repr(default)
