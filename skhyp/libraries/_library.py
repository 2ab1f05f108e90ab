"""SpectralLibrary: spectra, their names, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skhyp.resampling import BandResampler
from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class SpectralLibrary:
    """Spectra of known materials, with their names and what else is known of each.

    :func:`read_spectra` gives one. Estimators take its `spectra`: ``model.fit(library.spectra,
    library.metadata["class"])``.

    Parameters
    ----------
    spectra : Spectra of shape (n_spectra, n_bands)
        A spectrum a row, which know their wavelengths. Missing values are NaN.
    names : sequence of str
        Of each spectrum; they need not differ.
    metadata : dict of str to array-like of shape (n_spectra,), default={}
        What is known of each spectrum, as columns by their names.

    Raises
    ------
    ValueError
        If the spectra know no wavelengths, or names or a column are not one for each.

    Examples
    --------
    >>> from skhyp.libraries import SpectralLibrary
    >>> from skhyp.spectra import Spectra
    >>> spectra = Spectra([[0.1, 0.4], [0.3, 0.3]], wavelengths=[650, 850])
    >>> library = SpectralLibrary(spectra, ["grass", "loam"], {"class": ["plant", "soil"]})
    >>> library
    <SpectralLibrary of 2 spectra x 2 bands, 650 to 850 nm; known: class>
    >>> library[library.metadata["class"] == "soil"].names
    array(['loam'], dtype=object)
    """

    spectra: Spectra
    names: NDArray[Any]
    metadata: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spectra = self.spectra
        known = spectra.wavelengths if isinstance(spectra, Spectra) else None
        if known is None or spectra.ndim != 2:
            raise ValueError(
                "spectra must be Spectra of shape (n_spectra, n_bands), which know their "
                f"wavelengths; got {type(spectra).__name__} of shape {np.shape(spectra)}."
            )
        columns = {"names": self.names, **self.metadata}
        found = {}
        for name, values in columns.items():
            column = np.asarray(values)
            if column.dtype.kind in "US":
                column = column.astype(object)
            if column.shape != (len(spectra),):
                raise ValueError(
                    f"{name} must have an entry for each of the {len(spectra)} spectra; got shape "
                    f"{column.shape}."
                )
            found[name] = column
        object.__setattr__(self, "names", found.pop("names"))
        object.__setattr__(self, "metadata", found)

    @property
    def wavelengths(self) -> NDArray[np.float64]:
        """Of the bands, in nm."""
        known = self.spectra.wavelengths
        assert known is not None
        return known

    @property
    def fwhm(self) -> NDArray[np.float64] | None:
        """The widths of the bands at half maximum in nm, where they are known."""
        return self.spectra.fwhm

    def __len__(self) -> int:
        return len(self.spectra)

    def __getitem__(self, rows: Any) -> SpectralLibrary:
        """Return the library of some spectra: by a slice, a mask or a list of their numbers."""
        if isinstance(rows, int | np.integer):
            rows = [rows]
        metadata = {name: column[rows] for name, column in self.metadata.items()}
        return SpectralLibrary(self.spectra[rows], self.names[rows], metadata)

    def resampled(self, target: Any, **parameters: Any) -> SpectralLibrary:
        """Return the library on the bands of another sensor.

        Parameters
        ----------
        target : Scene, array-like, str or fitted estimator
            As :class:`~skhyp.BandResampler` takes it.
        **parameters : dict
            Others of it, such as ``uncovered="drop"``.

        Returns
        -------
        library : SpectralLibrary

        Raises
        ------
        ValueError
            If bands of the target were not measured; the message names them.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp.libraries import SpectralLibrary
        >>> from skhyp.spectra import Spectra
        >>> spectra = Spectra(np.ones((1, 601)), np.arange(400, 1001), fwhm=3)
        >>> SpectralLibrary(spectra, ["white"]).resampled("sentinel-2", uncovered="drop")
        <SpectralLibrary of 1 spectrum x 10 bands, 443 to 945 nm>
        """
        spectra = BandResampler(target=target, **parameters).fit_transform(self.spectra)
        return SpectralLibrary(spectra, self.names, self.metadata)

    def to_frame(self) -> pandas.DataFrame:
        """Return a DataFrame: names as its index, what is known, and a column for each band.

        Returns
        -------
        table : DataFrame
            Columns of bands are named like "450.5 nm", by which estimators know their wavelengths:
            ``table.filter(like=" nm")`` are the spectra.
        """
        import pandas

        known = pandas.DataFrame(dict(self.metadata))
        columns = wavelength_names(self.wavelengths)
        bands = pandas.DataFrame(np.asarray(self.spectra), columns=columns)
        table = pandas.concat([known, bands], axis=1)
        return table.set_axis(pandas.Index(self.names, name="name"), axis=0)

    def __repr__(self) -> str:
        n_spectra, n_bands = self.spectra.shape
        known = self.wavelengths
        between = f", {known.min():g} to {known.max():g} nm" if n_bands else ""
        listed = f"; known: {', '.join(self.metadata)}" if self.metadata else ""
        return (
            f"<SpectralLibrary of {n_spectra} {'spectrum' if n_spectra == 1 else 'spectra'} x "
            f"{n_bands} bands{between}{listed}>"
        )
