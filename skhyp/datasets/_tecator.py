"""Near-infrared spectra of meat with their contents, shipped with the package."""

from importlib.resources import files
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._optional_dependencies import check_pandas_support
from sklearn.utils._param_validation import StrOptions, validate_params

from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names

_CONTENTS = ("water", "fat", "protein")


@validate_params(
    {
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "subset": [StrOptions({"all", "train", "validation", "test"})],
    },
    prefer_skip_nested_validation=True,
)
def load_tecator(
    *, return_X_y: bool = False, as_frame: bool = False, subset: str = "all"
) -> Bunch | tuple[Any, Any]:
    """Load the Tecator spectra of minced meat, with its water, fat and protein.

    =================  ==================================================
    Samples            178 of finely chopped pure meat
    Bands              100, from 850 to 1048 nm by 2 nm
    Values             absorbance, -log10 of the transmittance, 2.06 to 5.47
    Targets            water (39 to 77), fat (1 to 49), protein (11 to 22), in %
    Published parts    115 to train, 32 to validate, 31 to test
    =================  ==================================================

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.
    as_frame : bool, default=False
        Whether `data` and `target` are pandas DataFrames.
    subset : {"all", "train", "validation", "test"}, default="all"
        Which of the samples.

    Returns
    -------
    meat : :class:`~sklearn.utils.Bunch`
        With the attributes:

        data : Spectra or DataFrame of shape (n_samples, 100)
            The spectra, float32: an array that knows its wavelengths, see
            :class:`~skhyp.spectra.Spectra`.
        target : ndarray or DataFrame of shape (n_samples, 3)
            Water, fat and protein in %.
        part : ndarray of n_samples str
            "train", "validation" or "test".
        target_names : list of 3 str
            "water", "fat" and "protein".
        feature_names : list of 100 str
            The wavelengths as names of columns, such as "850 nm".
        wavelengths : ndarray of shape (100,)
            In nm.
        frame : DataFrame of shape (n_samples, 103)
            `data` and `target` together; None unless `as_frame`.
        DESCR : str
            Source, permission and content.

    (data, target) : tuple
        If `return_X_y` is true.

    Raises
    ------
    ValueError
        If a parameter has a value that is not listed.
    ImportError
        If `as_frame` is true and pandas is not installed.

    Notes
    -----
    Recorded on a Tecator Infratec Food and Feed Analyzer [1]_. Of the samples of the three
    published parts, those that are replicate measurements are left out. Whoever publishes results
    is asked to name the instrument and the company.

    References
    ----------
    .. [1] Borggaard C., Thodberg H. H., "Optimal minimal neural interpretation of spectra",
       Analytical Chemistry 64(5), 1992. Data: lib.stat.cmu.edu/datasets/tecator.

    Examples
    --------
    >>> from skhyp.datasets import load_tecator
    >>> meat = load_tecator()
    >>> meat.data.shape, meat.target.shape, meat.target_names
    ((178, 100), (178, 3), ['water', 'fat', 'protein'])
    >>> X_test, y_test = load_tecator(return_X_y=True, subset="test")
    >>> X_test.shape
    (31, 100)
    """
    pandas = check_pandas_support("load_tecator with as_frame=True") if as_frame else None
    folder = files("skhyp.datasets") / "data"
    with (folder / "tecator.npz").open("rb") as file:
        with np.load(file, allow_pickle=False) as stored:
            spectra, contents = stored["spectra"], stored["contents"]
            wavelengths, part = stored["wavelengths"], stored["part"]
    shown = np.ones(len(part), bool) if subset == "all" else part == subset
    data, target, part = Spectra(spectra[shown], wavelengths), contents[shown], part[shown]
    feature_names = wavelength_names(wavelengths).tolist()
    frame = None
    if pandas is not None:
        data = pandas.DataFrame(np.asarray(data), columns=feature_names)
        target = pandas.DataFrame(target, columns=list(_CONTENTS))
        frame = pandas.concat([data, target], axis=1)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        part=part,
        target_names=list(_CONTENTS),
        feature_names=feature_names,
        wavelengths=wavelengths,
        DESCR=(folder / "tecator.md").read_text(encoding="utf-8"),
    )
