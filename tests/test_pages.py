"""The Python of README and documentation runs, page by page from top to bottom, as a reader's."""

import re
import types
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pyogrio.raw
import pytest
import rasterio
import sklearn
from sklearn.utils.fixes import parse_version

import skhyp
from skhyp.fitting._training import TrainedNetworkEstimator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md")), *sorted((DOCS / "guide").glob("*.md"))]


def fenced_blocks(language, page):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


RUN_HERE = {
    "README.md",
    *(
        f"docs/guide/{name}.md"
        for name in (
            "autoencoders",
            "classification",
            "enmapbox",
            "errors",
            "few_labels",
            "laboratory",
            "migration",
            "mixed_pixels",
            "performance",
            "polygons",
            "preprocessing",
            "saving",
            "scenes",
            "understanding",
            "validation",
        )
    ),
}


def name_of(page):
    return page.relative_to(ROOT).as_posix()


OTHER_PAGES = [
    name_of(page)
    for page in PAGES
    if name_of(page) not in RUN_HERE and fenced_blocks("python", page)
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs a page in an empty folder and returns what its names stand for."""
    monkeypatch.chdir(tmp_path)
    plt.close("all")

    def run_page(name, *, max_epochs=None):
        """Run all blocks, with these epochs a fit in all of them, or in those of some numbers."""
        assert ROOT / name in PAGES
        namespace = {}
        for number, block in enumerate(fenced_blocks("python", ROOT / name)):
            epochs = max_epochs.get(number) if isinstance(max_epochs, dict) else max_epochs
            with monkeypatch.context() as patch:
                if epochs is not None:
                    patch.setattr(
                        TrainedNetworkEstimator, "_planned_epochs", lambda self, _, n=epochs: n
                    )
                exec(block, namespace)
        return types.SimpleNamespace(**namespace)

    yield run_page
    plt.close("all")


def test_the_readme_leaves_a_model_and_a_map(run, tmp_path, capsys):
    page = run(
        "README.md", max_epochs={1: 2, 2: 1, 3: 4, 4: 4, 5: 4}
    )  # 0 prints what the page says
    scene, class_map = page.scene, page.class_map
    assert abs(float(capsys.readouterr().out.split()[0]) - 0.86) < 0.015  # as the README says
    assert class_map.shape == scene.labels.shape
    assert set(np.unique(class_map)) <= set(range(1, 17))
    model = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(model.predict(scene.cube).reshape(145, 145), class_map)
    assert (page.graph_map[scene.labels > 0] == scene.labels[scene.labels > 0]).mean() > 0.7
    assert page.codes.shape == (145 * 145, 3)
    assert np.degrees(page.angles.mean()) < 10


def test_the_first_two_commands_of_the_readme_are_single_lines():
    commands = fenced_blocks("sh", README)[:2]
    assert [command.count("\n") for command in commands] == [1, 1]
    assert "examples/quickstart.py" in commands[0]
    assert "pytest" in commands[1]


def test_preprocessing_maps_a_scene_with_missing_pixels(run):
    page = run("docs/guide/preprocessing.md", max_epochs=4)
    class_map, labels = page.class_map, page.labels
    assert np.all(class_map[:20, :30] == 0) and np.all(class_map[20:] > 0)
    assert np.mean(class_map[labels > 0] == labels[labels > 0]) > 0.8


def test_autoencoders_have_codes_that_can_be_inverted(run):
    page = run("docs/guide/autoencoders.md", max_epochs={0: 60})
    assert page.search.best_params_ == {"n_components": 4}
    assert page.codes.shape == (145 * 145, 3) and page.again.shape == page.spectra.shape
    assert np.degrees(page.angles.mean()) < 10


@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.8"),
    reason="temperatures came with scikit-learn 1.8",
)
def test_classification_is_calibrated_by_a_temperature(run):
    page = run("docs/guide/classification.md", max_epochs={0: 1, 1: 25})
    labels = page.calibrated.predict(page.X)
    np.testing.assert_array_equal(labels, page.encoder.classes_[page.network.predict(page.X)])
    share_right = np.mean(labels == page.y)
    assert share_right > 0.7
    before, after = (
        model.predict_proba(page.X).max(axis=1).mean() for model in (page.network, page.calibrated)
    )
    assert abs(after - share_right) < 0.5 * (before - share_right)


def test_few_labels_become_a_map(run):
    page = run("docs/guide/few_labels.md", max_epochs=4)
    assert page.components.n_components_ == 20
    assert page.likeness.score(page.X_test, page.y_test) > 0.5
    assert page.ensemble.weights_.sum() == pytest.approx(1)
    assert page.ensemble.score(page.X_test, page.y_test) > 0.5
    labelled = page.scene.labels > 0
    np.testing.assert_array_equal(
        page.class_map[labelled], page.graph.classes_[page.graph.probabilities_[labelled].argmax(1)]
    )
    assert page.right > page.likeness.score(page.X_test, page.y_test)
    assert page.choice.smoothing.strength > 0


def test_contents_are_predicted_from_a_table(run):
    page = run("docs/guide/laboratory.md", max_epochs=4)
    np.testing.assert_array_equal(page.slopes.wavelengths, np.arange(850, 1050, 2))
    assert page.ensemble.weights_.sum() == pytest.approx(1)
    assert page.found.n == 31 and page.found.r2 > 0.95
    np.testing.assert_array_equal(page.same, page.ensemble.predict(page.spectra[page.is_test]))


def test_mixed_pixels_are_told_apart_by_name(run):
    page = run("docs/guide/mixed_pixels.md")
    assert page.display.subspace.n_endmembers == 3
    assert sorted(page.found.names[:, 0]) == ["grass", "loam", "water"]
    assert page.found.angles.max() < 0.2
    order = [list(page.found.names[:, 0]).index(name) for name in ("grass", "loam", "water")]
    truth = page.shares.reshape(-1, 3)
    assert np.abs(page.abundances[:, order] - truth).mean() < 0.02 > np.abs(page.error).mean()
    assert page.scores.argmax() == page.strange.argmax() == 30 * 80 + 40
    assert len(plt.get_fignums()) == 3


def test_validation_shows_that_random_splits_leak(run):
    page = run("docs/guide/validation.md")
    assert page.at_random.shares[1] > 0.6 > 0.2 > page.published.shares[1]
    assert page.scores["random"].mean() > page.scores["blocks"].mean()


def test_understanding_explains_what_there_is_to_explain(run):
    page = run("docs/guide/understanding.md", max_epochs=5)
    assert page.importance.importances_mean.max() > 0
    change = page.attributions.outputs - page.attributions.baseline_outputs
    assert np.abs(page.attributions.residuals).mean() < 0.1 * np.abs(change).mean()
    assert len(plt.get_fignums()) == 2


def test_scenes_end_in_maps_with_coordinates(run, capsys):
    page = run("docs/guide/scenes.md", max_epochs={3: 4, 7: 1})
    labels = page.pines.labels
    assert "400.02 to 2489.11 nm, nodata 0, georeferenced" in capsys.readouterr().out
    with rasterio.open("map.tif") as class_map, rasterio.open("pines.tif") as scene:
        assert class_map.crs == scene.crs and class_map.transform == scene.transform
        assert np.mean(class_map.read(1)[labels > 0] == labels[labels > 0]) > 0.7
    with rasterio.open("probabilities.tif") as probabilities:
        np.testing.assert_allclose(probabilities.read().sum(axis=0), 1, atol=1e-5)
        assert probabilities.descriptions[:2] == ("1", "2")
    with rasterio.open("codes.tif") as codes:
        assert codes.count == 3 and np.isfinite(codes.read()).all()
    with rasterio.open("woods.tif") as woods:
        assert (woods.descriptions, woods.units) == (("Share of woods",), ("1",))
        shares = woods.read(1)
        assert np.median(shares[labels == page.WOODS]) > 0.7 > 0.3 > np.median(shares[labels == 10])
    report = page.display.report_
    assert report.n == 500 and report.r2 > 0.5 and abs(report.bias) < report.rmse


def test_polygons_end_in_a_map_and_in_folds_that_keep_them_whole(run):
    page = run("docs/guide/polygons.md")
    numbers = {name: number for number, name in enumerate(page.pines.class_names)}
    labels = page.pines.labels[tuple(page.positions.T)]
    np.testing.assert_array_equal([numbers[crop] for crop in page.y], labels)
    assert len(page.y) == len(page.groups) and len(np.unique(page.groups)) == sum(page.kept)
    assert page.by_polygon.mean() < page.random_accuracy - 0.1
    with rasterio.open("map.tif") as class_map:
        names = {number: class_map.tags(1)[f"class_{number}"] for number in (1, 2)}
        assert list(names.values()) == page.model.classes_[:2].tolist()
    _, _, _, (numbers, called, n_pixels) = pyogrio.raw.read("fields.gpkg")
    assert n_pixels.min() >= 20 and set(called) <= set(page.model.classes_)
    assert (page.model.classes_[numbers - 1] == called).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
def test_what_is_saved_computes_the_same_elsewhere(run, capsys, tmp_path, assert_same_labels):
    page = run("docs/guide/saving.md", max_epochs={0: 1, 4: 4, 5: 2})
    pipeline, cube = page.pipeline, page.scene.cube
    assert_same_labels(
        page.exported_map.ravel(), pipeline.predict(cube), pipeline.predict_proba(cube)
    )
    np.testing.assert_allclose(page.probabilities.sum(axis=1), 1, atol=1e-5)
    assert str(sorted(page.trusted)) in capsys.readouterr().out
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_enmapbox_has_what_was_fitted(run, capsys):
    page = run("docs/guide/enmapbox.md", max_epochs=1)
    assert capsys.readouterr().out.split() == [
        "[]",
        "1.0",
        "True",
        f"({len(page.X)},",
        "200)",
        "Corn-notill",
    ]
    np.testing.assert_array_equal(page.dataset.target, page.y)


def test_each_common_error_is_raised(run, capsys):
    run("docs/guide/errors.md")
    told = capsys.readouterr().out
    for words in (
        *("X must be a matrix (n_spectra, n_bands)", "Input X contains NaN"),
        *("one class", "the wavelengths are not known", "look like micrometres"),
        *("X has other bands", "fitted with another method", "has no equal in scikit-learn"),
    ):
        assert words in told


def test_migration_does_what_the_old_code_did(run):
    page = run("docs/guide/migration.md", max_epochs=1)
    assert page.codes.shape == (145 * 145, 3)
    assert page.reconstruction.shape == page.spectra.shape
    assert page.features.shape == (145 * 145, 20)
    assert page.class_map.shape == (145, 145)
    assert set(np.unique(page.class_map)) <= set(range(1, 17))


def test_performance_reduces_the_precision_and_few_labels_change(run):
    page = run("docs/guide/performance.md")
    assert page.classifier.inference_dtype == "bfloat16" and 0 <= page.changed < 0.05


@pytest.mark.parametrize("name", OTHER_PAGES)
def test_any_other_page_runs(name, run):
    assert vars(run(name, max_epochs=4))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_links_to_in_the_project_is_there(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_api_page_lists_all_that_is_public():
    listed, module = set(), None
    for line in (DOCS / "api.rst").read_text().splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.removeprefix(".. currentmodule:: ")
        elif re.fullmatch(r"   \w+", line):
            listed.add(f"{module}.{line.strip()}")
    public = set()
    for name in skhyp.__all__:
        value = getattr(skhyp, name)
        if not isinstance(value, types.ModuleType):
            public.add(f"skhyp.{name}")
            continue
        names = getattr(value, "__all__", None) or [
            n
            for n, member in vars(value).items()
            if not n.startswith("_") and getattr(member, "__module__", None) == value.__name__
        ]
        public.update(f"skhyp.{name}.{n}" for n in names if callable(getattr(value, n)))
    assert sorted(public - listed) == [] and sorted(listed - public) == []


def test_the_readmes_times_are_those_that_were_measured():
    measured = (ROOT / "benchmarks" / "results" / "speed.md").read_text()
    in_w5 = re.search(r"### W5.*?(?=###)", measured, re.DOTALL)[0]
    seconds = dict(re.findall(r"^\| ([\w, ]+) \| ([\d.]+) \[", in_w5, re.MULTILINE))
    (sentence,) = re.findall(r"^A grid search .*?\.$", README.read_text(), re.MULTILINE)
    for name, contender in {
        "skhyp in two threads": "skhyp, 2 threads",
        "skhyp with one job": "skhyp, 1 job",
        "deephyp": "deephyp",
        "skorch in two processes": "skorch, 2 processes",
        "SciKeras in two processes": "scikeras, 2 processes",
    }.items():
        assert f"{name} {seconds[contender]} s" in sentence
