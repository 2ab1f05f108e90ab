"""Errors of predicted quantities are those of the textbooks, and of nothing that is missing."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.metrics import r2_score, root_mean_squared_error

from skhyp.metrics import regression_report


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    measured = rng.normal(12, 2, (40, 3))
    return measured, measured + rng.normal([0.5, 0, -2], [0.1, 1, 0.3], (40, 3))


def test_figures_are_those_of_scikit_learn_and_of_the_definitions(values):
    measured, predicted = values
    report = regression_report(measured, predicted)
    assert report.n == 40
    np.testing.assert_allclose(report.bias, np.mean(predicted - measured, axis=0))
    rmse = root_mean_squared_error(measured, predicted, multioutput="raw_values")
    np.testing.assert_allclose(report.rmse, rmse)
    np.testing.assert_allclose(report.r2, r2_score(measured, predicted, multioutput="raw_values"))
    np.testing.assert_allclose(report.sep, np.std(predicted - measured, axis=0, ddof=1))
    np.testing.assert_allclose(report.rmse**2, report.bias**2 + report.sep**2 * 39 / 40)


def test_a_bias_is_above_0_where_too_much_is_predicted():
    assert regression_report([1, 2], [2, 3])[:4] == (2, 1.0, 1.0, 0.0)
    assert regression_report([2, 3], [1, 2]).bias == -1


def test_each_target_is_reported_as_it_is_alone(values):
    measured, predicted = values
    report = regression_report(measured, predicted)
    for target in range(3):
        alone = regression_report(measured[:, target], predicted[:, target])
        assert all(isinstance(figure, float) for figure in alone[1:])
        assert alone[1:] == pytest.approx([figure[target] for figure in report[1:]], rel=1e-12)


def test_a_single_column_is_one_target_whichever_side_has_it(values):
    measured, predicted = (array[:, 0] for array in values)
    expected = regression_report(measured, predicted)
    assert regression_report(measured, predicted[:, None]) == expected
    assert regression_report(measured[:, None], predicted) == expected
    assert regression_report(measured[:, None], predicted[:, None]) == expected
    model = PLSRegression(1).fit(values[0], measured[:, None])
    prediction = model.predict(values[0])
    assert regression_report(measured, prediction).r2 == r2_score(measured, prediction)


@pytest.mark.parametrize("value", [0.1, 7.0, 1e9])
def test_measured_values_that_are_alike_have_no_r2(value):
    predicted = value + np.linspace(-1, 1, 10)
    report = regression_report(np.full(10, value), predicted)
    assert np.isnan(report.r2) and report.rmse > 0 and report.sep > 0


def test_one_sample_has_a_bias_and_neither_a_deviation_nor_an_r2():
    report = regression_report([3.0], [3.5])
    assert report[:3] == (1, 0.5, 0.5) and np.isnan(report.sep) and np.isnan(report.r2)


def test_small_types_do_not_overflow():
    report = regression_report(np.array([200, 10], np.uint8), np.array([100, 250], np.uint8))
    assert report.bias == 70 and report.rmse == np.sqrt((100**2 + 240**2) / 2)
    halves = regression_report(np.array([60000, 0], np.float16), np.array([0, 60000], np.float16))
    assert halves.rmse == np.float16(60000)


def test_a_frame_and_a_series_are_taken_by_their_order():
    pandas = pytest.importorskip("pandas")
    measured = pandas.Series([1.0, 2.0, 3.0], index=[2, 1, 0], name="protein")
    assert regression_report(measured, np.array([1.0, 2.0, 3.0])).rmse == 0
    assert regression_report(measured.to_frame(), measured).rmse == 0


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([1, np.nan, 3], [1, 2, 3], "y_true must be finite; 1 of 3 samples .* number 1. Leave"),
        ([1, 2, 3], [np.inf, 2, np.nan], "y_pred must be finite; 2 of 3 .* number 0"),
        ([1, None], [1, 2], "y_true must be finite"),
        ([1, 2, 3], [1, 2], r"value for each in y_true, of shape \(3,\); got shape \(2,\)"),
        ([1, 2, 3], np.ones((3, 2)), r"got shape \(3, 2\)"),
        ([], [], "one sample or more"),
        (3.0, 3.0, "y_true must have the shape"),
        (np.ones((2, 2, 2)), np.ones((2, 2, 2)), "y_true must have the shape"),
        (["low", "high"], [1, 2], "y_true must be real numbers"),
        (["1", "2"], [1, 2], "y_true must be real numbers"),
        ([1, 2], [1j, 2], "y_pred must be real numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        regression_report(y_true, y_pred)
