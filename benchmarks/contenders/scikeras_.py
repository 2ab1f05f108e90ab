"""SciKeras: Keras as a scikit-learn classifier."""

from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV
from task import LEARNING_RATES, N_FOLDS, Prepared, Task, classification_quality

from contenders.keras_networks import conv_classifier


def search(task: Task) -> Prepared:
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
    grid = GridSearchCV(classifier, {"optimizer__learning_rate": LEARNING_RATES}, cv=N_FOLDS)
    return Prepared(lambda: grid.fit(X, y), lambda: classification_quality(grid.predict, task))
