"""Figures are the same bytes each time, their letters stay text, and they show what they say."""

import io

import numpy as np
import pytest
from PIL import Image

from ablations.evidence.collect import Value
from ablations.report import figures
from ablations.report.figures import Dots, dot_handles, dot_plots, dots_of, draw_dots, measured_columns
from mask_rcnn_paper.terminal import visible
from tests.ablations.render import samples
from tests.ablations.report.tiny import words


def figure():
    """A line with a title."""
    made, [[axes]] = figures.new_figure(figures.WIDTH, 2.0)
    axes.plot([0, 1], [0, 1])
    axes.set_title("the title")
    return made


def test_an_svg_is_the_same_each_time():
    """No date, no random ids."""
    assert figures.svg(figure()) == figures.svg(figure())
    assert b"date" not in figures.svg(figure()).lower()


def test_letters_of_an_svg_are_text():
    """They can be searched, and need no outlines."""
    assert "the title" in words(figures.svg(figure()))


@pytest.mark.parametrize("text", ["a $\\frac$ b", "5$ or 6$", "\x1b[31mred\x9b\u202e"])
def test_a_users_words_can_be_drawn(text):
    """A label may look like a formula that is none, or hold what no SVG may."""
    figure, [[axes]] = figures.new_figure(2.0, 2.0)
    axes.set_title(figures.written(text))
    assert visible(text) in words(figures.svg(figure))


def test_a_png_is_the_same_each_time_and_of_its_size():
    """Inches times dots per inch; 256 colours."""
    content = figures.png(figure(), 50)
    assert content == figures.png(figure(), 50)
    image = Image.open(io.BytesIO(content))
    assert image.size == (round(figures.WIDTH * 50), 100)
    assert image.mode == "P"


def test_colours_of_a_png_stay_true():
    """A palette that had none near the marks' colours would change what they mean."""
    made, [[axes]] = figures.new_figure(figures.WIDTH, 2.0)
    axes.imshow(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    axes.plot([10, 50], [30, 30], linewidth=8, color=figures.PAPER_COLOUR)
    pixels = np.asarray(Image.open(io.BytesIO(figures.png(made, 60))).convert("RGB")).reshape(-1, 3).astype(int)
    wanted = np.array([int(figures.PAPER_COLOUR[n : n + 2], 16) for n in (1, 3, 5)])
    assert (np.abs(pixels - wanted).max(axis=1) < 12).sum() > 50


def test_a_grid_has_axes_by_row_and_column():
    """With the widths asked for."""
    _, grid = figures.new_figure(6.0, 3.0, rows=2, columns=(2.0, 1.0, 1.0))
    assert [len(row) for row in grid] == [3, 3]
    assert grid[0][0].get_subplotspec().get_gridspec().get_width_ratios() == (2.0, 1.0, 1.0)


def test_lines_differ_in_colour_and_dash():
    """As many dashes as colours, so that no two of the first rows share one."""
    assert len(set(figures.COLOURS)) == len(set(map(str, figures.DASHES))) == 7


def test_every_measured_metric_has_a_plot():
    """Title, all rows of the table but its differences, and the numbers in words."""
    found = dot_plots(samples.table_2b())
    assert [plot.title for plot in found] == ["mask AP", "mask AP50", "mask AP75"]
    assert found[0].text == "mask AP. softmax: paper 24.8, ours 24.0; sigmoid: paper 30.3, ours 36.0"
    shown = words(found[0].svg)
    assert {"softmax", "sigmoid", "mask AP"} <= set(shown)
    assert "sigmoid - softmax" not in shown


def test_a_metric_without_a_value_of_ours_has_no_plot():
    """As one that only the paper measured; a table without results has none at all."""
    ours = {"faster_rcnn": samples.values(50.0, None, None), "mask_only": samples.values(51.0, 40.0, None)}
    results = samples.results_of("5", ours)
    assert measured_columns(results) == [0, 1]
    assert [plot.title for plot in dot_plots(results)] == ["box AP", "mask AP"]
    assert dot_plots(samples.results_of("5")) == []


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
    _, [[axes]] = figures.new_figure(figures.WIDTH, 2.0)
    draw_dots(axes, [Dots("a", 30.0, Value(20.0, 2.5, 3)), Dots("b", None, Value(5.0, None, 1))], "t")
    bars = [c.get_segments()[0][:, 0].tolist() for c in axes.collections]
    assert bars == [[17.5, 22.5]]
    ours = {"sigmoid": samples.values(36.0, 71.0, 28.3, spread=1.25, count=3)}
    assert "sigmoid: paper 30.3, ours 36.0 ± 1.2" in dot_plots(samples.results_of("2b", ours))[0].text


def test_rows_stand_from_top_to_bottom_in_the_order_of_the_table():
    """With room for labels of two lines."""
    _, [[axes]] = figures.new_figure(figures.WIDTH, 2.0)
    long = "Mask R-CNN, keypoint & mask, end-to-end"
    draw_dots(axes, [Dots("a", 1.0, None), Dots(long, 2.0, None), Dots("c", 3.0, None)], "t")
    assert [tick.get_text().replace("\n", " ") for tick in axes.get_yticklabels()] == ["a", long, "c"]
    assert axes.get_yticks().tolist() == [-0.5, -1.8, -3.1]


def test_the_same_results_give_the_same_bytes():
    """Two plots of one table."""
    assert dot_plots(samples.awkward()) == dot_plots(samples.awkward())


def test_marks_are_named():
    """The legend's marks are those of the plot."""
    assert [(h.get_label(), h.get_marker()) for h in dot_handles()] == [("paper", "D"), ("ours", "o")]
