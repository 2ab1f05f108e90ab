"""Relighting: the same materials under a lower sun, in half light and in shadow."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.inputs._parameters import NumberInterval

from ._augmentation import Augmentation, GraphForm, _as_given

_SHARE = NumberInterval(Real, 0, 1, closed="both")
# Skylight over sunlight, at 550 nm, falls with wavelength by these powers.
_REFERENCE_NM = 550.0
_POWERS = {"rayleigh": -4.0, "aerosol": -1.3, "constant": 0.0}
# What each range may be at most.
_RANGES = {"sunlight": np.inf, "sky_view": 1.0, **dict.fromkeys(_POWERS, np.inf)}


class Relighting(Augmentation):
    """Spectra as they would be under other light, drawn from what outdoor light can be.

    A pixel has the light of the sun, if it sees it, and of the part of the sky that it sees. With
    rho, skylight over the sunlight on level ground, a spectrum x of full light becomes [1]_

        x (V s + G rho) / (1 + rho),

    where V is 1, or 0 in shadow, s is the sunlight on the slope over that on level ground, and G
    the share of the sky that is seen. rho falls with wavelength as a sum of Rayleigh's scattering
    (to the power -4), that of aerosols (-1.3) and a constant.

    It is a parameter of networks, as ``SpectralCNNClassifier(augmentation=Relighting())``: these
    draw a light for each spectrum anew in each update. For other models, ``fit_resample`` gives
    spectra to train on.

    Parameters
    ----------
    share : float, default=0.5
        For networks: the share of spectra that are given another light, in the mean over updates;
        the others stay as they are. 0 changes nothing.
    shadow : float, default=0.8
        The share of these that do not see the sun.
    weight : float, default=0.25
        For networks: what a spectrum in another light counts in the loss, beside one in full light.
        Spectra in shadow err most, and would have most of the say otherwise.
    sunlight : tuple of float, default=(0.2, 1.0)
        From where to where s is drawn, uniformly. Over 1 are slopes that face the sun.
    sky_view : tuple of float, default=(0.3, 1.0)
        From where to where G is drawn.
    rayleigh, aerosol, constant : tuple of float, default=(0.05, 0.2), (0.02, 0.15), (0.0, 0.05)
        From where to where the parts of rho at 550 nm are drawn.
    sky_to_sun : array-like of shape (n_bands,), default=None
        rho where it was measured, see :func:`sky_to_sun`; it is drawn no more then.
    exclude_classes : array-like, default=()
        Labels of classes that are not given another light: shadow, if it is one. For classifiers.
    n_copies : int, default=4
        For ``fit_resample``: how many changed copies of each spectrum there are.
    wavelengths : array-like of shape (n_bands,), default=None
        Of the bands of X, in nm. ``None``: what X knows.
    random_state : int, RandomState instance or None, default=None
        For ``fit_resample`` and ``relight``. What a network draws follows from its own.

    See Also
    --------
    SpectralCNNClassifier : Classes of spectra, of any light if it is trained so.
    SpectralAutoencoder : Learns to give the spectrum in full light from the one in another.

    Notes
    -----
    X must be reflectance or radiance, without an offset: standard normal variates and derivatives
    are refused, but what had its least value subtracted cannot be told. The spectra are taken to
    be in full light, and reflectance in shadow is what correction for full light makes of it.
    Light from neighbouring ground is left out.

    The ranges of rho are those of clear to hazy skies. They are arguments of the compiled graph, so
    that a search over them compiles nothing anew.

    References
    ----------
    .. [1] Windrim L., Ramakrishnan R., Melkumyan A., Murphy R., "Hyperspectral CNN classification
       with limited training samples", BMVC 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.light import Relighting
    >>> from skhyp.spectra import Spectra
    >>> grey = Spectra(np.full((3, 4), 0.5), [450, 550, 850, 1650])
    >>> relit = Relighting(shadow=1.0, random_state=0).relight(grey)
    >>> bool((np.diff(relit) < 0).all())  # shadows are blue
    True
    >>> X, y = Relighting(n_copies=2, random_state=0).fit_resample(grey, ["a", "b", "c"])
    >>> X.shape, y.tolist()
    ((9, 4), ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'])
    """

    _parameter_constraints: ClassVar[dict] = {
        **Augmentation._parameter_constraints,
        "shadow": [_SHARE],
        "weight": [NumberInterval(Real, 0, 1, closed="right")],
        **{name: ["array-like"] for name in _RANGES},
        "sky_to_sun": ["array-like", None],
    }

    def __init__(
        self,
        *,
        share: float = 0.5,
        shadow: float = 0.8,
        weight: float = 0.25,
        sunlight: tuple[float, float] = (0.2, 1.0),
        sky_view: tuple[float, float] = (0.3, 1.0),
        rayleigh: tuple[float, float] = (0.05, 0.2),
        aerosol: tuple[float, float] = (0.02, 0.15),
        constant: tuple[float, float] = (0.0, 0.05),
        sky_to_sun: ArrayLike | None = None,
        exclude_classes: ArrayLike = (),
        n_copies: int = 4,
        wavelengths: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.share = share
        self.shadow = shadow
        self.weight = weight
        self.sunlight = sunlight
        self.sky_view = sky_view
        self.rayleigh = rayleigh
        self.aerosol = aerosol
        self.constant = constant
        self.sky_to_sun = sky_to_sun
        self.exclude_classes = exclude_classes
        self.n_copies = n_copies
        self.wavelengths = wavelengths
        self.random_state = random_state

    def relight(self, X: ArrayLike) -> NDArray[Any]:
        """Return each spectrum under a light of its own, whatever ``share`` is.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        X_relit : ndarray of shape (n_spectra, n_bands)
            float64 if X is, else float32; Spectra if X knows its wavelengths.

        Raises
        ------
        ValueError
            If X or a parameter is not as described, or if no wavelengths are known.
        """
        spectra, wavelengths = self._spectra_of(X)
        return _as_given(self._changed(spectra, wavelengths, self._generator()), X)

    def factors(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return lights that ``relight`` draws, as what they are of full light.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        factors : ndarray of shape (n_spectra, n_bands)
            What the spectra of X are multiplied by.
        """
        spectra, wavelengths = self._spectra_of(X)
        return self._factors(len(spectra), wavelengths, self._generator())

    def _changed(
        self, X: NDArray[Any], wavelengths: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[Any]:
        return X * self._factors(len(X), wavelengths, rng).astype(X.dtype)

    def _factors(
        self, n_rows: int, wavelengths: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return (V s + G rho) / (1 + rho), drawn for each row."""
        _, numbers, curves = self._graph_form(wavelengths)
        lowest, highest = numbers[3::2], numbers[4::2]
        sees_sun = rng.uniform(size=n_rows) >= self.shadow
        drawn = rng.uniform(lowest, highest, (n_rows, len(lowest)))
        sun, sky, amplitudes = drawn[:, :1] * sees_sun[:, None], drawn[:, 1:2], drawn[:, 2:]
        rho = amplitudes @ curves
        return (sun + sky * rho) / (1 + rho)

    def _graph_form(self, wavelengths: NDArray[np.float64]) -> GraphForm:
        ranges = {name: self._range(name) for name in _RANGES}
        if self.sky_to_sun is None:
            relative = wavelengths / _REFERENCE_NM
            curves = np.stack([relative**power for power in _POWERS.values()])
        else:
            curves = np.zeros((len(_POWERS), len(wavelengths)))
            curves[0] = self._measured_ratio(len(wavelengths))
            ranges |= {"rayleigh": (1.0, 1.0), "aerosol": (0.0, 0.0), "constant": (0.0, 0.0)}
        numbers = [float(self.share), float(self.shadow), float(self.weight)]
        numbers += [bound for pair in ranges.values() for bound in pair]
        return GraphForm("relighting", np.array(numbers), curves)

    def _range(self, name: str) -> tuple[float, float]:
        given, most = getattr(self, name), _RANGES[name]
        try:
            lowest, highest = (float(bound) for bound in given)
            if 0 <= lowest <= highest <= most and highest < np.inf:
                return lowest, highest
        except (TypeError, ValueError):
            pass
        upper = "" if most == np.inf else f" and at most {most:g}"
        raise ValueError(
            f"{name} must be two numbers of at least 0{upper}, from where to where it is drawn, "
            f"the second not below the first, got {given!r:.80}."
        )

    def _measured_ratio(self, n_bands: int) -> NDArray[np.float64]:
        ratio = np.asarray(self.sky_to_sun, dtype=np.float64)
        if ratio.shape != (n_bands,) or not ((ratio >= 0) & np.isfinite(ratio)).all():
            raise ValueError(
                f"sky_to_sun must hold a finite number of at least 0 for each of {n_bands} bands, "
                f"got an array of shape {ratio.shape}: {self.sky_to_sun!r:.80}."
            )
        return ratio


def sky_to_sun(sunlit: ArrayLike, shaded: ArrayLike, *, sky_view: float = 1.0) -> NDArray[Any]:
    """Return skylight over sunlight, from spectra of one material in the sun and in shadow.

    In shadow the spectrum is that of full light times ``sky_view * rho / (1 + rho)``.

    Parameters
    ----------
    sunlit, shaded : array-like of shape (n_bands,) or (n_spectra, n_bands)
        Reflectance or radiance of level ground, of which the medians are taken.
    sky_view : float, default=1.0
        The share of the sky that the shaded ones see.

    Returns
    -------
    ratio : ndarray of shape (n_bands,)
        For ``Relighting(sky_to_sun=ratio)``.

    Raises
    ------
    ValueError
        If the numbers of bands differ, or if the shaded spectrum is not the darker one in a band.

    Examples
    --------
    >>> from skhyp.light import sky_to_sun
    >>> sky_to_sun([0.4, 0.4], [0.1, 0.05]).round(3).tolist()
    [0.333, 0.143]
    """
    sun, shade = (
        np.median(np.atleast_2d(np.asarray(given, dtype=np.float64)), axis=0)
        for given in (sunlit, shaded)
    )
    if sun.shape != shade.shape:
        raise ValueError(
            f"sunlit and shaded must have the same bands, got {len(sun)} and {len(shade)}."
        )
    if not 0 < sky_view <= 1:
        raise ValueError(f"sky_view must be above 0 and at most 1, got {sky_view!r}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        part = shade / sun / sky_view
    is_darker = (part >= 0) & (part < 1) & (sun > 0)
    if not is_darker.all():
        band = int(np.flatnonzero(~is_darker)[0])
        raise ValueError(
            "shaded must be darker than sunlit times sky_view, and not negative, in each band; in "
            f"band {band} it is {shade[band]:g} beside {sun[band]:g}. Leave such bands out."
        )
    return part / (1 - part)
