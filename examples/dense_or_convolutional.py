"""Dense or convolutional: which autoencoder is better depends on what is held equal.

Both have a code of three values and the same loss. Layers of the dense one join all bands; those
of the convolutional one see a few neighbouring bands at a time, which takes fewer parameters and
more arithmetic. They are compared after as many epochs, and after the dense one has had many more,
which still take it less time. Figures are written to ``results/dense_or_convolutional/``.

Run it with ``python examples/dense_or_convolutional.py``.
"""

from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.plotting import LossCurveDisplay, ReconstructionDisplay, SceneDisplay
from skhyp.scenes import to_map

RESULTS = Path("results/dense_or_convolutional")
RESULTS.mkdir(parents=True, exist_ok=True)


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


scene = load_indian_pines()
spectra = HypPreprocessor(method="minmax").fit_transform(scene.cube)

dense = SpectralAutoencoder(
    architecture="dense",
    hidden_layer_sizes=(50, 30),
    n_components=3,
    max_epochs=15,
    random_state=0,
)
autoencoders = {
    "convolutional": clone(dense).set_params(
        architecture="conv", n_filters=(10, 10, 10), kernel_sizes=(20, 10, 10)
    ),
    "dense": dense,
    "dense, longer": clone(dense).set_params(max_epochs=150),
}

# A first fit of a shape also compiles its network, which is in the time.
print("network          parameters   epochs   seconds   angle (degrees): mean   95th percentile")
angles = {}
for name, autoencoder in autoencoders.items():
    start = perf_counter()
    autoencoder.fit(spectra)
    seconds = perf_counter() - start
    angles[name] = np.degrees(autoencoder.reconstruction_error(spectra, measure="sa"))
    print(
        f"{name:15s} {autoencoder.parameters_.size:11d} {autoencoder.n_iter_:8d} {seconds:9.1f}"
        f" {angles[name].mean():23.2f} {np.percentile(angles[name], 95):17.2f}"
    )
for name in ("dense", "dense, longer"):
    closer = np.mean(angles["convolutional"] < angles[name])
    print(f"The convolutional one is closer than the {name} one for {closer:.0%} of the pixels.")

# Which of them still learns? Where a curve falls at its end, more epochs would help.
figure, ax = plt.subplots(layout="constrained")
for name in ("convolutional", "dense, longer"):
    LossCurveDisplay.from_estimator(autoencoders[name], label=name, log_scale=True, ax=ax)
save(figure, "loss_curves.png")

# Where in the scene are the errors? On one scale, whose end is the 98th percentile of all.
greatest = np.percentile(np.concatenate(list(angles.values())), 98)
figure, axes = plt.subplots(1, 3, figsize=(13, 4.5), layout="compressed")
for ax, name in zip(axes, autoencoders, strict=True):
    image = ax.imshow(to_map(angles[name], scene.cube.shape), vmin=0, vmax=greatest)
    ax.set(title=name.capitalize(), xlabel="Column (pixel)", ylabel="Row (pixel)")
    ax.label_outer()
figure.colorbar(image, ax=axes, extend="max", label="Spectral angle of the reconstruction (°)")
save(figure, "errors.png")

# What the three values of each code make of the scene.
figure, axes = plt.subplots(1, 3, figsize=(13, 4.5), layout="compressed")
cube = to_map(spectra, scene.cube.shape)
for ax, (name, autoencoder) in zip(axes, autoencoders.items(), strict=True):
    SceneDisplay.from_estimator(autoencoder, cube, ax=ax)
    ax.set_title(name.capitalize())
    ax.label_outer()
figure.suptitle("Three code values as red, green, blue")
save(figure, "latent_images.png")

# The pixels on which the two differ most after as many epochs, to either side.
difference = angles["convolutional"] - angles["dense"]
pixels = {"dense": difference.argmin(), "convolutional": difference.argmax()}
figure, axes = plt.subplots(2, 2, figsize=(12, 7), sharex=True, sharey=True, layout="constrained")
for row, (worse, pixel) in zip(axes, pixels.items(), strict=True):
    for ax, name in zip(row, pixels, strict=True):
        ReconstructionDisplay.from_estimator(
            autoencoders[name], spectra[pixel], wavelengths=scene.wavelengths, ax=ax
        )
        ax.set_title(f"{name.capitalize()}, where the {worse} one is worse by most")
        ax.label_outer()
save(figure, "reconstructions.png")
print("Written to", RESULTS)
