"""Spectra with labels or values in the files of EnMAP-Box, the plugin of QGIS."""

from __future__ import annotations

import json
import pickle
import zipfile
from io import BytesIO
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from skhyp.files._paths import user_path
from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths import wavelengths_from_names


@validate_params(
    {"path": [str, PathLike], "trusted": ["boolean"]}, prefer_skip_nested_validation=True
)
def load_enmapbox_dataset(path: str | PathLike, *, trusted: bool = False) -> Bunch:
    """Load a classification or regression dataset of EnMAP-Box.

    Parameters
    ----------
    path : str or path
        ``.skops`` or ``.json``, which are read without running anything that is in them; or
        ``.pkl``, which versions before 3.17.8 wrote, and which is a program. A classifier or
        regressor in the file is left out.
    trusted : bool, default=False
        Whether to read a ``.pkl``: do so only if you trust whoever made it.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With the attributes:

        data : ndarray of shape (n_spectra, n_bands)
            :class:`~skhyp.spectra.Spectra` where all names of bands tell wavelengths.
        target : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            The values of the classes; or what was measured.
        feature_names : list of n_bands str
            What the raster called its bands.
        class_names, class_colours : dict of int to str
            Of a classification dataset, by the values of its classes.
        target_names : list of str
            Of a regression dataset.
        locations : ndarray of shape (n_spectra, 2) or None
            The coordinates x, y of each spectrum, where the file has them.
        crs : str or None
            Their reference system.

    Raises
    ------
    ValueError
        If the file is of another kind, or is no such dataset; of a ``.pkl`` without ``trusted``.

    See Also
    --------
    skhyp.export.to_enmapbox : The way back, with a fitted estimator.
    skhyp.model_selection.SpatialBlockKFold : Folds of blocks; a position is the row and the column
        of a location, ``numpy.floor(dataset.locations[:, ::-1] / pixel_size).astype(int)``.

    Examples
    --------
    >>> import json, tempfile
    >>> from skhyp.datasets import load_enmapbox_dataset
    >>> path = tempfile.mkdtemp() + "/training.json"
    >>> with open(path, "w") as file:
    ...     json.dump({
    ...         "categories": [{"value": 1, "name": "soil", "color": "#a0522d"}],
    ...         "features": ["450 nm", "550 nm"], "X": [[30, 40], [31, 42]], "y": [[1], [1]],
    ...     }, file)
    >>> dataset = load_enmapbox_dataset(path)
    >>> dataset.data
    <Spectra of 2 bands, 450 to 550 nm>
    array([[30, 40],
           [31, 42]])
    >>> dataset.class_names
    {1: 'soil'}
    """
    path = user_path("path", path)
    readers = {".skops": _read_skops, ".json": _read_json, ".pkl": _read_pickle}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"path must end in .skops, .json or .pkl, got {str(path)!r}.")
    if reader is _read_pickle and not trusted:
        raise ValueError(
            f"{path} is a pickle, which runs whatever its author put into it. If you trust them, "
            "pass trusted=True; or write it as .json in EnMAP-Box."
        )
    content = path.read_bytes()
    try:
        return _dataset(reader(content))
    except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no dataset of EnMAP-Box: {error!r}.") from error


def _dataset(dump: dict[str, Any]) -> Bunch:
    """Return what is in the dictionary of a file."""
    X, y = np.asarray(dump["X"]), np.asarray(dump["y"])
    features = [str(name) for name in dump["features"]]
    if X.ndim != 2 or X.shape[1] != len(features) or y.ndim != 2 or len(y) != len(X):
        raise ValueError(f"X of shape {X.shape}, y of {y.shape} and {len(features)} features")
    described: dict[str, Any] = {}
    if dump.get("categories") is not None:
        categories = [_fields(entry) for entry in dump["categories"]]
        described["class_names"] = {int(c["value"]): str(c["name"]) for c in categories}
        described["class_colours"] = {int(c["value"]): str(c["color"]) for c in categories}
        if not np.array_equal(y, y.astype(np.int64)):
            raise ValueError("classes that are no whole numbers")
        y = y.astype(np.int64)
    else:
        described["target_names"] = [str(_fields(entry)["name"]) for entry in dump["targets"]]
    locations = dump.get("locations")
    return Bunch(
        data=spectra_with(X, wavelengths_from_names(features)),
        target=y[:, 0] if y.shape[1] == 1 else y,
        feature_names=features,
        **described,
        locations=None if locations is None else np.asarray(locations, np.float64),
        crs=dump.get("crs"),
    )


def _fields(entry: Any) -> dict[str, Any]:
    """Return the fields of a category or target: a dictionary, or what is left of an object."""
    return entry if isinstance(entry, dict) else vars(entry)


def _read_json(content: bytes) -> dict[str, Any]:
    return json.loads(content)


def _read_skops(content: bytes) -> dict[str, Any]:
    """Return the entries of a file of skops that are data; no object of it is made."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        tree = json.loads(archive.read("schema.json"))["content"]
        models = ("classifier", "regressor", "clusterer", "transformer")
        return {name: _plain(node, archive) for name, node in tree.items() if name not in models}


def _plain(node: dict[str, Any], archive: zipfile.ZipFile) -> Any:
    """Return what a node of a file of skops holds: of an object, its fields."""
    kind: str = node["__loader__"]
    content: Any = node.get("content")
    if kind == "JsonNode":
        return json.loads(content)
    if kind in ("ListNode", "TupleNode"):
        return [_plain(each, archive) for each in content]
    if kind == "DictNode":
        return {name: _plain(each, archive) for name, each in content.items()}
    if kind == "ObjectNode":
        return _plain(content, archive)
    if kind == "NdArrayNode":
        if node["type"] != "numpy":
            return [_plain(each, archive) for each in content]
        return np.load(BytesIO(archive.read(node["file"])), allow_pickle=False)
    raise ValueError(f"it holds a {node.get('__module__')}.{node.get('__class__')}")


class _Fields:
    """Stands for an object of EnMAP-Box, which need not be installed."""

    def __new__(cls, *values: Any) -> _Fields:
        self = super().__new__(cls)
        # Objects of earlier versions were tuples.
        names = ("value", "name", "color") if len(values) == 3 else ("name", "color")
        self.__dict__.update(zip(names, values, strict=False))
        return self


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "enmapboxprocessing.typing":
            return _Fields
        return super().find_class(module, name)


def _read_pickle(content: bytes) -> dict[str, Any]:
    return _Unpickler(BytesIO(content)).load()
