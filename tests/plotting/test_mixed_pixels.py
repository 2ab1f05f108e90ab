"""Abundances, endmembers and the number of them as they are drawn."""

import numpy as np
import pytest

from skhyp import FullyConstrainedLeastSquares
from skhyp.endmembers import signal_subspace
from skhyp.plotting import AbundanceMapDisplay, EndmembersDisplay, SignalSubspaceDisplay
from skhyp.scenes import apply, open_scene


@pytest.fixture(scope="module")
def scene(wavelengths):
    band = np.linspace(0, 1, 40)
    pure = np.stack([0.2 + 0.2 * band, 0.4 - 0.2 * np.exp(-(((band - 0.5) / 0.1) ** 2))])
    share = np.linspace(0, 1, 12)[:, None, None] * np.ones((1, 15, 1))
    noise = 0.002 * np.random.default_rng(0).standard_normal((12, 15, 40))
    cube = share * pure[0] + (1 - share) * pure[1] + noise
    cube[3, 4] = np.nan
    return open_scene(cube, wavelengths=wavelengths)


@pytest.fixture(scope="module")
def unmixing(scene):
    return FullyConstrainedLeastSquares(n_endmembers=2, random_state=0).fit(scene)


def names_in(display):
    return [text.get_text() for text in display.ax_.texts]


def test_each_endmember_has_a_map_by_one_scale(scene, unmixing):
    display = AbundanceMapDisplay.from_estimator(unmixing, scene)
    shares = unmixing.transform(scene).reshape(12, 15, 2)
    assert names_in(display) == ["endmember0", "endmember1"]
    for number, image in enumerate(display.images_):
        np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), shares[..., number])
        assert image.get_clim() == (0, 1)
    assert display.colour_bar_.extend == "neither"
    assert display.colour_bar_.ax.get_ylabel() == "Abundance"


def test_maps_stand_beside_and_below_each_other_and_do_not_touch():
    display = AbundanceMapDisplay(np.ones((20, 30, 5)) / 5).plot(n_columns=2)
    boxes = [image.get_extent() for image in display.images_]  # left, right, bottom, top
    assert [box[0] for box in boxes] == [boxes[0][0], boxes[1][0]] * 2 + [boxes[0][0]]
    assert boxes[0][1] < boxes[1][0] and boxes[0][2] < boxes[2][3] < boxes[4][3]
    sizes = [(box[1] - box[0], box[2] - box[3]) for box in boxes]
    np.testing.assert_allclose(sizes, [(30, 20)] * 5)


def test_maps_of_a_file_have_the_names_in_it(scene, unmixing, tmp_path):
    path = apply(unmixing, scene, tmp_path / "shares.tif", method="transform")
    display = AbundanceMapDisplay.from_values(path)
    shares = unmixing.transform(scene).reshape(12, 15, 2)
    drawn = np.ma.filled(display.images_[0].get_array(), np.nan)
    np.testing.assert_allclose(drawn, shares[..., 0], atol=1e-6)
    assert names_in(display) == ["endmember0", "endmember1"]
    assert names_in(AbundanceMapDisplay.from_values(path, names=["a", "b"])) == ["a", "b"]


def test_what_lies_beyond_the_scale_is_marked():
    shares = np.linspace(-0.5, 0.9, 24).reshape(2, 3, 4)
    assert AbundanceMapDisplay(shares).plot().colour_bar_.extend == "min"
    assert AbundanceMapDisplay(shares).plot(vmin=-1, vmax=0.5).colour_bar_.extend == "max"


def test_arguments_that_do_not_exist_are_refused_before_a_scene_is_read(unmixing):
    with pytest.raises(TypeError, match=r"has no argument 'colour'"):
        AbundanceMapDisplay.from_estimator(unmixing, "missing.tif", colour="red")
    with pytest.raises(ValueError, match="n_columns must be an integer of 1 or more"):
        AbundanceMapDisplay.from_estimator(unmixing, "missing.tif", n_columns=0)
    with pytest.raises(ValueError, match="names must be 2, one for each map; got 1"):
        AbundanceMapDisplay.from_values(np.ones((2, 2, 2)), names=["one"])


def test_endmembers_are_drawn_over_wavelengths_with_gaps(unmixing, wavelengths):
    display = EndmembersDisplay.from_estimator(unmixing, names=["sand", "clay"])
    assert [len(lines) for lines in display.lines_] == [3, 3]
    drawn = np.concatenate([line.get_ydata() for line in display.lines_[1]])
    np.testing.assert_array_equal(drawn, unmixing.endmembers_[1])
    positions = np.concatenate([line.get_xdata() for line in display.lines_[1]])
    np.testing.assert_array_equal(positions, wavelengths)
    assert [text.get_text() for text in display.legend_.get_texts()] == ["sand", "clay"]
    assert display.ax_.get_xlabel() == "Wavelength (nm)"
    assert EndmembersDisplay(np.eye(2, 5)).plot().ax_.get_xlabel() == "Band"


def test_what_has_no_endmembers_is_refused():
    with pytest.raises(ValueError, match="must be fitted and have endmembers_"):
        EndmembersDisplay.from_estimator(FullyConstrainedLeastSquares())
    with pytest.raises(ValueError, match="names must be 2, one for each endmember; got 3"):
        EndmembersDisplay(np.eye(2, 5), names="abc").plot()


def test_the_number_of_endmembers_is_marked_where_the_sum_is_least(scene):
    display = SignalSubspaceDisplay.from_spectra(scene)
    found = signal_subspace(scene)
    assert display.least_.get_xdata() == [found.n_endmembers] == [2]
    both = display.sum_.get_ydata()
    assert int(np.nanargmin(both)) == 2
    np.testing.assert_allclose(display.least_.get_ydata(), both[2])
    np.testing.assert_allclose(
        both[1:], (display.error_.get_ydata() + display.noise_.get_ydata())[1:]
    )
    assert len(both) == 21
    assert len(SignalSubspaceDisplay(found).plot(n_shown=500).sum_.get_xdata()) == 41
    with pytest.raises(ValueError, match="n_shown must be 1 or more"):
        SignalSubspaceDisplay(found).plot(n_shown=0)
