"""
Under changing light, train by the angle
========================================

Light changes how bright a pixel is, and hardly what its spectrum looks like. An autoencoder that
minimises the squared error has to keep the brightness, and spends a part of its few numbers on
it. The spectral angle leaves brightness open. Two networks, the same but for their loss, learn
from a scene under changing light; then nearest neighbours tell the classes from their codes.
"""

# %%
# A scene under changing light
# ----------------------------
#
# Each pixel of Indian Pines gets between a tenth and all of its light. The values of the file are
# turned into something proportional to radiance first, as zero has to mean no light.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp import SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.plotting import ReconstructionDisplay

scene = load_indian_pines()
radiance = np.maximum((scene.data.astype(np.float32) - 1000) / 500, 0)
rng = np.random.default_rng(0)
light = rng.uniform(0.1, 1, len(radiance)).astype(np.float32)
X, y = radiance * light[:, np.newaxis], scene.target

LOSSES = {"sse": "sum of squared errors", "sa": "spectral angle"}
SEEDS = range(3)
networks = {
    (loss, seed): SpectralAutoencoder(
        n_components=3, loss=loss, max_epochs=200, random_state=seed
    ).fit(X[scene.train])
    for loss in LOSSES
    for seed in SEEDS
}

# %%
# The angle of the reconstructions, over the light
# ------------------------------------------------
#
# Each line is a network, applied to all test pixels at some light.

levels = np.geomspace(0.1, 1, 10)
colours = {"sse": "#d97700", "sa": "#2762ff"}
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (loss, seed), network in networks.items():
    angles = [
        np.degrees(
            network.reconstruction_error(
                radiance[scene.test] * np.float32(level), measure="sa"
            ).mean()
        )
        for level in levels
    ]
    label = f"trained by the {LOSSES[loss]}" if seed == SEEDS[0] else None
    ax.plot(levels, angles, ".-", color=colours[loss], label=label)
    print(
        f"{loss:3s}, seed {seed}: {angles[0]:.2f} degrees in a tenth of the light, "
        f"{angles[-1]:.2f} in all of it"
    )
ax.set(
    xscale="log",
    xticks=[0.1, 0.2, 0.5, 1],
    xticklabels=["10 %", "20 %", "50 %", "100 %"],
    xlabel="Light",
    ylabel="Mean spectral angle (degrees)",
    ylim=(0, None),
)
ax.minorticks_off()
ax.legend(frameon=False)
plt.show()

# %%
# What is left open
# -----------------
#
# A pixel of woods in a tenth of its light. Each reconstruction is drawn at its best gain, which
# the legend says: near 1 where the brightness was learned, anything where it was left open.

pixel = radiance[scene.test & (y == 14)][0] * np.float32(0.1)
figure, axes = plt.subplots(2, 1, figsize=(8, 6), sharex=True, sharey=True, layout="constrained")
for ax, (loss, name) in zip(axes, LOSSES.items(), strict=True):
    ReconstructionDisplay.from_estimator(
        networks[loss, 0], pixel, wavelengths=scene.wavelengths, ax=ax
    )
    ax.set_title(f"Trained by the {name}")
    ax.label_outer()
plt.show()

# %%
# What the codes are worth
# ------------------------
#
# Five nearest neighbours among the codes of the training pixels tell the classes of the test
# pixels, all under changing light.

for loss, name in LOSSES.items():
    scores = []
    for seed in SEEDS:
        codes = networks[loss, seed].transform(X)
        neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
        neighbours.fit(codes[scene.train], y[scene.train])
        scores.append(neighbours.score(codes[scene.test], y[scene.test]))
    print(f"{name:22s} {np.mean(scores):.3f} ({min(scores):.3f} to {max(scores):.3f})")

# %%
# Real light is more than a gain: shade is lit by the sky, which is blue. What sees a spectrum
# first is the encoder, which knows the brightness whatever the loss;
# ``HypPreprocessor(method="l2")`` takes it away before. :doc:`/guide/autoencoders` has the four
# losses and their formulae.
