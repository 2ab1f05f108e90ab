"""Maps as files: GeoTIFF, ENVI and NumPy, strip by strip, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from skhyp._whole_files import force_to_disk, write_whole

from ._map_layouts import STRIP_BYTES, MapLayout
from ._rasters import import_rasterio
from ._xarrays import import_xarray
from ._zarr_maps import write_zarr

_ENVI_ENDINGS = (".hdr", ".img", ".dat", ".bsq", ".bil", ".bip")


Rows = Callable[[slice], NDArray[Any]]
Writer = Callable[[Path, MapLayout, Rows], None]


def map_writer(path: Path) -> Writer:
    """Return what writes the kind of file that a name ends in; it has what it needs."""
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        import_rasterio(f"Writing {path.name}")
        writer: Writer = _write_geotiff
    elif suffix in _ENVI_ENDINGS:
        import_rasterio(f"Writing {path.name}")
        writer = _write_envi
    elif suffix == ".zarr":
        import_xarray(f"Writing {path.name}")
        writer = write_zarr
    elif suffix == ".npy":
        writer = _write_numpy
    else:
        raise ValueError(
            f"out must end in .tif, .npy, .zarr or, for ENVI, {', '.join(_ENVI_ENDINGS)}; got "
            f"{str(path)!r}."
        )
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(f"out={str(path)!r}: there is no folder {path.resolve().parent}.")
    if path.is_dir() and suffix != ".zarr":
        raise IsADirectoryError(f"out={str(path)!r} is a folder.")
    return writer


def write_map(path: Path, layout: MapLayout, rows: Rows) -> None:
    """Write a map whose rows a function gives, in the form that the name of the file says."""
    map_writer(path)(path, layout, rows)


def _strips(layout: MapLayout) -> Iterator[slice]:
    step = max(1, STRIP_BYTES // layout.row_bytes)
    for start in range(0, layout.rows, step):
        yield slice(start, min(start + step, layout.rows))


@contextlib.contextmanager
def _drafts(*paths: Path) -> Iterator[list[Path]]:
    """Give names to write to, which take the names of ``paths``, in order, if nothing fails."""
    token = secrets.token_hex(6)
    # The endings stay: libraries choose the form of a file by them.
    drafts = [path.with_name(f".{path.stem}.{token}.part{path.suffix}") for path in paths]
    try:
        yield drafts
        for draft in drafts:
            force_to_disk(draft)
        for draft, path in zip(drafts, paths, strict=True):
            os.replace(draft, path)
    finally:
        for draft in drafts:
            for file in (draft, draft.with_name(draft.name + ".aux.xml")):
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
    force_to_disk(paths[0].parent)


def _write_numpy(path: Path, layout: MapLayout, rows: Rows) -> None:
    with _drafts(path) as [draft], draft.open("xb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(layout.dtype),
            "fortran_order": False,
            "shape": layout.shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        for strip in _strips(layout):
            file.write(np.ascontiguousarray(rows(strip)).data)


def _write_geotiff(path: Path, layout: MapLayout, rows: Rows) -> None:
    with _drafts(path) as [draft]:
        options = {
            "compress": "deflate",
            "predictor": 3 if layout.dtype.kind == "f" else 2,
            "interleave": "band",
            "bigtiff": "IF_SAFER",
        }
        with _raster(draft, layout, "GTiff", **options) as dataset:
            if layout.class_colours and layout.dtype.name in ("uint8", "uint16"):
                colours = {layout.missing: (0, 0, 0, 0), **layout.class_colours}
                dataset.write_colormap(1, {int(code): colours[code] for code in colours})
            for code, name in (layout.class_names or {}).items():
                dataset.update_tags(1, **{f"class_{code}": name})
            _write_strips(dataset, layout, rows)
    _write_categories(path, layout)


def _write_envi(path: Path, layout: MapLayout, rows: Rows) -> None:
    header = path.with_suffix(".hdr")
    data = path.with_suffix(".img") if path.suffix.lower() == ".hdr" else path
    with _drafts(data) as [draft]:
        with _raster(draft, layout, "ENVI", interleave="bsq") as dataset:
            _write_strips(dataset, layout, rows)
        draft_header = draft.with_suffix(".hdr")
        try:
            text = draft_header.read_text(encoding="utf-8")
            write_whole(header, _classified(text, layout, data.name).encode())
        finally:
            draft_header.unlink(missing_ok=True)


def _classified(header: str, layout: MapLayout, name: str) -> str:
    """Return the header of an ENVI file with its classes, and without the name of a draft."""
    lines = header.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("description"):
            end = next(i for i in range(number, len(lines)) if "}" in lines[i])
            lines[number : end + 1] = [f"description = {{{layout.description or name}}}"]
            break
    if layout.class_names and layout.dtype.kind == "u" and layout.missing == 0:
        n_classes = max(layout.class_names) + 1
        names = [layout.class_names.get(code, "Unclassified") for code in range(n_classes)]
        colours = layout.class_colours or {}
        lookup = [str(part) for code in range(n_classes) for part in colours.get(code, (0, 0, 0))]
        lines = [line.replace("ENVI Standard", "ENVI Classification") for line in lines]
        # Commas and braces would end a name.
        names = ["".join("_" if sign in ",{}" else sign for sign in name) for name in names]
        lines += [
            f"classes = {n_classes}",
            f"class names = {{{', '.join(names)}}}",
            f"class lookup = {{{', '.join(lookup)}}}",
        ]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _raster(path: Path, layout: MapLayout, driver: str, **options: Any) -> Iterator[Any]:
    rasterio = import_rasterio(f"Writing {path.name}")
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.transform import Affine

    if layout.transform is not None:
        options["transform"] = Affine(*layout.transform)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver=driver,
            width=layout.columns,
            height=layout.rows,
            count=layout.n_outputs or 1,
            dtype=layout.dtype,
            nodata=layout.missing,
            crs=layout.crs,
            **options,
        ) as dataset:
            for index, name in enumerate(layout.output_names or (), start=1):
                dataset.set_band_description(index, name)
            yield dataset


def _write_strips(dataset: Any, layout: MapLayout, rows: Rows) -> None:
    for strip in _strips(layout):
        values = rows(strip).reshape(strip.stop - strip.start, layout.columns, -1)
        window = ((strip.start, strip.stop), (0, layout.columns))
        dataset.write(values.transpose(2, 0, 1), window=window)


def _write_categories(path: Path, layout: MapLayout) -> None:
    """Write the names of classes where GDAL, and what is built on it, look for them."""
    auxiliary = path.with_name(path.name + ".aux.xml")
    if not layout.class_names or min(layout.class_names) < 0:
        auxiliary.unlink(missing_ok=True)  # of a former map
        return
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    categories = ElementTree.SubElement(band, "CategoryNames")
    for code in range(max(layout.class_names) + 1):
        ElementTree.SubElement(categories, "Category").text = layout.class_names.get(code, "")
    write_whole(auxiliary, ElementTree.tostring(root, encoding="utf-8"))
