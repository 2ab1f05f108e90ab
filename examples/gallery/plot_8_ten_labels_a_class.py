"""
From ten labels a class to a map
================================

What pixels differ by from their neighbours is mostly noise, and can be measured without a label.
Components in units of it make few labels go far. They are judged in blocks apart, with a guard
between, as beside a labelled pixel every method is flattered.
"""

# %%
# The noise of the scene
# ----------------------
#
# Components of the whole scene, by how far they stand out of the noise. Their maps show what they
# have seen: fields first, then what is rarer, as roads and roofs, at last little but noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline

from skhyp import (
    MinimumNoiseFraction,
    SceneGraphClassifier,
    SpectralCNNClassifier,
    SpectralKernelClassifier,
)
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import SpatialBlockKFold, stratified_pixel_sample
from skhyp.plotting import ClassMapDisplay, SignalToNoiseDisplay

scene = load_indian_pines()
components = MinimumNoiseFraction().fit(scene.cube)
maps = components.transform(scene.cube).reshape(145, 145, -1)

figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
SignalToNoiseDisplay.from_estimator(components, ax=axes[0])
for ax, number in zip(axes[1:], (1, 5, 20), strict=True):
    values = maps[..., number - 1]
    low, high = np.percentile(values, [2, 98])
    image = ax.imshow(values, cmap="cividis", vmin=low, vmax=high)
    ax.set(title=f"Component {number}", xticks=[], yticks=[])
    figure.colorbar(image, ax=ax, label="units of noise", shrink=0.8)

# %%
# Ten labels a class, in blocks
# -----------------------------
#
# Of the labelled pixels on one side of a split in blocks, ten a class are kept; the other side
# judges. Classes that are on one side only are left out. The default network sees the spectra, a
# classifier by likeness the components; the graph of the scene lets what this one holds likely, and
# the labels themselves, pass between pixels that are alike and near.

counts = np.bincount(scene.target)
is_large = counts[scene.target] >= 200
X, y, positions = scene.data[is_large], scene.target[is_large], scene.positions[is_large]
folds = SpatialBlockKFold(2, block_size=12, guard=2, random_state=0, missing_classes="ignore")
frozen = FrozenEstimator(components)
network = SpectralCNNClassifier(random_state=0)
likeness = make_pipeline(frozen, SpectralKernelClassifier())
graph = SceneGraphClassifier(likeness, components=frozen, random_state=0)
scores: dict[str, list[tuple[float, float]]] = {}
for train, test in folds.split(X, y, positions):
    few = train[stratified_pixel_sample(y[train], 10, random_state=0)]
    class_map = graph.fit_predict(scene.cube, y[few], positions[few])
    predictions = {
        "network, on spectra": network.fit(X[few], y[few]).predict(X[test]),
        "likeness, on components": likeness.fit(X[few], y[few]).predict(X[test]),
        "likeness and the graph": class_map[tuple(positions[test].T)],
    }
    for name, predicted in predictions.items():
        both = np.mean(predicted == y[test]), balanced_accuracy_score(y[test], predicted)
        scores.setdefault(name, []).append(both)
for name, of_folds in scores.items():
    overall, average = np.mean(of_folds, axis=0)
    print(f"{name:24s}: overall accuracy {overall:.3f}, average {average:.3f}")

# %%
# The map
# -------
#
# Of ten labels of each class, drawn from all of the scene; how sure the model is of it; and where
# the next labels would tell most: in doubtful places all over the scene.

drawn = stratified_pixel_sample(scene.target, 10, random_state=0)
graph.fit(scene.cube, scene.target[drawn], scene.positions[drawn])
print({way: round(share, 2) for way, share in graph.shares_.items()})

figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
names = dict(enumerate(scene.class_names))
ClassMapDisplay.from_predictions(graph.map_, class_names=names, ax=axes[0])
rows, columns = scene.positions[drawn].T
axes[0].scatter(columns, rows, s=6, c="black", marker="s", label="labels")
drawn_image = axes[1].imshow(graph.confidence_, cmap="cividis", vmin=0, vmax=1)
rows, columns = graph.label_next(20).T
axes[1].scatter(columns, rows, s=14, c="white", edgecolors="black")
axes[1].set(title="Probability of the class, and where to label next", xticks=[], yticks=[])
figure.colorbar(drawn_image, ax=axes[1], shrink=0.8)
