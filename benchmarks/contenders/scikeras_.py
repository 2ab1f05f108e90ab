"""SciKeras: Keras as a scikit-learn classifier."""

from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV
from task import LEARNING_RATES, N_FOLDS, Prepared, Task, classification_quality

from contenders.keras_networks import conv_classifier


def search(task: Task) -> Prepared:
    # Two processes take less time than one. random_state makes TensorFlow deterministic, so that
    # Keras does without XLA: compiling each of the models took longer than it saved.
    X, y = task.labelled()
    n_bands, n_classes = X.shape[1], int(y.max())
    classifier = KerasClassifier(
        lambda: conv_classifier(n_bands, n_classes),
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        batch_size=task.batch_size,
        epochs=task.epochs,
        random_state=task.seed,
        verbose=0,
    )
    rates = {"optimizer__learning_rate": LEARNING_RATES}
    grid = GridSearchCV(classifier, rates, cv=N_FOLDS, n_jobs=2)
    return Prepared(lambda: grid.fit(X, y), lambda: classification_quality(grid.predict, task))
