"""From a scene to a map: Indian Pines in two minutes.

A hyperspectral scene is preprocessed, summarised without labels by an autoencoder, and classified
from the pixels of the published training half. Figures, a report and the fitted model are written
to ``results/``.

Run it with ``python examples/quickstart.py``.
"""

from pathlib import Path

import joblib
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch
from sklearn.metrics import classification_report, cohen_kappa_score
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.scenes import false_colour, mask_unlabelled, to_map
from skhyp.wavelengths import contiguous_segments, nearest_bands

RESULTS = Path("results")


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    scene = load_indian_pines()
    print(f"Indian Pines: {scene.cube.shape}, {len(scene.data)} labelled pixels, 16 classes\n")
    learn_without_labels(scene)
    classify(scene)
    print("\nWritten to results/:", ", ".join(sorted(path.name for path in RESULTS.iterdir())))


def learn_without_labels(scene) -> None:
    """Three features for every pixel, from the spectra alone."""
    preprocessor = HypPreprocessor(method="minmax", wavelengths=scene.wavelengths)
    spectra = preprocessor.fit_transform(scene.cube)
    # The spectral angle as the loss: brightness, and so shading, does not count.
    autoencoder = SpectralAutoencoder(n_components=3, loss="sa", random_state=0, verbose=1)
    codes = autoencoder.fit_transform(spectra)
    angle = np.degrees(-autoencoder.score(spectra))
    print(f"Three values a pixel reconstruct the spectra to {angle:.2f} degrees in the mean.\n")

    true_colour = nearest_bands(scene.wavelengths, (640, 550, 460))
    fig, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
    show(axes[0], false_colour(scene.cube, bands=true_colour), "Scene (640, 550, 460 nm)")
    latent_image = false_colour(to_map(codes, scene.cube.shape), bands=(0, 1, 2))
    show(axes[1], latent_image, "Three latent values as red, green, blue")
    save(fig, "latent_image.png")

    pixels = [np.flatnonzero(scene.labels.ravel() == label)[0] for label in (2, 6, 14, 16)]
    reconstructed = autoencoder.reconstruct(spectra[pixels])
    # The angle says nothing of brightness: each reconstruction is shown at its best gain.
    gain = (spectra[pixels] * reconstructed).sum(1) / (reconstructed**2).sum(1)
    reconstructed *= gain[:, None]
    fig, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, sharey=True, layout="constrained")
    for ax, pixel, fit in zip(axes.flat, pixels, reconstructed, strict=True):
        plot_spectrum(ax, scene.wavelengths, spectra[pixel], "black", "spectrum")
        plot_spectrum(ax, scene.wavelengths, fit, "#D55E00", "reconstruction")
        ax.set_title(scene.class_names[scene.labels.ravel()[pixel]])
    axes[0, 0].legend(frameon=False)
    fig.supxlabel("Wavelength (nm)")
    fig.supylabel("Scaled radiance")
    save(fig, "reconstructions.png")


def classify(scene) -> None:
    """A class for every pixel, learned from the training half of the published split."""
    model = make_pipeline(HypPreprocessor(), SpectralCNNClassifier(random_state=0, verbose=1))
    model.fit(scene.data[scene.train], scene.target[scene.train])
    joblib.dump(model, RESULTS / "classifier.joblib")

    y_test = scene.target[scene.test]
    y_predicted = model.predict(scene.data[scene.test])
    report = classification_report(
        y_test, y_predicted, target_names=scene.target_names, digits=3, zero_division=0
    )
    report += f"\nkappa {cohen_kappa_score(y_test, y_predicted):.3f}\n"
    (RESULTS / "report.txt").write_text(report)
    print(f"On the {len(y_test)} test pixels of the published split:\n{report}")

    predicted = to_map(model.predict(scene.cube), scene.cube.shape)
    colours = class_colours(len(scene.class_names))
    fig, axes = plt.subplots(1, 3, figsize=(13, 6), layout="constrained")
    shown = {
        "Reference": scene.labels,
        "Predicted, whole scene": predicted,
        "Predicted, labelled pixels": mask_unlabelled(predicted, scene.labels),
    }
    for ax, (title, class_map) in zip(axes, shown.items(), strict=True):
        norm = BoundaryNorm(np.arange(len(colours) + 1) - 0.5, len(colours))
        show(ax, class_map, title, cmap=ListedColormap(colours), norm=norm)
    handles = [
        Patch(color=colour, label=f"{label} {name}")
        for label, (colour, name) in enumerate(zip(colours, scene.class_names, strict=True))
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    save(fig, "maps.png")


def plot_spectrum(ax, wavelengths, spectrum, colour, label) -> None:
    """Draw a spectrum with gaps where bands are missing and where the detectors change."""
    for segment in contiguous_segments(np.arange(len(wavelengths)), wavelengths):
        ax.plot(wavelengths[segment], spectrum[segment], color=colour, lw=1, label=label)
        label = None


def class_colours(n_classes: int) -> list:
    """Return dark grey for what is unlabelled, and hues whose neighbours differ in lightness."""
    colours = plt.get_cmap("turbo")(np.linspace(0.05, 0.95, n_classes - 1))
    colours[1::3, :3] *= 0.6
    colours[2::3, :3] = 0.5 + 0.5 * colours[2::3, :3]
    return [(0.15, 0.15, 0.15, 1.0), *map(tuple, colours)]


def show(ax, image, title, **options) -> None:
    ax.imshow(image, interpolation="nearest", **options)
    ax.set_title(title)
    ax.set_xlabel("Column (pixel of 20 m)")
    ax.set_ylabel("Row (pixel of 20 m)")


def save(fig, name: str) -> None:
    fig.savefig(RESULTS / name, dpi=110)
    plt.close(fig)


if __name__ == "__main__":
    main()
