"""RasterMap: what maps have in common that GDAL writes, or describes, by rasterio."""

from __future__ import annotations

import contextlib
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package
from skhyp.scenes._windows import Window, raster_window
from skhyp.scenes.reading._file_errors import printable

from ._map_files import MapFile
from ._map_layouts import MapLayout

# Lists of classes from 0 on are written up to here: codes may be large numbers of a catalogue.
_MAX_LISTED_CODE = 2**16 - 1
# libtiff counts the bands of an image in 16 bits, GDAL those of all.
_MAX_BANDS = 2**16 - 1
# What other programs keep beside a raster is of the former one, once that is replaced.
_BESIDE = (".aux.xml", ".msk", ".ovr")


class RasterMap(MapFile):
    """A file that GDAL writes, or describes."""

    driver: str

    @property
    def in_the_way(self) -> tuple[Path, ...]:
        """Names, masks, overviews and statistics of a former map."""
        raster = self.files[0]
        return tuple(raster.with_name(raster.name + ending) for ending in _BESIDE)

    def refuse(self) -> None:
        """Raise if rasterio is not there, or if the file cannot be written."""
        optional_package("rasterio", f"Writing {self.path.name}")
        super().refuse()
        if printable(path := self.path.resolve()) != str(path):
            raise ValueError(
                f"out={printable(self.path)!r} has a path that is not in UTF-8, which GDAL needs. "
                "Give another name, or write a .zarr or a .npy."
            )
        if (self.layout.n_outputs or 1) > _MAX_BANDS:
            raise ValueError(
                f"out={str(self.path)!r} has room for {_MAX_BANDS} values a pixel; the map has "
                f"{self.layout.n_outputs}. Write a .zarr or a .npy."
            )

    @contextlib.contextmanager
    def _created(self, draft: Path | str, layout: MapLayout, **options: Any) -> Iterator[Any]:
        import rasterio

        if layout.transform is not None:
            options["transform"] = rasterio.Affine(*layout.transform)
        with rasterio_errors():
            with rasterio.open(
                draft,
                "w",
                driver=self.driver,
                width=layout.columns,
                height=layout.rows,
                count=layout.n_outputs or 1,
                dtype=layout.dtype,
                nodata=layout.missing,
                crs=layout.crs,
                **options,
            ) as dataset:
                for index, name in enumerate(self._band_names, start=1):
                    if name is not None:
                        dataset.set_band_description(index, name)
                yield dataset

    @property
    def _band_names(self) -> list[str | None]:
        """The names of the values, as the format can hold them."""
        layout = self.layout
        n_outputs = layout.n_outputs or 1
        unnamed = [layout.long_name or ""] if n_outputs == 1 else [""] * n_outputs
        return [plain_name(name) or None for name in layout.output_names or unnamed]

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        import rasterio

        for strip in self.strips():
            # GDAL keeps all that it unpacks until the file is closed.
            with rasterio_errors(), rasterio.open(drafts[0]) as dataset:
                if strip.start == 0:
                    self._refuse_another_description(dataset)
                window = raster_window(Window(strip, slice(0, self.layout.columns)))
                values = dataset.read(window=window).transpose(1, 2, 0)
            yield values.reshape(strip.stop - strip.start, *self.layout.shape[1:])

    def _refuse_another_description(self, dataset: Any) -> None:
        layout = self.layout
        shape = (layout.rows, layout.columns, layout.n_outputs or 1)
        expected = {
            "names": list(dataset.descriptions) == self._band_names,
            "shape": (*dataset.shape, dataset.count) == shape,
            "nodata": np.array_equal(dataset.nodata, layout.missing, equal_nan=True),
            "transform": layout.transform is None
            or np.allclose(tuple(dataset.transform)[:6], layout.transform, rtol=1e-9, atol=1e-9),
        }
        if wrong := [fact for fact, holds in expected.items() if not holds]:
            raise OSError(f"its {', '.join(wrong)} is another")


@contextlib.contextmanager
def rasterio_errors() -> Iterator[None]:
    """Have rasterio say nothing of maps without coordinates, and fail as the system does."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings(), rasterio.Env():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            yield
        except OSError as error:
            if error.errno is not None:
                raise
            raise OSError(str(error.__cause__ or error)) from error
        except Exception as error:  # GDAL's come in several forms
            raise OSError(str(error.__cause__ or error)) from error


def can_be_listed(class_names: dict[int, str]) -> bool:
    """Return whether the names of classes can be a list that begins with that of 0."""
    return min(class_names) >= 0 and max(class_names) <= _MAX_LISTED_CODE


def rgb(colour: str) -> tuple[int, ...]:
    """Return red, green and blue, from 0 to 255, of a colour "#rrggbb"."""
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def plain_name(name: str, others: str = "") -> str:
    """Return a name as it is kept: no blanks around it, nothing that is no sign, and no others."""
    return "".join("_" if sign in others or not _is_sign(sign) else sign for sign in name.strip())


def _is_sign(sign: str) -> bool:
    """Return whether a part of a name can be seen: controls, and halves of signs, cannot."""
    return unicodedata.category(sign) not in ("Cc", "Cs")
