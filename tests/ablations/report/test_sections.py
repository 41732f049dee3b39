"""A table's section of a report."""

import base64
import xml.etree.ElementTree as ElementTree

import pytest

from ablations.report.contents import TableContent
from ablations.report.sections import empty_tables, table_section
from tests.ablations.render import samples
from tests.ablations.report import tiny

LINE = {"total_loss": ((19, 2.0), (39, 1.0))}
CARS = [tiny.rectangle(0, 0, 40, 40), tiny.rectangle(50, 50, 40, 40)]


@pytest.fixture
def full(register, tmp_path):
    """Table 2b with curves and predictions of both rows."""
    name = register(CARS)
    folders = {}
    for row, cars in (("softmax", CARS[:1]), ("sigmoid", CARS)):
        found = [tiny.predicted(*car["bbox"]) for car in cars]
        folders[row, 0] = tiny.write_predictions(tmp_path / row, name, found)
    return TableContent(samples.table_2b(), {"softmax": [LINE], "sigmoid": [LINE]}, folders)


def section(content, has_runs=True):
    """The section as XML."""
    return ElementTree.fromstring(table_section(content, has_runs))


def text(element):
    """All of its text, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def test_numbers_plots_curves_and_predictions_follow_each_other(full):
    """Under a heading; curves are folded."""
    root = section(full)
    assert (root.get("id"), text(root.find("h2"))) == (
        "table-2b",
        "Table 2b Multinomial vs. Independent Masks (ResNet-50-C4)",
    )
    assert [(part.tag, part.get("class")) for part in root][1:] == [
        ("div", "table"),
        ("figure", "plots"),
        ("details", None),
        ("div", "predictions"),
    ]
    assert text(root.find("details/summary")) == "Training curves: total loss"


def test_every_picture_is_embedded_and_described(full):
    """Three plots, a figure of curves, three panels."""
    images = list(section(full).iter("img"))
    assert [image.get("src").partition(";")[0] for image in images] == ["data:image/svg+xml"] * 4 + [
        "data:image/jpeg"
    ] * 3
    assert all(base64.b64decode(image.get("src").partition(",")[2]) for image in images)
    assert [image.get("alt") for image in images[4:]] == [
        "Ground truth on 1.png",
        "Predictions of softmax on 1.png, mean mask IoU 0.50",
        "Predictions of sigmoid on 1.png, mean mask IoU 1.00",
    ]
    assert images[0].get("alt").startswith("mask AP. softmax: paper 24.8, ours 24.0;")


def test_panels_carry_their_overlap_and_the_rule_of_choice_is_said(full):
    """So that nobody takes the pictures for typical or for hand-picked."""
    predictions = section(full).find("div[@class='predictions']")
    assert [text(caption) for caption in predictions.iter("figcaption")] == [
        "ground truth",
        "softmax 0.50",
        "sigmoid 1.00",
    ]
    caption = text(predictions.find("p[@class='caption']"))
    assert "chosen by rule, not by eye: of 1 image with 2 or more medium objects (COCO's size)" in caption
    assert "ordered by how far the best row's mean mask IoU is from the worst's" in caption
    assert caption.endswith("at these places: largest.")


def test_what_runs_did_not_leave_is_said():
    """No curves, no predictions."""
    words = text(section(TableContent(samples.table_2b())))
    assert "No training curves: no run of this table has left any." in words
    assert "Predictions: no finished run has left predictions." in words


def test_of_published_results_nothing_is_said_of_runs():
    """The head of the page says it once."""
    root = section(TableContent(samples.table_2b()), has_runs=False)
    assert [part.tag for part in root] == ["h2", "div", "figure"]


def test_tables_without_results_are_folded_into_one_section():
    """They keep their anchors, which claims link to."""
    contents = [TableContent(samples.results_of(table)) for table in ("7", "8")]
    root = ElementTree.fromstring(empty_tables(contents))
    assert "No row of these has a result of ours: 7, 8." in text(root)
    assert [part.get("id") for part in root.find("details") if part.tag == "div"] == ["table-7", "table-8"]
    assert empty_tables([]) == ""


def test_the_same_content_gives_the_same_section(full):
    """Plots and pictures included."""
    assert table_section(full, True) == table_section(full, True)
