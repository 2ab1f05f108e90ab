"""A convolutional classifier, and why its accuracy depends on how pixels were set aside.

It learns from the published training pixels of Indian Pines and is tested on the others. The split
is one of pixels, not of scenes: nearly every field has pixels on both sides, and what lies in one
field is alike. That flatters any method. How much neighbours can flatter shows where as many
training pixels of each class are drawn at random instead. Figures are written to
``results/classifier/``.

Run it with ``python examples/classifier.py``.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import binary_dilation
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, recall_score

from skhyp import SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.plotting import ClassMapDisplay, LossCurveDisplay

RESULTS = Path("results/classifier")
RESULTS.mkdir(parents=True, exist_ok=True)


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


scene = load_indian_pines()
X_train, y_train = scene.data[scene.train], scene.target[scene.train]
X_test, y_test = scene.data[scene.test], scene.target[scene.test]

# A tenth of the training pixels is held out to stop by; no test pixel has a say in that.
classifier = SpectralCNNClassifier(early_stopping=True, random_state=0).fit(X_train, y_train)
predicted = classifier.predict(X_test)
print(f"{len(y_train)} training pixels, {len(y_test)} test pixels, {classifier.n_iter_} epochs")
print(f"Accuracy                      {np.mean(predicted == y_test):.3f}")
print(f"Mean accuracy of the classes  {balanced_accuracy_score(y_test, predicted):.3f}")
print(f"Cohen's kappa                 {cohen_kappa_score(y_test, predicted):.3f}\n")

# Accuracy of a class: the share of its test pixels that were recognised.
accuracies = recall_score(y_test, predicted, average=None)
print("class                          training   test   accuracy")
for label, accuracy in zip(classifier.classes_, accuracies, strict=True):
    n_train, n_test = np.sum(y_train == label), np.sum(y_test == label)
    print(f"{scene.class_names[label]:30s} {n_train:8d} {n_test:6d} {accuracy:10.3f}")

# The same number of training pixels of each class, but wherever they lie.
generator = np.random.default_rng(0)
is_train = np.zeros(len(scene.target), dtype=bool)
for label in classifier.classes_:
    members = np.flatnonzero(scene.target == label)
    is_train[generator.choice(members, np.sum(y_train == label), replace=False)] = True
elsewhere = clone(classifier).fit(scene.data[is_train], scene.target[is_train])
accuracy = elsewhere.score(scene.data[~is_train], scene.target[~is_train])


def share_beside_training(test_mask, train_mask) -> float:
    return binary_dilation(train_mask, np.ones((3, 3)))[test_mask].mean()


random_mask = np.zeros(scene.labels.shape, dtype=bool)
random_mask[tuple(scene.positions[is_train].T)] = True
published = share_beside_training(scene.test_mask, scene.train_mask)
at_random = share_beside_training((scene.labels > 0) & ~random_mask, random_mask)
print(f"\nOf the test pixels, {published:.0%} touch a training pixel. Where as many are drawn at")
print(f"random, {at_random:.0%} do, and the accuracy is {accuracy:.3f}, helped by neighbours.")

# Ground truth, the whole scene, and the pixels of the whole scene that have a label.
figure, axes = plt.subplots(1, 3, figsize=(13, 5.4), layout="constrained")
options = {"class_names": scene.class_names, "legend": False}
ClassMapDisplay.from_predictions(scene.labels, **options, ax=axes[0])
ClassMapDisplay.from_estimator(classifier, scene.cube, **options, ax=axes[1])
masked = ClassMapDisplay.from_estimator(
    classifier, scene.cube, labels=scene.labels, **options, ax=axes[2]
)
titles = ("Ground truth", "Predicted, whole scene", "Predicted, labelled pixels")
for ax, title in zip(axes, titles, strict=True):
    ax.set_title(title)
figure.legend(handles=masked.patches_, loc="outside lower center", ncols=6, frameon=False)
save(figure, "maps.png")

# The test pixels alone, as training pixels are nearly all right.
shown = np.where(scene.test_mask, masked.class_map, 0)
figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="compressed")
ClassMapDisplay.from_predictions(np.where(scene.test_mask, scene.labels, 0), **options, ax=axes[0])
ClassMapDisplay.from_predictions(shown, class_names=scene.class_names, ax=axes[1])
axes[0].set_title("Ground truth of the test pixels")
axes[1].set_title("Predicted")
save(figure, "test_pixels.png")

# The held-out pixels are neighbours of training pixels as well: their loss flatters too.
display = LossCurveDisplay.from_estimator(classifier, log_scale=True)
save(display.figure_, "loss_curve.png")
print("Written to", RESULTS)
