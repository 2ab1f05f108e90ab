"""The Indian Pines scene, shipped with the package."""

from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._optional_dependencies import check_pandas_support
from sklearn.utils._param_validation import StrOptions, validate_params

from skhyp.scenes import labelled_pixels
from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names

# In the order of the labels, from 0, so that _CLASS_NAMES[label] is right.
_CLASS_NAMES = (
    "Unlabelled",
    "Alfalfa",
    "Corn-notill",
    "Corn-mintill",
    "Corn",
    "Grass-pasture",
    "Grass-trees",
    "Grass-pasture-mowed",
    "Hay-windrowed",
    "Oats",
    "Soybean-notill",
    "Soybean-mintill",
    "Soybean-clean",
    "Wheat",
    "Woods",
    "Buildings-Grass-Trees-Drives",
    "Stone-Steel-Towers",
)


@validate_params(
    {
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "subset": [StrOptions({"all", "train", "test"})],
    },
    prefer_skip_nested_validation=True,
)
def load_indian_pines(
    *, return_X_y: bool = False, as_frame: bool = False, subset: str = "all"
) -> Bunch | tuple[Any, Any]:
    """Load the Indian Pines scene: farmland and woods in Indiana, 16 classes, 200 bands.

    =================  =============================================
    Scene              145 rows x 145 columns, pixels of about 20 m
    Bands              200, from 400 to 2489 nm
    Values             uint16, 955 to 9604 (radiance, see Notes)
    Labelled pixels    10249 of 21025, of 16 classes
    Size of a class    20 (Oats) to 2455 (Soybean-mintill)
    Published split    5528 training and 4721 test pixels
    =================  =============================================

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.
    as_frame : bool, default=False
        Whether `data` is a pandas DataFrame and `target` a pandas Series.
    subset : {"all", "train", "test"}, default="all"
        Which of the labelled pixels `data` and all else that has one row per pixel hold: all of
        them, or a side of the published split. `cube`, `labels` and the masks are always whole.

    Returns
    -------
    scene : :class:`~sklearn.utils.Bunch`
        With the attributes:

        data : Spectra or DataFrame of shape (10249, 200)
            The spectra of the labelled pixels, uint16, row by row of the scene: an array that
            knows its wavelengths, see :class:`~skhyp.spectra.Spectra`.
        target : ndarray or Series of shape (10249,)
            Their classes, int64, from 1 to 16.
        positions : ndarray of shape (10249, 2)
            The row and the column of each.
        train, test : ndarray of shape (10249,), bool
            Which rows of `data` are on which side of the split.
        cube : Spectra of shape (145, 145, 200), uint16
            The scene.
        labels : ndarray of shape (145, 145), uint8
            The class of each pixel, 0 where unlabelled.
        train_mask, test_mask : ndarray of shape (145, 145), bool
            Where the two sides of the split lie.
        class_names : ndarray of 17 str
            The name of each label, "Unlabelled" first: ``class_names[labels]``,
            ``class_names[target]``.
        target_names : ndarray of 16 str
            The names of classes 1 to 16, for reports such as
            :func:`~sklearn.metrics.classification_report`. Class k is at k - 1.
        feature_names : list of 200 str
            The wavelengths as names of columns, such as "400.02 nm".
        wavelengths, fwhm : ndarray of shape (200,)
            Centres and full widths at half maximum of the bands in nm, in the order of the bands.
            They are not sorted: the detectors overlap after the bands of index 30 and 93.
        frame : DataFrame of shape (10249, 201)
            `data` and `target` together; None unless `as_frame`.
        DESCR : str
            Source, licence and content.

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
    The scene was recorded by AVIRIS on 12 June 1992; data and labels are from [1]_, licensed CC BY
    3.0. The 20 water absorption bands 104 to 108, 150 to 163 and 220 of the original 220 are left
    out, as is usual. Values are not reflectance: (value - 1000) / 500 is proportional to radiance.

    The two sides of the split do not overlap and together are all labelled pixels, but they are
    neighbours: nearly every field is cut in two, and 16 % of the test pixels touch a training
    pixel. That is far less than in a random split, and still no independent scene.

    References
    ----------
    .. [1] Baumgardner M. F., Biehl L. L., Landgrebe D. A., "220 Band AVIRIS Hyperspectral Image
       Data Set: June 12, 1992 Indian Pine Test Site 3", Purdue University Research Repository,
       2015, doi:10.4231/R7RX991C.

    Examples
    --------
    >>> from skhyp.datasets import load_indian_pines
    >>> scene = load_indian_pines()
    >>> scene.cube.shape, scene.data.shape
    ((145, 145, 200), (10249, 200))
    >>> print(scene.class_names[scene.target[0]])
    Corn-mintill
    >>> X_train, y_train = load_indian_pines(return_X_y=True, subset="train")
    >>> X_train.shape
    (5528, 200)
    """
    pandas = check_pandas_support("load_indian_pines with as_frame=True") if as_frame else None

    folder = files("skhyp.datasets") / "data"
    with (folder / "indian_pines.npz").open("rb") as file:
        with np.load(file, allow_pickle=False) as stored:
            cube = _restore_cube(stored["difference_high"], stored["difference_low"])
            labels, train_mask = stored["labels"], stored["train_mask"]
            wavelengths, fwhm = stored["wavelengths"], stored["fwhm"]
    cube = Spectra(cube, wavelengths, fwhm)
    test_mask = (labels > 0) & ~train_mask

    shown = {"all": labels > 0, "train": train_mask, "test": test_mask}[subset]
    data, target, positions = labelled_pixels(cube, np.where(shown, labels, 0))
    target = target.astype(np.int64)
    train, test = train_mask[shown], test_mask[shown]
    feature_names = wavelength_names(wavelengths).tolist()

    frame = None
    if pandas is not None:
        data = pandas.DataFrame(data, columns=feature_names)
        target = pandas.Series(target, name="target")
        frame = pandas.concat([data, target], axis=1)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        positions=positions,
        train=train,
        test=test,
        cube=cube,
        labels=labels,
        train_mask=train_mask,
        test_mask=test_mask,
        class_names=np.array(_CLASS_NAMES),
        target_names=np.array(_CLASS_NAMES[1:]),
        feature_names=feature_names,
        wavelengths=wavelengths,
        fwhm=fwhm,
        DESCR=(folder / "README.md").read_text(encoding="utf-8"),
    )


def _restore_cube(
    difference_high: NDArray[np.uint8], difference_low: NDArray[np.uint8]
) -> NDArray[np.uint16]:
    """Undo the compression that the notice beside the data describes."""
    differences = (difference_high.astype(np.uint16) << 8) | difference_low
    bands_first = np.cumsum(differences, axis=0, dtype=np.uint16)
    return np.ascontiguousarray(np.moveaxis(bands_first, 0, 2))
