"""Scene: an image of spectra in a file, with what can be made of it and where its pixels lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp._optional_packages import optional_package

from ._coordinates import reprojected
from ._image import Image
from ._lazy_arrays import as_data_array
from ._transformed import transformed_scene

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Scene(Image):
    """An image of spectra, and what its file says of it.

    Made by :func:`open_scene`. Nothing is read but what :meth:`read` is asked for: a scene may be
    larger than memory. ``numpy.asarray(scene)`` reads it whole, so that functions and estimators
    that take a cube take a scene too. It can be pickled, as a reference to the file.

    Attributes
    ----------
    shape : tuple of int
        Rows, columns and bands.
    dtype : dtype
        Of the numbers, which are given as they are stored: a `scale` is not applied. Of a file
        with a mask or an alpha band and without nodata, integers are given as floats, with NaN
        where they are missing. An agency's product is given as reflectance, in float32, with NaN.
    wavelengths : ndarray of shape (bands,) or None
        In nm, whatever the file has them in, in the order of the bands.
    fwhm : ndarray of shape (bands,) or None
        The widths of the bands at half of their maximum, in nm.
    good_bands : ndarray of bool, shape (bands,), or None
        False for those that the file lists as bad. :func:`labelled_pixels` leaves them out, and
        so does :func:`apply` where the model was fitted without them.
    bad_bands_by : str or None
        Of a product, what says which bands are bad: "the file", or "water vapour at ..." where it
        says nothing.
    nodata : float or None
        The value that marks missing data.
    source_bands : ndarray of int, shape (bands,), or None
        Of a part of another scene, the index of each band in that one: of an array of
        :class:`~skhyp.spectra.Spectra`, or through a transformer. None where it is no part.
    band_names : list of str or None
        What the file calls each band: of a map of :func:`apply`, each quantity or class.
    units : list of str or None
        The units of the numbers of each band, "" where the file has none.
    scale, offset : float, ndarray of shape (bands,), or None
        What the file says that its numbers mean: scale * number + offset. None where it says
        nothing, and where it is an agency's product, to which they are applied. Else they are not.
    crs : str or None
        The coordinate reference system, as WKT.
    transform : tuple of six float or None
        (a, b, c, d, e, f) of the affine map from pixels to coordinates, with the corner of the
        first pixel at row 0, column 0: x = a column + b row + c, y = d column + e row + f.
    class_names : dict of int to str, or None
        What the labels of a map of classes are called.
    class_colours : dict of int to str, or None
        And their colours, as "#rrggbb".
    numbers : str or None
        What its numbers are: "as stored", with the scale that a file states, "reflectance" or
        "radiance" of an agency's product, or "computed" by a transformer or by xarray. None where
        that is not known.
    lookup : SwathLookup or None
        Of a scene in the geometry of its instrument, the lookup table (GLT) that came with it.
    files : tuple of path
        The files that it is read from.
    name : str
        The path of the file, for messages.
    source : object
        What reads the file.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skhyp.scenes import open_scene
    >>> path = tempfile.mkdtemp() + "/cube.npy"
    >>> np.save(path, np.arange(24, dtype=np.uint16).reshape(2, 3, 4))
    >>> scene = open_scene(path, wavelengths=[450, 550, 650, 850])
    >>> scene.shape
    (2, 3, 4)
    >>> scene.read(rows=slice(0, 1), columns=slice(1, 2))
    <Spectra of 4 bands, 450 to 850 nm>
    array([[[4, 5, 6, 7]]], dtype=uint16)
    """

    def through(self, transformer: Any) -> Scene:
        """Return the scene as a fitted transformer gives it, computed where it is read.

        Parameters
        ----------
        transformer : estimator or Pipeline
            Fitted, with `transform`, such as :class:`~skhyp.HypPreprocessor`.

        Returns
        -------
        scene : Scene
            With NaN where this one has no data, and the wavelengths of the bands that are left.

        Raises
        ------
        ValueError
            If the transformer is not fitted to as many bands, or gives no row for each spectrum.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp import HypPreprocessor
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3), wavelengths=[450, 550, 650])
        >>> preprocessor = HypPreprocessor(method="l2", bands=[0, 2]).fit(scene)
        >>> scene.through(preprocessor).shape
        (4, 5, 2)
        """
        return transformed_scene(self, transformer)

    def to_xarray(self, *, chunk_memory: int = 64) -> xarray.DataArray:
        """Return the scene as a DataArray in chunks of dask, which are read when they are needed.

        On a cluster the workers read them: they need the file at the same path.

        Parameters
        ----------
        chunk_memory : int, default=64
            About how many MiB a chunk has. A chunk has all bands.

        Returns
        -------
        array : DataArray of shape (rows, columns, bands)
            With the dimensions y, x and band, the coordinate wavelength, beside it
            source_band_index, by which gaps are known where bands are left out, and the reference
            system as rioxarray has it.

        Raises
        ------
        ImportError
            If xarray or dask is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3), wavelengths=[450, 550, 650])
        >>> array = scene.to_xarray()
        >>> array.dims, array.wavelength.values.tolist()
        (('y', 'x', 'band'), [450.0, 550.0, 650.0])
        """
        return as_data_array(self, chunk_memory)

    def positions_at(
        self, x: ArrayLike, y: ArrayLike, *, crs: Any = None, outside: str = "raise"
    ) -> NDArray[np.intp]:
        """Find the pixels at some coordinates.

        Parameters
        ----------
        x, y : array-like of shape (n_points,)
            Coordinates: easting and northing, or longitude and latitude.
        crs : str or object, default=None
            The reference system of `x` and `y`, in any form that rasterio knows, such as
            "EPSG:4326". None is that of the scene.
        outside : {"raise", "mark"}, default="raise"
            What is done about points outside of the scene: an error, or the position (-1, -1).

        Returns
        -------
        positions : ndarray of shape (n_points, 2)
            The row and the column of each.

        Raises
        ------
        ValueError
            If the scene has no coordinates, if `crs` is given and the scene's is not known, if a
            coordinate is missing, or if a point lies outside.
        ImportError
            If `crs` is given and rasterio is not installed.

        Examples
        --------
        >>> from dataclasses import replace
        >>> import numpy as np
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3))
        >>> scene = replace(scene, transform=(30, 0, 500_000, 0, -30, 4_480_000))
        >>> scene.positions_at([500_015, 500_100], [4_479_990, 4_479_910])
        array([[0, 0],
               [3, 3]])
        """
        if outside not in ("raise", "mark"):
            raise ValueError(f"outside must be 'raise' or 'mark', got {outside!r}.")
        if self.transform is None:
            raise ValueError(f"{self.name} does not say where it lies: it has no transform.")
        x, y = np.atleast_1d(np.asarray(x, np.float64)), np.atleast_1d(np.asarray(y, np.float64))
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(f"x and y must have one length; got shapes {x.shape} and {y.shape}.")
        missing = np.flatnonzero(np.isnan(x) | np.isnan(y))
        if len(missing):
            raise ValueError(
                f"x and y must be numbers; {len(missing)} of {len(x)} points have none, the first "
                f"is number {missing[0]}. Leave these points out."
            )
        if crs is not None:
            x, y = self._reprojected(x, y, crs)
        a, b, c, d, e, f = self.transform
        across = (e * (x - c) - b * (y - f)) / (a * e - b * d)
        down = (a * (y - f) - d * (x - c)) / (a * e - b * d)
        is_inside = (down >= 0) & (down < self.shape[0]) & (across >= 0) & (across < self.shape[1])
        positions = np.full((len(x), 2), -1, np.intp)
        positions[is_inside] = np.column_stack([down, across])[is_inside].astype(np.intp)
        if outside == "raise" and not is_inside.all():
            first = np.flatnonzero(~is_inside)[0]
            hint = "Pass crs if x and y are of another reference system than the scene."
            if crs is not None:
                hint = "x is the easting or the longitude: are x and y exchanged?"
            raise ValueError(
                f"{np.count_nonzero(~is_inside)} of {len(x)} points lie outside of {self.name}; "
                f"the first is number {first}, at row {down[first]:.1f} and column "
                f"{across[first]:.1f} of {self.shape[0]} x {self.shape[1]}. {hint} Where points "
                "may lie on other tiles, labelled_points(..., outside='drop') leaves them out, and "
                "positions_at(..., outside='mark') gives -1 for them."
            )
        return positions

    def _reprojected(
        self, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.crs is None:
            raise ValueError(f"{self.name} has no reference system that crs={crs!r} could be to.")
        optional_package("rasterio", "positions_at with crs")
        mend = ". x is the easting or the longitude: are x and y exchanged?"
        points = reprojected(np.column_stack([x, y]), crs, self.crs, "x and y", mend)
        return points[:, 0], points[:, 1]
