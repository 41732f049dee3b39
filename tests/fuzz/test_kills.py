"""Which kills are drawn; one of a real run is among the slow tests."""

import pytest

from tests.fuzz.kills import draw_kills, kill_runs


def test_as_many_kills_as_asked_for():
    """At most three a run; the same for a seed."""
    runs = draw_kills(30, 7)
    assert sum(map(len, runs)) == 30
    assert max(map(len, runs)) <= 3
    assert runs == draw_kills(30, 7) != draw_kills(30, 8)


@pytest.mark.slow
def test_killed_runs_end_alike():
    """Two kills; `make fuzz` has thirty."""
    assert kill_runs(2, 0) == []
