"""Training on a scene sees each pixel with data once an epoch, in memory or in windows."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.scenes import apply, open_scene

SHAPE = (120, 90, 40)


@pytest.fixture(scope="module")
def cube(spectra_factory):
    X, _ = spectra_factory(n_per_class=(4000, 3000, 3800), n_bands=SHAPE[2], seed=1)
    return (X * 10000).astype(np.int16).reshape(SHAPE)


@pytest.fixture
def autoencoder(small_autoencoder):
    return SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 4, "batch_size": 200})


@pytest.fixture
def little_memory():
    """Of the scene above, a window holds a part of the pixels."""
    with sklearn.config_context(working_memory=1):
        yield


def test_a_scene_that_fits_in_memory_trains_as_its_rows_do(autoencoder, cube):
    fitted = clone(autoencoder).fit(open_scene(cube))
    expected = autoencoder.fit(cube.reshape(-1, SHAPE[2]))
    np.testing.assert_array_equal(fitted.parameters_, expected.parameters_)


@pytest.mark.usefixtures("little_memory")
def test_windows_have_each_complete_pixel_once_in_another_order_each_time(cube):
    numbered = cube.copy()
    numbered[..., 0], numbered[..., 1] = np.indices(SHAPE[:2])
    numbered[5, 6, 7] = -9999
    pixels = ScenePixels(open_scene(numbered, nodata=-9999))
    assert not pixels.fit_in_memory
    sample = pixels.survey()
    assert pixels.n_rows == SHAPE[0] * SHAPE[1] - 1
    assert len(np.unique(sample[:, :2], axis=0)) == len(sample) > 100
    orders = []
    for seed in (0, 1, None):
        rng = None if seed is None else np.random.default_rng(seed)
        windows = list(pixels.windows(rng))
        assert len(windows) > 1 and max(map(len, windows)) * 40 * 6 * 2 < 1.2 * 2**20
        orders.append(np.concatenate(windows)[:, :2])
        assert len(np.unique(orders[-1], axis=0)) == len(orders[-1]) == pixels.n_rows
    assert (orders[0] != orders[1]).any()
    assert (np.diff(orders[2][:, 0]) >= 0).all(), "without a generator, in the order of the scene"
    first = orders[0][: len(orders[0]) // 3]
    assert np.ptp(first[:, 0]) > SHAPE[0] / 2, "a window has blocks from all over the scene"


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("changes", [{}, {"loss": "sse"}, {"shuffle": False}, {"batch_size": 7000}])
def test_training_in_windows_learns_as_much_and_is_reproducible(autoencoder, cube, changes):
    autoencoder.set_params(**changes)
    streamed = clone(autoencoder).fit(open_scene(cube))
    again = clone(autoencoder).fit(open_scene(cube))
    np.testing.assert_array_equal(streamed.parameters_, again.parameters_)
    with sklearn.config_context(working_memory=1024):
        in_memory = autoencoder.fit(open_scene(cube))
    assert streamed.n_iter_ == in_memory.n_iter_ == 4
    assert streamed.loss_curve_[-1] < streamed.loss_curve_[0]
    # The same losses, but for the order of the pixels and the sample that gives the scale.
    np.testing.assert_allclose(streamed.loss_curve_, in_memory.loss_curve_, rtol=0.35)


@pytest.mark.usefixtures("little_memory")
def test_without_shuffling_windows_are_as_if_all_were_in_memory(autoencoder, cube):
    autoencoder.set_params(shuffle=False, scale_input=False)
    spectra = open_scene(cube.astype(np.float32) / 10000)
    streamed = clone(autoencoder).fit(spectra)
    with sklearn.config_context(working_memory=1024):
        in_memory = autoencoder.fit(spectra)
    np.testing.assert_array_equal(streamed.parameters_, in_memory.parameters_)
    np.testing.assert_allclose(streamed.loss_curve_, in_memory.loss_curve_, rtol=1e-6)


@pytest.mark.usefixtures("little_memory")
def test_a_memory_map_that_is_too_large_is_read_in_windows(autoencoder, cube, tmp_path):
    np.save(tmp_path / "rows.npy", cube.reshape(-1, SHAPE[2]))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    expected = clone(autoencoder).fit(open_scene(np.asarray(rows)[:, np.newaxis]))
    fitted = clone(autoencoder).fit(rows)
    np.testing.assert_array_equal(fitted.parameters_, expected.parameters_)
    floats = np.lib.format.open_memmap(
        tmp_path / "nan.npy", mode="w+", dtype=np.float32, shape=rows.shape
    )
    floats[:] = rows
    floats[77, 7] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        autoencoder.fit(floats)


@pytest.mark.usefixtures("little_memory")
def test_a_scene_is_trained_on_as_a_preprocessor_gives_it(autoencoder, cube):
    marked = cube.copy()
    marked[3, 4] = -1
    scene = open_scene(marked, nodata=-1, wavelengths=np.linspace(400, 900, SHAPE[2]))
    preprocessor = HypPreprocessor(method="l2", bands=np.arange(0, 40, 2), nodata=-1)
    preprocessor.set_params(wavelengths=scene.wavelengths).fit(scene.read(rows=slice(0, 9)))
    clean = scene.through(preprocessor)
    assert clean.shape == (120, 90, 20) and np.isnan(clean.nodata)
    np.testing.assert_allclose(clean.wavelengths, scene.wavelengths[::2], rtol=1e-6)
    assert np.isnan(clean.read()[3, 4]).all()
    autoencoder.fit(clean)
    codes = apply(make_pipeline(preprocessor, autoencoder), scene, method="transform")
    assert np.isnan(codes[3, 4]).all() and np.isnan(codes).sum() == 3
    np.testing.assert_array_equal(codes[0], autoencoder.transform(clean.read()[0]))


@pytest.mark.usefixtures("little_memory")
def test_training_in_windows_is_resumed_to_the_same_bits(autoencoder, cube, tmp_path):
    scene = open_scene(cube)
    whole = clone(autoencoder).fit(scene)
    autoencoder.set_params(checkpoint_dir=tmp_path, save_epochs=1, resume=True)
    clone(autoencoder).set_params(max_epochs=2).fit(scene)
    resumed = autoencoder.fit(scene)
    np.testing.assert_array_equal(resumed.parameters_, whole.parameters_)
    np.testing.assert_array_equal(resumed.loss_curve_, whole.loss_curve_)


@pytest.mark.usefixtures("little_memory", "interrupted_after_two_epochs")
def test_ctrl_c_leaves_what_whole_epochs_have_learned(autoencoder, cube):
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="after 2 of 4 epochs"):
        autoencoder.fit(open_scene(cube))
    assert autoencoder.n_iter_ == 2


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("arguments", [{"early_stopping": True}, {"sample_weight": np.ones(10)}])
def test_what_windows_cannot_do_is_refused(autoencoder, cube, arguments):
    weight = arguments.pop("sample_weight", None)
    with pytest.raises(ValueError, match=r"for spectra that .* working_memory holds"):
        autoencoder.set_params(**arguments).fit(open_scene(cube), sample_weight=weight)
    assert not hasattr(autoencoder, "n_features_in_")


@pytest.mark.usefixtures("little_memory")
def test_a_scene_without_data_says_so(autoencoder):
    with pytest.raises(ValueError, match=r"No pixel of .* has data in all bands"):
        autoencoder.fit(open_scene(np.zeros(SHAPE, np.int16), nodata=0))


@pytest.mark.usefixtures("little_memory")
def test_a_training_in_windows_is_resumed_on_the_same_pixels_in_the_same_windows(
    autoencoder, cube, tmp_path
):
    autoencoder.set_params(checkpoint_dir=tmp_path, save_epochs=1, resume=True)
    clone(autoencoder).set_params(max_epochs=2).fit(open_scene(cube))
    changed = cube.copy()
    sample = ScenePixels(open_scene(cube)).survey()
    place = next(
        divmod(i, SHAPE[1])
        for i, spectrum in enumerate(cube.reshape(-1, SHAPE[2]))
        if not (sample == spectrum).all(axis=1).any()
    )
    changed[place] += 1  # of no pixel in the sample
    with pytest.raises(ValueError, match="these differ: data"):
        clone(autoencoder).fit(open_scene(changed))
    with (
        sklearn.config_context(working_memory=0.7),
        pytest.raises(ValueError, match=r"these differ: .*working_memory"),
    ):
        clone(autoencoder).fit(open_scene(cube))
    assert autoencoder.fit(open_scene(cube)).n_iter_ == 4


@pytest.mark.usefixtures("little_memory")
def test_what_the_last_update_on_a_scene_has_broken_is_refused(autoencoder, cube):
    autoencoder.set_params(
        loss="sse", optimizer="sgd", learning_rate=1e30, max_epochs=1, batch_size=20000
    )
    with pytest.raises(ValueError, match="Training diverged within 1 updates"):
        autoencoder.fit(open_scene(cube))
    assert not hasattr(autoencoder, "parameters_")
