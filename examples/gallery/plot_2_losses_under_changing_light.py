"""
Under changing light, train by the angle
========================================

Light changes how bright a pixel is, and hardly what its spectrum looks like. A squared error has
to keep the brightness, and spends a part of a short code on it; the spectral angle does not ask
for it. Spectra of unit length do not even have it. Four autoencoders, with and without either,
learn from a scene in full light and from the same scene under changing light; nearest neighbours
among their codes then predict the classes.
"""

# %%
# A scene under changing light
# ----------------------------
#
# Each pixel gets between a tenth and all of its light. As no light has to mean zero, the values
# of the file are turned into what is proportional to radiance first, as the notes of
# :func:`~skhyp.datasets.load_indian_pines` say.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines

scene = load_indian_pines()
y = scene.target
radiance = np.maximum((scene.data.astype(np.float32) - 1000) / 500, 0)
light = np.random.default_rng(0).uniform(0.1, 1, (len(radiance), 1)).astype(np.float32)
lit = {"full light": radiance, "changing light": light * radiance}

# %%
# Four ways to learn a code of three numbers
# ------------------------------------------

WAYS = {
    "squared error": (None, "sse"),
    "spectral angle": (None, "sa"),
    "squared error, unit length": ("l2", "sse"),
    "spectral angle, unit length": ("l2", "sa"),
}
SEEDS = range(2)


def accuracy_of_codes(X, method, loss, seed):
    encoder = make_pipeline(
        HypPreprocessor(method=method),
        SpectralAutoencoder(n_components=3, loss=loss, max_epochs=200, random_state=seed),
    )
    encoder.fit(X[scene.train][::2])
    codes = encoder.transform(X)
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    neighbours.fit(codes[scene.train], y[scene.train])
    return neighbours.score(codes[scene.test], y[scene.test])


accuracy = {
    (way, name): [accuracy_of_codes(X, *WAYS[way], seed) for seed in SEEDS]
    for way in WAYS
    for name, X in lit.items()
}
for (way, name), values in accuracy.items():
    print(f"{way:27s} {name:14s} {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")

# %%
# What light takes away
# ---------------------
#
# In full light the loss makes a small difference. Under changing light the code by squared errors
# loses most, that by the angle less; at unit length the light makes no difference at all, and the
# angle is the better loss.

figure, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
styles = {"full light": ("#d97700", "o"), "changing light": ("#262626", "s")}
for row, way in enumerate(WAYS):
    for name, (colour, marker) in styles.items():
        values = accuracy[way, name]
        label = name if row == 0 else None
        ax.scatter(values, [row] * len(values), color=colour, marker=marker, alpha=0.7, label=label)
ax.set(
    yticks=range(len(WAYS)),
    yticklabels=WAYS,
    ylim=(len(WAYS) - 0.5, -0.5),
    xlabel="Accuracy of nearest neighbours among the codes (a mark for each seed)",
)
ax.grid(axis="x", color="0.9")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Real light is more than a gain: shade is lit by the sky, which is blue.
# :doc:`/guide/autoencoders` has the losses and their formulae, :doc:`/guide/preprocessing` what
# each scaling removes.
