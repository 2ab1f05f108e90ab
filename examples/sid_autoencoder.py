"""An autoencoder under the spectral information divergence, which needs positive outputs.

The divergence (SID) takes a spectrum for a distribution: what share of the light is in each band,
and how surprising would that be to one who expects the other spectrum? Shares have logarithms if
they are positive. A sigmoid as the last layer sees to that; the same network with a linear last
layer shows what happens without. Figures are written to ``results/sid_autoencoder/``.

Run it with ``python examples/sid_autoencoder.py``.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.plotting import (
    LatentSpaceDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    SceneDisplay,
)
from skhyp.scenes import to_map

RESULTS = Path("results/sid_autoencoder")
RESULTS.mkdir(parents=True, exist_ok=True)


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


# The input has to be positive as well: "deephyp-minmax" leaves a little more than zero in the
# darkest band, where "minmax" leaves zero.
scene = load_indian_pines()
spectra = HypPreprocessor(method="deephyp-minmax").fit_transform(scene.cube)
labels = scene.labels.ravel()
is_labelled = labels > 0
print(f"The least value of the input is {spectra.min():.1e}")

# A sigmoid lies between 0 and 1. The divergence ignores brightness, so that is no limit. Without
# output_activation, the last layer would be a softplus, which is positive too.
sigmoid = SpectralAutoencoder(
    hidden_layer_sizes=(50, 30),
    n_components=3,
    activation="sigmoid",
    output_activation="sigmoid",
    loss="sid",
    learning_rate=0.003,
    random_state=0,
).fit(spectra)
linear = clone(sigmoid).set_params(output_activation="linear").fit(spectra)

print("last layer   values below 0   mean SID (nats)   mean angle (degrees)")
for name, autoencoder in {"sigmoid": sigmoid, "linear": linear}.items():
    reconstruction = autoencoder.reconstruct(spectra)
    print(
        f"{name:10s} {(reconstruction < 0).mean():15.2%}"
        f" {autoencoder.reconstruction_error(spectra).mean():17.4f}"
        f" {np.degrees(-autoencoder.score(spectra)):22.2f}"
    )

# The classes in the space of the code, which was learned without them.
display = LatentSpaceDisplay.from_estimator(
    sigmoid, spectra[is_labelled], labels[is_labelled], class_names=scene.class_names
)
save(display.figure_, "latent_space.png")

figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="compressed")
SceneDisplay.from_cube(scene.cube, ax=axes[0])
SceneDisplay.from_estimator(sigmoid, to_map(spectra, scene.cube.shape), ax=axes[1])
save(figure, "latent_image.png")

# One pixel, by both networks.
pixel = np.flatnonzero(scene.class_names[labels] == "Woods")[0]
figure, axes = plt.subplots(2, 1, figsize=(8, 7), sharex=True, sharey=True, layout="constrained")
for ax, (name, autoencoder) in zip(
    axes, {"Sigmoid": sigmoid, "Linear": linear}.items(), strict=True
):
    ReconstructionDisplay.from_estimator(
        autoencoder, spectra[pixel], wavelengths=scene.wavelengths, ax=ax
    )
    ax.set_title(f"{name} last layer, a pixel of woods")
    ax.label_outer()
save(figure, "reconstructions.png")

display = LossCurveDisplay.from_estimator(sigmoid, label="sigmoid last layer")
LossCurveDisplay.from_estimator(linear, label="linear last layer", log_scale=True, ax=display.ax_)
save(display.figure_, "loss_curve.png")
print("Written to", RESULTS)
