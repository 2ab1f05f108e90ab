"""Scenes that are downloaded: Pavia University and Salinas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from skhyp.scenes import labelled_pixels, open_scene

from ._downloads import DownloadError, data_folder, download

BASE_URL = "https://www.ehu.eus/ccwintco/uploads/"


@dataclass(frozen=True)
class RemoteScene:
    """Where the two files of a scene are, and what is published of their content."""

    name: str
    cube_address: str
    cube_variable: str
    shape: tuple[int, int, int]
    label_address: str
    label_variable: str
    label_hash: str
    class_counts: tuple[int, ...]
    class_names: tuple[str, ...]
    description: str


_PAVIA_UNIVERSITY = RemoteScene(
    name="Pavia University",
    cube_address="e/ee/PaviaU.mat",
    cube_variable="paviaU",
    shape=(610, 340, 103),
    label_address="5/50/PaviaU_gt.mat",
    label_variable="paviaU_gt",
    label_hash="sha256:23f6a426928f9b32984adffe659e29f554f9fb6c93b5a107528d308d5087a829",
    class_counts=(6631, 18649, 2099, 3064, 1345, 5029, 1330, 3682, 947),
    class_names=(
        "Asphalt",
        "Meadows",
        "Gravel",
        "Trees",
        "Painted metal sheets",
        "Bare soil",
        "Bitumen",
        "Self-blocking bricks",
        "Shadows",
    ),
    description="ROSIS over the University of Pavia, Italy; recorded by the University of Pavia.",
)
_SALINAS_COUNTS = (
    2009, 3726, 1976, 1394, 2678, 3959, 3579, 11271,
    6203, 3278, 1068, 1927, 916, 1070, 7268, 1807,
)  # fmt: skip
_SALINAS = RemoteScene(
    name="Salinas",
    cube_address="a/a3/Salinas_corrected.mat",
    cube_variable="salinas_corrected",
    shape=(512, 217, 204),
    label_address="f/fa/Salinas_gt.mat",
    label_variable="salinas_gt",
    label_hash="sha256:ecfab4d31ef5553f097943235d8ea502038eb4a2067b2ad10b33e37c949955e2",
    class_counts=_SALINAS_COUNTS,
    class_names=(
        "Broccoli, green weeds 1",
        "Broccoli, green weeds 2",
        "Fallow",
        "Fallow, rough plough",
        "Fallow, smooth",
        "Stubble",
        "Celery",
        "Grapes, untrained",
        "Soil, vineyard, develop",
        "Corn, senesced green weeds",
        "Lettuce romaine, 4 weeks",
        "Lettuce romaine, 5 weeks",
        "Lettuce romaine, 6 weeks",
        "Lettuce romaine, 7 weeks",
        "Vineyard, untrained",
        "Vineyard, vertical trellis",
    ),
    description="AVIRIS over the Salinas Valley, California, without 20 bands of water absorption.",
)

_CONSTRAINTS = {
    "data_home": [str, PathLike, None],
    "download_if_missing": ["boolean"],
    "n_retries": [Interval(Integral, 0, None, closed="left")],
    "delay": [Interval(Real, 0, None, closed="left")],
    "return_X_y": ["boolean"],
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def fetch_pavia_university(
    *,
    data_home: str | PathLike | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    return_X_y: bool = False,
) -> Bunch | tuple[NDArray[Any], NDArray[Any]]:
    """Load the Pavia University scene, downloading it the first time: a town, 9 classes, 103 bands.

    =================  =============================================
    Scene              610 rows x 340 columns, pixels of about 1.3 m
    Bands              103, from 430 to 860 nm
    Labelled pixels    42776, of 9 classes
    Size of a class    947 (Shadows) to 18649 (Meadows)
    Download           about 33 MB
    =================  =============================================

    Parameters
    ----------
    data_home : str or path, default=None
        The folder that keeps the two files. None is the environment variable ``SKHYP_DATA`` or,
        without it, the user's cache folder, such as ``~/.cache/skhyp``.
    download_if_missing : bool, default=True
        Whether to download what is not there, rather than to raise.
    n_retries : int, default=3
        How often to try again; a download that broke off is gone on with.
    delay : float, default=1.0
        Seconds between tries.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    scene : :class:`~sklearn.utils.Bunch`
        With the attributes of :func:`load_indian_pines` that this scene has: ``data``,
        ``target``, ``positions``, ``cube``, ``labels``, ``class_names``, ``target_names`` and
        ``DESCR``. The files do not say the wavelengths of the bands.

    (data, target) : tuple
        If `return_X_y` is true.

    Raises
    ------
    OSError
        If the files are not there and cannot be downloaded. The message says what to download by
        hand, and where to put it.
    ValueError
        If a file is not the published scene: its shape and the number of pixels of each class
        are compared.
    ImportError
        If pooch is not installed, unless both files are in `data_home` or ``SKHYP_DATA``.

    Examples
    --------
    >>> from skhyp.datasets import fetch_pavia_university
    >>> scene = fetch_pavia_university()  # doctest: +SKIP
    >>> scene.cube.shape  # doctest: +SKIP
    (610, 340, 103)
    """
    return _loaded(_PAVIA_UNIVERSITY, data_home, download_if_missing, n_retries, delay, return_X_y)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def fetch_salinas(
    *,
    data_home: str | PathLike | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    return_X_y: bool = False,
) -> Bunch | tuple[NDArray[Any], NDArray[Any]]:
    """Load the Salinas scene, downloading it the first time: fields, 16 classes, 204 bands.

    =================  ==================================================
    Scene              512 rows x 217 columns, pixels of about 3.7 m
    Bands              204, from 400 to 2500 nm
    Labelled pixels    54129, of 16 classes
    Size of a class    916 (Lettuce, 6 weeks) to 11271 (Grapes untrained)
    Download           about 25 MB
    =================  ==================================================

    Parameters
    ----------
    data_home : str or path, default=None
        The folder that keeps the two files. None is the environment variable ``SKHYP_DATA`` or,
        without it, the user's cache folder, such as ``~/.cache/skhyp``.
    download_if_missing : bool, default=True
        Whether to download what is not there, rather than to raise.
    n_retries : int, default=3
        How often to try again; a download that broke off is gone on with.
    delay : float, default=1.0
        Seconds between tries.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    scene : :class:`~sklearn.utils.Bunch`
        As of :func:`fetch_pavia_university`.

    (data, target) : tuple
        If `return_X_y` is true.

    Raises
    ------
    OSError
        If the files are not there and cannot be downloaded. The message says what to download by
        hand, and where to put it.
    ValueError
        If a file is not the published scene: its shape and the number of pixels of each class
        are compared.
    ImportError
        If pooch is not installed, unless both files are in `data_home` or ``SKHYP_DATA``.

    Examples
    --------
    >>> from skhyp.datasets import fetch_salinas
    >>> X, y = fetch_salinas(return_X_y=True)  # doctest: +SKIP
    """
    return _loaded(_SALINAS, data_home, download_if_missing, n_retries, delay, return_X_y)


def _loaded(
    scene: RemoteScene,
    data_home: str | PathLike | None,
    download_if_missing: bool,
    n_retries: int,
    delay: float,
    return_X_y: bool,
) -> Bunch | tuple[NDArray[Any], NDArray[Any]]:
    folder = data_folder(data_home)
    content = partial(
        _file_content,
        scene,
        folder=folder,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    labels, cube = content(scene.label_address)[..., 0], content(scene.cube_address)
    data, target, positions = labelled_pixels(cube, labels)
    target = target.astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        positions=positions,
        cube=cube,
        labels=labels,
        class_names=np.array(["Unlabelled", *scene.class_names]),
        target_names=np.array(scene.class_names),
        DESCR=f"{scene.name}: {scene.description} Downloaded from {BASE_URL}.",
    )


def _file_content(
    scene: RemoteScene,
    address: str,
    *,
    folder: Path,
    download_if_missing: bool,
    n_retries: int,
    delay: float,
) -> NDArray[Any]:
    """Return what a file holds, downloaded if it is not there, and verified right after that."""
    path = folder / Path(address).name
    if path.exists():
        advice = f"Remove {path}, so that it is downloaded again"
        return _verified(scene, address, path, advice, folder)
    if not download_if_missing:
        raise OSError(
            f"{scene.name}: {path} is not there, and download_if_missing=False. "
            f"{_by_hand(scene, folder)}"
        )
    known_hash = scene.label_hash if address == scene.label_address else None
    try:
        download(BASE_URL + address, path, known_hash=known_hash, n_retries=n_retries, delay=delay)
    except DownloadError as error:
        raise OSError(
            f"{scene.name} could not be downloaded: {error}. {_by_hand(scene, folder)}"
        ) from error
    try:
        return _verified(scene, address, path, "What was downloaded has been removed", folder)
    except ValueError:
        path.unlink(missing_ok=True)
        raise


def _verified(
    scene: RemoteScene, address: str, path: Path, advice: str, folder: Path
) -> NDArray[Any]:
    is_cube = address == scene.cube_address
    try:
        content = np.asarray(
            open_scene(path, variable=scene.cube_variable if is_cube else scene.label_variable)
        )
        if not is_cube:
            _check_counts(scene, content)
        elif content.shape != scene.shape:
            raise ValueError(f"the cube has the shape {content.shape} instead of {scene.shape}")
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{path} is not the published scene {scene.name}: {error}. {advice}. "
            f"{_by_hand(scene, folder)}"
        ) from error
    return content


def _check_counts(scene: RemoteScene, labels: NDArray[Any]) -> None:
    if labels.shape[:2] != scene.shape[:2]:
        raise ValueError(f"the map has the shape {labels.shape[:2]} instead of {scene.shape[:2]}")
    counts = np.bincount(labels.ravel().astype(np.int64), minlength=1)[1:].tolist()
    if counts != list(scene.class_counts):
        raise ValueError(f"the classes have {counts} pixels instead of {list(scene.class_counts)}")


def _by_hand(scene: RemoteScene, folder: Path) -> str:
    return (
        f"To do it by hand, download {BASE_URL}{scene.cube_address} and "
        f"{BASE_URL}{scene.label_address} and put both files into {folder}."
    )
