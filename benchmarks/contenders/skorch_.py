"""skorch: PyTorch as a scikit-learn classifier."""

import torch
import torch._dynamo
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from task import (
    LEARNING_RATE,
    LEARNING_RATES,
    N_FOLDS,
    Prepared,
    Task,
    classification_quality,
)

from contenders.torch_networks import ConvClassifier


def make_classifier(task: Task) -> NeuralNetClassifier:
    return NeuralNetClassifier(
        ConvClassifier,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LEARNING_RATE,
        batch_size=task.batch_size,
        max_epochs=task.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def classifier(task: Task) -> Prepared:
    torch.manual_seed(task.seed)
    X, y = task.labelled()
    model = make_classifier(task)
    return Prepared(
        lambda: model.fit(X, y - 1),
        lambda: classification_quality(lambda rows: 1 + model.predict(rows), task),
    )


def search(task: Task) -> Prepared:
    return prepare_search(task, n_jobs=1)


def search_loky(task: Task) -> Prepared:
    return prepare_search(task, n_jobs=2)


def prepare_search(task: Task, n_jobs: int) -> Prepared:
    torch.manual_seed(task.seed)
    X, y = task.labelled()
    grid = GridSearchCV(make_classifier(task), {"lr": LEARNING_RATES}, cv=N_FOLDS, n_jobs=n_jobs)
    return Prepared(
        lambda: grid.fit(X, y - 1),
        lambda: classification_quality(lambda rows: 1 + grid.predict(rows), task),
    )
