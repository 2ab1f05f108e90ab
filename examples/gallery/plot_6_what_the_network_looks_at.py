"""
What the network looks at
=========================

A classifier of spectra can be asked which parts of the spectrum it rests on, and which speak for
a class. Seeds differ, single bands are exchangeable, and so the answer is one about parts of the
spectrum, over several seeds.
"""

# %%
# Which parts is it sensitive to?
# -------------------------------
#
# Groups of ten neighbouring bands are permuted between test spectra, a third of them, and the loss
# of accuracy measured. Groups end where bands were removed (water vapour) and where detectors
# overlap. Permuted spectra are none that nature makes: a loss says that the model rests on this
# part, not that the part could not be done without.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.inspection import band_permutation_importance, integrated_gradients
from skhyp.plotting import BandAttributionDisplay, BandImportanceDisplay, ClassSpectraDisplay

scene = load_indian_pines()
X_train, y_train = scene.data[scene.train], scene.target[scene.train]
X_test, y_test = scene.data[scene.test], scene.target[scene.test]

SEEDS = range(3)
models = [
    make_pipeline(
        HypPreprocessor(),
        SpectralCNNClassifier(max_epochs=30, random_state=seed),
    ).fit(X_train, y_train)
    for seed in SEEDS
]

figure, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True, sharey=True, layout="constrained")
for seed, model, ax in zip(SEEDS, models, axes, strict=True):
    importance = band_permutation_importance(
        model, X_test[::3], y_test[::3], groups=10, n_repeats=3, random_state=0
    )
    BandImportanceDisplay.from_importance(importance, ax=ax)
    ax.set(title=f"Seed {seed}", ylabel="Loss of accuracy")
    ax.label_outer()
plt.show()

# %%
# What tells corn from soybeans?
# ------------------------------
#
# In June both are mostly soil. Integrated gradients compare each test spectrum of corn with the
# mean of soybeans, and distribute the log-odds of corn over the bands. The shares sum to what is
# to be explained, but for the residual of the numerical integration.

CORN, SOYBEANS = 2, 10
corn, soybeans = X_test[y_test == CORN], X_test[y_test == SOYBEANS]

figure, axes = plt.subplots(4, 1, figsize=(8, 9), sharex=True, layout="constrained")
of_both = np.isin(y_test, [CORN, SOYBEANS])
ClassSpectraDisplay.from_spectra(
    X_test[of_both],
    y_test[of_both],
    class_names=scene.class_names,
    ax=axes[0],
)
means = []
for seed, model, ax in zip(SEEDS, models, axes[1:], strict=True):
    attributions = integrated_gradients(model, corn, target=CORN, baseline=soybeans.mean(axis=0))
    BandAttributionDisplay.from_attributions(attributions, ax=ax)
    ax.set(title=f"Seed {seed}", ylabel="Log-odds of corn")
    means.append(attributions.attributions.mean(axis=0))
    explained = np.abs(attributions.outputs - attributions.baseline_outputs).mean()
    print(
        f"Seed {seed}: {explained:.1f} to explain in the mean, "
        f"{np.abs(attributions.residuals).mean():.2f} left unexplained"
    )
for ax in axes:
    ax.label_outer()
plt.show()

# %%
# How well do the seeds agree?
# ----------------------------
#
# By how their mean attributions of single bands, and of groups of ten bands, are correlated.

for width in (1, 10, 20):
    grouped = np.reshape(means, (len(models), -1, width)).sum(axis=2)
    pairs = np.corrcoef(grouped)[np.triu_indices(len(models), 1)]
    print(f"{width:2d} bands together: seeds correlate by {pairs.min():.2f} to {pairs.max():.2f}")

# %%
# Tell no story about a wavelength that the seeds do not share. :doc:`/guide/understanding` says
# what each method can and cannot say.
