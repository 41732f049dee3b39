"""Values at the end of their range."""

import pytest

from ablations.statistics.estimate import Estimate
from ablations.statistics.headroom import respect_headroom
from ablations.statistics.judge import ABOUT_EQUAL, GREATER, INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Judgement

# What RoIAlign adds to AP75 over what it adds to AP50.
TERMS = {"a75": (1.0, 19.0), "b75": (-1.0, 30.0), "a50": (-1.0, 66.0), "b50": (1.0, 49.0)}


def verdict(given, relation, **values):
    """After a look at the headroom of these values."""
    terms = [(name, weight, values.get(name, value)) for name, (weight, value) in TERMS.items()]
    found = respect_headroom(Judgement(given, Estimate(-2.0, 2), 0.01, "note"), relation, terms)
    assert (found.p is None) == (found.note != "note") == (found.verdict != given)
    return found.verdict


@pytest.mark.parametrize(
    "values, expected",
    [
        ({}, NOT_REPRODUCED),
        ({"b75": 2.8}, INCONCLUSIVE),
        ({"b50": 96.0}, INCONCLUSIVE),
        # These would have to move the other way.
        ({"a75": 2.8}, NOT_REPRODUCED),
        ({"a50": 96.0}, NOT_REPRODUCED),
    ],
)
def test_what_cannot_move_contradicts_nothing(values, expected):
    """A value that is taken off, at the bottom; one that is added, at the top."""
    assert verdict(NOT_REPRODUCED, GREATER, **values) == expected


def test_what_agrees_in_spite_of_it_agrees():
    """Nor is anything said of what is open."""
    assert verdict(REPRODUCED, GREATER, b75=2.8) == REPRODUCED
    assert verdict(INCONCLUSIVE, GREATER, b75=2.8) == INCONCLUSIVE
    assert verdict(NOT_REPRODUCED, ABOUT_EQUAL, b75=2.8) == NOT_REPRODUCED


@pytest.mark.parametrize("values", [{"a75": 2.8}, {"b75": 2.8}, {"a50": 96.0}, {"b50": 96.0}])
def test_values_at_an_end_are_equal_for_that_alone(values):
    """On either side of the claim."""
    assert verdict(REPRODUCED, ABOUT_EQUAL, **values) == INCONCLUSIVE
    assert verdict(REPRODUCED, ABOUT_EQUAL) == REPRODUCED


def test_the_reason_names_the_value():
    """So that it can be checked."""
    found = respect_headroom(Judgement(NOT_REPRODUCED, None, 0.01), GREATER, [("2c/x segm/AP75", -1.0, 2.84)])
    assert found.note == "no headroom: 2c/x segm/AP75 is 2.8"


@pytest.mark.parametrize("relation", [GREATER, ABOUT_EQUAL])
def test_rows_that_find_next_to_nothing_show_nothing(relation):
    """Neither that they are equal nor which is better; one row above the floor is enough for an order."""
    low = {name: 0.3 for name in TERMS}
    assert verdict(REPRODUCED, relation, **low) == INCONCLUSIVE
    assert verdict(REPRODUCED, GREATER, **{**low, "a75": 9.0}) == REPRODUCED


def test_rows_that_find_next_to_nothing_need_no_more_seeds():
    """What is open there stays so, whatever the intervals promised."""
    open_one = Judgement(INCONCLUSIVE, Estimate(0.1, 1), None, "about 8 more seeds would decide it")
    found = respect_headroom(open_one, GREATER, [("x", 1.0, 0.2), ("y", -1.0, 0.1)])
    assert (found.verdict, found.note) == (INCONCLUSIVE, "no headroom: x is 0.2")
