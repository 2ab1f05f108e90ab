"""What SpectralAutoencoder does, apart from what scikit-learn's suite asks of it."""

import sys

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.metrics import MEASURES

ACTIVATIONS = ["relu", "sigmoid", "linear", "tanh", "elu", "softplus"]
SMALL_CONV = {
    "architecture": "conv",
    "n_filters": (3, 3),
    "kernel_sizes": 5,
    "n_components": 3,
    "loss": "sse",
    "max_epochs": 8,
    "learning_rate": 0.01,
    "random_state": 0,
}
RISING_RATE = {
    "learning_rate_schedule": "piecewise",
    "learning_rate_boundaries": (20,),
    "learning_rate_values": (3.0,),
}


@pytest.mark.parametrize(
    ("given", "computed"),
    [
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("uint8", "float32"),
        ("uint16", "float32"),
        ("int16", "float32"),
        ("int64", "float32"),
    ],
)
def test_shapes_and_dtypes_follow_the_input(spectra, small_autoencoder, given, computed):
    X = (100 * spectra[0]).astype(given)
    autoencoder = SpectralAutoencoder(**small_autoencoder).fit(X)
    codes = autoencoder.transform(X)
    assert autoencoder.parameters_.dtype == codes.dtype == computed
    assert codes.shape == (120, 3)
    assert autoencoder.reconstruct(X).shape == autoencoder.inverse_transform(codes).shape == X.shape
    assert (
        autoencoder.reconstruct(X).dtype == autoencoder.inverse_transform(codes).dtype == computed
    )
    assert autoencoder.reconstruction_error(X).shape == (120,)


@pytest.mark.parametrize(
    "rearrange",
    [np.asfortranarray, lambda X: X.astype(">f4"), lambda X: np.repeat(X, 2, 1)[:, ::2]],
)
def test_memory_layout_and_byte_order_do_not_matter(spectra, fitted_autoencoder, rearrange):
    X = spectra[0]
    assert np.array_equal(
        fitted_autoencoder.transform(rearrange(X)), fitted_autoencoder.transform(X)
    )


def _reduces_the_loss(X, **parameters):
    curve = SpectralAutoencoder(**parameters).fit(X).loss_curve_
    return np.isfinite(curve).all() and curve[-1] < curve[0]


@pytest.mark.parametrize("loss", ["csa", "sa", "sid", "sse"])
@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_every_loss_falls(spectra, small_autoencoder, architecture, loss):
    parameters = small_autoencoder if architecture == "dense" else SMALL_CONV
    assert _reduces_the_loss(spectra[0], **parameters | {"loss": loss})


@pytest.mark.parametrize("first", range(len(ACTIVATIONS)))
def test_every_activation_learns_in_every_place(spectra, small_autoencoder, first):
    # Each of them once in each place, beside two others.
    of_places = [ACTIVATIONS[(first + i) % len(ACTIVATIONS)] for i in (0, 1, 3)]
    places = ("activation", "latent_activation", "output_activation")
    given = dict(zip(places, of_places, strict=True))
    assert _reduces_the_loss(spectra[0], **small_autoencoder | given)


@pytest.mark.parametrize("initializer", ["glorot", "he", "truncated_normal", "normal", "constant"])
def test_every_initializer_learns(spectra, small_autoencoder, initializer):
    assert _reduces_the_loss(spectra[0], **small_autoencoder, initializer=initializer)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "exponential", "piecewise", "cosine"])
def test_every_optimizer_and_schedule_learns(spectra, small_autoencoder, optimizer, schedule):
    given = {"learning_rate_boundaries": (10,), "learning_rate_values": (0.005,), "decay_steps": 5}
    parameters = small_autoencoder | given | {"learning_rate_schedule": schedule}
    assert _reduces_the_loss(spectra[0], **parameters, optimizer=optimizer)


@pytest.mark.parametrize("tied_weights", [False, True, (True, False)])
@pytest.mark.parametrize("skip_connections", [False, True])
@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_ties_and_skips_learn(
    spectra, small_autoencoder, architecture, skip_connections, tied_weights
):
    parameters = small_autoencoder if architecture == "dense" else SMALL_CONV
    structure = {"skip_connections": skip_connections, "tied_weights": tied_weights}
    assert _reduces_the_loss(spectra[0], **parameters | structure | {"loss": "sse"})


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, (2, 3)])
def test_convolutions_of_any_stride_restore_the_bands(spectra, padding, strides):
    parameters = SMALL_CONV | {"padding": padding, "strides": strides, "max_epochs": 1}
    autoencoder = SpectralAutoencoder(**parameters).fit(spectra[0])
    assert autoencoder.reconstruct(spectra[0]).shape == (120, 40)


@pytest.mark.parametrize("parameters", [{}, {"scale_input": False}, SMALL_CONV, {"loss": "sid"}])
def test_decoded_codes_are_the_reconstruction(spectra, small_autoencoder, parameters):
    X = 1000 * spectra[0]
    autoencoder = SpectralAutoencoder(**small_autoencoder | parameters).fit(X)
    decoded = autoencoder.inverse_transform(autoencoder.transform(X))
    np.testing.assert_allclose(decoded, autoencoder.reconstruct(X), rtol=1e-5)


def test_no_inverse_transform_with_skip_connections(spectra, small_autoencoder):
    autoencoder = SpectralAutoencoder(**small_autoencoder, skip_connections=True).fit(spectra[0])
    assert not hasattr(autoencoder, "inverse_transform")
    with pytest.raises(AttributeError) as raised:
        _ = autoencoder.inverse_transform
    reasons = (str(raised.value), str(raised.value.__cause__))
    assert any("skip_connections" in reason for reason in reasons)


def test_codes_of_another_size_are_refused(fitted_autoencoder):
    with pytest.raises(ValueError, match="n_components=3"):
        fitted_autoencoder.inverse_transform(np.zeros((2, 4)))


@pytest.mark.parametrize("measure", sorted(MEASURES))
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-3)])
def test_reconstruction_error_agrees_with_the_metrics(
    spectra, small_autoencoder, measure, dtype, rtol
):
    X = 500 * spectra[0].astype(dtype)
    autoencoder = SpectralAutoencoder(**small_autoencoder | {"loss": "sse"}).fit(X)
    expected = MEASURES[measure](X, autoencoder.reconstruct(X))
    errors = autoencoder.reconstruction_error(X, measure=measure)
    np.testing.assert_allclose(errors, expected, rtol=rtol, atol=10 * np.finfo(dtype).eps)


def test_default_measure_is_the_loss(spectra, small_autoencoder):
    autoencoder = SpectralAutoencoder(**small_autoencoder | {"loss": "sa"}).fit(spectra[0])
    errors = autoencoder.reconstruction_error(spectra[0])
    assert np.array_equal(errors, autoencoder.reconstruction_error(spectra[0], measure="sa"))
    assert not np.array_equal(errors, autoencoder.reconstruction_error(spectra[0], measure="csa"))


def test_unknown_measure_is_refused(spectra, fitted_autoencoder):
    with pytest.raises(ValueError, match="measure"):
        fitted_autoencoder.reconstruction_error(spectra[0], measure="rmse")


@pytest.mark.parametrize("loss", ["csa", "sse"])
def test_score_is_minus_the_mean_spectral_angle(spectra, small_autoencoder, loss):
    autoencoder = SpectralAutoencoder(**small_autoencoder | {"loss": loss}).fit(spectra[0])
    angle = autoencoder.reconstruction_error(spectra[0], measure="sa").mean()
    assert autoencoder.score(spectra[0]) == pytest.approx(-angle, rel=1e-5)


def test_early_stopping_stops_and_keeps_the_best_epoch(spectra, small_autoencoder):
    parameters = small_autoencoder | RISING_RATE | {"early_stopping": True, "patience": 4}
    stopped = SpectralAutoencoder(**parameters | {"max_epochs": 500}).fit(spectra[0])
    best = int(np.argmin(stopped.validation_loss_curve_))
    assert stopped.n_iter_ == len(stopped.validation_loss_curve_) == best + 5 < 500
    until_best = SpectralAutoencoder(**parameters | {"max_epochs": best + 1}).fit(spectra[0])
    assert np.array_equal(stopped.parameters_, until_best.parameters_)


def test_early_stopping_needs_two_spectra(spectra):
    with pytest.raises(ValueError, match="1 sample"):
        SpectralAutoencoder(early_stopping=True).fit(spectra[0][:1])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_warm_start_twice_is_one_longer_fit(spectra, small_autoencoder, optimizer):
    parameters = small_autoencoder | {"optimizer": optimizer, "batch_size": 50}
    whole = SpectralAutoencoder(**parameters | {"max_epochs": 20}).fit(spectra[0])
    parts = SpectralAutoencoder(**parameters | {"max_epochs": 10, "warm_start": True})
    parts.fit(spectra[0]).fit(spectra[0])
    assert np.array_equal(parts.parameters_, whole.parameters_)
    assert parts.loss_curve_ == whole.loss_curve_ and parts.n_iter_ == 20


@pytest.mark.parametrize(
    "change", [{"n_components": 5}, {"tied_weights": True}, {"scale_input": False}]
)
def test_warm_start_of_another_network_is_refused(spectra, small_autoencoder, change):
    autoencoder = SpectralAutoencoder(**small_autoencoder, warm_start=True).fit(spectra[0])
    with pytest.raises(ValueError, match="warm_start"):
        autoencoder.set_params(**change).fit(spectra[0])


def test_parts_have_no_end_that_a_cosine_could_fall_to(spectra, small_autoencoder):
    autoencoder = SpectralAutoencoder(**small_autoencoder, learning_rate_schedule="cosine")
    with pytest.raises(ValueError, match=r"partial_fit has no last epoch .*'cosine'"):
        autoencoder.partial_fit(spectra[0])


@pytest.mark.parametrize("schedule", ["constant", "exponential", "piecewise"])
def test_partial_fit_epochs_are_those_of_fit(spectra, small_autoencoder, schedule):
    given = {"learning_rate_boundaries": (7,), "learning_rate_values": (0.002,), "decay_steps": 4}
    parameters = small_autoencoder | given | {"batch_size": 50, "max_epochs": 5}
    autoencoder = SpectralAutoencoder(**parameters, learning_rate_schedule=schedule)
    whole = autoencoder.fit(spectra[0]).parameters_
    parts = SpectralAutoencoder(**autoencoder.get_params())
    for _ in range(5):
        parts.partial_fit(spectra[0])
    assert np.array_equal(parts.parameters_, whole)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_divergence_names_the_learning_rate_and_keeps_the_former_fit(
    spectra, small_autoencoder, optimizer
):
    autoencoder = SpectralAutoencoder(**small_autoencoder, optimizer=optimizer).fit(spectra[0])
    codes, curve = autoencoder.transform(spectra[0]), list(autoencoder.loss_curve_)
    with pytest.raises(ValueError, match="learning_rate"):
        autoencoder.set_params(learning_rate=1e30).fit(2 * spectra[0])
    assert np.array_equal(autoencoder.transform(spectra[0]), codes)
    assert autoencoder.loss_curve_ == curve


def test_failure_on_other_bands_keeps_the_former_fit(spectra, small_autoencoder):
    autoencoder = SpectralAutoencoder(**small_autoencoder).fit(spectra[0])
    codes = autoencoder.transform(spectra[0])
    with pytest.raises(ValueError, match="learning_rate"):
        autoencoder.set_params(learning_rate=1e30).fit(spectra[0][:, :30])
    assert np.array_equal(autoencoder.transform(spectra[0]), codes)


def test_divergence_of_a_first_fit_leaves_an_unfitted_estimator(spectra, small_autoencoder):
    autoencoder = SpectralAutoencoder(**small_autoencoder | {"learning_rate": 1e30})
    with pytest.raises(ValueError, match="learning_rate"):
        autoencoder.fit(spectra[0])
    with pytest.raises(NotFittedError):
        autoencoder.transform(spectra[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_leaves_a_usable_estimator(spectra, small_autoencoder, request, early_stopping):
    autoencoder = SpectralAutoencoder(**small_autoencoder, early_stopping=early_stopping)
    whole = SpectralAutoencoder(**autoencoder.get_params()).set_params(max_epochs=2).fit(spectra[0])
    request.getfixturevalue("interrupted_after_two_epochs")
    with pytest.warns(ConvergenceWarning, match="interrupted after 2 of 20 epochs"):
        autoencoder.fit(spectra[0])
    assert np.array_equal(autoencoder.transform(spectra[0]), whole.transform(spectra[0]))


def test_integer_weights_are_repeats(spectra, small_autoencoder):
    X = spectra[0].astype(np.float64)
    weights = np.arange(len(X)) % 3
    weighted = SpectralAutoencoder(**small_autoencoder).fit(X, sample_weight=weights)
    repeated = SpectralAutoencoder(**small_autoencoder).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-6, atol=1e-9)
    unweighted = SpectralAutoencoder(**small_autoencoder).fit(X)
    assert not np.allclose(weighted.transform(X), unweighted.transform(X), rtol=1e-6)


def test_spectra_of_weight_zero_are_left_out(spectra, small_autoencoder):
    X = spectra[0]
    weights = np.r_[np.ones(100), np.zeros(20)]
    left_out = SpectralAutoencoder(**small_autoencoder).fit(X, sample_weight=weights)
    assert np.array_equal(
        left_out.parameters_, SpectralAutoencoder(**small_autoencoder).fit(X[:100]).parameters_
    )


@pytest.mark.parametrize(("weight", "message"), [(0, "weight.*zero"), (-1, "negative")])
def test_useless_weights_are_refused(spectra, small_autoencoder, weight, message):
    weights = np.full(120, weight)
    with pytest.raises(ValueError, match=f"(?i){message}"):
        SpectralAutoencoder(**small_autoencoder).fit(spectra[0], sample_weight=weights)


@pytest.mark.parametrize("bad", ["flat", "zero", "huge"])
@pytest.mark.parametrize("loss", ["csa", "sa", "sid", "sse"])
def test_one_faulty_spectrum_does_not_spoil_the_others(spectra, small_autoencoder, loss, bad):
    X = spectra[0]
    value = {"flat": np.full(40, 0.5), "zero": np.zeros(40), "huge": 0}[bad]
    faulty = X[:1] * 1e6 if bad == "huge" else np.asarray([value], np.float32)
    parameters = small_autoencoder | {"loss": loss, "max_epochs": 100}
    clean = SpectralAutoencoder(**parameters).fit(X).score(X)
    autoencoder = SpectralAutoencoder(**parameters)
    _fit_in_spite_of_outliers(autoencoder, np.r_[X, faulty], warns=bad == "huge")
    assert autoencoder.transform(X).std(axis=0).max() > 1e-3
    assert autoencoder.score(X) > 1.5 * clean - 0.01


@pytest.mark.parametrize("loss", ["csa", "sa", "sid", "sse"])
@pytest.mark.parametrize("gain", [1e6, 1e30])
def test_a_saturated_spectrum_does_not_spoil_the_others(spectra, small_autoencoder, loss, gain):
    X = spectra[0]
    parameters = small_autoencoder | {"loss": loss, "max_epochs": 100}
    clean = SpectralAutoencoder(**parameters).fit(X).score(X)
    autoencoder = SpectralAutoencoder(**parameters)
    saturated = np.r_[X, X[:1] * np.float32(gain)]
    _fit_in_spite_of_outliers(autoencoder, saturated, warns=True)
    assert autoencoder.score(X) > 1.5 * clean - 0.01
    assert np.isfinite(autoencoder.transform(saturated)).all()


def _fit_in_spite_of_outliers(autoencoder, X, *, warns):
    if not warns:
        return autoencoder.fit(X)
    with pytest.warns(UserWarning, match=f"the first is row {len(X) - 1}"):
        return autoencoder.fit(X)


@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN"), (np.inf, "infinity")])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform", "reconstruct", "score"])
def test_values_that_are_not_finite_are_refused(
    spectra, fitted_autoencoder, small_autoencoder, method, value, message
):
    X = spectra[0].copy()
    X[3, 5] = value
    fits = method in ("fit", "partial_fit")
    autoencoder = SpectralAutoencoder(**small_autoencoder) if fits else fitted_autoencoder
    with pytest.raises(ValueError, match=message):
        getattr(autoencoder, method)(X)


@pytest.mark.parametrize("architecture", ["dense", "conv"])
@pytest.mark.parametrize("shape", [(1, 40), (30, 1), (1, 1)])
def test_one_sample_or_one_band_is_enough(spectra, architecture, shape):
    X = spectra[0][: shape[0], : shape[1]]
    autoencoder = SpectralAutoencoder(architecture=architecture, n_components=2, max_epochs=2)
    assert autoencoder.fit(X).transform(X).shape == (shape[0], 2)
    assert np.isfinite(autoencoder.reconstruct(X)).all()


@pytest.mark.parametrize("method", ["fit", "transform", "reconstruct"])
def test_cubes_are_refused_with_the_way_out(fitted_autoencoder, small_autoencoder, method):
    fits = method == "fit"
    autoencoder = SpectralAutoencoder(**small_autoencoder) if fits else fitted_autoencoder
    with pytest.raises(ValueError, match="unroll"):
        getattr(autoencoder, method)(np.ones((3, 4, 40), np.float32))


@pytest.mark.parametrize("method", ["transform", "reconstruct", "reconstruction_error", "score"])
def test_another_number_of_bands_is_refused(spectra, fitted_autoencoder, method):
    with pytest.raises(ValueError, match=r"30 features.*expecting 40"):
        getattr(fitted_autoencoder, method)(spectra[0][:, :30])


def test_default_kernels_shrink_silently(spectra):
    autoencoder = SpectralAutoencoder(architecture="conv", max_epochs=1).fit(spectra[0][:, :12])
    assert autoencoder.weights_["encoder_1_kernel"].shape == (12, 1, 10)


def test_kernels_that_were_asked_for_shrink_with_a_warning(spectra):
    autoencoder = SpectralAutoencoder(**SMALL_CONV | {"kernel_sizes": (15, 3)})
    with pytest.warns(UserWarning, match=r"kernel_sizes=\(15, 3\)"):
        autoencoder.fit(spectra[0][:, :12])
    assert autoencoder.weights_["encoder_1_kernel"].shape == (12, 1, 3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes"),
        ({"tied_weights": (True, True, True)}, "tied_weights"),
        ({**SMALL_CONV, "strides": (1, 2, 3)}, "strides"),
        ({**SMALL_CONV, "kernel_sizes": (5,)}, "kernel_sizes"),
        ({**SMALL_CONV, "n_filters": ()}, "n_filters"),
        ({"learning_rate_schedule": "piecewise"}, "learning_rate_boundaries"),
        ({**RISING_RATE, "learning_rate_values": (-1.0,)}, "learning_rate_values"),
        ({**RISING_RATE, "learning_rate_values": (1.0, 2.0)}, "learning_rate_values"),
    ],
)
def test_parameters_that_do_not_fit_together_are_named(
    spectra, small_autoencoder, parameters, message
):
    with pytest.raises(ValueError, match=message):
        SpectralAutoencoder(**small_autoencoder | parameters).fit(spectra[0])


def test_verbose_shows_a_bar(spectra, small_autoencoder, capsys):
    pytest.importorskip("tqdm")
    SpectralAutoencoder(**small_autoencoder, verbose=1).fit(spectra[0])
    shown = capsys.readouterr()
    assert not shown.out
    assert "SpectralAutoencoder: 100%" in shown.err and "loss=" in shown.err


def test_verbose_prints_lines_without_tqdm(spectra, small_autoencoder, capsys, monkeypatch):
    for module in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, module, None)
    SpectralAutoencoder(**small_autoencoder, verbose=1).fit(spectra[0])
    shown = capsys.readouterr()
    assert not shown.out
    assert "SpectralAutoencoder: epoch 20 of 20, loss " in shown.err


@pytest.mark.usefixtures("fitted_autoencoder")  # what TensorFlow writes once was written then
def test_silent_by_default(spectra, small_autoencoder, capfd):
    SpectralAutoencoder(**small_autoencoder).fit(spectra[0]).transform(spectra[0])
    assert capfd.readouterr() == ("", "")


def _kernels(*layers):
    return [f"{layer}_{part}" for layer in layers for part in ("kernel", "bias")]


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, _kernels("encoder_1", "encoder_2", "decoder_1", "decoder_2")),
        (
            {"tied_weights": True},
            [*_kernels("encoder_1", "encoder_2"), "decoder_1_bias", "decoder_2_bias"],
        ),
        (
            SMALL_CONV,
            _kernels("encoder_1", "encoder_2", "latent", "unfold", "decoder_1", "decoder_2"),
        ),
    ],
)
def test_weights_are_named_views_of_the_parameters(spectra, small_autoencoder, parameters, names):
    autoencoder = SpectralAutoencoder(**small_autoencoder | parameters).fit(spectra[0])
    weights = autoencoder.weights_
    assert list(weights) == names
    assert all(np.shares_memory(w, autoencoder.parameters_) for w in weights.values())
    assert sum(w.size for w in weights.values()) == autoencoder.parameters_.size


def test_weights_describe_the_dense_network(spectra, small_autoencoder):
    X = spectra[0].astype(np.float64)
    autoencoder = SpectralAutoencoder(**small_autoencoder, scale_input=False).fit(X)
    w = autoencoder.weights_
    hidden = np.maximum(X @ w["encoder_1_kernel"] + w["encoder_1_bias"], 0)
    codes = hidden @ w["encoder_2_kernel"] + w["encoder_2_bias"]
    np.testing.assert_allclose(autoencoder.transform(X), codes, rtol=1e-9, atol=1e-12)


def test_names_of_the_codes(fitted_autoencoder):
    names = fitted_autoencoder.get_feature_names_out()
    assert names.tolist() == [f"spectralautoencoder{i}" for i in range(3)]


def test_scaled_spectra_give_the_same_codes(spectra, small_autoencoder):
    codes = SpectralAutoencoder(**small_autoencoder).fit_transform(spectra[0])
    of_brighter = SpectralAutoencoder(**small_autoencoder).fit_transform(4096 * spectra[0])
    np.testing.assert_allclose(of_brighter, codes, rtol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 31, 33, 120])
def test_a_row_does_not_depend_on_the_rows_beside_it(spectra, fitted_autoencoder, n_rows):
    codes = fitted_autoencoder.transform(spectra[0][:n_rows])
    assert np.array_equal(codes, fitted_autoencoder.transform(spectra[0])[:n_rows])


def test_a_few_saturated_pixels_do_not_decide_the_scale(spectra, small_autoencoder):
    X = spectra[0][:60].copy()
    clean = SpectralAutoencoder(**small_autoencoder).fit(X)
    X[7] *= 1e6
    with pytest.warns(UserWarning, match="1 of 60 spectra are over 1000 times brighter"):
        spoiled = SpectralAutoencoder(**small_autoencoder).fit(X)
    assert clean.statistics_[0] <= spoiled.statistics_[0] < 4 * clean.statistics_[0]


@pytest.mark.parametrize("unit", [1.0, 1e-5])
def test_small_squared_errors_are_still_learned_from(spectra, small_autoencoder, unit):
    parameters = small_autoencoder | {"loss": "sse", "scale_input": False}
    X = spectra[0] * np.float32(unit)
    short, long = (
        SpectralAutoencoder(**parameters | {"max_epochs": n}).fit(X).parameters_ for n in (1, 2)
    )
    assert not np.array_equal(short, long)


def test_held_out_spectra_stay_held_out_when_training_goes_on(spectra, small_autoencoder):
    parameters = small_autoencoder | {"random_state": np.random.RandomState(0)}
    autoencoder = SpectralAutoencoder(**parameters, early_stopping=True, warm_start=True)
    seeds = [autoencoder.fit(spectra[0]).seed_ for _ in range(2)]
    assert seeds[0] == seeds[1]


@pytest.mark.parametrize("architecture", ["dense", "conv"])
@pytest.mark.parametrize("options", [{}, {"skip_connections": True}, {"tied_weights": True}])
@pytest.mark.usefixtures("fitted_autoencoder")  # what TensorFlow writes once was written then
def test_fitting_writes_nothing(spectra, architecture, options, capfd):
    SpectralAutoencoder(
        architecture=architecture,
        hidden_layer_sizes=(9,),
        n_filters=(3, 2),
        kernel_sizes=5,
        n_components=3,
        max_epochs=2,
        random_state=0,
        **options,
    ).fit(spectra[0][:, :37]).reconstruct(spectra[0][:, :37])
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore:Distributions, as which spectra are compared")
@pytest.mark.parametrize("value", [-3.4028235e38, 1e38])
@pytest.mark.parametrize("measure", ["csa", "sa", "sid"])
def test_errors_of_a_fill_value_are_those_of_the_metrics(
    spectra, fitted_autoencoder, value, measure
):
    X = spectra[0][:4].copy()
    X[1, 3] = value
    errors = fitted_autoencoder.reconstruction_error(X, measure=measure)
    reconstructed = fitted_autoencoder.reconstruct(X).astype(np.float64)
    expected = MEASURES[measure](X.astype(np.float64), reconstructed)
    np.testing.assert_allclose(errors, expected, rtol=1e-3, atol=1e-4)


def test_a_result_beyond_the_range_is_refused_by_its_row(spectra, fitted_autoencoder):
    X = spectra[0][:4].copy()
    X[2, 3] = 1e30
    with pytest.raises(ValueError, match=r"1 of 4 rows .* range of float32; .* row 2, .* 1e\+30"):
        fitted_autoencoder.reconstruction_error(X, measure="sse")
    errors = fitted_autoencoder.reconstruction_error(X.astype(np.float64), measure="sse")
    assert errors[2] == pytest.approx(1e60)


def test_spectra_at_the_end_of_the_range_have_reconstructions_and_errors(spectra):
    X = (spectra[0] / spectra[0].max()) * np.float32(3e38)
    autoencoder = SpectralAutoencoder(n_components=2, max_epochs=3, random_state=0).fit(X)
    for measure in ("csa", "sa", "sid"):
        assert np.isfinite(autoencoder.reconstruction_error(X, measure=measure)).all()


def test_a_stride_beyond_the_spectrum_is_cut_to_it_with_a_warning(spectra):
    X = spectra[0][:, :20]
    conv = {"architecture": "conv", "n_filters": (2,), "kernel_sizes": 5, "max_epochs": 1}
    expected = SpectralAutoencoder(strides=20, random_state=0, **conv).fit(X)
    with pytest.warns(UserWarning, match=r"strides=1000000000 do not fit 20 bands: \(20,\)"):
        found = SpectralAutoencoder(strides=10**9, random_state=0, **conv).fit(X)
    np.testing.assert_array_equal(found.parameters_, expected.parameters_)


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_negative_spectra_under_a_loss_of_positive_ones_are_told_of_once(
    spectra, small_autoencoder, fit
):
    X = spectra[0].copy()
    X[[3, 7], 5] = -0.1
    small_autoencoder["max_epochs"] = 1
    wanted = r"loss='sid' takes .* X has 2 of 120 with some \(the first is row 3\)"
    with pytest.warns(UserWarning, match=wanted) as caught:
        getattr(SpectralAutoencoder(loss="sid", **small_autoencoder), fit)(X)
    assert [warning.filename for warning in caught] == [__file__]
    getattr(SpectralAutoencoder(loss="csa", **small_autoencoder), fit)(X)
    weights = (X.min(axis=1) >= 0).astype(float)  # those of weight 0 are left out
    getattr(SpectralAutoencoder(loss="sid", **small_autoencoder), fit)(X, sample_weight=weights)


@pytest.mark.parametrize(
    "mend", [lambda X: X.clip(min=0), HypPreprocessor(method="minmax").fit_transform]
)
def test_each_mend_of_negative_spectra_followed_to_the_letter_is_heard_no_more(
    spectra, small_autoencoder, mend
):
    small_autoencoder["max_epochs"] = 1
    X = spectra[0] - 0.5
    with pytest.warns(UserWarning, match=r"X\.clip\(min=0\).*HypPreprocessor\(method='minmax'\)"):
        SpectralAutoencoder(loss="sid", **small_autoencoder).fit(X)
    SpectralAutoencoder(loss="sid", **small_autoencoder).fit(mend(X))
