"""SpectralUnmixer: endmembers and abundances of mixed spectra, learned without labels."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._warnings import warn_user
from .fitting import Callback
from .fitting._docstrings import documented
from .fitting._protocols import AttributedOutput
from .fitting._simplex import simplex_frame
from .fitting._spectral_coder import SpectralCoder
from .inputs._parameters import NUMBER_FROM_ZERO, POSITIVE_INTEGER, NumberInterval
from .inputs._validation import largest_magnitudes
from .light._augmentation import GraphForm
from .spectra._spectra import COMPUTED, spectra_with

# Spectra brighter than so many times the scale of the others are no mixtures of what is in these.
_MOST_SCALES = 10.0
# Of the length of a mean spectrum, a share that corrections for the atmosphere may leave negative.
_LEAST_NEGATIVE = 0.01


@documented
class SpectralUnmixer(SpectralCoder):
    """Linear unmixing: spectra as mixtures of a few endmembers, both learned from the spectra.

    A spectrum is the mean of the endmembers, weighted by its abundances, which are not negative
    and add up to one. So spectra lie in a simplex that has the endmembers at its corners, and
    training moves the corners: out, to where mixtures come close to the spectra by a loss made for
    spectra, and in, to where the simplex has the least volume. Both in proportion to the noise. No
    pixel has to be pure.

    Parameters
    ----------
    n_endmembers : int, default=4
        How many endmembers there are: 2 or more, cut to the number of bands and one, with a
        warning.
    loss : {"csa", "sa", "sid", "sse"}, default="sse"
        What is minimised beside the volume, in the mean over spectra: the cosine spectral angle
        (one minus the cosine), the spectral angle, the spectral information divergence, or the sum
        of squared errors; see :mod:`skhyp.metrics`. All but "sse" leave the brightness of spectra
        aside: better where light changes from pixel to pixel, and less exact where it does not.
    positive : bool, default=True
        Whether endmembers have no negative values, as reflectance has none. ``False`` for spectra
        that have, as standardised ones.
    volume_weight : float, default=1.0
        What the volume counts, beside what the noise says that it should. Less, and endmembers
        move out to extreme spectra; more, and they move in.
    n_init : int, default=10
        How many times first corners are chosen among the spectra, by vertex component analysis
        [1]_; training begins with those that enclose most.

    Attributes
    ----------
    wavelengths_ : ndarray of shape (n_bands,) or None
        Wavelengths of the bands in nm, where X knows them: as a Scene, a DataFrame with columns
        named like "450.5 nm", or :class:`~skhyp.spectra.Spectra`, which a HypPreprocessor and
        :func:`~skhyp.scenes.labelled_pixels` give.
    fwhm_ : ndarray of shape (n_bands,) or None
        Their widths at half maximum in nm, where X knows them.

    See Also
    --------
    SpectralAutoencoder : Codes without a meaning of their own, by layers.
    MinimumNoiseFraction : Components in order of their signal; how many of them are signal.

    Notes
    -----
    Noise is taken to be as large within the simplex as along the first principal direction beyond
    it. The volume counts as much beside the loss as leaves the facets of the simplex where they
    are, if abundances are drawn evenly and ``loss="sse"``; what is minimised, and told by
    ``loss_curve_``, may be negative. Minimum volume as a principle of unmixing is that of Craig
    [2]_; abundances are found by one product with a matrix that follows from the endmembers,
    negative ones set to zero and the others scaled up.

    References
    ----------
    .. [1] Nascimento J. M. P., Bioucas-Dias J. M., "Vertex component analysis: a fast algorithm to
       unmix hyperspectral data", IEEE TGRS 43(4):898-910, 2005.
    .. [2] Craig M. D., "Minimum-volume transforms for remotely sensed data", IEEE TGRS
       32(3):542-552, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralUnmixer
    >>> rng = np.random.default_rng(0)
    >>> endmembers = rng.uniform(0.1, 1, (3, 50))
    >>> abundances = rng.dirichlet(np.ones(3), 500)
    >>> X = abundances @ endmembers + 0.01 * rng.standard_normal((500, 50))
    >>> unmixer = SpectralUnmixer(n_endmembers=3, random_state=0).fit(X)
    >>> found = unmixer.transform(X)
    >>> bool(np.allclose(found.sum(axis=1), 1))
    True
    >>> order = np.corrcoef(found.T, abundances.T)[:3, 3:].argmax(axis=0)
    >>> bool(np.abs(found[:, order] - abundances).mean() < 0.02)
    True
    """

    _code_size = "n_endmembers"
    _seen_of_outliers = "training does not see those over 10 times the scale of the others."
    _min_epochs = 20
    _min_updates = 4000

    _parameter_constraints: dict = {
        **SpectralCoder._parameter_constraints,
        "n_endmembers": [NumberInterval(Integral, 2, 2**31 - 1, closed="both")],
        "positive": ["boolean"],
        "volume_weight": [NUMBER_FROM_ZERO],
        "n_init": [POSITIVE_INTEGER],
    }

    def __init__(
        self,
        *,
        n_endmembers: int = 4,
        loss: str = "sse",
        positive: bool = True,
        volume_weight: float = 1.0,
        n_init: int = 10,
        optimizer: str = "adam",
        learning_rate: float = 0.1,
        epsilon: float = 1e-8,
        learning_rate_schedule: str = "auto",
        decay_steps: int = 1000,
        decay_rate: float = 0.9,
        learning_rate_boundaries: tuple[int, ...] = (),
        learning_rate_values: tuple[float, ...] = (),
        weight_decay: float = 0.0,
        batch_size: int = 256,
        max_epochs: int | str = "auto",
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        checkpoint_dir: str | PathLike | None = None,
        save_epochs: int | tuple[int, ...] = 10,
        resume: bool = False,
        callbacks: Sequence[Callback] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.n_endmembers = n_endmembers
        self.loss = loss
        self.positive = positive
        self.volume_weight = volume_weight
        self.n_init = n_init
        self._set_shared_parameters(locals())

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the abundances of the endmembers in spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands), or Scene
            Of a Scene, all pixels, row by row, as :func:`skhyp.scenes.apply` finds its bands.

        Returns
        -------
        abundances : ndarray of shape (n_spectra, n_endmembers)
            From 0 to 1, with the sum 1; NaN for pixels without data.
        """
        return self._codes(X)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return the spectra of mixtures.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_endmembers)
            Abundances.

        Returns
        -------
        X_mixed : ndarray of shape (n_spectra, n_bands)
        """
        return self._spectra(X)

    @property
    def endmembers_(self) -> np.ndarray:
        """The spectra of the endmembers (n_endmembers, n_bands), in the unit of X."""
        weights = self.weights_
        spectra = weights["corners"] @ weights["axes"] + weights["center"]
        if self.architecture_["positive"]:
            spectra = np.maximum(spectra, 0)
        wavelengths = self._input_wavelengths(self.n_features_in_)
        widths = self._input_widths(self.n_features_in_)
        return spectra_with(spectra * self.statistics_[0], wavelengths, COMPUTED, fwhm=widths)

    @property
    def components_(self) -> np.ndarray:
        """The same as ``endmembers_``, by the name that scikit-learn has for it."""
        return self.endmembers_

    def _warn_of(self, X: np.ndarray) -> None:
        if self.n_endmembers > X.shape[1] + 1:
            warn_user(
                f"n_endmembers={self.n_endmembers} is cut to {X.shape[1] + 1}: mixtures of spectra "
                f"with {X.shape[1]} bands tell no more apart."
            )
        mean = X.mean(axis=0, dtype=np.float64)
        negative = np.linalg.norm(np.minimum(mean, 0))
        if self.positive and negative > _LEAST_NEGATIVE * np.linalg.norm(mean):
            warn_user(
                "positive=True asks for endmembers without negative values, but the mean spectrum "
                f"is negative in {np.count_nonzero(mean < 0)} of {X.shape[1]} bands, which no "
                "mixture of such endmembers can be: set positive=False, or give reflectance as it "
                "is."
            )

    def _attributed_output(self, spectra: np.ndarray, target: Any) -> AttributedOutput:
        return self._attributed_code(spectra, target, f"Abundance of endmember {target}")

    def _network(self, n_bands: int, dtype: str, **shape: int) -> Any:
        from .graph.unmixers import LinearUnmixer

        return LinearUnmixer(
            n_bands=n_bands,
            n_endmembers=min(int(self.n_endmembers), n_bands + 1),
            positive=bool(self.positive),
            scaled=True,
            dtype=dtype,
        )

    def _training_data(
        self,
        network: Any,
        statistics: np.ndarray,
        X: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
        light: GraphForm | None = None,
    ) -> Any:
        weights = _of_ordinary(X, statistics, weights)
        return super()._training_data(network, statistics, X, targets, weights, light)

    def _initial_parameters(
        self, network: Any, statistics: np.ndarray, X: np.ndarray, weights: np.ndarray, seed: int
    ) -> np.ndarray:
        weights = _of_ordinary(X, statistics, weights)
        frame = simplex_frame(
            self._conditioned(network, statistics, X[weights > 0]),
            weights[weights > 0],
            network.n_endmembers,
            loss=self.loss,
            volume_weight=float(self.volume_weight),
            n_init=self.n_init,
            rng=np.random.default_rng(seed),
        )
        return np.concatenate([array.ravel() for array in frame.arrays()]).astype(network.dtype)


def _of_ordinary(X: np.ndarray, statistics: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weights of spectra, with none for those that are far too bright."""
    is_ordinary = largest_magnitudes(X) <= _MOST_SCALES * statistics[0]
    return weights * is_ordinary if is_ordinary.any() else weights
