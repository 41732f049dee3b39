"""The facts at the head of a report."""

import pytest

from ablations.jobs.status import WAITING, Status
from ablations.report.facts import duration, run_facts
from tests.ablations import fakes


def test_facts_are_gathered_over_all_jobs():
    """Each value once, seconds added up, from the first to the last job, waiting jobs counted."""
    details = {"device": "cpu", "versions": {"torch": "2.9"}, "data_version": {"a_train": "v2", "a_val": "v2"}}
    first = fakes.finished((1, 2, 3), git_commit="a" * 40, finished="2026-01-31T23:59:58Z", **details)
    second = fakes.finished((1, 2, 3), git_commit="b" * 40 + "+changes", finished="2026-02-01T02:00:00Z", **details)
    assert run_facts("mini", [0, 1], [second, first, Status(WAITING, "not run")], "output/mini") == {
        "scale": "mini",
        "seeds": "0, 1",
        "jobs": "2 of 3 finished",
        "data": "a_train v2, a_val v2",
        "provider": "embedded 0.6+embedded",
        "COCO evaluation": "pycocotools 2.0.11",
        "torch": "2.9",
        "device": "cpu",
        "commit": "bbbbbbbbbb+changes, aaaaaaaaaa",
        "finished": "2026-01-31 23:59 to 2026-02-01 02:00 UTC",
        "computing time": "3 min",
        "results": "output/mini",
    }


def test_without_results_only_what_was_asked_for_is_said():
    """Nothing is made up."""
    facts = run_facts("paper", [0], [Status(WAITING, "not run")], "output/paper")
    assert facts == {"scale": "paper", "seeds": "0", "jobs": "0 of 1 finished", "results": "output/paper"}


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3569, "59 min"),
        (3571, "1 h 0 min"),
        (5 * 3600 + 420, "5 h 7 min"),
        (76 * 3600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds, text):
    """Rounded to the smaller of them."""
    assert duration(seconds) == text
