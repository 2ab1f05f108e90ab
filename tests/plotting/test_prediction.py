"""Predicted against measured values, to one scale, with figures that are defined elsewhere."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp.metrics import regression_report
from skhyp.plotting import PredictionDisplay


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).uniform(size=(30, 5))


@pytest.fixture(scope="module")
def y(X):
    return X[:, 0] * 5 + np.random.default_rng(1).normal(12, 0.3, 30)


def drawn(display):
    """Return the points of all groups."""
    return np.concatenate([points.get_offsets() for points in display.scatter_])


def test_a_regressor_is_shown_with_its_errors_in_the_unit(X, y):
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    display = PredictionDisplay.from_estimator(model, X, y, long_name="Protein", units="%")
    np.testing.assert_array_equal(drawn(display), np.column_stack([y, model.predict(X)]))
    assert display.report_ == regression_report(y, model.predict(X))
    assert display.ax_.get_xlabel() == "Protein, measured (%)"
    assert display.ax_.get_ylabel() == "Protein, predicted (%)"
    lines = display.text_.get_text().splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["n", "Bias", "RMSE", "SEP", "R²"]
    assert all(line.endswith(" %") for line in lines[1:4])
    assert display.legend_ is None


def test_both_axes_have_one_scale_and_the_line_is_where_both_are_equal(y):
    display = PredictionDisplay.from_predictions(y, y * 2)
    ax = display.ax_
    assert ax.get_xlim() == ax.get_ylim() and ax.get_aspect() == 1
    assert ax.get_xlim()[0] < y.min() and ax.get_xlim()[1] > 2 * y.max()
    np.testing.assert_array_equal(display.line_.get_xdata(), display.line_.get_ydata())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Measured value", "Predicted value")


def test_figures_have_the_decimals_of_the_error():
    def text(y_true, y_pred, **options):
        return PredictionDisplay.from_predictions(y_true, y_pred, **options).text_.get_text()

    assert text([10, 11, 12, 13], [10.5, 11.5, 12, 14], units="%").splitlines() == [
        *("n = 4", "Bias = +0.500 %", "RMSE = 0.612 %", "SEP = 0.408 %", "R² = 0.700"),
    ]
    large = text([2000, 5000], [1000, 3500], units="1")
    assert "Bias = \N{MINUS SIGN}1250\nRMSE = 1275\nSEP = 354" in large
    assert "RMSE = 1.00e\N{MINUS SIGN}09\n" in text([0, 1], [1e-9, 1 - 1e-9])
    assert text([1, 2], [1, 2]).splitlines()[2] == "RMSE = 0.00"


def test_what_is_not_defined_is_not_written():
    one = PredictionDisplay.from_predictions([3.0], [3.5])
    assert one.text_.get_text() == "n = 1\nBias = +0.500\nRMSE = 0.500"
    assert one.ax_.get_xlim() == one.ax_.get_ylim()
    alike = PredictionDisplay.from_predictions(np.full(5, 0.1), np.linspace(0, 1, 5))
    assert "SEP" in alike.text_.get_text() and "R²" not in alike.text_.get_text()
    same = PredictionDisplay.from_predictions([7, 7], [7, 7])
    assert same.ax_.get_xlim()[0] < 7 < same.ax_.get_xlim()[1]
    plt.gcf().canvas.draw()


def test_figures_are_written_where_fewer_points_are_and_hide_none():
    measured = np.r_[np.linspace(0, 10, 30), 1.0]
    for outlier, where in ((9.0, (0.97, 0.03)), (1.0, (0.03, 0.97))):
        predicted = np.r_[measured[:-1], outlier]
        display = PredictionDisplay.from_predictions(measured, predicted)
        assert display.text_.get_position() == where
        assert display.text_.get_zorder() < display.scatter_[0].get_zorder()
    below = PredictionDisplay.from_predictions(np.r_[measured[:-1], 9.0], predicted)
    assert below.text_.get_position() == (0.03, 0.97)


@pytest.mark.parametrize(
    "groups", [np.repeat([2000, 2012, 2024], 10), np.repeat(["Akteur", "Genius", "Réform"], 10)]
)
def test_groups_differ_by_colour_and_by_marker(y, groups):
    display = PredictionDisplay.from_predictions(y, y + 0.1, groups=groups)
    colours = {tuple(points.get_facecolor()[0]) for points in display.scatter_}
    markers = {points.get_paths()[0].vertices.tobytes() for points in display.scatter_}
    assert len(colours) == len(markers) == 3
    names = [text.get_text() for text in display.legend_.get_texts()]
    assert names == [*map(str, np.unique(groups)), "1:1"]
    np.testing.assert_array_equal(display.scatter_[1].get_offsets()[:, 0], y[10:20])
    assert display.plot(legend=False).legend_ is None


def test_several_targets_are_shown_one_at_a_time(X, y):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"Protein": y, "Water": X[:, 1]})
    model = PLSRegression(3).fit(X, frame)
    for output in (1, "Water"):
        display = PredictionDisplay.from_estimator(model, X, frame, output=output, units="%")
        np.testing.assert_array_equal(drawn(display)[:, 0], X[:, 1])
        assert display.ax_.get_xlabel() == "Water, measured (%)"
    with pytest.raises(ValueError, match=r"output must be .* 'Protein', 'Water'; got None"):
        PredictionDisplay.from_estimator(model, X, frame)
    with pytest.raises(ValueError, match="y_true must be of one target; got 2"):
        PredictionDisplay(frame, frame).plot()


def test_a_series_has_the_name_and_a_column_is_one_target(X, y):
    pandas = pytest.importorskip("pandas")
    named = pandas.Series(y, name="Protein", index=np.arange(30)[::-1])
    model = PLSRegression(2).fit(X, y[:, None])
    assert model.predict(X).shape == (30, 1)
    display = PredictionDisplay.from_estimator(model, X, named)
    assert display.ax_.get_xlabel() == "Protein, measured"
    assert display.report_ == regression_report(y, model.predict(X)[:, 0])
    given = PredictionDisplay.from_predictions(named, y, long_name="Crude protein")
    assert given.ax_.get_ylabel() == "Crude protein, predicted"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": [1, np.nan], "y_pred": [1, 2]}, "y_true must be finite; 1 of 2"),
        ({"y_true": [1, 2], "y_pred": [1, np.inf]}, "y_pred must be finite"),
        ({"y_true": [1, 2], "y_pred": [1]}, "y_pred must have a value for each"),
        ({"y_true": [1, 2], "y_pred": [1, 2], "groups": ["a"]}, "groups must have one entry"),
        ({"y_true": [1, 2], "y_pred": [1, 2], "groups": np.array(["a", None])}, "can be sorted"),
        ({"y_true": [1, 2], "y_pred": [1, 2], "output": "Protein"}, "output must be which of 1"),
        ({"y_true": [1, 2], "y_pred": [1, 2], "ax": 1}, "ax must be one matplotlib Axes"),
    ],
)
def test_what_cannot_be_compared_is_refused_without_a_figure(arguments, message):
    with pytest.raises(ValueError, match=message):
        PredictionDisplay.from_predictions(**arguments)
    assert plt.get_fignums() == []


def test_classes_are_no_quantity(X, y):
    classifier = LogisticRegression().fit(X, y > y.mean())
    with pytest.raises(ValueError, match="must be a regressor; got LogisticRegression"):
        PredictionDisplay.from_estimator(classifier, X, y)
    with pytest.raises(ValueError, match="estimator must have predict"):
        PredictionDisplay.from_estimator(StandardScaler().fit(X), X, y)
