"""skhyp, by its public estimators."""

import joblib
from sklearn.model_selection import GridSearchCV
from task import (
    DENSE_LAYER_SIZES,
    EPOCHS_BEFORE_APPLICATION,
    HIDDEN_LAYER_SIZES,
    INITIAL_STANDARD_DEVIATION,
    KERNEL_SIZES,
    LEARNING_RATE,
    LEARNING_RATES,
    N_COMPONENTS,
    N_FILTERS,
    N_FOLDS,
    Prepared,
    Task,
    classification_quality,
    reconstruction_quality,
)

import skhyp.graph  # noqa: F401 (TensorFlow, which all others import with themselves)
from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier


def dense_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(make_dense_autoencoder(task), task)


def conv_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(make_conv_autoencoder(task), task)


def default_dense_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(started_by_default(make_dense_autoencoder(task)), task)


def default_conv_autoencoder(task: Task) -> Prepared:
    return train_autoencoder(started_by_default(make_conv_autoencoder(task)), task)


def started_by_default(autoencoder: SpectralAutoencoder) -> SpectralAutoencoder:
    """Return the autoencoder with skhyp's own code, scale and initial weights."""
    own = SpectralAutoencoder().get_params()
    names = ("latent_activation", "scale_input", "initializer", "initializer_std")
    return autoencoder.set_params(**{name: own[name] for name in names})


def train_autoencoder(autoencoder: SpectralAutoencoder, task: Task) -> Prepared:
    X = task.spectra()
    return Prepared(
        lambda: autoencoder.fit(X), lambda: reconstruction_quality(autoencoder.reconstruct, X)
    )


def make_dense_autoencoder(task: Task) -> SpectralAutoencoder:
    return make_autoencoder(task, hidden_layer_sizes=HIDDEN_LAYER_SIZES)


def make_conv_autoencoder(task: Task) -> SpectralAutoencoder:
    return make_autoencoder(
        task, architecture="conv", n_filters=N_FILTERS, kernel_sizes=KERNEL_SIZES
    )


def make_autoencoder(task: Task, **parameters) -> SpectralAutoencoder:
    # deephyp has one activation for all of the encoder, and does not scale its input.
    return SpectralAutoencoder(
        n_components=N_COMPONENTS,
        latent_activation="relu",
        scale_input=False,
        initializer="truncated_normal",
        initializer_std=INITIAL_STANDARD_DEVIATION,
        loss="csa",
        learning_rate=LEARNING_RATE,
        batch_size=task.batch_size,
        max_epochs=task.epochs or EPOCHS_BEFORE_APPLICATION,
        random_state=task.seed,
        **parameters,
    )


def make_classifier(task: Task) -> SpectralCNNClassifier:
    return SpectralCNNClassifier(
        views=None,
        n_filters=N_FILTERS,
        kernel_sizes=KERNEL_SIZES,
        strides=1,
        padding="valid",
        dense_layer_sizes=DENSE_LAYER_SIZES,
        initializer="truncated_normal",
        initializer_std=INITIAL_STANDARD_DEVIATION,
        learning_rate=LEARNING_RATE,
        batch_size=task.batch_size,
        max_epochs=task.epochs or EPOCHS_BEFORE_APPLICATION,
        random_state=task.seed,
    )


def classifier(task: Task) -> Prepared:
    return train_classifier(make_classifier(task), task)


def default_classifier(task: Task) -> Prepared:
    own = SpectralCNNClassifier().initializer
    return train_classifier(make_classifier(task).set_params(initializer=own), task)


def train_classifier(model: SpectralCNNClassifier, task: Task) -> Prepared:
    X, y = task.labelled()
    return Prepared(lambda: model.fit(X, y), lambda: classification_quality(model.predict, task))


def labels(task: Task) -> Prepared:
    X = task.spectra()
    model = make_classifier(task).fit(*task.labelled())
    return Prepared(lambda: model.predict(X))


def label_of_one(task: Task) -> Prepared:
    return labels(task)


def codes(task: Task) -> Prepared:
    X = task.spectra()
    autoencoder = make_dense_autoencoder(task).fit(X[: 10 * task.batch_size])
    return Prepared(lambda: autoencoder.transform(X))


def min_max(task: Task) -> Prepared:
    X = task.scene()
    preprocessor = HypPreprocessor(method="minmax").fit(X[:1000])
    return Prepared(lambda: preprocessor.transform(X))


def search(task: Task) -> Prepared:
    return prepare_search(task, n_jobs=1)


def search_threads(task: Task) -> Prepared:
    return prepare_search(task, backend="threading", n_jobs=2)


def search_loky(task: Task) -> Prepared:
    return prepare_search(task, backend="loky", n_jobs=2)


def prepare_search(task: Task, **parallel) -> Prepared:
    X, y = task.labelled()
    grid = GridSearchCV(make_classifier(task), {"learning_rate": LEARNING_RATES}, cv=N_FOLDS)

    def run() -> None:
        with joblib.parallel_config(**parallel):
            grid.fit(X, y)

    return Prepared(run, lambda: classification_quality(grid.predict, task))
