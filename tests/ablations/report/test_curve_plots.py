"""Curves of a table's rows in one figure for each loss."""

import xml.etree.ElementTree as ElementTree

from ablations.report.curve_plots import curve_plots

LINE = tuple((n, 2.0 - n / 100) for n in range(19, 120, 20))
RUNS = {
    "with masks": [{"total_loss": LINE, "loss_mask": LINE}, {"total_loss": LINE}],
    "boxes only": [{"total_loss": LINE}],
}


def words(svg):
    """Texts of an SVG."""
    return [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_every_loss_has_a_figure_of_the_rows_that_have_it():
    """A row is named once, however many seeds it has."""
    total, mask = curve_plots(RUNS)
    assert (total.title, mask.title) == ("total loss", "mask loss")
    assert words(total.svg).count("with masks") == words(total.svg).count("boxes only") == 1
    assert "boxes only" not in words(mask.svg)


def test_words_say_where_each_seed_ends():
    """For those who cannot see the figure."""
    total, _ = curve_plots(RUNS)
    assert total.text == "total loss over the iterations. At the end: with masks 0.81, 0.81; boxes only 0.81"


def test_no_curves_no_figures():
    """As where nothing was logged."""
    assert curve_plots({}) == curve_plots({"row": []}) == []


def test_the_same_curves_give_the_same_bytes():
    """Twice the same call."""
    assert curve_plots(RUNS) == curve_plots(RUNS)
