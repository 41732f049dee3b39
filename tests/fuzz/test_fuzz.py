"""Some cases of every border, of a fixed seed; `make fuzz` has thousands."""

import pytest

from tests.fuzz.cases import BORDERS, run_case
from tests.fuzz.oracle import ACCEPTED, FAILED
from tests.fuzz.workers import BORDERS as NAMES

SEED = 0
# As many as take a few seconds.
QUICK = {"annotations": 24, "checkpoints": 24, "proposals": 24, "configs": 8, "arguments": 12}


def test_every_border_is_run():
    """By its name, which a process knows that has not imported them."""
    assert tuple(BORDERS) == NAMES


@pytest.mark.parametrize("border", BORDERS)
def test_what_is_right_is_taken(border):
    """A case without a fault is accepted, so that a refusal is of the fault."""
    found = [run_case(border, SEED, number, calm=True) for number in range(6)]
    assert [(outcome, about) for outcome, about in found if outcome.state == FAILED] == []
    # Some commands are given files that are not there.
    states = {outcome.state for outcome, _ in found}
    assert states == {ACCEPTED} if border not in ("arguments", "checkpoints") else ACCEPTED in states


@pytest.mark.parametrize("border", BORDERS)
def test_the_rule_is_kept(border):
    """Accepted and sound, or refused in one line: `python -m tests.fuzz --only BORDER:NUMBER --seed 0` repeats one."""
    found = [(number, *run_case(border, SEED, number)) for number in range(QUICK.get(border, 6))]
    assert [(number, outcome.said, about) for number, outcome, about in found if outcome.state == FAILED] == []
