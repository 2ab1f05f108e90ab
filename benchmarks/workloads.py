"""The workloads W1 to W7: what each is, who competes in it, and what it costs at least."""

from dataclasses import dataclass, replace
from itertools import pairwise

from pavia_sized_scene import COLUMNS, N_BANDS, ROWS, TRAINING_PER_CLASS
from task import (
    DENSE_LAYER_SIZES,
    HIDDEN_LAYER_SIZES,
    KERNEL_SIZES,
    LEARNING_RATES,
    N_CLASSES,
    N_COMPONENTS,
    N_FILTERS,
    N_FOLDS,
    Task,
)

N_SCENE = ROWS * COLUMNS
N_TRAINING = TRAINING_PER_CLASS * N_CLASSES

# For each contender the packages that make it up; the first must be there.
PACKAGES = {
    "skhyp": ("skhyp", "tensorflow", "scikit-learn", "numpy"),
    "deephyp": ("deephyp", "tensorflow", "numpy"),
    "keras": ("keras", "tensorflow", "numpy"),
    "torch": ("torch", "numpy"),
    "skorch": ("skorch", "torch", "scikit-learn", "numpy"),
    "scikeras": ("scikeras", "keras", "tensorflow", "scikit-learn", "numpy"),
    "scikit-learn": ("scikit-learn", "numpy"),
    "numpy": ("numpy",),
}
MODULES = {contender: f"contenders.{contender}_" for contender in PACKAGES}
MODULES["scikit-learn"] = "contenders.sklearn_"


@dataclass(frozen=True)
class Entry:
    """One row of a workload's table: a contender, and the function that prepares its work.

    ``is_other_network`` says that it is not the network whose arithmetic the limit counts.
    """

    contender: str
    function: str
    variant: str = ""
    is_other_network: bool = False

    @property
    def label(self) -> str:
        return f"{self.contender}, {self.variant}" if self.variant else self.contender


@dataclass(frozen=True)
class Workload:
    """What is timed.

    ``calls`` is how many warm calls are made at most in one process; ``is_per_epoch`` says that
    warm seconds are divided by the epochs; ``whole_process`` that a process is timed from its
    start to its end.
    """

    key: str
    title: str
    n_spectra: int
    entries: tuple[Entry, ...]
    batch_size: int = 0
    epochs: int = 0
    calls: int = 1
    is_per_epoch: bool = False
    whole_process: bool = False

    @property
    def unit(self) -> str:
        return "s per epoch" if self.is_per_epoch else "s"

    def task(self, folder: str, seed: int, scale: float) -> Task:
        """Return what a contender is told; a scale below 1 makes it small, to try things out."""
        n_spectra, n_epochs = self.n_spectra, self.epochs
        if self.n_spectra > N_TRAINING:
            n_spectra = max(self.batch_size, round(self.n_spectra * scale))
        elif n_epochs > 1:
            n_epochs = max(1, round(n_epochs * scale))
        return Task(folder, n_spectra, self.batch_size, n_epochs, seed)

    def ideal_seconds(self, limits: dict[str, float], scale: float = 1.0) -> float | None:
        """Return what the arithmetic or the memory traffic takes at the machine's limits.

        One spectrum has no such limit: its arithmetic is done before any call has returned.
        One epoch of a forward pass costs 2 floating point operations for each multiplication of a
        weight. Training costs three times as much (outputs, gradients of weights, gradients of
        inputs), but the spectra themselves need no gradient.
        """
        if self.n_spectra == 1:
            return None
        flops, n_bytes = cost(self.key)
        return scale * max(flops / limits["flops per second"], n_bytes / limits["bytes per second"])


def _entries(*names: str) -> tuple[Entry, ...]:
    return tuple(Entry(*name.split(":")) for name in names)


def _autoencoders(function: str) -> tuple[Entry, ...]:
    """Return who trains an autoencoder, and how."""
    return _entries(
        f"skhyp:{function}",
        f"deephyp:{function}",
        f"keras:{function}",
        f"keras:{function}_in_several_steps:32 updates a call",
        f"torch:{function}",
        f"torch:{function}_compiled:compiled",
    )


WORKLOADS = {
    workload.key: workload
    for workload in (
        Workload(
            "W1",
            "Dense autoencoder 50-30-10-3, CSA, 200,000 x 103, batch 1000: one epoch "
            "(first: a fit of 20)",
            200_000,
            _autoencoders("dense_autoencoder"),
            batch_size=1000,
            epochs=20,
            is_per_epoch=True,
        ),
        Workload(
            "W2",
            "Convolutional autoencoder, 10 filters x (20, 10, 10), 3 components, same data: "
            "one epoch (first: a fit of 2)",
            200_000,
            _autoencoders("conv_autoencoder"),
            batch_size=1000,
            epochs=2,
            is_per_epoch=True,
        ),
        Workload(
            "W3",
            "Convolutional classifier, 10 filters x (20, 10, 10), dense 20-20, 450 spectra, "
            "batch 50: 1000 epochs",
            N_TRAINING,
            (
                *_entries(*(f"{name}:classifier" for name in ("skhyp", "deephyp", "keras"))),
                *_entries("torch:classifier", "torch:classifier_compiled:compiled"),
                Entry("skorch", "classifier"),
                Entry(
                    "scikit-learn",
                    "classifier",
                    "MLPClassifier 20-20 (another network)",
                    is_other_network=True,
                ),
            ),
            batch_size=50,
            epochs=1000,
        ),
        Workload(
            "W4a",
            "Labels of 207,400 x 103 by W3's network",
            N_SCENE,
            _entries(*(f"{name}:labels" for name in ("skhyp", "deephyp", "keras", "torch"))),
            batch_size=50,
            calls=3,
        ),
        Workload(
            "W4b",
            "Codes of 207,400 x 103 by W1's network",
            N_SCENE,
            _entries(*(f"{name}:codes" for name in ("skhyp", "deephyp", "keras", "torch")))
            + _entries("numpy:codes"),
            batch_size=1000,
            calls=3,
        ),
        Workload(
            "W5",
            "Grid search over W3's network, 3 learning rates x 5 folds, 100 epochs, refit: "
            "the whole process with its imports",
            N_TRAINING,
            _entries(
                "skhyp:search_threads:2 threads",
                "skhyp:search:1 job",
                "skhyp:search_loky:2 processes",
                "deephyp:search",
                "scikeras:search:2 processes",
                "skorch:search:1 job",
                "skorch:search_loky:2 processes",
            ),
            batch_size=50,
            epochs=100,
            whole_process=True,
        ),
        Workload(
            "W6",
            "Label of one spectrum by W3's network",
            1,
            _entries(
                "skhyp:label_of_one",
                "deephyp:label_of_one",
                "keras:label_of_one:predict(x)",
                "keras:label_of_one_called:model(x)",
                "torch:label_of_one",
                "numpy:label_of_one",
            ),
            batch_size=50,
            calls=200,
        ),
        Workload(
            "W7",
            "Min-max of each spectrum of 207,400 x 103, uint16 to float32",
            N_SCENE,
            _entries(*(f"{name}:min_max" for name in ("skhyp", "deephyp", "scikit-learn")))
            + _entries("numpy:min_max"),
            calls=3,
        ),
    )
}

_TRAINED = {"W1": "dense_autoencoder", "W2": "conv_autoencoder", "W3": "classifier"}

# After so many epochs the losses of W1 and W2 are compared; W3 is trained to its end.
EPOCHS_OF_ACCURACY = 5

# Whose losses and accuracies are compared. skhyp takes part as it is by default, and with
# deephyp's activation of the code and deviations of the initial weights; its biases start at zero
# in either case, deephyp's do not.
ACCURACY_WORKLOADS = {
    key: replace(
        WORKLOADS[key],
        epochs=WORKLOADS[key].epochs if key == "W3" else EPOCHS_OF_ACCURACY,
        entries=_entries(
            f"skhyp:default_{function}",
            f"skhyp:{function}:started like deephyp",
            *(f"{contender}:{function}" for contender in ("deephyp", "keras", "torch")),
        ),
    )
    for key, function in _TRAINED.items()
}


def dense_weights() -> list[int]:
    """Return the multiplications of each layer of W1's encoder, for one spectrum."""
    sizes = (N_BANDS, *HIDDEN_LAYER_SIZES, N_COMPONENTS)
    return [before * after for before, after in pairwise(sizes)]


def conv_weights(*dense_sizes: int) -> list[int]:
    """Return the multiplications of W2's or W3's convolutions and of dense layers after them."""
    counts, n_bands, n_channels = [], N_BANDS, 1
    for n_filters, kernel_size in zip(N_FILTERS, KERNEL_SIZES, strict=True):
        n_bands -= kernel_size - 1
        counts.append(n_bands * kernel_size * n_channels * n_filters)
        n_channels = n_filters
    sizes = (n_bands * n_channels, *dense_sizes)
    return counts + [before * after for before, after in pairwise(sizes)]


def cost(key: str) -> tuple[float, float]:
    """Return the floating point operations of a workload and the bytes it has to move."""

    def training(weights: list[int]) -> int:
        return 2 * (3 * sum(weights) - weights[0])

    as_float32 = 4 * N_BANDS
    autoencoder = dense_weights(), conv_weights(N_COMPONENTS)
    classifier = conv_weights(*DENSE_LAYER_SIZES, N_CLASSES)
    # A decoder mirrors its encoder.
    n_epochs_of_search = 100 * (len(LEARNING_RATES) * (N_FOLDS - 1) + 1)
    return {
        "W1": (200_000 * training(autoencoder[0] + autoencoder[0]), 200_000 * as_float32),
        "W2": (200_000 * training(autoencoder[1] + autoencoder[1]), 200_000 * as_float32),
        "W3": (1000 * N_TRAINING * training(classifier), 0),
        "W4a": (N_SCENE * 2 * sum(classifier), N_SCENE * (as_float32 + 8)),
        "W4b": (N_SCENE * 2 * sum(autoencoder[0]), N_SCENE * (as_float32 + 4 * N_COMPONENTS)),
        "W5": (n_epochs_of_search * N_TRAINING * training(classifier), 0),
        "W7": (3 * N_SCENE * N_BANDS, N_SCENE * N_BANDS * (2 + 4)),
    }[key]
