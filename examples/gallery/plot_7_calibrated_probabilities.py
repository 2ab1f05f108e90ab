"""
Probabilities that mean what they say
=====================================

A network that has learned its training spectra by heart is surer than it is right. One number, a
temperature, mends most of that; scikit-learn finds it from pixels that the network has not seen.
"""

# %%
# Three parts of the labelled pixels
# ----------------------------------
#
# The network learns from one, the temperature from another, in blocks apart with a guard between:
# beside a training pixel a network is right too often to learn doubt from. The published test
# pixels judge.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.preprocessing import LabelEncoder

from skhyp import SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import SpatialBlockKFold

scene = load_indian_pines()
counts = np.bincount(scene.target[scene.train])
is_large = counts[scene.target] >= 100  # of the others there is too little for three parts
X, positions = scene.data[is_large], scene.positions[is_large]
# With labels that do not count from 0, scikit-learn 1.9 silently fits a wrong temperature.
y = LabelEncoder().fit_transform(scene.target[is_large])
train, test = scene.train[is_large], scene.test[is_large]
X_train, y_train, X_test, y_test = X[train], y[train], X[test], y[test]
folds = SpatialBlockKFold(3, block_size=5, guard=1, random_state=0)
fitting, calibration = next(folds.split(X_train, y_train, positions[train]))

network = SpectralCNNClassifier(random_state=0).fit(X_train[fitting], y_train[fitting])
calibrated = CalibratedClassifierCV(FrozenEstimator(network), method="temperature")
calibrated.fit(X_train[calibration], y_train[calibration])

# %%
# Before and after
# ----------------
#
# Of the pixels that a model is 80 % sure of, 80 % should be right.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for ax, (name, model) in zip(
    axes, {"As trained": network, "With a temperature": calibrated}.items(), strict=True
):
    # In single precision, as they were computed: log_loss checks how exactly rows sum to 1.
    probabilities = model.predict_proba(X_test).astype(np.float32)
    confidence = probabilities.max(axis=1)
    is_right = model.classes_[probabilities.argmax(axis=1)] == y_test
    CalibrationDisplay.from_predictions(
        is_right, confidence, n_bins=10, strategy="quantile", ax=ax, color="#2762ff"
    )
    ax.set(
        title=name,
        xlabel="Confidence, mean of each tenth of the pixels",
        ylabel="Share that is right",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
    )
    ax.get_legend().remove()
    print(
        f"{name:18s}: accuracy {is_right.mean():.3f}, mean confidence {confidence.mean():.3f}, "
        f"log loss {log_loss(y_test, probabilities, labels=network.classes_):.3f}"
    )
plt.show()

# %%
# The labels are the same: a temperature changes how sure, not of what. On another scene it has to
# be learned anew. Maps of the confidence are drawn by :class:`~skhyp.plotting.ValueMapDisplay`,
# of any classifier.
