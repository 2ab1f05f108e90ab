"""
Contents from a table of spectra
================================

Fat, protein and water of minced meat from its near-infrared absorption: partial least squares,
which is linear, a network, and an ensemble that trusts each of its members as far as they predict
samples that they have not seen.
"""

# %%
# The spectra
# -----------
#
# Absorption of 147 samples to learn from, the published test part to judge by. The more fat, the
# more the band at 930 nm stands out; scatter moves whole spectra up and down.

import matplotlib.pyplot as plt
import numpy as np

from skhyp import SpectralCNNRegressor, SpectralEnsembleRegressor, SpectralPLSRegressor
from skhyp.datasets import load_tecator
from skhyp.metrics import regression_report
from skhyp.plotting import PredictionDisplay

X, y = load_tecator(return_X_y=True, subset="train")
X_test, y_test = load_tecator(return_X_y=True, subset="test")
fat, fat_test = y[:, 1], y_test[:, 1]

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
colours = plt.get_cmap("cividis")((fat - fat.min()) / np.ptp(fat))
for spectrum, colour in zip(np.asarray(X)[::3], colours[::3], strict=True):
    ax.plot(X.wavelengths, spectrum, color=colour, linewidth=0.8)
scale = plt.cm.ScalarMappable(plt.Normalize(fat.min(), fat.max()), "cividis")
figure.colorbar(scale, ax=ax, label="Fat (%)")
ax.set(xlabel="Wavelength (nm)", ylabel="Absorbance")

# %%
# Linear, a network, and both
# ---------------------------

models = {
    "Partial least squares": SpectralPLSRegressor(),
    "Network": SpectralCNNRegressor(random_state=0),
    "Ensemble": SpectralEnsembleRegressor(random_state=0),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    predicted = model.fit(X, fat).predict(X_test)
    PredictionDisplay.from_predictions(fat_test, predicted, long_name="Fat", units="%", ax=ax)
    ax.set_title(name)
    found = regression_report(fat_test, predicted)
    print(f"{name:22s}: RMSE {found.rmse:.2f} %, bias {found.bias:+.2f} %, R² {found.r2:.3f}")

# %%
# Whom the ensemble trusts
# ------------------------
#
# The share of each member, and its error on samples that it was not fitted to.

ensemble = models["Ensemble"]
for name, share, error in zip(
    ensemble.named_estimators_, ensemble.weights_, ensemble.fold_errors_, strict=True
):
    print(f"{name:18s}: share {share:.2f}, error {error:.2f} %")
