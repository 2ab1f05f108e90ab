"""The page of an accuracy report has all of it, stands alone, and is whole or not there."""

import base64
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp.export import write_accuracy_page
from skhyp.metrics import accuracy_report
from skhyp.model_selection import leakage_report
from skhyp.plotting import SplitMapDisplay
from skhyp.scenes import open_scene

NAMES = {1: "ash & elm", 2: "<oak>"}


class Page(HTMLParser):
    """The cells, pictures and texts of a page; every element must be closed where it belongs."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.texts, self.pictures = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.pictures.append(dict(attrs))
        elif tag != "meta":
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


@pytest.fixture
def report():
    rng = np.random.default_rng(0)
    true = rng.integers(1, 3, 60)
    predicted = np.where(rng.random(60) < 0.8, true, 3 - true)
    return accuracy_report(true, predicted, class_names=NAMES, map_areas={1: 700, 2: 300})


def test_every_figure_is_on_it(report, tmp_path):
    write_accuracy_page(tmp_path / "page.html", report, title="A & B", notes=["Drawn by <hand>."])
    page = Page((tmp_path / "page.html").read_text())
    for count in report.confusion.ravel():
        assert str(count) in page.cells
    assert {"ash & elm", "<oak>"} <= set(page.cells)
    assert f"{report.overall.value:.1%}".replace("%", " %") in page.cells[1]
    assert f"{report.kappa.value:.3f}" in page.cells[5]
    assert any(cell.startswith(f"{report.area.areas.value[0]:.6g} ") for cell in page.cells)
    assert "A & B" in page.texts and "Drawn by <hand>." in page.texts
    assert "scikit-learn" in page.cells and "skhyp" in page.cells


def test_what_it_takes_to_defend_it_is_on_it(report, tmp_path, spectra, fitted_classifier):
    cube = spectra[0].reshape(12, 10, 40)
    scene = open_scene(cube, wavelengths=np.linspace(400, 1000, 40))
    model = make_pipeline(StandardScaler().fit(spectra[0]), fitted_classifier)
    leakage = leakage_report([0], [1, 2], [[0, 0], [0, 1], [0, 9]])
    sides = SplitMapDisplay(np.ones((3, 3), int)).plot()
    figure, axes = plt.subplots()
    pictures = {"The split": sides, "Some axes": axes, "A figure": figure}
    write_accuracy_page(
        tmp_path / "page.html",
        report,
        scene=scene,
        estimator=model,
        leakage=leakage,
        figures=pictures,
    )
    plt.close("all")
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert [picture["alt"] for picture in page.pictures] == list(pictures)
    for picture in page.pictures:
        png = base64.b64decode(picture["src"].removeprefix("data:image/png;base64,"))
        assert png.startswith(b"\x89PNG")
    assert "12 x 10 pixels, 40 bands" in page.cells and "400 to 1000 nm" in page.cells
    whole = "".join(page.texts)
    assert "SpectralCNNClassifier(" in whole and str(leakage) in whole
    assert f"Seed of spectralcnnclassifier: {fitted_classifier.seed_}" in whole
    assert not re.search(r'(src|href)="(?!data:)', text)  # it stands alone


def test_groups_are_told(tmp_path):
    report = accuracy_report([1, 1, 2, 2], [1, 2, 2, 2], groups=[0, 0, 1, 2])
    write_accuracy_page(tmp_path / "page.html", report)
    assert "over 3 groups of samples" in (tmp_path / "page.html").read_text()


def test_what_is_no_report_or_picture_is_refused_and_a_former_page_stays(report, tmp_path):
    path = tmp_path / "page.html"
    write_accuracy_page(path, report)
    former = path.read_bytes()
    with pytest.raises(ValueError, match=r"must be what skhyp\.metrics.accuracy_report returns"):
        write_accuracy_page(path, "95 %")
    with pytest.raises(ValueError, match=r"'Map' is 'map\.png'"):
        write_accuracy_page(path, report, figures={"Map": "map.png"})
    undrawn = SplitMapDisplay(np.ones((3, 3), int))
    with pytest.raises(ValueError, match="'Split' is"):
        write_accuracy_page(path, report, figures={"Split": undrawn})
    assert path.read_bytes() == former
    with pytest.raises(OSError, match="nowhere"):
        write_accuracy_page(tmp_path / "nowhere" / "page.html", report)
