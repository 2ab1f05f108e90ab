"""One network under three losses: what is minimised decides what a code is good for.

The cosine spectral angle (csa), the spectral angle (sa) and the sum of squared errors (sse) train
the same network on the same spectra. Each is judged by two measures that belong to none of the
networks alone: the angle of the reconstructions, and how far the classes lie apart in the code.
One seed proves little, so five are drawn. Figures are written to ``results/three_losses/``.

Run it with ``python examples/three_losses.py``.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.metrics import fisher_discriminant_ratio
from skhyp.plotting import LatentSpaceDisplay, ReconstructionDisplay

RESULTS = Path("results/three_losses")
RESULTS.mkdir(parents=True, exist_ok=True)
LOSSES = {
    "csa": "cosine spectral angle",
    "sa": "spectral angle",
    "sse": "sum of squared errors",
}
SEEDS = range(5)


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


scene = load_indian_pines()
spectra = HypPreprocessor(method="minmax").fit_transform(scene.cube)
labels = scene.labels.ravel()
X, y = spectra[labels > 0], labels[labels > 0]

autoencoder = SpectralAutoencoder(hidden_layer_sizes=(50, 30), n_components=3)
fitted = {
    (loss, seed): clone(autoencoder).set_params(loss=loss, random_state=seed).fit(spectra)
    for loss in LOSSES
    for seed in SEEDS
}

# Codes have no scale of their own. Standardised, and measured along the axes along which classes
# spread least ("whitened"), Fisher's ratio does not depend on any.
print(f"Mean and standard deviation over {len(SEEDS)} seeds:")
print("loss    mean spectral angle (degrees)    Fisher's discriminant ratio")
for loss in LOSSES:
    angles, ratios = [], []
    for seed in SEEDS:
        codes = StandardScaler().fit_transform(fitted[loss, seed].transform(X))
        angles.append(np.degrees(-fitted[loss, seed].score(spectra)))
        ratios.append(fisher_discriminant_ratio(codes, y, kind="whitened"))
    print(
        f"{loss:4s} {np.mean(angles):20.2f} ± {np.std(angles):.2f}"
        f" {np.mean(ratios):25.2f} ± {np.std(ratios):.2f}"
    )

# Where the classes lie, for the first seed.
figure, axes = plt.subplots(1, 3, figsize=(13, 5.5), layout="constrained")
for ax, (loss, name) in zip(axes, LOSSES.items(), strict=True):
    display = LatentSpaceDisplay.from_estimator(
        fitted[loss, SEEDS[0]], X, y, class_names=scene.class_names, legend=False, ax=ax
    )
    ax.set_title(name.capitalize())
    ax.locator_params(nbins=5)
figure.legend(
    handles=display.scatter_, loc="outside lower center", ncols=6, markerscale=2, frameon=False
)
save(figure, "latent_spaces.png")

# Only the squared errors ask for the brightness: the best gain in the legend is then near 1.
pixel = np.flatnonzero(scene.class_names[y] == "Soybean-clean")[0]
figure, axes = plt.subplots(3, 1, figsize=(8, 10), sharex=True, sharey=True, layout="constrained")
for ax, (loss, name) in zip(axes, LOSSES.items(), strict=True):
    ReconstructionDisplay.from_estimator(
        fitted[loss, SEEDS[0]], X[pixel], wavelengths=scene.wavelengths, ax=ax
    )
    ax.set_title(f"{name.capitalize()}, a pixel of clean soybeans")
    ax.label_outer()
save(figure, "reconstructions.png")
print("Written to", RESULTS)
