"""
A model outlives the script that trained it
===========================================

Fitted estimators hold NumPy arrays and plain values, so whatever keeps a scikit-learn model keeps
them: joblib, skops, pickle. Other processes, and other programs, give the same labels.
"""

# %%
# Train once
# ----------

import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralCNNClassifier
from skhyp.datasets import load_indian_pines
from skhyp.export import to_saved_model
from skhyp.plotting import ClassMapDisplay

scene = load_indian_pines()
model = make_pipeline(
    HypPreprocessor(),
    SpectralCNNClassifier(max_epochs=30, random_state=0),
)
model.fit(scene.data[scene.train], scene.target[scene.train])
labels = model.predict(scene.cube)

temporary = TemporaryDirectory()
folder = Path(temporary.name)

# %%
# Keep it with joblib
# -------------------
#
# The whole pipeline is one file, about as large as its weights. A process that loads it needs no
# TensorFlow until something is computed.

joblib.dump(model, folder / "model.joblib")
n_values = model[-1].parameters_.size + model[-1].statistics_.size
size = (folder / "model.joblib").stat().st_size
print(f"{size / 1000:.0f} kB for {n_values} numbers of {model[-1].parameters_.itemsize} bytes")

script = """
import sys, zlib
import joblib
from skhyp.datasets import load_indian_pines
model = joblib.load(sys.argv[1])
print("TensorFlow is imported by loading:", "tensorflow" in sys.modules)
labels = model.predict(load_indian_pines().cube)
print(zlib.crc32(labels.tobytes()), "are the labels there")
"""
elsewhere = subprocess.run(
    [sys.executable, "-c", script, folder / "model.joblib"],
    capture_output=True,
    text=True,
    check=True,
)
print(elsewhere.stdout)
print(zlib.crc32(labels.tobytes()), "are the labels here, as a check sum of all pixels")

# %%
# Run it where only TensorFlow is
# -------------------------------
#
# A SavedModel takes the integers of the scene and gives the labels, without skhyp or
# scikit-learn.

import tensorflow as tf

to_saved_model(model, folder / "model", dtype=scene.cube.dtype.name)
exported = tf.saved_model.load(str(folder / "model"))
exported_labels = exported.predict(scene.cube.reshape(-1, 200)).numpy()
print(f"{np.mean(exported_labels == labels):.2%} of the labels are the same")

# %%
# All three draw the same map.

ClassMapDisplay.from_predictions(
    exported_labels.reshape(scene.labels.shape), class_names=scene.class_names
)
plt.show()
temporary.cleanup()

# %%
# joblib's files are pickles, which run what their author put in: load those of people you trust.
# :doc:`/guide/saving` has what to do with others, and checkpoints, from which a training that was
# killed goes on.
