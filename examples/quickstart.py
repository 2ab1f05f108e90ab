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
from sklearn.metrics import classification_report, cohen_kappa_score
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.plotting import ClassMapDisplay, ReconstructionDisplay, SceneDisplay

RESULTS = Path("results")


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    scene = load_indian_pines()
    print(f"Indian Pines: {scene.cube.shape}, {len(scene.data)} labelled pixels, 16 classes\n")
    learn_without_labels(scene)
    classify(scene)
    written = sorted(path.name for path in RESULTS.iterdir() if path.is_file())
    print("\nWritten to results/:", ", ".join(written))


def learn_without_labels(scene) -> None:
    """Three features for every pixel, from the spectra alone."""
    # At unit length and by the spectral angle: brightness, and so shading, does not count.
    model = make_pipeline(
        HypPreprocessor(method="l2"),
        SpectralAutoencoder(n_components=3, loss="sa", random_state=0, verbose=1),
    )
    model.fit(scene.cube)
    angle = np.degrees(-model.score(scene.cube))
    print(f"Three values a pixel reconstruct the spectra to {angle:.2f} degrees in the mean.\n")

    figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="compressed")
    SceneDisplay.from_cube(scene.cube, ax=axes[0])
    SceneDisplay.from_estimator(model, scene.cube, ax=axes[1])
    save(figure, "latent_image.png")

    figure, axes = plt.subplots(
        2, 2, figsize=(11, 7), sharex=True, sharey=True, layout="constrained"
    )
    for ax, label in zip(axes.flat, (2, 6, 14, 16), strict=True):
        # The wavelengths are known to the preprocessor.
        ReconstructionDisplay.from_estimator(model, scene.cube[scene.labels == label][0], ax=ax)
        ax.set_title(scene.class_names[label])
        ax.label_outer()
    save(figure, "reconstructions.png")


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

    figure, axes = plt.subplots(1, 3, figsize=(13, 5.6), layout="constrained")
    options = {"class_names": scene.class_names, "legend": False}
    ClassMapDisplay.from_predictions(scene.labels, **options, ax=axes[0])
    ClassMapDisplay.from_estimator(model, scene.cube, **options, ax=axes[1])
    tested = ClassMapDisplay.from_estimator(
        model, scene.cube, labels=scene.labels * scene.test_mask, **options, ax=axes[2]
    )
    share_right = (y_predicted == y_test).mean()
    titles = ("Reference", "Predicted", f"Test pixels, {100 * share_right:.1f} % of them right")
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    figure.legend(handles=tested.patches_, loc="outside lower center", ncols=5, frameon=False)
    save(figure, "maps.png")


def save(figure, name: str) -> None:
    figure.savefig(RESULTS / name, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
