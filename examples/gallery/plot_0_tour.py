"""
Tour
====

All of skhyp on one page, on a scene that is in the package.
"""

# %%
# A scene
# -------
#
# ``cube`` is the image: rows, columns, bands, in the integers of the sensor. ``data`` has the
# spectra of the labelled pixels, one a row, ``target`` their classes from 1, ``positions`` where
# they lie. Your own scene is opened by :func:`skhyp.scenes.open_scene`, whatever its size, and
# its labelled pixels are taken by :func:`skhyp.scenes.labelled_pixels`: see :doc:`/guide/scenes`.

import matplotlib.pyplot as plt
import numpy as np

from skhyp.datasets import load_indian_pines
from skhyp.plotting import ClassSpectraDisplay, SceneDisplay

scene = load_indian_pines()
print(scene.cube.shape, scene.cube.dtype, scene.data.shape)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(2, 3))
SceneDisplay.from_cube(scene.cube, ax=axes[0])
some = np.isin(scene.target, [2, 5, 11])
ClassSpectraDisplay.from_spectra(
    scene.data[some],
    scene.target[some],
    class_names=scene.class_names,
    ax=axes[1],
)
plt.show()

# %%
# Clean spectra
# -------------
#
# Bands are chosen by index or mask, or dropped by wavelength; pixels without data are found by
# their ``nodata``; each spectrum is scaled by one of nine methods, or left as it is, which suits
# the classifier below. See :doc:`/guide/preprocessing`.

from skhyp import HypPreprocessor

water = ((1340, 1450), (1790, 1960))  # nm
preprocessor = HypPreprocessor(bands=water)
spectra = preprocessor.fit_transform(scene.cube)
print(spectra.shape, spectra.dtype, preprocessor.get_feature_names_out()[:3])

# %%
# A map from labels
# -----------------
#
# A pipeline of scikit-learn's own: it is cloned, searched, saved by joblib, and mapped over files
# of any size (:func:`skhyp.scenes.apply`). See :doc:`/guide/classification`.

from sklearn.pipeline import make_pipeline

from skhyp import SpectralCNNClassifier
from skhyp.plotting import ClassMapDisplay

model = make_pipeline(preprocessor, SpectralCNNClassifier(max_epochs=30, random_state=0))
model.fit(scene.data[scene.train], scene.target[scene.train])
accuracy = model.score(scene.data[scene.test], scene.target[scene.test])
print(f"{accuracy:.3f} of the published test pixels are right")

ClassMapDisplay.from_estimator(model, scene.cube, class_names=scene.class_names)
plt.show()

# %%
# A pipeline in a notebook shows what it is made of; the question mark leads to the documentation.

model

# %%
# Is that number true?
# --------------------
#
# Pixels beside each other are nearly copies: a test on the neighbours of what a model has learned
# by heart is none. In the published split, some test pixels touch a training pixel; in a random
# one, far more do.

from sklearn.model_selection import StratifiedKFold, cross_val_score

from skhyp.model_selection import SpatialBlockKFold, leakage_report
from skhyp.plotting import SplitMapDisplay

at_random = StratifiedKFold(3, shuffle=True, random_state=0)
in_blocks = SpatialBlockKFold(3, block_size=5, guard=2, random_state=0, positions=scene.positions)
print("published", leakage_report(scene.train, scene.test, scene.positions), sep="\n")
for name, folds in {"random": at_random, "blocks": in_blocks}.items():
    train, test = next(folds.split(scene.data, scene.target))
    print(name, leakage_report(train, test, scene.positions), sep="\n")

# %%
# Blocks with a guard between them keep training and test pixels apart, in ``cross_val_score`` and
# ``GridSearchCV`` as everywhere. The same model looks better where neighbours leak. See
# :doc:`/guide/validation`, and :ref:`sphx_glr_gallery_plot_1_random_or_spatial_split.py`, which
# also tests on whole fields.

for name, folds in {"random": at_random, "blocks": in_blocks}.items():
    scores = cross_val_score(model, scene.data, scene.target, cv=folds)
    print(name, scores.round(3))

SplitMapDisplay.from_splitter(in_blocks, scene.positions, scene.target)
plt.show()

# %%
# Features without labels
# -----------------------
#
# Trained by the spectral angle on spectra of unit length, three numbers a pixel keep the shape of
# a spectrum and not its brightness; the reconstruction is drawn at the brightness that fits best.
# See :doc:`/guide/autoencoders`.

from skhyp import SpectralAutoencoder
from skhyp.plotting import ReconstructionDisplay

features = make_pipeline(
    HypPreprocessor(method="l2"),
    SpectralAutoencoder(n_components=3, loss="sa", max_epochs=20, random_state=0),
)
codes = features.fit_transform(scene.cube)
angle = np.degrees(-features.score(scene.cube))
print(codes.shape, f"reconstructed to {angle:.2f} degrees in the mean")

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(2, 3))
SceneDisplay.from_estimator(features, scene.cube, ax=axes[0])
ReconstructionDisplay.from_estimator(features, scene.cube[20, 20], ax=axes[1])
plt.show()

# %%
# What does it look at?
# ---------------------
#
# What the bands of woods say for woods, beside the mean of the training spectra. See
# :doc:`/guide/understanding`.

from skhyp.plotting import BandAttributionDisplay

woods = scene.data[scene.test & (scene.target == 14)]
mean = scene.data[scene.train].mean(axis=0)
BandAttributionDisplay.from_estimator(model, woods, baseline=mean, target=14)
plt.show()

# %%
# Keep it
# -------
#
# Fitted estimators are NumPy arrays and plain values, so files are small. How long they last, and
# how else models are kept: :doc:`/guide/saving`.

from pathlib import Path
from tempfile import TemporaryDirectory

import joblib

with TemporaryDirectory() as folder:
    joblib.dump(model, Path(folder) / "model.joblib")
    same = joblib.load(Path(folder) / "model.joblib")
print((same.predict(scene.cube) == model.predict(scene.cube)).all())
