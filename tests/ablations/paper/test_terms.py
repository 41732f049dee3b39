"""Weighted sums, and units of differences."""

import pytest

from ablations.paper.terms import Side, from_unit, is_ratio, to_unit, weights


@pytest.mark.parametrize(
    "text, expected",
    [
        ("segm/AP", {"segm/AP": 1.0}),
        ("bbox/AP - segm/AP", {"bbox/AP": 1.0, "segm/AP": -1.0}),
        ("a/b-bus, a/b-car - a/b", {"a/b-bus": 0.5, "a/b-car": 0.5, "a/b": -1.0}),
    ],
)
def test_sums_are_differences_of_means(text, expected):
    """A weight for each name, whose hyphens are its own."""
    assert weights(text) == expected


def test_a_sum_of_two_differences_is_refused():
    """No formulas."""
    with pytest.raises(ValueError, match=r"'a - b - c' has more than one ' - '"):
        weights("a - b - c")


def test_weights_of_rows_and_metrics_are_multiplied():
    """The mean of two metrics of the difference of two rows."""
    one, two = ("t", "a"), ("t", "b")
    side = Side({one: 1, two: -1}, {"x": 0.5, "y": 0.5})
    assert side.terms == {(one, "x"): 0.5, (one, "y"): 0.5, (two, "x"): -0.5, (two, "y"): -0.5}


@pytest.mark.parametrize(
    "number, unit, difference",
    [
        (2.0, "times", 0.6931472),
        (100.0, "%", 0.6931472),
        (-50.0, "%", -0.6931472),
        (1.0, "times", 0.0),
        (5.5, "AP", 5.5),
    ],
)
def test_ratios_are_differences_of_logarithms(number, unit, difference):
    """Twice as much is 100 % more; half as much is its inverse; other units are their own."""
    assert from_unit(number, unit) == pytest.approx(difference)
    assert to_unit(difference, unit) == pytest.approx(number)
    assert is_ratio(unit) == (unit != "AP")
