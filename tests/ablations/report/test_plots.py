"""A plot for each measured metric."""

import xml.etree.ElementTree as ElementTree

from ablations.evidence.collect import Value
from ablations.report import figures as canvas
from ablations.report.plots import Dots, dot_handles, dots_of, draw_dots, measured_columns, plots
from tests.ablations.render import samples


def test_every_measured_metric_has_a_plot():
    """Title, all rows of the table but its differences, and the numbers in words."""
    found = plots(samples.table_2b())
    assert [plot.title for plot in found] == ["mask AP", "mask AP50", "mask AP75"]
    assert found[0].text == "mask AP. softmax: paper 24.8, ours 24.0; sigmoid: paper 30.3, ours 36.0"
    words = [text.text for text in ElementTree.fromstring(found[0].svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"softmax", "sigmoid", "mask AP"} <= set(words) and "sigmoid - softmax" not in words


def test_a_metric_without_a_value_of_ours_has_no_plot():
    """As one that only the paper measured; a table without results has none at all."""
    ours = {"faster_rcnn": samples.values(50.0, None, None), "mask_only": samples.values(51.0, 40.0, None)}
    results = samples.results_of("5", ours)
    assert measured_columns(results) == [0, 1]
    assert [plot.title for plot in plots(results)] == ["box AP", "mask AP"]
    assert plots(samples.results_of("5")) == []


def test_rows_without_any_number_are_left_out():
    """Cited rows have the paper's alone; a row that the paper and we leave out is no line of the plot."""
    ours = {"mask_only": samples.values(51.0, 40.0, None, spread=0.5, count=3)}
    dots = dots_of(samples.results_of("5", ours), 1)
    assert dots == [
        Dots("Mask R-CNN, mask-only", 45.8, Value(40.0, 0.5, 3)),
        Dots("Mask R-CNN, keypoint & mask", 45.1, None),
    ]


def test_spread_is_drawn_and_said():
    """As a bar of one standard deviation to both sides."""
    _, axes = canvas.new_figure(2.0)
    draw_dots(axes, [Dots("a", 30.0, Value(20.0, 2.5, 3)), Dots("b", None, Value(5.0, None, 1))], "t")
    bars = [c.get_segments()[0][:, 0].tolist() for c in axes.collections]
    assert bars == [[17.5, 22.5]]
    ours = {"sigmoid": samples.values(36.0, 71.0, 28.3, spread=1.25, count=3)}
    assert "sigmoid: paper 30.3, ours 36.0 ± 1.2" in plots(samples.results_of("2b", ours))[0].text


def test_rows_stand_from_top_to_bottom_in_the_order_of_the_table():
    """With room for labels of two lines."""
    _, axes = canvas.new_figure(2.0)
    long = "Mask R-CNN, keypoint & mask, end-to-end"
    draw_dots(axes, [Dots("a", 1.0, None), Dots(long, 2.0, None), Dots("c", 3.0, None)], "t")
    assert [tick.get_text().replace("\n", " ") for tick in axes.get_yticklabels()] == ["a", long, "c"]
    assert axes.get_yticks().tolist() == [-0.5, -1.8, -3.1]


def test_the_same_results_give_the_same_bytes():
    """Two plots of one table."""
    assert plots(samples.awkward()) == plots(samples.awkward())


def test_marks_are_named():
    """The legend's marks are those of the plot."""
    assert [(h.get_label(), h.get_marker()) for h in dot_handles()] == [("paper", "D"), ("ours", "o")]
