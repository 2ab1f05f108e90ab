"""Fitted estimators for EnMAP-Box, the plugin of QGIS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length

from skhyp._optional_packages import optional_package
from skhyp._warnings import warn_user
from skhyp.files._paths import user_path
from skhyp.files._whole_files import write_whole
from skhyp.inputs._class_labels import class_labels
from skhyp.inputs._reference_values import reference_values
from skhyp.scenes import Scene
from skhyp.scenes._class_colours import class_colour
from skhyp.scenes._pixel_models import entries_of_classes
from skhyp.wavelengths import wavelength_names
from skhyp.wavelengths._model_bands import input_wavelengths, model_input
from skhyp.wavelengths._model_parts import column_names

from ._sklearn import to_sklearn

__all__ = ["to_enmapbox"]

# Of maps of classes there.
_LARGEST_VALUE = 2**32 - 1


@dataclass
class Category:
    """A class, as files of EnMAP-Box have it."""

    value: int
    name: str
    color: str


@dataclass
class Target:
    """A target of regression, as files of EnMAP-Box have it."""

    name: str
    color: str | None


# The types that are made of them where a file is opened.
for _type in (Category, Target):
    _type.__module__ = "enmapboxprocessing.typing"


def to_enmapbox(
    path: str | PathLike,
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scene: Scene | None = None,
    names: Sequence[str] | Mapping[Any, str] | None = None,
    colours: Sequence[Any] | Mapping[Any, Any] | None = None,
    features: Sequence[str] | None = None,
    locations: ArrayLike | None = None,
    crs: str | None = None,
) -> Path:
    """Write a fitted classifier or regressor as a file that EnMAP-Box opens.

    EnMAP-Box, the plugin of QGIS, maps it over rasters ("Predict classification layer" and its
    siblings) from version 3.17.8 on, as a file of skops with scikit-learn's types alone.

    Parameters
    ----------
    path : str or path
        The file to write, ending in ``.skops``. It is there whole or not at all.
    estimator : estimator or Pipeline
        What :func:`to_sklearn` takes, a classifier or a regressor, fitted to the numbers of the
        raster as they are stored.
    X : array-like of shape (n_spectra, n_bands)
        The spectra that it was trained on, which EnMAP-Box shows and can fit others to.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        Their labels, or their values.
    scene : Scene, default=None
        Of the raster: tells names of bands and ``crs``. A map of labels tells names and colours of
        classes, if there are any.
    names : sequence or mapping of str, default=None
        Of a classifier, ``names[label]`` is the name of a class, and a sequence begins with that
        of 0; of a regressor, the names of its targets. None takes those of the scene, or the
        labels; and "target 1" and so on.
    colours : sequence or mapping of colours, default=None
        Likewise of each class, or of each target, in any form that Matplotlib knows. None takes
        those of the scene, or of :func:`skhyp.plotting.class_colours`.
    features : sequence of n_bands str, default=None
        What the raster calls its bands. None takes the names of the scene's bands, or of its good
        bands if there are n_bands of them; else columns, wavelengths or numbers. Where the raster
        has none of these names, it must have n_bands bands, in this order.
    locations : array-like of shape (n_spectra, 2), default=None
        The coordinates x, y of each spectrum.
    crs : str, default=None
        Their reference system, as WKT or like "EPSG:32633". None takes that of the scene.

    Returns
    -------
    path : Path
        Of the file.

    Raises
    ------
    ValueError
        If the estimator has no equal in scikit-learn, see :func:`to_sklearn`, or if arguments do
        not fit it or each other.
    ImportError
        If skops is not installed: ``pip install 'skhyp[skops]'``.
    OSError
        If the file cannot be written; a former one is as it was then.

    Warns
    -----
    UserWarning
        If the estimator knows that it was fitted to numbers which no raster has stored, such as
        the reflectance that an agency's product is opened as here.

    See Also
    --------
    to_sklearn : What is in the file.
    skhyp.datasets.load_enmapbox_dataset : Spectra and labels of EnMAP-Box's files.

    Notes
    -----
    Maps of EnMAP-Box are of integers with 0 for no class. Labels that are integers of 1 or more are
    its values; all others are numbered from 1 in the order of ``classes_``, and that is what the
    written classifier predicts.

    References
    ----------
    EnMAP-Box Developers, "EnMAP-Box 3 - A QGIS Plugin to process and visualize hyperspectral remote
    sensing data", https://enmap-box.readthedocs.io.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skhyp import SpectralCNNClassifier
    >>> from skhyp.export import to_enmapbox
    >>> X = np.random.default_rng(0).uniform(size=(50, 40)).astype("float32")
    >>> y = np.where(X[:, 0] > 0.5, "soil", "grass")
    >>> classifier = SpectralCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> path = to_enmapbox(
    ...     tempfile.mkdtemp() + "/classifier.skops", classifier, X, y,
    ...     colours={"soil": "sienna", "grass": "green"},
    ... )
    >>> path.name
    'classifier.skops'
    """
    path = user_path("path", path)
    if path.suffix.lower() != ".skops":
        raise ValueError(f"path must end in .skops, got {str(path)!r}.")
    optional_package("skops", "to_enmapbox")
    from skops.io import dumps

    given = X
    model = to_sklearn(estimator)
    X = check_array(np.asarray(X), ensure_all_finite="allow-nan", input_name="X")
    n_bands = model.n_features_in_
    if X.shape[1] != n_bands:
        raise ValueError(
            f"X has {X.shape[1]} bands, but the estimator was fitted to {n_bands}. Spectra on all "
            "bands of a scene are scene.spectra_at(positions)."
        )
    _warn_of_numbers(estimator)
    model[0].__dict__.pop("feature_names_in_", None)  # EnMAP-Box passes arrays
    dump: dict[str, Any] = {
        "features": _features(features, n_bands, scene, estimator, given),
        "X": X,
    }
    if is_classifier(model):
        y = class_labels(y)
        values = _values(model.classes_)
        categories = _categories(model.classes_, values, scene, names, colours)
        places = _places(model.classes_, y)
        dump |= {"categories": categories, "y": values[places][:, None]}
        dump["classifier"] = _predicting(model, values)
    elif is_regressor(model):
        y = reference_values(check_array(np.asarray(y), ensure_2d=False, input_name="y"))
        y = y.reshape(len(y), -1)
        dump |= {"targets": _targets(y.shape[1], names, colours), "y": y, "regressor": model}
    else:
        raise ValueError(f"estimator must be a classifier or a regressor, got {estimator!r:.200}.")
    check_consistent_length(X, y)
    write_whole(path, dumps(dump | _places_on_the_ground(locations, crs, scene, len(X))))
    return path


def _warn_of_numbers(estimator: Any) -> None:
    numbers = model_input(estimator).numbers
    if numbers is not None and not numbers.startswith("as stored"):
        warn_user(
            f"The estimator was fitted to numbers that are {numbers}, but EnMAP-Box passes those "
            "of a raster as they are stored: map a raster that has the same."
        )


def _features(
    features: Sequence[str] | None, n_bands: int, scene: Scene | None, estimator: Any, X: Any
) -> list[str]:
    """Return a name for each band that the estimator is given."""
    if features is not None:
        if isinstance(features, str) or len(features) != n_bands:
            raise ValueError(
                f"features must have a name for each of the {n_bands} bands that the estimator was "
                f"fitted to, got {features!r:.200}."
            )
        return [str(name) for name in features]
    if scene is not None:
        named = scene.band_names
        good = np.ones(scene.shape[2], bool) if scene.good_bands is None else scene.good_bands
        for kept in (np.ones(scene.shape[2], bool), good):
            if named is not None and np.count_nonzero(kept) == n_bands:
                return [named[band] for band in np.flatnonzero(kept)]
    if (columns := column_names(estimator)) is not None:
        return [str(name) for name in columns]
    wavelengths = input_wavelengths(estimator)
    wavelengths = getattr(X, "wavelengths", None) if wavelengths is None else wavelengths
    if wavelengths is not None and len(wavelengths) == n_bands:
        return [str(name) for name in wavelength_names(wavelengths)]
    return [f"band {number}" for number in range(1, n_bands + 1)]


def _values(classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return what stands for each class in maps of EnMAP-Box."""
    if classes.dtype.kind in "iu" and classes.min() >= 1 and classes.max() <= _LARGEST_VALUE:
        return classes.astype(np.int64)
    return np.arange(1, len(classes) + 1)


def _places(classes: NDArray[Any], y: NDArray[Any]) -> NDArray[np.intp]:
    order = {label: place for place, label in enumerate(classes.tolist())}
    unknown = [label for label in y.tolist() if label not in order]
    if unknown:
        raise ValueError(
            f"y has the label {unknown[0]!r}, which is none of the classes that the estimator was "
            f"fitted to: {classes.tolist()}."
        )
    return np.array([order[label] for label in y.tolist()], np.intp)


def _categories(
    classes: NDArray[Any],
    values: NDArray[np.int64],
    scene: Scene | None,
    names: Sequence[str] | Mapping[Any, str] | None,
    colours: Sequence[Any] | Mapping[Any, Any] | None,
) -> list[Category]:
    known = [dict.fromkeys(classes.tolist()), dict.fromkeys(classes.tolist())]
    for entries, given, name in zip(known, (names, colours), ("names", "colours"), strict=True):
        if given is not None:
            entries.update(zip(entries, entries_of_classes(name, classes, given), strict=True))
        elif scene is not None:
            of_scene = scene.class_names if name == "names" else scene.class_colours
            entries.update({label: (of_scene or {}).get(label) for label in entries})
    called, coloured = known
    return [
        Category(
            int(value),
            str(label if called[label] is None else called[label]),
            class_colour(int(value)) if coloured[label] is None else _hex(coloured[label]),
        )
        for label, value in zip(called, values, strict=True)
    ]


def _targets(n_targets: int, names: Any, colours: Any) -> list[Target]:
    numbers = range(1, n_targets + 1)
    for name, given in (("names", names), ("colours", colours)):
        is_list = isinstance(given, Sequence | np.ndarray) and not isinstance(given, str)
        if given is not None and not (is_list and len(given) == n_targets):
            raise ValueError(
                f"{name} must have an entry for each of {n_targets} targets, got {given!r:.200}."
            )
    called = [f"target {number}" for number in numbers] if names is None else map(str, names)
    coloured = [class_colour(number) for number in numbers] if colours is None else colours
    return [Target(name, _hex(c)) for name, c in zip(called, coloured, strict=True)]


def _hex(colour: Any) -> str:
    from matplotlib.colors import to_hex

    try:
        return to_hex(colour)
    except ValueError as error:
        raise ValueError(f"colours must be colours of Matplotlib: {error}.") from error


def _predicting(model: Pipeline, values: NDArray[np.int64]) -> Pipeline:
    """Return a classifier that predicts values for its classes."""
    if np.array_equal(model.classes_, values):
        return model
    last = model[-1]
    if not isinstance(last, MLPClassifier):
        raise ValueError(
            f"{type(last).__name__} was fitted to the classes {model.classes_.tolist()}, but maps "
            "of EnMAP-Box are of integers from 1. Fit it to such: "
            "numpy.unique(y, return_inverse=True)[1] + 1."
        )
    last.classes_ = last._label_binarizer.classes_ = values
    return model


def _places_on_the_ground(
    locations: ArrayLike | None, crs: str | None, scene: Scene | None, n_spectra: int
) -> dict[str, Any]:
    if locations is None:
        if crs is not None:
            raise ValueError(f"crs={crs!r:.80} is that of locations, which are not given.")
        return {"locations": None, "crs": None}
    points = check_array(locations, dtype=np.float64, input_name="locations")
    if points.shape != (n_spectra, 2):
        raise ValueError(
            f"locations must have x and y of each of {n_spectra} spectra, got an array of shape "
            f"{points.shape}."
        )
    if crs is None and scene is not None:
        crs = scene.crs
    return {"locations": points, "crs": None if crs is None else str(crs)}
