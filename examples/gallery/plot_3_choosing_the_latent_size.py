"""
Choose the size of a code by what it is for
===========================================

How many numbers should stand for a spectrum? How well it is reconstructed is one answer, how well
classes are told apart by the code another, and they need not agree.
:class:`~sklearn.model_selection.GridSearchCV` tries the sizes for both, with the autoencoder
learned anew in each fold, from its training pixels alone.
"""

# %%
# Two questions to the same sizes
# -------------------------------
#
# How well are spectra reconstructed, by the spectral angle (an autoencoder's own ``score``)? And
# how well does a simple classifier tell the classes from the codes? One search asks both of the
# same fits. Folds are blocks with a guard, as neighbours are no test.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import SpatialBlockKFold

scene = load_indian_pines()
SIZES = [1, 2, 4, 8, 16, 32]
folds = SpatialBlockKFold(
    3,
    block_size=5,
    guard=1,
    missing_classes="ignore",
    random_state=0,
    positions=scene.positions,
)
autoencoder = SpectralAutoencoder(
    loss="sa",
    learning_rate=3e-3,
    learning_rate_schedule="cosine",
    max_epochs=50,
    random_state=0,
)
preprocessor = HypPreprocessor(method="l2")


def angle(model, X, y):
    return model[:-1].score(X)  # of the autoencoder


search = GridSearchCV(
    make_pipeline(preprocessor, autoencoder, LinearDiscriminantAnalysis()),
    {"spectralautoencoder__n_components": SIZES},
    scoring={"angle": angle, "accuracy": "accuracy"},
    refit=False,
    cv=folds,
    n_jobs=2,
)
with joblib.parallel_config("threading"):  # fits share what was compiled
    search.fit(scene.data, scene.target)

# %%
# Two answers
# -----------
#
# A dot for each fold, a line through the means.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
panels = {
    "Spectral angle of reconstructions (degrees)": ("angle", lambda s: np.degrees(-s)),
    "Accuracy of classes from codes": ("accuracy", lambda s: s),
}
results = search.cv_results_
for ax, (label, (measure, unit)) in zip(axes, panels.items(), strict=True):
    by_fold = unit(np.stack([results[f"split{fold}_test_{measure}"] for fold in range(3)]))
    ax.plot(SIZES, by_fold.T, ".", color="#2762ff", alpha=0.6)
    ax.plot(SIZES, by_fold.mean(axis=0), color="#262626", linewidth=1)
    ax.set_xscale("log", base=2)
    ax.set(xticks=SIZES, xticklabels=SIZES, xlabel="n_components", ylabel=label, ylim=(0, None))
plt.show()

for size, score, accuracy in zip(
    SIZES, results["mean_test_angle"], results["mean_test_accuracy"], strict=True
):
    print(f"{size:2d} components: {np.degrees(-score):.2f} degrees, accuracy {accuracy:.3f}")

# %%
# Which one to take
# -----------------
#
# The best mean is one answer. The smallest size that is nearly as good is another, and leaves
# less to be fitted by chance. What is nearly as good is for the use to say: here a hundredth in
# accuracy, a tenth of a degree. A function like this can be passed as ``refit``, to be done in
# the search itself.


def smallest_within(tolerance, measure, results):
    means = results[f"mean_test_{measure}"]
    return int(np.argmax(means >= means.max() - tolerance))


for measure, tolerance in (("angle", np.radians(0.1)), ("accuracy", 0.01)):
    best = SIZES[np.argmax(results[f"mean_test_{measure}"])]
    smallest = SIZES[smallest_within(tolerance, measure, results)]
    print(f"{measure}: the best mean is at {best}, nearly as good is {smallest}")

# %%
# And without a code?
# -------------------
#
# The same classifier on the preprocessed spectra themselves, in the same folds.

from sklearn.model_selection import cross_val_score

spectra_alone = make_pipeline(
    preprocessor, LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
)
scores = cross_val_score(spectra_alone, scene.data, scene.target, cv=folds)
print(f"accuracy from the spectra: {scores.mean():.3f}")

# %%
# A code is short, and was learned without labels. Where there are labels for a classifier of
# spectra, that is the better use of them.
