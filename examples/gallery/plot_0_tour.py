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
SceneDisplay.from_cube(scene.cube, wavelengths=scene.wavelengths, ax=axes[0])
some = np.isin(scene.target, [2, 6, 14])
ClassSpectraDisplay.from_spectra(
    scene.data[some],
    scene.target[some],
    wavelengths=scene.wavelengths,
    class_names=scene.class_names,
    ax=axes[1],
)
plt.show()

# %%
# Clean spectra
# -------------
#
# Bands are dropped by wavelength, index or mask; pixels without data are found by their
# ``nodata``; each spectrum is scaled by one of nine methods. See :doc:`/guide/preprocessing`.

from skhyp import HypPreprocessor

preprocessor = HypPreprocessor(
    method="snv", wavelengths=scene.wavelengths, bands=((1340, 1450), (1790, 1960))
)
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
# Pixels beside each other are nearly copies. A random split tests a model on the neighbours of
# what it has learned by heart: here is how near its test pixels lie.

from skhyp.model_selection import SpatialBlockKFold, leakage_report, stratified_pixel_sample

drawn = stratified_pixel_sample(scene.target, 50, random_state=0)
rest = np.setdiff1d(np.arange(len(scene.target)), drawn)
print(leakage_report(drawn, rest, scene.positions))

# %%
# Folds of blocks with a guard between them keep training and test pixels apart, in
# ``cross_val_score`` and ``GridSearchCV`` as everywhere. See :doc:`/guide/validation`, and
# :ref:`sphx_glr_gallery_plot_1_random_or_spatial_split.py` for what difference it makes.

from sklearn.model_selection import cross_val_score

from skhyp.plotting import SplitMapDisplay

in_blocks = SpatialBlockKFold(3, block_size=5, guard=2, random_state=0)
scores = cross_val_score(model, scene.data, scene.target, cv=in_blocks, groups=scene.positions)
print(scores.round(3))

SplitMapDisplay.from_splitter(in_blocks, scene.positions, scene.target)
plt.show()

# %%
# Features without labels
# -----------------------
#
# Trained by the spectral angle, three numbers a pixel keep the shape of a spectrum and leave its
# brightness open. See :doc:`/guide/autoencoders`.

from skhyp import SpectralAutoencoder
from skhyp.plotting import ReconstructionDisplay

features = make_pipeline(
    HypPreprocessor(method="minmax", wavelengths=scene.wavelengths),
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
# What the bands of woods say for woods, beside the mean of the scene: blue speaks for it, orange
# against it. See :doc:`/guide/understanding`.

from skhyp.plotting import BandAttributionDisplay

woods = scene.data[scene.test & (scene.target == 14)]
scene_mean = scene.cube.mean(axis=(0, 1))
BandAttributionDisplay.from_estimator(model, woods, baseline=scene_mean, target=14)
plt.show()

# %%
# Keep it
# -------
#
# Fitted estimators are NumPy arrays and plain values: files are small, and load wherever
# scikit-learn and skhyp are. See :doc:`/guide/saving`.

from pathlib import Path
from tempfile import TemporaryDirectory

import joblib

with TemporaryDirectory() as folder:
    joblib.dump(model, Path(folder) / "model.joblib")
    same = joblib.load(Path(folder) / "model.joblib")
print((same.predict(scene.cube) == model.predict(scene.cube)).all())
