"""SceneGraphClassifier: a map of one scene from few labels, by all that the scene itself knows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from ._progress import ProgressBar
from .ensemble_classifier import SpectralEnsembleClassifier
from .fitting._documentation import DocumentationLinkMixin
from .fitting._seeds import seeded
from .fitting._trust import best_temperature, mixture_weights
from .fitting._trusted_ensemble import Folds, complete_folds
from .inputs._class_labels import class_labels, refuse_one_class
from .inputs._parameters import NumberInterval
from .inputs._validation import all_or_nothing
from .model_selection import MapDistanceKFold
from .model_selection._spatial_splitter import SpatialSplitter
from .neighbours._next_labels import doubts, most_worth_labelling
from .neighbours._pixel_graph import PixelGraph
from .neighbours._spreading import SPREADINGS, spread_probabilities
from .noise import MinimumNoiseFraction
from .scenes import Scene, apply, labelled_pixels, open_scene
from .scenes._class_labels import missing_label
from .scenes._labelled import labelled_positions
from .scenes._pixel_positions import validate_positions
from .scenes._point_labels import labels_of_points
from .scenes._smoothed_probabilities import told_pixels


class SceneGraphClassifier(DocumentationLinkMixin, BaseEstimator):
    """A map of one scene from few labels: a classifier, and the graph of the scene's pixels.

    Pixels that are alike and near each other are mostly of one class. Each pixel of the scene is
    joined to its nearest, by components in units of noise and by position; what the classifier
    holds likely, and the labels themselves, pass along these joints [1]_. How far that is right
    differs from scene to scene: fields gain much by it, mixed pixels may lose. Folds tell: labels
    that are left out say what each way would have made of them, and which share in the map it
    gets.

    **Transductive**: the map is of the pixels that it has seen, those of a test included, though
    not of their labels. A score of it belongs to pixels that lie apart from the labels: in blocks
    (:class:`~skhyp.model_selection.SpatialBlockKFold`), with a guard.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Any classifier with ``predict_proba``, which is fitted to folds and so must not be frozen.
        None is :class:`SpectralEnsembleClassifier` with the components. An ensemble of that class
        weighs its members by the folds of the graph, whatever its own ``cv``.
    components : transformer or None, default=None
        What pixels are compared by, to be fitted to the scene: one of ours, or a pipeline that
        begins with one, as they take scenes. A :class:`~sklearn.frozen.FrozenEstimator` is taken
        as it is. None is ``MinimumNoiseFraction()``.
    n_neighbors : int, default=10
        How many others each pixel is joined to.
    position_weight : float, default=1.0
        What a pixel's width counts for beside the components, in their unit; 0 leaves position out.
    cv : int or splitter, default=3
        The number of folds, made by :class:`~skhyp.model_selection.MapDistanceKFold` so that what
        they ask is as hard as the map; or a splitter that tests each labelled pixel once. One of
        :mod:`skhyp.model_selection` is given their positions.
    shrinkage : float, default=0.1
        How far shares are drawn to equal ones, as in :class:`SpectralEnsembleClassifier`.
    search : {"auto", "exact", "approximate"}, default="auto"
        How neighbours are found, see :meth:`skhyp.neighbours.PixelGraph.from_components`: above
        131,072 pixels by faiss.
    random_state : int, RandomState instance or None, default=None
        Decides folds, and the seeds of estimators that have none.
    verbose : int, default=0
        Above zero: a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    probabilities_ : ndarray of shape (rows, columns, n_classes)
        Of each pixel, in the order of ``classes_``, in float32; NaN without data.
    map_ : ndarray of shape (rows, columns)
        The likeliest class of each pixel. Without data: 0 of integers, or if that is a class
        another that is none; NaN of floats; "" of text.
    confidence_ : ndarray of shape (rows, columns)
        The probability of that class.
    shares_ : dict of str to float
        What part in the map each way has: "model", the classifier alone; "smoothed", its
        probabilities shared by neighbours; "labels spread" and "labels spread far", with labels
        that count as much as 10 and as 100 pixels.
    fold_losses_ : dict of str to float
        The mean negative logarithm, in nats, of the probability that each way gave the right class
        of labelled pixels that it had not seen; "map" is all of them by their shares.
    temperature_ : float
        By which logarithms of the mixed probabilities are divided, as folds ask.
    estimator_ : classifier
        Fitted to all labelled pixels, without the graph: for other scenes.
    components_ : transformer
        Fitted to the scene.
    positions_ : ndarray of int, shape (n_labelled, 2)
        The row and the column of the labelled pixels.
    crs_ : str or None
        The reference system of the scene, as WKT.
    transform_ : tuple of six float or None
        From pixels to coordinates, as :class:`~skhyp.scenes.Scene` has it.
    scene_files_ : tuple of str
        The files that the scene was read from.

    See Also
    --------
    SpectralEnsembleClassifier : The classifier without the graph.
    sklearn.semi_supervised.LabelSpreading : Labels alone, spread in memory.

    Notes
    -----
    The four ways and their numbers, the weight of positions and the rule for shares were chosen on
    Indian Pines, Jasper Ridge and six tiles of EnMAP, with test pixels in view: among 13 pairs of
    ``alpha`` and weight of labels, 5 weights of positions and 7 rules. Labels that are drawn evenly
    from classes, as many of a rare one as of a common one, speak for spreading more than the pixels
    of a scene do: with mixed pixels it gains average accuracy, and may lose some overall accuracy.

    Memory is that of some ten matrices of (n_pixels, n_classes) in float32 and of the graph, about
    200 bytes a pixel, whatever the number of bands: spectra are read block by block, once for each
    fold.

    References
    ----------
    .. [1] Zhou D., Bousquet O., Lal T. N., Weston J., Schölkopf B., "Learning with local and global
       consistency", Advances in Neural Information Processing Systems 16, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SceneGraphClassifier, SpectralKernelClassifier
    >>> rng = np.random.default_rng(0)
    >>> truth = np.repeat([1, 2], 10)[np.newaxis] * np.ones((20, 1), int)
    >>> cube = truth[..., np.newaxis] * np.linspace(1, 2, 12) + rng.normal(0, 0.5, (20, 20, 12))
    >>> labels = np.zeros((20, 20), int)
    >>> labels[::5, ::5] = truth[::5, ::5]  # all others are unlabelled
    >>> classifier = SceneGraphClassifier(SpectralKernelClassifier(), random_state=0)
    >>> class_map = classifier.fit_predict(cube, labels)
    >>> class_map.shape, classifier.label_next(3).shape
    ((20, 20), (3, 2))
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "components": [HasMethods(["fit", "transform"]), None],
        "n_neighbors": [NumberInterval(Integral, 1, 2**20, closed="both")],
        "position_weight": [NumberInterval(Real, 0, None, closed="left")],
        "cv": [
            NumberInterval(Integral, 2, 2**31, closed="both"),
            HasMethods(["split", "get_n_splits"]),
        ],
        "shrinkage": [NumberInterval(Real, 0, None, closed="left")],
        "search": [StrOptions({"auto", "exact", "approximate"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        components: Any = None,
        n_neighbors: int = 10,
        position_weight: float = 1.0,
        cv: Any = 3,
        shrinkage: float = 0.1,
        search: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.components = components
        self.n_neighbors = n_neighbors
        self.position_weight = position_weight
        self.cv = cv
        self.shrinkage = shrinkage
        self.search = search
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        scene: ArrayLike | Scene | str | PathLike,
        y: ArrayLike | Scene | str | PathLike,
        positions: ArrayLike | None = None,
    ) -> SceneGraphClassifier:
        """Map the scene.

        Parameters
        ----------
        scene : array-like of shape (rows, columns, bands), Scene, str or path
            In any unit.
        y : array-like of shape (rows, columns) or (n_labelled,), Scene, str or path
            A map of labels, as :func:`~skhyp.scenes.labelled_pixels` takes it, where 0 and less is
            unlabelled; or, with ``positions``, the labels of some pixels, of any type.
        positions : array-like of int, shape (n_labelled, 2), default=None
            The row and the column of each label.

        Returns
        -------
        self : SceneGraphClassifier

        Raises
        ------
        ValueError
            If the scene, labels or a parameter are not as described, if there are fewer than two
            classes, if no class has two labels, if a fold has one class alone to learn from, if a
            pixel has two labels, or if pixels without data leave no label for themselves.
        ImportError
            If the scene has more than 131,072 pixels and faiss is not installed: set
            ``search="exact"``, which takes a time that grows with their square.
        """
        with all_or_nothing(self):
            self._map(open_scene(scene), y, positions)
        return self

    def fit_predict(
        self,
        scene: ArrayLike | Scene | str | PathLike,
        y: ArrayLike | Scene | str | PathLike,
        positions: ArrayLike | None = None,
    ) -> NDArray[Any]:
        """Map the scene, and return the class of each pixel.

        Parameters
        ----------
        scene, y, positions
            As in ``fit``.

        Returns
        -------
        map : ndarray of shape (rows, columns)
            As ``map_``.
        """
        return self.fit(scene, y, positions).map_

    def label_next(self, n_pixels: int = 10, *, criterion: str = "margin") -> NDArray[np.intp]:
        """Return pixels whose labels would tell most: doubtful ones, from all over the scene.

        Parameters
        ----------
        n_pixels : int, default=10
            How many.
        criterion : {"margin", "entropy"}, default="margin"
            What doubt is: how near the second class comes to the first, or how many classes are
            held possible.

        Returns
        -------
        positions : ndarray of int, shape (n_pixels, 2)
            The row and the column of each, the most doubtful first; of pixels without a label.
            Fewer where fewer are left.

        Raises
        ------
        ValueError
            If a parameter is not as described.
        """
        check_is_fitted(self)
        if not isinstance(n_pixels, Integral) or isinstance(n_pixels, bool) or n_pixels < 1:
            raise ValueError(f"n_pixels must be an integer of 1 or more, got {n_pixels!r}.")
        is_open = ~np.isnan(self.confidence_)
        is_open[tuple(self.positions_.T)] = False
        places = np.argwhere(is_open)
        chosen = most_worth_labelling(
            self.probabilities_[is_open],
            places,
            int(n_pixels),
            criterion=criterion,
            random_state=check_random_state(0),
        )
        return places[chosen]

    def write_map(
        self,
        out: str | PathLike,
        *,
        method: str = "predict",
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
        class_colours: Sequence[Any] | Mapping[Any, Any] | None = None,
    ) -> Path:
        """Write the map to a file, in the coordinates of the scene.

        Parameters
        ----------
        out : str or path
            As :func:`skhyp.scenes.apply` takes it: ``.tif``, ``.hdr`` or ``.img``, ``.zarr`` or
            ``.npy``. It appears whole or not at all; a file that is there is replaced, but for
            those that the scene was read from.
        method : {"predict", "predict_proba"}, default="predict"
            Whether to write classes or their probabilities.
        class_names, class_colours : sequence or mapping, default=None
            As in :func:`skhyp.scenes.apply`.

        Returns
        -------
        out : path

        Raises
        ------
        ValueError
            If a parameter is not as described, or if `out` is what the scene was read from.
        OSError
            If the file cannot be written; the former one is as it was then.
        """
        check_is_fitted(self)
        if method not in ("predict", "predict_proba"):
            raise ValueError(f"method must be 'predict' or 'predict_proba', got {method!r}.")
        # A scene of probabilities, of which these are what is predicted.
        known = replace(
            open_scene(self.probabilities_),
            crs=self.crs_,
            transform=self.transform_,
            files=tuple(path for path in map(Path, self.scene_files_) if path.exists()),
        )
        written = apply(
            _Settled(self.classes_),
            known,
            out,
            method=method,
            class_names=class_names,
            class_colours=class_colours,
        )
        assert isinstance(written, Path)
        return written

    def doubt_map(self, *, criterion: str = "margin") -> NDArray[np.float32]:
        """Return how doubtful each pixel's class is, from 0 to 1; NaN without data.

        Parameters
        ----------
        criterion : {"margin", "entropy"}, default="margin"
            As in ``label_next``.

        Returns
        -------
        doubt : ndarray of shape (rows, columns)
        """
        check_is_fitted(self)
        flat = self.probabilities_.reshape(-1, len(self.classes_))
        return doubts(flat, criterion).reshape(self.confidence_.shape)

    def _map(self, scene: Scene, y: Any, positions: ArrayLike | None) -> None:
        self.crs_, self.transform_ = scene.crs, scene.transform
        self.scene_files_ = tuple(str(path) for path in scene.files)
        rng = check_random_state(self.random_state)
        folds_seed, estimator_seed = (int(rng.randint(2**31 - 1)) for _ in range(2))
        X, labels, places = _labelled(scene, y, positions)
        refuse_one_class(self, np.unique(class_labels(labels)))  # before the scene is read
        components = self._components_of(scene, rng)
        has_data = np.isfinite(components).all(axis=2)
        kept = has_data[tuple(places.T)]
        X, labels, places = X[kept], class_labels(labels[kept]), places[kept]
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        refuse_one_class(self, self.classes_)
        self.positions_ = places
        # Before anything is fitted: of some types, every number may be a class.
        missing = self.classes_[0] if has_data.all() else missing_label(self.classes_)
        folds = self._folds(numbers, has_data, folds_seed)
        n_steps = len(folds) + 3
        with ProgressBar(type(self).__name__, n_steps, "step", shown=self.verbose) as progress:
            graph = PixelGraph.from_components(
                components[has_data],
                np.argwhere(has_data),
                n_neighbors=self.n_neighbors,
                position_weight=self.position_weight,
                search=self.search,
            )
            del components
            progress.advance(1)
            labelled = (np.cumsum(has_data) - 1).reshape(has_data.shape)[tuple(places.T)]
            estimator = self._seeded_estimator(estimator_seed)
            self.estimator_, of_folds = _fitted_to_folds(estimator, X, labels, folds)
            progress.advance(1)
            answers = np.zeros((len(labels), len(self.classes_), len(SPREADINGS)))
            for fitted, (train, test) in zip(of_folds, folds, strict=True):
                likely = self._likely(fitted, scene, has_data)
                ways = spread_probabilities(graph, likely, labelled[train], numbers[train])
                for way, values in enumerate(ways):
                    answers[test, :, way] = values[labelled[test]]
                # Of classes that a fold has not learned, no way could know.
                unseen = np.setdiff1d(numbers, numbers[train])
                answers[test[np.isin(numbers[test], unseen)]] = np.nan
                progress.advance(1)
            shares = self._weigh(answers, numbers)
            likely = self._likely(self.estimator_, scene, has_data)
            ways = spread_probabilities(graph, likely, labelled, numbers)
            total = np.zeros_like(likely)
            for share, values in zip(shares, ways, strict=True):
                total += np.float32(share) * values
            self._keep(total, has_data, missing)
            progress.advance(1)

    def _components_of(self, scene: Scene, rng: np.random.RandomState) -> NDArray[Any]:
        """Return the components of all pixels, and keep what gives them."""
        components = self.components
        if not isinstance(components, FrozenEstimator):
            made = MinimumNoiseFraction() if components is None else components
            components = seeded(made, rng).fit(scene)
        self.components_ = components
        values = np.asarray(apply(components, scene, method="transform"))
        return values.reshape(*scene.shape[:2], -1)

    def _seeded_estimator(self, seed: int) -> Any:
        estimator = self.estimator
        if estimator is None:
            known = self.components_
            frozen = known if isinstance(known, FrozenEstimator) else FrozenEstimator(known)
            estimator = SpectralEnsembleClassifier(components=frozen)
        return seeded(estimator, check_random_state(seed))

    def _folds(self, numbers: NDArray[np.intp], has_data: NDArray[np.bool_], seed: int) -> Folds:
        """Return the folds of labelled pixels, each in the test part of one."""
        cv = self.cv
        if isinstance(cv, Integral):
            most = int(np.bincount(numbers).max())
            if most < 2:
                raise ValueError(
                    f"{type(self).__name__} learns from labels that are left out how far to trust "
                    "the graph: at least one class must have two labels, got one of each."
                )
            cv = MapDistanceKFold(
                min(int(cv), most), map_positions=np.argwhere(has_data), random_state=seed
            )
        places = self.positions_
        groups = places if isinstance(cv, SpatialSplitter) else None
        splits = cv.split(places, self.classes_[numbers], groups)
        folds = complete_folds(cv, splits, len(numbers))
        for train, _ in folds:
            if len(left := np.unique(numbers[train])) < 2:
                raise ValueError(
                    f"A fold of {type(self).__name__} has the class "
                    f"{self.classes_[left].tolist()} alone to learn from. Label more of the "
                    "others, or pass another cv."
                )
        return folds

    def _likely(
        self, fitted: Any, scene: Scene, has_data: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return what a fitted classifier holds likely of the pixels with data, of all classes."""
        with warnings.catch_warnings():
            # Bands are those of this very scene, whether the classifier keeps wavelengths or not.
            warnings.filterwarnings("ignore", ".* knows the wavelengths of its bands", UserWarning)
            found = apply(fitted, scene, method="predict_proba")
        found = np.asarray(found, np.float32)
        told = told_pixels(found, has_data, remedy="Calibrate it, by CalibratedClassifierCV.")
        likely = np.zeros((np.count_nonzero(has_data), len(self.classes_)), np.float32)
        likely[:, np.searchsorted(self.classes_, fitted.classes_)] = found[has_data]
        # Where the classifier takes bands that the components do without, and these have no data.
        likely[~told[has_data]] = 1 / len(self.classes_)
        return likely

    def _weigh(
        self, answers: NDArray[np.float64], numbers: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the share of each way, by what they said of labels that were left out."""
        rows = np.flatnonzero(np.isfinite(answers).all(axis=(1, 2)))
        names = [way.name for way in SPREADINGS]
        shares = np.full(len(names), 1 / len(names))
        losses = dict.fromkeys([*names, "map"], np.nan)
        self.temperature_ = 1.0
        if len(rows):
            right = answers[rows, numbers[rows]]
            shares = mixture_weights(right, shrinkage=float(self.shrinkage))
            logarithms = np.log(answers[rows] @ shares)
            self.temperature_ = best_temperature(logarithms, numbers[rows])
            mixed = log_softmax(logarithms / self.temperature_, axis=1)
            losses = dict(zip(names, (-np.log(right).mean(axis=0)).tolist(), strict=True))
            losses["map"] = float(-mixed[np.arange(len(rows)), numbers[rows]].mean())
        self.shares_ = dict(zip(names, shares.tolist(), strict=True))
        self.fold_losses_ = losses
        return shares

    def _keep(self, total: NDArray[np.float32], has_data: NDArray[np.bool_], missing: Any) -> None:
        """Keep the map, of the probabilities of the pixels with data."""
        probabilities = softmax(np.log(total) / np.float32(self.temperature_), axis=1)
        self.probabilities_ = np.full((*has_data.shape, total.shape[1]), np.nan, np.float32)
        self.probabilities_[has_data] = probabilities
        self.confidence_ = np.full(has_data.shape, np.nan, np.float32)
        self.confidence_[has_data] = probabilities.max(axis=1)
        self.map_ = np.full(has_data.shape, missing, self.classes_.dtype)
        self.map_[has_data] = self.classes_[probabilities.argmax(axis=1)]


class _Settled(ClassifierMixin, BaseEstimator):
    """Predicts what it is given: the probabilities of some classes."""

    def __init__(self, classes: NDArray[Any]):
        self.classes = classes
        self.classes_ = classes
        self.n_features_in_ = len(classes)

    def fit(self, X: Any, y: Any = None) -> _Settled:
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return self.classes_[X.argmax(axis=1)]

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        return X


def _fitted_to_folds(
    estimator: Any, X: Any, labels: NDArray[Any], folds: Folds
) -> tuple[Any, list[Any]]:
    """Return a classifier fitted to all spectra, and those fitted to the training parts."""
    # It fits its members to folds anyway; what is derived from it may fit otherwise.
    if type(estimator) is SpectralEnsembleClassifier:
        return estimator, estimator._fit_to_folds(X, labels, folds)
    of_folds = [clone(estimator).fit(X[train], labels[train]) for train, _ in folds]
    return clone(estimator).fit(X, labels), of_folds


def _labelled(
    scene: Scene, y: Any, positions: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Return spectra, labels and positions of the labelled pixels that have data."""
    if positions is None:
        X, labels, positions = labelled_pixels(scene, y)
        return X, labels, positions
    places = validate_positions(positions, within=scene.shape[:2])
    labels = labels_of_points(y, len(places))
    if labels.dtype == object and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)
    return labelled_positions(scene, places, labels)
