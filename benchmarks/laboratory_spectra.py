"""Laboratory spectra with reference values, and their published test parts.

They cannot be shipped but for those of meat: a folder has the files of the collection JchemoData
(M. Lesnoff), one ``.npz`` a set.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from skhyp.datasets import load_tecator
from skhyp.spectra import Spectra


class Calibration(NamedTuple):
    """Spectra that know their wavelengths, and one reference value of each."""

    X_train: Spectra
    y_train: np.ndarray
    X_test: Spectra
    y_test: np.ndarray


def calibrations(folder: Path) -> dict[str, Calibration]:
    """Return the calibrations whose files are there, by what is predicted."""
    found = {}
    for load in (_cassava, _meat, _wheat, _forages):
        try:
            found |= load(folder)
        except FileNotFoundError as error:
            print(f"left out: {error}")
    return found


def _cassava(folder: Path) -> dict[str, Calibration]:
    with np.load(folder / "cassava.npz") as stored:
        X = Spectra(stored["X"].astype(np.float32), stored["wavelengths"])
        return _parts("cassava, carotene", X, stored["carotene"], stored["year"] >= 2013)


def _meat(folder: Path) -> dict[str, Calibration]:
    meat = load_tecator()
    is_test = meat.part == "test"
    return _parts("meat, fat", meat.data, meat.target[:, 1], is_test) | _parts(
        "meat, protein", meat.data, meat.target[:, 2], is_test
    )


def _wheat(folder: Path) -> dict[str, Calibration]:
    with np.load(folder / "wheat_kernels.npz") as stored:
        parts = [
            Spectra(stored[name].astype(np.float32), stored["wavelengths"])
            for name in ("X_train", "X_test")
        ]
        train, test = stored["protein_train"], stored["protein_test"]
    return {"wheat, protein": Calibration(parts[0], train, parts[1], test)}


def _forages(folder: Path) -> dict[str, Calibration]:
    with np.load(folder / "forages.npz") as stored:
        X = Spectra(stored["X"].astype(np.float32), stored["wavelengths"])
        is_test = stored["is_test"].astype(bool)
        return _parts("forages, dry matter", X, stored["dry_matter"], is_test) | _parts(
            "forages, fibre", X, stored["fibre_ndf"], is_test
        )


def _parts(name: str, X: Spectra, y: np.ndarray, is_test: np.ndarray) -> dict[str, Calibration]:
    return {name: Calibration(X[~is_test], y[~is_test], X[is_test], y[is_test])}
