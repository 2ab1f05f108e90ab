"""Accuracy with its intervals: by published figures, by other packages, by drawing again."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score

from skhyp.metrics import accuracy_report

# Olofsson et al. (2014), tables 8 and 9: mapped classes by reference classes, and mapped areas in
# pixels of 30 m, of which they give areas in hectares.
PUBLISHED = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
NAMES = ["deforestation", "forest gain", "stable forest", "stable non-forest"]
MAPPED = {0: 200_000, 1: 150_000, 2: 3_200_000, 3: 6_450_000}


def samples(by_map):
    """Return true and predicted classes of a table of counts."""
    predicted, true = np.indices(by_map.shape).reshape(2, -1)
    return np.repeat(true, by_map.ravel()), np.repeat(predicted, by_map.ravel())


def drawn(seed=0, n=300):
    rng = np.random.default_rng(seed)
    true = rng.choice(["ash", "elm", "oak"], n, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(n) < 0.7, true, rng.choice(["ash", "elm", "oak"], n))
    return true, predicted


def test_areas_and_their_accuracies_are_those_of_the_published_example():
    report = accuracy_report(*samples(PUBLISHED), map_areas=MAPPED, class_names=NAMES)
    area = report.area
    assert round(area.overall.value, 2) == 0.95
    assert round(area.overall.high - area.overall.value, 2) == 0.02
    np.testing.assert_array_equal(area.users.value.round(2), [0.88, 0.73, 0.93, 0.96])
    half_widths = (area.users.high - area.users.value).round(2)
    np.testing.assert_array_equal(half_widths, [0.07, 0.10, 0.04, 0.02])
    np.testing.assert_array_equal(area.producers.value.round(2), [0.75, 0.85, 0.93, 0.96])
    assert round(area.producers.value[0] - area.producers.low[0], 2) == 0.21
    assert round(area.areas.value[0]) == 235_086
    # They take 1.96 for the quantile.
    assert area.areas.high[0] - area.areas.value[0] == pytest.approx(68_418, abs=2)
    assert area.areas.value.sum() == pytest.approx(sum(MAPPED.values()))


def test_figures_are_those_of_scikit_learn():
    true, predicted = drawn()
    report = accuracy_report(true, predicted)
    assert report.overall.value == np.mean(true == predicted)
    assert report.average == pytest.approx(balanced_accuracy_score(true, predicted))
    assert report.kappa.value == pytest.approx(cohen_kappa_score(true, predicted))
    np.testing.assert_allclose(report.f1, f1_score(true, predicted, average=None))
    assert report.names == ["ash", "elm", "oak"] and report.area is None


def test_intervals_of_shares_are_wilsons():
    true, predicted = drawn()
    report = accuracy_report(true, predicted, confidence_level=0.9)
    n_right = int(np.sum(true == predicted))
    expected = binomtest(n_right, len(true)).proportion_ci(0.9, method="wilson")
    np.testing.assert_allclose(report.overall[1:], expected, rtol=1e-12)
    of_elm = predicted == "elm"
    n_right = int(np.sum(true[of_elm] == "elm"))
    expected = binomtest(n_right, int(of_elm.sum())).proportion_ci(0.9, method="wilson")
    np.testing.assert_allclose([report.users.low[1], report.users.high[1]], expected, rtol=1e-12)


def test_the_interval_of_kappa_is_as_wide_as_kappa_varies():
    kappas, widths = [], []
    for seed in range(300):
        report = accuracy_report(*drawn(seed))
        kappas.append(report.kappa.value)
        widths.append(report.kappa.high - report.kappa.low)
    assert np.mean(widths) / (2 * 1.96) == pytest.approx(np.std(kappas), rel=0.15)


def test_samples_of_one_group_count_as_little_as_they_say():
    true, predicted = drawn(n=60)
    groups = np.arange(60)
    once = accuracy_report(true, predicted, groups=groups)
    copied = accuracy_report(
        np.repeat(true, 10), np.repeat(predicted, 10), groups=np.repeat(groups, 10)
    )
    for name in ("overall", "kappa", "producers", "users"):
        np.testing.assert_allclose(getattr(copied, name), getattr(once, name), rtol=1e-12)
    assert copied.n == 600 and copied.n_groups == 60
    taken_apart = accuracy_report(np.repeat(true, 10), np.repeat(predicted, 10))
    width = taken_apart.overall.high - taken_apart.overall.low
    assert width < 0.4 * (copied.overall.high - copied.overall.low)


def test_intervals_of_groups_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        sizes = rng.integers(2, 30, 25)
        shares = rng.beta(8, 2, 25)
        right = np.concatenate([rng.random(n) < p for n, p in zip(sizes, shares, strict=True)])
        groups = np.repeat(np.arange(25), sizes)
        true = np.where(rng.random(len(right)) < 0.5, 1, 2)
        found = accuracy_report(true, np.where(right, true, 3 - true), groups=groups).overall
        held.append(found.low <= 0.8 <= found.high)
    assert 0.9 <= np.mean(held) <= 0.98


def test_classes_that_are_never_met_have_no_figure_and_no_interval():
    report = accuracy_report([1, 1, 2], [1, 2, 2], labels=[2, 1, 7])
    np.testing.assert_array_equal(report.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    assert np.isnan([report.producers[i][2] for i in range(3)]).all()
    assert np.isnan([report.users[i][2] for i in range(3)]).all()
    assert report.average == 0.75 and report.f1[2] == 0


def test_all_right_is_not_sure_to_be_right():
    report = accuracy_report([1, 2] * 5, [1, 2] * 5)
    assert report.overall.value == 1 and 0.6 < report.overall.low < 0.75
    assert np.isnan(accuracy_report([1, 1], [1, 1]).kappa.value)


def test_a_map_is_counted_without_what_is_no_class():
    true, predicted = samples(PUBLISHED)
    label_map = np.repeat([0, 1, 2, 3, -1], [20, 15, 320, 645, 50]).reshape(30, 35)
    of_map = accuracy_report(true, predicted, map_areas=label_map).area
    of_areas = accuracy_report(true, predicted, map_areas=MAPPED).area
    np.testing.assert_array_equal(of_map.mapped, [20, 15, 320, 645])
    np.testing.assert_allclose(of_map.producers, of_areas.producers)


def test_it_is_read_as_text_and_as_a_table():
    pytest.importorskip("pandas")
    report = accuracy_report(*samples(PUBLISHED), map_areas=MAPPED, class_names=NAMES)
    text = str(report)
    assert "640 test samples; 95% confidence intervals" in text
    assert "deforestation" in text and "88.0 % (78.7 to 93.6)" in text
    assert "235086 (166669 to 303503)" in text
    frame = report.to_frame()
    assert list(frame.index) == NAMES
    np.testing.assert_array_equal(frame["users accuracy, low"], report.users.low)
    np.testing.assert_array_equal(frame["area, high"], report.area.areas.high)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"labels": [1]}, r"y_true must have classes of labels; 2 of 4 samples .* np.int64\(2\)"),
        ({"class_names": ["one"]}, "a name for each of the 2 labels, got 1"),
        ({"class_names": {1: "one"}}, "it lacks 2"),
        ({"groups": [1, 1, 1, 1]}, "two or more"),
        ({"groups": [1, 2, 3, 4], "map_areas": {1: 1, 2: 1}}, "groups are not for map_areas"),
        ({"map_areas": {1: 5}}, "nothing of the class 2, which 2 samples"),
        ({"map_areas": {1: -1, 2: 3}}, "numbers of 0 or more"),
        ({"labels": [1, 2, 3], "map_areas": {1: 1, 2: 1, 3: 1}}, "class 3, of which no sample"),
        ({"confidence_level": 95}, "'confidence_level' parameter"),
    ],
)
def test_what_cannot_be_reported_is_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        accuracy_report([1, 1, 2, 2], [1, 1, 2, 2], **parameters)


def test_unlike_lengths_are_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        accuracy_report([1, 2], [1])
    with pytest.raises(ValueError, match="one sample or more"):
        accuracy_report([], [])
