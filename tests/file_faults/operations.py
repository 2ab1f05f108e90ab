"""What is done to files while they fail, and how it is told whether they are whole afterwards."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from sklearn.linear_model import LogisticRegression

from skhyp import SpectralAutoencoder
from skhyp.scenes import apply

from .maps import content_of

_SHAPE = (72, 50, 40)  # with working_memory=1, several blocks
_NAMES = {1: "clay", 2: "lime", 3: "mud", 300: "oak", 301: "pine", 302: "yew"}


class Operation(ABC):
    """A call that writes files into a folder, where those of a former call may be."""

    name: str
    # One of these is in every error.
    named_in_errors: tuple[str, ...]
    # With which values of ``resume`` it may be called again.
    resumes: tuple[bool, ...] = (False,)
    # What takes longer has no end.
    seconds = 10.0

    def prepare(self, folder: Path) -> None:  # noqa: B027 (most need nothing)
        """Write what the call reads."""

    def write_former(self, folder: Path) -> None:  # noqa: B027
        """Write the former result, if there is one."""

    @abstractmethod
    def run(self, folder: Path, resume: bool) -> None:
        """Do it."""

    def problem_of(self, error: Exception, folder: Path) -> str | None:
        """Return what is wrong with an error, ``None`` if it is what a user should get."""
        text = f"{type(error).__name__}: {error}"
        if not self.is_of_a_right_kind(error):
            return f"an error of another kind: {text}"
        if not any(name in text for name in (str(folder), *self.named_in_errors)):
            return f"an error without the file's name: {text}"
        return None

    def is_of_a_right_kind(self, error: Exception) -> bool:
        """Return whether an error is of the kind that is documented."""
        return isinstance(error, OSError)

    @abstractmethod
    def content(self, folder: Path) -> Any:
        """Return what is there, as values that can be compared."""

    def state(self, found: Any, former: Any, new: Any) -> str:
        """Return which of the two is there: "former", "new", or what else."""
        if found == new:
            return "new"
        if found == former:
            return "former"
        return "neither is there" if found is None else "BAD: something else is there"


def _linear_model(labels: list[int]) -> LogisticRegression:
    """Return a classifier as it is when it has been fitted."""
    model = LogisticRegression()
    model.classes_ = np.array(labels)
    rng = np.random.default_rng(labels[0])
    model.coef_ = rng.normal(size=(3, _SHAPE[2]))
    model.intercept_ = np.zeros(3)
    model.n_features_in_ = _SHAPE[2]
    return model


class Map(Operation):
    """``apply``, to a file where there is none or a map of another kind."""

    # Labels, names and method of a kind of map; they differ in type, size and names.
    kinds = {
        "classes": ([1, 2, 3], "predict"),
        "other classes": ([300, 301, 302], "predict"),
        "probabilities": ([1, 2, 3], "predict_proba"),
    }
    resumes = (False, True)
    named_in_errors = ("harvest", "scene.tif")

    def __init__(self, suffix: str, former: str | None, new: str):
        self.suffix, self.former, self.new = suffix, former, new
        self.name = f"apply to {suffix}, {new}, {f'over {former}' if former else 'the first'}"

    def prepare(self, folder: Path) -> None:
        """Write the scene."""
        rows, columns, bands = _SHAPE
        rng = np.random.default_rng(0)
        with rasterio.open(
            folder / "scene.tif", "w", driver="GTiff", width=columns, height=rows, count=bands,
            dtype="int16", crs="EPSG:32633", nodata=-9999, interleave="pixel", blockysize=8,
            transform=rasterio.Affine(30, 0, 364095, 0, -30, 5809965),
        ) as dataset:  # fmt: skip
            dataset.write(rng.integers(-50, 50, (bands, rows, columns)).astype(np.int16))

    def is_of_a_right_kind(self, error: Exception) -> bool:
        """Return whether it is an OSError; of the scene, "not as described" will do."""
        is_of_scene = isinstance(error, ValueError) and "scene.tif" in str(error)
        return is_of_scene or super().is_of_a_right_kind(error)

    def _path(self, folder: Path) -> Path:
        return folder / "out" / f"harvest{self.suffix}"

    def _apply(self, folder: Path, kind: str, resume: bool) -> None:
        labels, method = self.kinds[kind]
        apply(
            _linear_model(labels),
            folder / "scene.tif",
            self._path(folder),
            method=method,
            class_names={label: _NAMES[label] for label in labels},
            working_memory=1,
            resume=resume,
        )

    def write_former(self, folder: Path) -> None:
        """Write the former map."""
        if self.former is not None:
            self._apply(folder, self.former, resume=False)

    def run(self, folder: Path, resume: bool) -> None:
        """Write the map."""
        self._apply(folder, self.new, resume)

    def content(self, folder: Path) -> Any:
        """Return the map, as another reader sees it."""
        return content_of(self._path(folder))

    def state(self, found: Any, former: Any, new: Any) -> str:
        """Return which map is there; names of classes that GDAL looks for may be missing."""
        if found and "sidecar" not in found:
            for state, map_ in (("new", new), ("former", former)):
                rest = {name: value for name, value in (map_ or {}).items() if name != "sidecar"}
                if rest == found != map_:
                    return f"{state} without names for GDAL"
        return super().state(found, former, new)


class Training(Operation):
    """A checkpointed training, from the beginning or gone on with."""

    resumes = (True,)
    seconds = 120.0
    named_in_errors = ("checkpoints",)

    def __init__(self, *, goes_on: bool):
        self.goes_on = goes_on
        self.name = f"a checkpointed training, {'gone on with' if goes_on else 'the first'}"

    def _fit(self, folder: Path) -> SpectralAutoencoder:
        X = np.random.default_rng(0).uniform(size=(40, 12)).astype(np.float32)
        return SpectralAutoencoder(
            hidden_layer_sizes=(),
            n_components=2,
            batch_size=20,
            max_epochs=6,
            save_epochs=2,
            checkpoint_dir=folder / "out" / "checkpoints",
            resume=True,
            random_state=0,
        ).fit(X)

    def is_of_a_right_kind(self, error: Exception) -> bool:
        """Return whether it is an OSError or says that the folder cannot be used."""
        return isinstance(error, ValueError) or super().is_of_a_right_kind(error)

    def write_former(self, folder: Path) -> None:
        """Write the first of the checkpoints."""
        if self.goes_on:
            self._fit(folder)
            for n_epochs in (4, 6):
                (folder / "out" / "checkpoints" / f"epoch_{n_epochs:06d}.ckpt").unlink()

    def run(self, folder: Path, resume: bool) -> None:
        """Train, and make sure that what is fitted is what was saved."""
        from skhyp.fitting import load_model

        parameters = self._fit(folder).parameters_
        saved = load_model(folder / "out" / "checkpoints").parameters_
        assert np.array_equal(parameters, saved)

    def content(self, folder: Path) -> Any:
        """Return the models by their epochs."""
        from skhyp.fitting import load_model, saved_epochs

        checkpoints = folder / "out" / "checkpoints"
        models = {epoch: load_model(checkpoints, epoch) for epoch in saved_epochs(checkpoints)}
        return {
            epoch: (model.parameters_.tobytes(), model.loss_curve_)
            for epoch, model in models.items()
        }

    def state(self, found: Any, former: Any, new: Any) -> str:
        """Return which checkpoints are there: some of the new ones, in order, will do."""
        in_order = list(new.items())
        if former.items() <= found.items() and list(found.items()) == in_order[: len(found)]:
            return {len(new): "new", len(former): "former"}.get(len(found), "some of the new")
        return "BAD: something else is there"


class Config(Operation):
    """``to_config``."""

    named_in_errors = ("model.json",)

    def __init__(self, *, replaces: bool):
        self.replaces = replaces
        self.name = f"to_config, {'over a former file' if replaces else 'the first'}"

    def write_former(self, folder: Path) -> None:
        """Write another config."""
        if self.replaces:
            SpectralAutoencoder(n_components=7).to_config(folder / "out" / "model.json")

    def run(self, folder: Path, resume: bool) -> None:
        """Write the config."""
        SpectralAutoencoder(hidden_layer_sizes=(5,) * 99).to_config(folder / "out" / "model.json")

    def content(self, folder: Path) -> Any:
        """Return what any reader of JSON finds."""
        path = folder / "out" / "model.json"
        return json.loads(path.read_text()) if path.exists() else None


OPERATIONS: list[Operation] = [
    *(
        Map(suffix, former, new)
        for suffixes in ((".tif",) * 3, (".hdr", ".hdr", ".img"), (".zarr",) * 3, (".npy",) * 3)
        for suffix, former, new in zip(
            suffixes,
            (None, "classes", "other classes"),
            ("classes", "other classes", "probabilities"),
            strict=True,
        )
    ),
    *(Training(goes_on=goes_on) for goes_on in (False, True)),
    *(Config(replaces=replaces) for replaces in (False, True)),
]
