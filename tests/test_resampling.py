"""Spectra of one sensor on the bands of another: what is known of them, what is refused."""

from dataclasses import replace

import joblib
import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skhyp import BandResampler, HypPreprocessor, SpectralPLSRegressor
from skhyp.scenes import apply, labelled_pixels, open_scene
from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names

FIELD = np.arange(400.0, 1001.0)
CENTRES = np.arange(450.0, 951.0, 10)


def _spectra(wavelengths=FIELD, n_spectra=20, fwhm=3.0):
    """Return smooth spectra, which bands of a few nm hardly change."""
    phases = np.linspace(0, 3, n_spectra)[:, np.newaxis]
    X = 0.3 + 0.1 * np.sin(np.asarray(wavelengths) / 60 + phases)
    return Spectra(X, wavelengths, fwhm)


def _scene(wavelengths=FIELD, rows=4, columns=5, dtype=np.float32, **facts):
    cube = np.asarray(_spectra(wavelengths, rows * columns)).reshape(rows, columns, -1)
    scene = open_scene(cube.astype(dtype), wavelengths=wavelengths)
    return replace(scene, fwhm=np.full(len(wavelengths), 3.0), **facts)


def test_spectra_come_out_with_their_wavelengths_and_widths():
    found = BandResampler(target=CENTRES, target_fwhm=8).fit_transform(_spectra())
    np.testing.assert_array_equal(found.wavelengths, CENTRES)
    np.testing.assert_array_equal(found.fwhm, np.full(51, 8.0))
    np.testing.assert_allclose(found, _spectra(CENTRES), atol=1e-3)


def test_without_a_target_the_bands_stay_as_they_are():
    X = _spectra()
    found = BandResampler().fit_transform(X)
    np.testing.assert_array_equal(found, X)
    np.testing.assert_array_equal(found.wavelengths, FIELD)
    plain = BandResampler().fit(np.ones((2, 3)))
    assert plain.get_feature_names_out().tolist() == ["x0", "x1", "x2"]


def test_the_target_is_whatever_knows_its_bands():
    X, target = _spectra(), _spectra(CENTRES, fwhm=8.0)
    scene = replace(_scene(CENTRES), fwhm=np.full(51, 8.0))
    regressor = SpectralPLSRegressor(max_components=2, cv=2).fit(target, np.arange(20.0))
    expected = BandResampler(target=CENTRES, target_fwhm=8).fit_transform(X)
    for given in (target, scene, regressor, FrozenEstimator(regressor)):
        found = BandResampler(target=given).fit_transform(X)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(found.fwhm, expected.fwhm)
    columns = pandas.DataFrame(np.ones((1, 51)), columns=wavelength_names(CENTRES))
    by_columns = BandResampler(target=columns, target_fwhm=8).fit_transform(X)
    np.testing.assert_array_equal(by_columns, expected)


def test_bad_bands_of_a_target_do_not_come_out_and_those_of_a_source_do_not_go_in():
    good = np.ones(51, bool)
    good[[3, 30]] = False
    target = BandResampler(target=_scene(CENTRES, good_bands=good)).fit(_spectra())
    np.testing.assert_array_equal(target.wavelengths_out_, CENTRES[good])
    bad = (FIELD > 706) & (FIELD < 714)
    scene = _scene(good_bands=~bad)
    resampler = BandResampler(target=CENTRES, target_fwhm=8, uncovered="drop").fit(scene)
    assert resampler.n_features_in_ == 601 - 7
    assert set(CENTRES) - set(resampler.wavelengths_out_) == {710.0}
    assert scene.through(resampler).shape == (4, 5, 50)


def test_widths_that_are_not_known_are_distances():
    resampler = BandResampler(target=CENTRES).fit(Spectra(_spectra(), FIELD))
    np.testing.assert_allclose(resampler.fwhm_, 1)
    np.testing.assert_allclose(resampler.fwhm_out_, 10)
    with pytest.raises(ValueError, match=r"no other within 30 nm\. Pass target_fwhm"):
        BandResampler(target=[500, 600, 700]).fit(_spectra())
    with pytest.raises(ValueError, match=r"no other within 30 nm\. Pass fwhm"):
        BandResampler(target=CENTRES).fit(np.ones((1, 3)) * Spectra(np.ones(3), [500, 600, 700]))


def test_bands_that_were_not_measured_are_refused_dropped_or_marked():
    target = [395.0, 500, 600, 1010]
    with pytest.raises(ValueError, match=r"did not measure 2 of the 4 bands .*: 395, 1010 nm"):
        BandResampler(target=target, target_fwhm=10).fit(_spectra())
    dropped = BandResampler(target=target, target_fwhm=10, uncovered="drop").fit(_spectra())
    assert dropped.bands_out_.tolist() == [1, 2]
    assert dropped.transform(_spectra()).source_bands.tolist() == [1, 2]
    marked = BandResampler(target=target, target_fwhm=10, uncovered="nan").fit(_spectra())
    found = marked.transform(_spectra())
    assert np.isnan(found).any(axis=0).tolist() == [True, False, False, True]
    np.testing.assert_array_equal(found[:, 1:3], dropped.transform(_spectra()))
    with pytest.raises(ValueError, match="measured none of the 1 bands"):
        BandResampler(target=[1500], target_fwhm=10, uncovered="drop").fit(_spectra())


def test_a_built_in_sensor_has_its_published_bands():
    found = BandResampler(target="sentinel-2", uncovered="drop").fit(_spectra())
    assert found.wavelengths_out_[[0, -1]].tolist() == [443, 945]
    assert len(BandResampler(target="landsat-8", uncovered="nan").fit(_spectra()).coverage_) == 9
    with pytest.raises(ValueError, match="'sentinel-2'"):
        BandResampler(target="sentinel").fit(_spectra())


def test_responses_say_what_the_bands_are():
    table = pandas.DataFrame(
        {"red": [0, 1, 1, 0, 0], "nir": [0, 0, 0, 1, 1]}, index=[600, 620, 680, 700, 900]
    )
    found = BandResampler(responses=table).fit_transform(_spectra())
    assert found.fwhm.tolist() == [80, 210]
    np.testing.assert_allclose(found.wavelengths, [650, 795.24], atol=1e-2)
    array = np.column_stack([table.index, table])[::-1]
    np.testing.assert_allclose(BandResampler(responses=array).fit_transform(_spectra()), found)
    for wrong, message in (
        (array[:, :1], "a column for each band"),
        (np.vstack([array, array[:1]]), "each of them once"),
        (array * [1, 1, 0], "column 1 of the bands"),
        (np.where(array == 1, np.nan, array), "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            BandResampler(responses=wrong).fit(_spectra())
    with pytest.raises(ValueError, match="target must be None"):
        BandResampler(responses=table, target=CENTRES).fit(_spectra())


def test_what_does_not_know_its_wavelengths_is_refused():
    X = np.asarray(_spectra())
    with pytest.raises(ValueError, match="needs the wavelengths of the bands of X"):
        BandResampler(target=CENTRES).fit(X)
    given = BandResampler(target=CENTRES, wavelengths=FIELD, fwhm=3).fit(X)
    np.testing.assert_array_equal(given.fwhm_, np.full(601, 3.0))
    with pytest.raises(ValueError, match="GaussianNB was fitted to spectra that knew none"):
        BandResampler(target=GaussianNB().fit(X, np.arange(20) % 2)).fit(_spectra())
    with pytest.raises(ValueError, match="list of wavelengths in nm, or what knows some"):
        BandResampler(target=X).fit(_spectra())
    with pytest.raises(ValueError, match="target_fwhm needs target"):
        BandResampler(target_fwhm=5).fit(_spectra())


def test_spectra_of_other_wavelengths_are_refused():
    resampler = BandResampler(target=CENTRES).fit(_spectra())
    with pytest.raises(ValueError, match="X has other bands than those"):
        resampler.transform(_spectra(FIELD + 1))


def test_a_failed_fit_leaves_the_former_state():
    resampler = BandResampler(target=CENTRES).fit(_spectra())
    before = resampler.transform(_spectra())
    with pytest.raises(ValueError, match="did not measure"):
        resampler.set_params(target=[300.0]).set_params(target_fwhm=5).fit(_spectra())
    np.testing.assert_array_equal(resampler.transform(_spectra()), before)


def test_missing_values_of_a_library_stay_missing():
    X = _spectra()
    X[3, FIELD == 500] = np.nan
    found = np.isnan(BandResampler(target=CENTRES, target_fwhm=8).fit_transform(X))
    assert found.any(axis=1).tolist() == [row == 3 for row in range(20)]
    assert CENTRES[found[3]].tolist() == [490, 500, 510]


def test_a_scene_is_resampled_where_it_is_read_and_keeps_what_its_numbers_are():
    scene = _scene(dtype=np.float64, numbers="as stored, with scale 0.0001", scale=1e-4)
    resampler = BandResampler(target=CENTRES, target_fwhm=8).fit(scene)
    resampled = scene.through(resampler)
    np.testing.assert_array_equal(resampled.wavelengths, CENTRES)
    np.testing.assert_array_equal(resampled.fwhm, np.full(51, 8.0))
    assert (resampled.numbers, resampled.scale) == (scene.numbers, scene.scale)
    found = resampler.transform(scene)
    np.testing.assert_array_equal(np.asarray(resampled).reshape(-1, 51), found)
    np.testing.assert_array_equal(found, resampler.transform(np.asarray(scene)))
    assert found.numbers == scene.numbers


def test_numbers_that_mean_something_else_in_each_band_are_not_added_up():
    scene = _scene(scale=np.linspace(1, 2, 601))
    with pytest.raises(ValueError, match="another scale for each band, from 1 to 2"):
        BandResampler(target=CENTRES).fit(scene)


def test_pixels_without_data_are_missing():
    cube = np.asarray(_scene()).copy()
    cube[1, 2, 100] = -9999
    scene = replace(open_scene(cube, wavelengths=FIELD), nodata=-9999.0)
    resampled = scene.through(BandResampler(target=CENTRES, target_fwhm=8).fit(scene))
    assert np.argwhere(np.isnan(np.asarray(resampled)).any(axis=2)).tolist() == [[1, 2]]


def test_columns_that_come_out_under_names_of_the_input_are_not_taken_for_these():
    table = pandas.DataFrame(np.asarray(_spectra()), columns=wavelength_names(FIELD))
    model = make_pipeline(BandResampler(target=CENTRES, target_fwhm=20), LinearRegression())
    model.fit(table, np.arange(20.0))
    cube = np.asarray(_scene()).copy()
    cube[0, 0, 201] = np.nan
    value_map = apply(model, open_scene(cube, wavelengths=FIELD))
    assert np.argwhere(np.isnan(value_map)).tolist() == [[0, 0]]


def test_a_pipeline_trained_on_resampled_spectra_maps_the_scene_that_they_were_resampled_to():
    scene = _scene(CENTRES, rows=4)
    library, y = _spectra(), np.arange(20) % 2
    X = BandResampler(target=scene).fit_transform(library)
    model = make_pipeline(HypPreprocessor(method="snv"), GaussianNB()).fit(X, y)
    assert apply(model, scene).shape == (4, 5)


def test_it_is_cloned_and_saved(tmp_path):
    resampler = BandResampler(target=CENTRES, target_fwhm=8).fit(_spectra())
    joblib.dump(resampler, tmp_path / "resampler.joblib")
    loaded = joblib.load(tmp_path / "resampler.joblib")
    np.testing.assert_array_equal(loaded.transform(_spectra()), resampler.transform(_spectra()))
    assert BandResampler.from_config(clone(resampler).to_config()).uncovered == "raise"


def test_models_know_the_widths_of_what_they_were_fitted_to():
    scene = _scene()
    X, y, _ = labelled_pixels(scene, np.arange(20).reshape(4, 5) % 2 + 1)
    np.testing.assert_array_equal(X.fwhm, np.full(601, 3.0))
    kept = HypPreprocessor(bands=[(600, 700)]).fit(X)
    np.testing.assert_array_equal(kept.fwhm_, np.full(500, 3.0))
    np.testing.assert_array_equal(kept.transform(X).fwhm, np.full(500, 3.0))
    np.testing.assert_array_equal(scene.through(kept).fwhm, np.full(500, 3.0))
    assert (
        BandResampler(target=make_pipeline(kept, GaussianNB().fit(kept.transform(X), y)))
        .fit(X)
        .fwhm_out_.tolist()
        == [3.0] * 601
    )
