"""Losses as a run logged them, and figures of them."""

import json

import pytest

from ablations.report.curves import MOST_POINTS, curve_plots, read_curves, read_losses, smooth
from tests.ablations.report.tiny import words

LINE = tuple((n, 2.0 - n / 100) for n in range(19, 120, 20))
RUNS = {
    "total_loss": {"with masks": [LINE, LINE], "boxes only": [LINE]},
    "loss_mask": {"with masks": [LINE]},
}


def write(folder, *records, tail=""):
    """A metrics.json of these records."""
    folder.mkdir(exist_ok=True)
    (folder / "metrics.json").write_text("".join(json.dumps(record) + "\n" for record in records) + tail)
    return folder


def test_the_last_record_of_an_iteration_counts(tmp_path):
    """A resumed run repeats what came after its checkpoint."""
    first = [{"iteration": n, "total_loss": 10.0 - n} for n in (19, 39, 59)]
    again = [{"iteration": n, "total_loss": 5.0} for n in (39, 59, 79)]
    assert read_curves(write(tmp_path, *first, *again)) == {
        "total_loss": ((19, -9.0), (39, 5.0), (59, 5.0), (79, 5.0)),
    }


def test_only_losses_that_are_numbers_count(tmp_path):
    """Evaluations have none, a diverging run has NaN, a killed run leaves half a line."""
    folder = write(
        tmp_path,
        {"iteration": 19, "total_loss": 2.0, "loss_mask": 0.7, "loss_cls": 1.0, "lr": 0.1},
        {"iteration": 20, "segm/AP": 30.0},
        {"iteration": 39, "total_loss": float("nan"), "loss_mask": 0.6},
        {"total_loss": 1.0},
        tail='{"iteration": 59, "total_l',
    )
    assert read_curves(folder) == {"total_loss": ((19, 2.0),), "loss_mask": ((19, 0.7), (39, 0.6))}


def test_a_run_without_metrics_has_no_curves(tmp_path):
    """Nor has a folder that is not there."""
    assert read_curves(tmp_path) == read_curves(tmp_path / "nowhere") == {}


def test_the_curves_of_a_row_are_those_of_its_seeds(tmp_path):
    """Runs that left none are left out, and so are rows without any."""
    first, second = (write(tmp_path / str(n), {"iteration": 19, "total_loss": float(n)}) for n in (1, 2))
    runs = {("a", 0): first, ("b", 0): tmp_path / "nowhere", ("a", 1): second, ("a", 2): tmp_path / "nowhere"}
    assert read_losses(runs) == {"total_loss": {"a": [((19, 1.0),), ((19, 2.0),)]}}


def test_smoothing_is_a_mean_over_as_many_points_on_both_sides():
    """Here one; the ends have no neighbour on one side, and stay."""
    assert smooth(((0, 3.0), (20, 6.0), (40, 0.0), (60, 9.0))) == ((0, 3.0), (20, 3.0), (40, 5.0), (60, 9.0))
    assert smooth(((5, 1.0),)) == ((5, 1.0),)


def test_smoothing_leaves_a_line_as_it_is():
    """Also near its ends, where a one-sided mean would bend it."""
    line = tuple((n, 2.0 * n) for n in range(100))
    assert [value for _, value in smooth(line)] == pytest.approx([value for _, value in line])


def test_long_curves_are_thinned():
    """A paper-scale run logs thousands of points."""
    curve = smooth(tuple((n, 1.0) for n in range(4500)))
    assert len(curve) <= MOST_POINTS + 1
    assert (curve[0][0], curve[-1][0]) == (0, 4499)


def test_losses_are_those_that_some_run_has(tmp_path):
    """In a fixed order."""
    first = write(tmp_path / "1", {"iteration": 19, "loss_keypoint": 1.0})
    second = write(tmp_path / "2", {"iteration": 19, "loss_mask": 1.0, "total_loss": 1.0})
    assert list(read_losses({("a", 0): first, ("a", 1): second})) == ["total_loss", "loss_mask", "loss_keypoint"]
    assert read_losses({}) == {}


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


def test_no_curves_no_figures(tmp_path):
    """As where nothing was logged."""
    assert curve_plots({}) == curve_plots(read_losses({("row", 0): tmp_path})) == []


def test_the_same_curves_give_the_same_bytes():
    """Twice the same call."""
    assert curve_plots(RUNS) == curve_plots(RUNS)
