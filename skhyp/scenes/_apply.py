"""apply: a fitted estimator over a scene of any size, and the map as a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval, validate_params

from skhyp import __version__
from skhyp._progress import ProgressBar
from skhyp.files._fingerprints import NoFingerprintError, file_stamps, fingerprint
from skhyp.wavelengths._lists import WAVELENGTH_TOLERANCE_NM

from ._blocks import ReadBlocks
from ._chunks import ChunkedBlocks, is_chunked
from ._class_smoothing import ClassSmoothing
from ._identity import scene_identity
from ._nodata import complete_pixels
from ._pixel_models import PixelModel, warn_of_unlabelled_classes
from ._quantities import Quantities
from ._resampled import resampled_for
from ._scene import Scene
from ._smoothed_models import SmoothedModel
from ._swath_lookups import SwathLookup, rows_on_ground
from .maps._drafts import Draft
from .maps._map_formats import map_file
from .maps._map_layouts import MapLayout
from .reading._opening import open_scene

if TYPE_CHECKING:
    import xarray

# To say which bands have no data anywhere.
_PIXELS_LOOKED_AT = 10_000
_ROWS_LOOKED_AT = 512


@validate_params(
    {
        "estimator": "no_validation",
        "scene": "no_validation",
        "out": [str, PathLike, None],
        "method": [str],
        "method_params": [dict, None],
        "class_names": ["array-like", Mapping, None],
        "class_colours": ["array-like", Mapping, None],
        "long_name": [str, "array-like", None],
        "units": [str, "array-like", None],
        "smoothing": [ClassSmoothing, None],
        "resample": ["boolean"],
        "tolerance": [Interval(Real, 0, None, closed="left")],
        "working_memory": [Interval(Integral, 1, None, closed="left")],
        "on_ground": ["boolean"],
        "resume": ["boolean"],
        "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def apply(
    estimator: Any,
    scene: str | PathLike | Scene | xarray.DataArray | ArrayLike,
    out: str | PathLike | None = None,
    *,
    method: str = "predict",
    method_params: dict[str, Any] | None = None,
    class_names: Sequence[str] | Mapping[Any, str] | None = None,
    class_colours: Sequence[Any] | Mapping[Any, Any] | None = None,
    long_name: str | Sequence[str] | None = None,
    units: str | Sequence[str] | None = None,
    smoothing: ClassSmoothing | None = None,
    resample: bool = False,
    tolerance: float = WAVELENGTH_TOLERANCE_NM,
    working_memory: int = 64,
    on_ground: bool = False,
    resume: bool = False,
    verbose: int | bool = 0,
) -> Path | NDArray[Any] | xarray.DataArray:
    """Apply a fitted estimator to every pixel of a scene, block by block.

    While one block is computed, the next is read: the scene may be larger than memory. Any
    estimator or Pipeline of scikit-learn will do, ours or not.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted to spectra, one a row.
    scene : str, path, Scene, DataArray or array-like of shape (rows, columns, bands)
        What :func:`open_scene` takes or gives. A DataArray in chunks of dask is computed where
        dask computes, see Notes.
    out : str or path, default=None
        The file to write: ``.tif`` (GeoTIFF), ``.hdr`` or ``.img`` (ENVI), ``.zarr`` or ``.npy``.
        It appears whole or not at all, once it was read back; a file that is there is replaced.
        None returns the map.
    method : str, default="predict"
        The method of the estimator: "predict", "predict_proba", "transform",
        "reconstruction_error", or any other with one value or row for each spectrum. A Pipeline
        has those of its last step.
    method_params : dict, default=None
        What the method is called with beside the spectra, such as ``{"measure": "sa"}`` for
        "reconstruction_error".
    class_names : sequence or mapping of str, default=None
        ``class_names[label]`` is the name of a class, to be kept with a map of classes, or of
        their probabilities; a sequence begins with the name of 0. None takes labels that are
        strings for names, and has none for integers.
    class_colours : sequence or mapping of colours, default=None
        ``class_colours[label]`` is the colour of a class, in any form that Matplotlib knows; a
        sequence begins with that of 0. None takes those of
        :func:`skhyp.plotting.class_colours`.
    long_name : str or sequence of str, default=None
        What the values are, such as "Protein content": of a regressor with several targets one
        for each, in their order; of probabilities one for all of them. Not for maps of classes.
    units : str or sequence of str, default=None
        The units of the values, such as "%" or "µg cm⁻²", "1" of a share: one for all, or one for
        each target. Not for maps of classes.
    smoothing : ClassSmoothing, default=None
        By how much neighbours decide what class a pixel has: of a classifier with `predict_proba`,
        for the methods "predict", which then takes the class of the greatest probability, and
        "predict_proba". None leaves each pixel to itself.
    resample : bool, default=False
        Whether a scene of another sensor is resampled to the bands that the model was fitted to,
        block by block, as by :class:`~skhyp.BandResampler`. A scene that has bands of these
        wavelengths and widths, to `tolerance`, is taken as it is.
    tolerance : float, default=0.5
        By how many nm a band of the scene may lie beside that of the model, and be taken for it.
    working_memory : int, default=64
        About how many MiB of memory blocks of the scene, and what is computed of them, may take
        at a time. Chunks of a DataArray are as they are.
    on_ground : bool, default=False
        Whether to put the map of a swath on the ground, by the lookup table that its file has
        (``scene.lookup``): the swath is mapped, and the map alone is moved. The same as to put the
        spectra there first.
    resume : bool, default=False
        Whether blocks that are finished survive if anything ends this call, even the machine, and
        the next with ``resume=True`` goes on from them. They are in a folder beside `out`, whose
        name begins with a dot, until the map is complete; a call after that begins anew. What
        is computed, but could not be written as a map, is kept there in any case, if it has room.
    verbose : int or bool, default=0
        Whether to show progress: a bar of tqdm where that is installed, else lines.

    Returns
    -------
    result : path, ndarray of shape (rows, columns) or (rows, columns, n_outputs), or DataArray
        `out`; without it the map, for a DataArray in chunks one that is computed when asked for.

    Raises
    ------
    ValueError
        If a parameter or the scene is not as described, or if the scene lacks bands that the
        model was fitted with, or with ``resample=True`` did not measure them; the message names
        them. If `out` is what the scene is read from, whatever form that comes in. With
        ``resume=True``, if what is there is of another model, scene, name, unit, smoothing or
        `working_memory`, or if the estimator cannot be known again. With ``on_ground=True``, if
        the scene has no lookup table, or one that refers beyond the swath.
    NotFittedError
        If the estimator is not fitted.
    OSError
        If a file cannot be read or written, or if the scene changes meanwhile; the former map is
        as it was then. The message names the file and, where room is lacking, how much.
    RuntimeError
        If another process is writing the same map, with ``resume=True``.

    Warns
    -----
    UserWarning
        If the scene knows the wavelengths of its bands and the model knows none, if one of three
        classes or more is 0 or less and has no name, or if no pixel has data.

    Notes
    -----
    Bands are found by their wavelengths, to `tolerance`, where both the scene and the model (by
    named columns, or ``HypPreprocessor(wavelengths=)``) know them. Otherwise the model is given all
    bands or, if that is how many it was fitted with, those that the file does not list as bad. What
    a model knows is what its fitted parts know, whatever it is wrapped in: pipelines, searches and
    other meta-estimators of scikit-learn, and those that keep fitted parts in attributes of the
    same names (``estimator_``, ``estimators_``, ``calibrated_classifiers_``). Parts that know other
    wavelengths of one band are an error.

    What is resampled comes from bands that the scene does not list as bad, in its own unit: it has
    to be that of the model's spectra. Where neither the scene nor the model knows widths, they are
    taken for the distances between neighbouring bands, if these are up to 30 nm. A band of the
    model is measured if nine tenths of its response lie within three quarters of a width of bands
    of the scene, and these are no more than three times as wide; one that no part of the model uses
    need not be. A pixel is missing where a band is that counts in one that is used. With
    `smoothing`, make that of the resampled scene too,
    ``scene.through(BandResampler(target=model).fit(scene))``.

    A pixel is missing where a band that is used by any part has the scene's ``nodata``, or that of
    a preprocessor in the model, NaN or infinity. The model does not see it. In the map it has the
    nodata value of the file: NaN among floats; among
    labels 0 or, if that is a class, an integer that is none; among other integers one that is no
    result, of a type that has room for it (2**53 or -2**53 of 64 bits, which have none).

    Labels that are integers stay, in the smallest type that holds them. Other labels become 1, 2,
    3 … in the order of ``classes_``, and a file keeps their names. A label that is none of
    ``classes_``, as some estimators give to outliers, is missing. GeoTIFF, ENVI and Zarr keep the
    reference system, the transform, nodata, and the names and colours of classes; ``.npy`` has
    room for numbers only.

    `long_name` and `units` are named as in the conventions for climate and forecast files (CF).
    A GeoTIFF has them as the description and the unit of its band; ENVI in its fields ``band
    names`` and ``band units``, of which the second is our own, with _ for the signs , = { } that a
    header cannot hold; Zarr and a DataArray as attributes. With several outputs, these have the
    names as the coordinate ``output``, and the units as ``output_units``. ``.npy`` and ndarrays
    keep neither. NaN that a regressor gives is missing, infinity stays.

    What is gone on with is known by the model and all that it has learned, by the sizes and the
    times of change of the scene's files (of numbers in memory, by all of them; of chunks of dask,
    by the names of their tasks), by the bands, and by how the scene is cut. ENVI's two files cannot
    take their places in one instant: a process that is killed between leaves a map without a
    header, which is no map, and the next call puts things right.

    With `smoothing`, blocks are computed with as many pixels around them as its steps reach, and
    the map is the same whatever the blocks, as far as the probabilities of the estimator are.
    `working_memory` holds these pixels too; with little of it, most of what is computed is of them.
    Chunks of dask that are smaller than that are joined to their neighbours.

    A DataArray in chunks gives the same map, computed by the scheduler of dask that is current: on
    a cluster by its workers, which read the chunks themselves and get the model once each. With
    `out`, the client writes what they send; the map alone passes through it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skhyp.scenes import apply, labelled_pixels
    >>> cube = np.random.default_rng(0).uniform(size=(20, 30, 5))
    >>> cube[:, 15:] += 1
    >>> labels = np.where(np.arange(30) < 15, 1, 2) * np.ones((20, 1), int)
    >>> X, y, _ = labelled_pixels(cube, labels)
    >>> class_map = apply(LogisticRegression().fit(X, y), cube)
    >>> class_map.dtype, bool((class_map == labels).all())
    (dtype('uint8'), True)
    """
    array = scene if is_chunked(scene) else None
    scene, resampling = open_scene(scene), None
    if resample:
        scene, resampling = resampled_for(estimator, scene, tolerance)
    model = PixelModel.of(estimator, method, scene, tolerance, **(method_params or {}))
    if smoothing is not None:
        model = SmoothedModel.smoothing_of(model, smoothing, scene, tolerance)
    quantities = Quantities.of(model, long_name, units)
    layout = _layout(model, scene, class_names, class_colours, quantities)
    lookup = _lookup(scene) if on_ground else None
    warn_of_unlabelled_classes(model, class_names)
    blocks: ReadBlocks | ChunkedBlocks
    if out is None and resume:
        raise ValueError("resume=True needs out, the file to write, got None.")
    if array is not None:
        blocks = ChunkedBlocks(model, array, resampling)
        if out is None:
            return blocks.map(layout)
    else:
        blocks = ReadBlocks(model, scene, working_memory)
    bar = partial(
        ProgressBar, f"{method} of {Path(scene.name).name}", layout.n_pixels, "pixel", shown=verbose
    )
    if out is None:
        result = np.empty(layout.shape, layout.dtype)
        has_data = False
        with bar() as progress:
            for number, values in blocks.results(range(len(blocks.windows))):
                result[blocks.windows[number]] = values
                has_data |= layout.has_data(values)
                progress.advance(blocks.windows[number].n_pixels)
        _warn_unless(has_data, model, scene)
        return result if lookup is None else lookup.on_ground(result, fill_value=layout.missing)
    out = Path(out).expanduser()
    written = map_file(out, layout if lookup is None else layout.on_ground(lookup), scene.files)
    written.remove_abandoned()
    stamps = file_stamps(scene.files)
    task = partial(_task, model, scene, quantities)
    with Draft(out, layout, blocks.windows, task=task, resume=resume) as draft:
        written.restore(draft.folder)
        _refuse_another_model(draft, blocks)
        n_done = sum(blocks.windows[number].n_pixels for number in draft.finished)
        has_data = any(draft.has_data(number) for number in draft.finished)
        with bar(initial=n_done) as progress:
            for number, values in blocks.results(draft.unfinished):
                draft.write(number, values)
                has_data |= layout.has_data(values)
                progress.advance(blocks.windows[number].n_pixels)
        _refuse_a_changed_scene(scene, stamps)
        rows = draft.rows
        if lookup is not None:
            parts = [*layout.strips()]
            rows = partial(rows_on_ground, lookup, draft.rows, parts, layout.missing)
        written.write(rows, draft.folder)
    _warn_unless(has_data, model, scene)
    return out


def _called(model: PixelModel) -> str:
    """Return the method, with what it is called with."""
    parameters = ", ".join(f"{name}={value!r}" for name, value in model.method_params.items())
    return f"{model.method}({parameters})" if parameters else model.method


def _layout(
    model: PixelModel,
    scene: Scene,
    class_names: Sequence[str] | Mapping[Any, str] | None,
    class_colours: Sequence[Any] | Mapping[Any, Any] | None,
    quantities: Quantities,
) -> MapLayout:
    return MapLayout(
        rows=scene.shape[0],
        columns=scene.shape[1],
        n_outputs=model.n_outputs,
        dtype=model.dtype,
        missing=model.missing,
        crs=scene.crs,
        transform=scene.transform,
        class_names=model.named_classes(class_names),
        class_colours=model.coloured_classes(class_colours),
        output_names=quantities.output_names(model, model.output_names(class_names)),
        long_name=quantities.long_name,
        units=quantities.units,
        description=f"{_called(model)}{', smoothed,' * bool(model.halo)} of "
        f"{Path(scene.name).name}",
    )


def _lookup(scene: Scene) -> SwathLookup:
    if scene.lookup is None:
        has = (
            "no lookup table" if scene.transform is None else "a transform, and lies there already"
        )
        raise ValueError(
            f"on_ground=True is for swaths with a lookup table; {scene.name} has {has}."
        )
    for rows in gen_batches(scene.lookup.shape[0], _ROWS_LOOKED_AT):
        scene.lookup.read(rows)  # it may refer beyond the swath, which is to be known before
    return scene.lookup


def _warn_unless(has_data: bool, model: PixelModel, scene: Scene) -> None:
    if has_data:
        return
    bands = np.arange(scene.shape[2]) if model.bands is None else model.bands
    block = scene.source.read(scene.windows(_PIXELS_LOOKED_AT)[0], bands)
    never = [
        int(band)
        for i, band in enumerate(bands)
        if not complete_pixels(block[..., i : i + 1], scene.nodata).any()
    ]
    warnings.warn(
        f"The map of {scene.name} is empty: no pixel has data in all of the bands that are used, "
        f"or the model gave no result. Bands without data in the first rows: {never}. If they are "
        "bad ones, fit without them, as with HypPreprocessor(bands=).",
        UserWarning,
        stacklevel=4,
    )


def _refuse_a_changed_scene(scene: Scene, stamps: list[Any]) -> None:
    if file_stamps(scene.files) != stamps:
        raise OSError(
            f"{scene.name} was changed while it was read: a part of the map would be of the former "
            "scene. Call again."
        )


def _task(model: PixelModel, scene: Scene, quantities: Quantities) -> dict[str, Any]:
    """Return what an unfinished map must have been made of to be gone on with.

    A task is not gone on with if it cannot be known again.
    """
    try:
        known = fingerprint([model.estimator, model.method_params])
    except NoFingerprintError as error:
        raise ValueError(
            f"resume=True needs an estimator that can be known again in a later process, got "
            f"{type(model.estimator).__name__}. {error} Set resume=False."
        ) from error
    return {
        "skhyp": __version__,
        "model": known,
        "method": _called(model),
        "long_name": quantities.long_names,
        "units": quantities.units,
        "smoothing": model.smoothing.identity if isinstance(model, SmoothedModel) else None,
        "bands": [scene.shape[2], None if model.bands is None else model.bands.tolist()],
        **scene_identity(scene),
    }


def _refuse_another_model(draft: Draft, blocks: ReadBlocks | ChunkedBlocks) -> None:
    """Compute finished windows again: what another model made must not be gone on with."""
    with_data = [number for number in draft.finished if draft.has_data(number)]
    chosen = sorted({with_data[i] for i in (0, len(with_data) // 2, -1)}) if with_data else []
    for number, values in blocks.results(chosen):
        if not np.array_equal(values, draft.window(number), equal_nan=values.dtype.kind == "f"):
            raise ValueError(
                f"The unfinished map in {draft.folder} is of another model, or the scene has "
                "changed: a block of it comes out otherwise now. Remove the folder to begin anew."
            )
