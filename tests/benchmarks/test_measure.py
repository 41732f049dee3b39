"""Times side by side."""

import pytest

from benchmarks.measure import side_by_side


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
