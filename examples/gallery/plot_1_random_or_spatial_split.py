"""
A random split flatters
=======================

Neighbouring pixels are nearly copies of each other. If test pixels are drawn at random, many lie
right beside pixels that a model has learned by heart, and the accuracy says how well it
remembers. A map is made of places it has not seen. The same classifier, from as many labels, is
tested here in four ways.
"""

# %%
# Four ways to test
# -----------------
#
# Blocks keep neighbours together, and a guard of two pixels around the test blocks is left out of
# the training. The published split cuts nearly every field in two. Whole fields ask the hardest
# question: does the model know a field that it has never seen?

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from skhyp import SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.model_selection import (
    SpatialBlockKFold,
    field_numbers,
    leakage_report,
    stratified_pixel_sample,
)
from skhyp.plotting import SplitMapDisplay

scene = load_indian_pines()
X, y, positions = scene.data, scene.target, scene.positions

# The classes that have three fields or more: only these can be tested on whole fields.
fields = field_numbers(positions, y)
n_fields = {label: len(np.unique(fields[y == label])) for label in np.unique(y)}
several = np.isin(y, [label for label, n in n_fields.items() if n >= 3])
X, y, positions, fields = X[several], y[several], positions[several], fields[several]
published_train = scene.train[several]
print(f"{len(y)} pixels of {len(np.unique(y))} classes")


def make_splits(seed):
    at_random = StratifiedKFold(3, shuffle=True, random_state=seed)
    in_blocks = SpatialBlockKFold(
        3, block_size=5, guard=2, missing_classes="ignore", random_state=seed
    )
    whole_fields = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    return {
        "random": next(at_random.split(X, y)),
        "blocks, guard 2": next(in_blocks.split(X, y, positions)),
        "published": (np.flatnonzero(published_train), np.flatnonzero(~published_train)),
        "whole fields": next(whole_fields.split(X, y, fields)),
    }


figure, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
for ax, (name, (train, test)) in zip(axes.flat, make_splits(0).items(), strict=True):
    SplitMapDisplay.from_split(
        train, test, positions, shape=scene.labels.shape, legend=ax is axes[0, 1], ax=ax
    )
    ax.set_title(name.capitalize())
    ax.label_outer()

# %%
# The same classifier, the same number of labels
# ----------------------------------------------
#
# From the training side of each split 50 pixels a class are drawn (fewer where a class has
# fewer).

SEEDS = range(3)
accuracy = {name: [] for name in make_splits(0)}
touching = {name: [] for name in accuracy}
for seed in SEEDS:
    for name, (train, test) in make_splits(seed).items():
        drawn = train[stratified_pixel_sample(y[train], 50, max_share=1, random_state=seed)]
        test = test[np.isin(y[test], y[drawn])]
        model = SpectralCNNClassifier(random_state=seed).fit(X[drawn], y[drawn])
        accuracy[name].append(model.score(X[test], y[test]))
        touching[name].append(leakage_report(drawn, test, positions).shares[1])

for name, values in accuracy.items():
    print(
        f"{name:16s} accuracy {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f}), "
        f"{np.mean(touching[name]):.0%} of the test pixels touch a training pixel"
    )

# %%
# The accuracy on a new field is far below what a random split suggests.

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for place, values in enumerate(accuracy.values()):
    ax.scatter(values, [place] * len(values), color="#2762ff", alpha=0.7)
    ax.scatter(np.mean(values), place, marker="|", s=400, color="#262626")
ax.set(
    yticks=range(len(accuracy)),
    yticklabels=accuracy,
    xlabel="Overall accuracy (a dot for each seed)",
    xlim=(0, 1),
    ylim=(len(accuracy) - 0.5, -0.5),
)
plt.show()

# %%
# The fields of a class differ in soil, sowing date and moisture, and two or three fields to learn
# from do not cover that. Neither number is wrong; each answers its own question. Say which one
# you asked: see :doc:`/guide/validation`, and :doc:`/benchmarks` for more splits, models and
# seeds.
