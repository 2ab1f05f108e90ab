"""A dense autoencoder under the cosine spectral angle: three values say most of a spectrum.

The network sees the spectra of all pixels of Indian Pines, and no label. Its codes are then looked
at as a scatter plot by class, as an image and by what they reconstruct. Figures are written to
``results/dense_autoencoder/``.

Run it with ``python examples/dense_autoencoder.py``.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.datasets import load_indian_pines
from skhyp.metrics import fisher_discriminant_ratio, make_reconstruction_scorer
from skhyp.plotting import (
    LatentSpaceDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    SceneDisplay,
)
from skhyp.scenes import to_map

RESULTS = Path("results/dense_autoencoder")
RESULTS.mkdir(parents=True, exist_ok=True)


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


# Each spectrum between 0 and 1. Labels serve to look at the result only.
scene = load_indian_pines()
spectra = HypPreprocessor(method="minmax").fit_transform(scene.cube)
labels = scene.labels.ravel()
is_labelled = labels > 0

# The loss is one minus the cosine of the angle between a spectrum and its reconstruction. It asks
# for the shape of the spectrum and not for its brightness, so shade and slope do not count.
autoencoder = SpectralAutoencoder(
    hidden_layer_sizes=(50, 30), n_components=3, loss="csa", random_state=0
)
autoencoder.fit(spectra)

# How much of the shape do three values keep, and how far do they tell classes apart? A linear
# method of three values, a PCA, shows what is easy. Codes have no scale of their own: Fisher's
# ratio is that of standardised and whitened ones.
pca = PCA(3, random_state=0).fit(spectra)
score = make_reconstruction_scorer("sa")
print(f"{len(spectra)} spectra of {spectra.shape[1]} bands, {autoencoder.n_iter_} epochs")
print(f"Loss from {autoencoder.loss_curve_[0]:.4f} to {autoencoder.loss_curve_[-1]:.4f}\n")
print("              mean angle (degrees)   Fisher's discriminant ratio")
for name, method in {"autoencoder": autoencoder, "PCA": pca}.items():
    codes = StandardScaler().fit_transform(method.transform(spectra[is_labelled]))
    ratio = fisher_discriminant_ratio(codes, labels[is_labelled], kind="whitened")
    print(f"{name:11s} {np.degrees(-score(method, spectra)):22.2f} {ratio:29.2f}")

# Do the classes, which the network never saw, lie apart?
display = LatentSpaceDisplay.from_estimator(
    autoencoder, spectra[is_labelled], labels[is_labelled], class_names=scene.class_names
)
save(display.figure_, "latent_space.png")

# Fields that look alike in the scene may differ in the code, and the other way round.
figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="compressed")
SceneDisplay.from_cube(scene.cube, ax=axes[0])
SceneDisplay.from_estimator(autoencoder, to_map(spectra, scene.cube.shape), ax=axes[1])
save(figure, "latent_image.png")

# Not the best examples, but the whole range: pixels by how well they are reconstructed.
angles = np.degrees(autoencoder.reconstruction_error(spectra, measure="sa"))
shown = {"5th percentile": 5, "median": 50, "95th percentile": 95, "greatest": 100}
figure, axes = plt.subplots(2, 2, figsize=(11, 7), sharex=True, sharey=True, layout="constrained")
for ax, (rank, percent) in zip(axes.flat, shown.items(), strict=True):
    pixel = np.argsort(angles)[round(percent / 100 * (len(angles) - 1))]
    row, column = np.unravel_index(pixel, scene.labels.shape)
    ReconstructionDisplay.from_estimator(
        autoencoder, spectra[pixel], wavelengths=scene.wavelengths, ax=ax
    )
    ax.set_title(f"Row {row}, column {column}: {rank} of the angles")
    ax.label_outer()
save(figure, "reconstructions.png")

# Is it trained long enough? Then the curve is flat at its end.
display = LossCurveDisplay.from_estimator(autoencoder, log_scale=True)
save(display.figure_, "loss_curve.png")
print("Written to", RESULTS)
