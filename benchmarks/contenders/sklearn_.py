"""scikit-learn alone: its own perceptron, which has no convolutions, and its own scaling."""

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import minmax_scale
from task import DENSE_LAYER_SIZES, LEARNING_RATE, Prepared, Task, classification_quality


def classifier(task: Task) -> Prepared:
    X, y = task.labelled()
    model = MLPClassifier(
        hidden_layer_sizes=DENSE_LAYER_SIZES,
        batch_size=task.batch_size,
        learning_rate_init=LEARNING_RATE,
        alpha=0.0,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs,  # so that it trains all epochs
        tol=0.0,
        random_state=task.seed,
    )
    return Prepared(lambda: model.fit(X, y), lambda: classification_quality(model.predict, task))


def min_max(task: Task) -> Prepared:
    X = task.scene()
    return Prepared(lambda: minmax_scale(X.astype(np.float32), axis=1, copy=False))
