"""
From a file to a map in its coordinates
=======================================

A scene in a file, a few points of known class with coordinates, and a map of classes in a file
that lies where the scene lies. Nothing is read as a whole, so the size of the scene does not
matter.
"""

# %%
# A file, as GDAL writes it
# -------------------------
#
# So that this page runs anywhere, Indian Pines is written to a GeoTIFF first. The corner is made
# up; the pixels are 20 m wide, as those of the scene are, about.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import rasterio
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.plotting import ClassMapDisplay, SceneDisplay, ValueMapDisplay
from skhyp.scenes import apply, labelled_points, open_scene

temporary = TemporaryDirectory()
folder = Path(temporary.name)
pines = load_indian_pines()
with rasterio.open(
    folder / "scene.tif",
    "w",
    driver="GTiff",
    height=145,
    width=145,
    count=200,
    dtype="uint16",
    crs="EPSG:32616",
    transform=rasterio.Affine(20, 0, 500_000, 0, -20, 4_480_000),
    nodata=0,
) as file:
    file.write(pines.cube.transpose(2, 0, 1))
    for band, wavelength in enumerate(pines.wavelengths, start=1):
        file.update_tags(band, wavelength=wavelength, wavelength_units="nm")

# %%
# Open it
# -------

scene = open_scene(folder / "scene.tif")
print(scene)
SceneDisplay.from_cube(scene)
plt.show()

# %%
# Points with coordinates
# -----------------------
#
# Such as a GPS gives them, here the centres of 60 training pixels of each class, in metres east
# and north.

rng = np.random.default_rng(0)
chosen = np.concatenate(
    [
        rng.permutation(members)[:60]
        for members in (np.flatnonzero(pines.train & (pines.target == k)) for k in range(1, 17))
    ]
)
rows, columns = pines.positions[chosen].T
east, north = 500_000 + 20 * (columns + 0.5), 4_480_000 - 20 * (rows + 0.5)

X, y, positions = labelled_points(scene, east, north, pines.target[chosen])
print(X.shape, X.dtype, y[:5], positions[0])

# %%
# The map
# -------
#
# The model knows the wavelengths that it was trained on, and finds them in the scene. The map has
# the scene's coordinates and the names of the classes, for any GIS.

model = make_pipeline(HypPreprocessor(), SpectralCNNClassifier(random_state=0)).fit(X, y)
apply(model, scene, folder / "map.tif", class_names=pines.class_names)

with rasterio.open(folder / "map.tif") as class_map:
    print(class_map.crs, tuple(class_map.transform)[:6] == scene.transform)
    print(class_map.tags(1)["class_2"], class_map.nodata)

figure, axes = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
ClassMapDisplay.from_predictions(folder / "map.tif", ax=axes[0])
axes[0].set_title("Classes")
ValueMapDisplay.from_estimator(model, scene, ax=axes[1])
axes[1].set_title("How unsure the classifier is")
plt.show()
temporary.cleanup()

# %%
# :doc:`/guide/scenes` has the rest: ENVI, MATLAB and Zarr, scenes larger than memory, calls that
# were killed and go on, and clusters.
