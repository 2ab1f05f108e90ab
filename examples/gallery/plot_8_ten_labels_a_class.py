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

from skhyp import MinimumNoiseFraction, SpectralCNNClassifier, SpectralKernelClassifier
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import SpatialBlockKFold, stratified_pixel_sample
from skhyp.plotting import ClassMapDisplay, SignalToNoiseDisplay
from skhyp.scenes import apply, open_scene

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
# classifier by likeness the components.

counts = np.bincount(scene.target)
is_large = counts[scene.target] >= 200
X, y, positions = scene.data[is_large], scene.target[is_large], scene.positions[is_large]
folds = SpatialBlockKFold(2, block_size=12, guard=2, random_state=0, missing_classes="ignore")
models = {
    "network, on spectra": SpectralCNNClassifier(random_state=0),
    "likeness, on components": make_pipeline(
        FrozenEstimator(components), SpectralKernelClassifier()
    ),
}
for name, model in models.items():
    scores = []
    for train, test in folds.split(X, y, positions):
        few = train[stratified_pixel_sample(y[train], 10, random_state=0)]
        predicted = model.fit(X[few], y[few]).predict(X[test])
        scores.append((np.mean(predicted == y[test]), balanced_accuracy_score(y[test], predicted)))
    overall, average = np.mean(scores, axis=0)
    print(f"{name:24s}: overall accuracy {overall:.3f}, average {average:.3f}")

# %%
# The map
# -------
#
# Of ten labels of each class, drawn from all of the scene, and how sure the model is of it.

drawn = stratified_pixel_sample(scene.target, 10, random_state=0)
model = models["likeness, on components"].fit(scene.data[drawn], scene.target[drawn])
image = open_scene(scene.cube)
class_map = np.asarray(apply(model, image))
sureness = np.asarray(apply(model, image, method="predict_proba")).max(axis=2)

figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
names = dict(enumerate(scene.class_names))
ClassMapDisplay.from_predictions(class_map, class_names=names, ax=axes[0])
rows, columns = scene.positions[drawn].T
axes[0].scatter(columns, rows, s=6, c="black", marker="s", label="labels")
drawn_image = axes[1].imshow(sureness, cmap="cividis", vmin=0, vmax=1)
axes[1].set(title="Probability of the class", xticks=[], yticks=[])
figure.colorbar(drawn_image, ax=axes[1], shrink=0.8)
