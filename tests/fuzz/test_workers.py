"""A case that kills its process is one failed case."""

import os
import signal

from tests.fuzz import workers
from tests.fuzz.oracle import ACCEPTED, FAILED, Outcome


def die_at_one(cases, seed, sender):
    """Stands for the real work: case 1 ends the process, as a segmentation fault does."""
    for border, number in cases:
        if number == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        sender.send((Outcome(ACCEPTED), f"{border} {number}"))


def test_the_others_are_run_all_the_same(monkeypatch):
    """In a new process."""
    monkeypatch.setattr(workers, "_work", die_at_one)
    found = list(workers.run_all([("x", n) for n in range(3)], 0))
    assert [(case[1], outcome.state) for case, outcome, _ in found] == [(0, ACCEPTED), (1, FAILED), (2, ACCEPTED)]
    assert "-11" in found[1][1].said
