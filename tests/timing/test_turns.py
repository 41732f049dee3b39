"""Times side by side."""

import pytest

from mask_rcnn_paper.timing.turns import Spread, side_by_side, spread, take_turns


def test_ratios_are_turn_by_turn():
    """A case that takes twice the reference's time has the ratio 2 however slow the machine is in a turn."""
    now, slowness = [0.0], iter((1, 1, 1, 1, 5, 5, 3, 3))

    def taking(seconds):
        def case():
            now[0] += seconds * next(slowness)

        return case

    found = side_by_side({"reference": taking(1.0), "other": taking(2.0)}, 3, lambda: now[0])
    assert found["reference"].ratio == 1
    assert (found["other"].low, found["other"].ratio, found["other"].high) == (2, 2, 2)
    assert found["reference"].seconds == 3


def test_the_first_turn_does_not_count():
    """It fills caches."""
    now, calls = [0.0], []

    def case():
        calls.append(1)
        now[0] += 100.0 if len(calls) == 1 else 1.0

    assert side_by_side({"case": case}, 4, lambda: now[0])["case"].seconds == pytest.approx(1)
    assert len(calls) == 5


def test_cases_take_turns():
    """One after the other, and what each returns is by turn, without those of the warm-up."""
    calls, seen = [], []

    def case(name):
        return lambda: calls.append(name) or len(calls)

    found = take_turns({"a": case("a"), "b": case("b")}, 2, warm_up=2, watch=lambda: seen.append(1))
    assert calls == ["a", "b"] * 4
    assert found == {"a": [5, 7], "b": [6, 8]}
    assert len(seen) == 8


def test_half_of_the_turns_lie_between_the_quartiles():
    """Of 1 to 5, around the median 3."""
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)
