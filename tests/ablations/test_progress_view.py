"""The one line of a sweep: time left, share done, and where the running jobs are."""

import dataclasses
import io

import pytest

from ablations.progress_view import ProgressView, clock, describe, estimate, progress_text, speeds
from ablations.store import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, Status
from tests.ablations import fakes


@pytest.fixture
def jobs(tmp_path):
    """A chain of three and a single one: 100 nominal seconds each, 20 of them not training."""
    first = fakes.job(tmp_path, "first", kind="pretrain")
    second = fakes.job(tmp_path, "second", inputs=[first], kind="rpn")
    third = fakes.job(tmp_path, "third", inputs=[second])
    alone = fakes.job(tmp_path, "alone")
    costs = {"train_seconds": 80.0, "other_seconds": 20.0}
    return fakes.graph(*(dataclasses.replace(job, **costs) for job in (first, second, third, alone)))


def statuses(jobs, *given):
    return dict(zip(jobs, given, strict=True))


def training(done, seconds, stage="train"):
    progress = {"stage": stage, "done": done, "total": 100, "loss": 0.5}
    return Status(RUNNING, seconds=seconds, progress=progress)


WAIT = Status(WAITING)


def test_before_anything_is_known_nominal_costs_are_the_guess(jobs):
    """There is a time left from the first moment: 400 s in a row, 300 s side by side (the chain)."""
    assert estimate(jobs, statuses(jobs, WAIT, WAIT, WAIT, WAIT), 1) == (0.0, 400.0)
    assert estimate(jobs, statuses(jobs, WAIT, WAIT, WAIT, WAIT), 2) == (0.0, 300.0)


def test_observed_speed_rescales_what_is_left(jobs):
    """Half of a job's training at half the speed: all is expected to take nearly twice as long."""
    now = statuses(jobs, training(50, 80.0), WAIT, WAIT, WAIT)
    share, left = estimate(jobs, now, 1)
    speed = (10 + 80) / (10 + 40)
    expected = 60 * (10 * speed + 80) / (10 + 40) + 300 * speed
    assert left == pytest.approx(expected) and 0 < share < 0.15


def test_kinds_have_their_own_speed(jobs):
    """A kind that is seen has its own speed, one that is not the speed of all that is."""
    now = statuses(jobs, Status(FINISHED, seconds=1000.0), WAIT, WAIT, training(100, 8.0))
    speed = speeds(jobs, now)
    assert speed["pretrain"] > 9 > speed["rpn"] > 5 > 1 > speed["detector"]


def test_evaluation_follows_training(jobs):
    """The last stage of a job is its last 20 nominal seconds here."""
    at_start = estimate(jobs, statuses(jobs, training(0, 80.0, "evaluate"), WAIT, WAIT, WAIT), 1)
    at_end = estimate(jobs, statuses(jobs, training(100, 100.0, "evaluate"), WAIT, WAIT, WAIT), 1)
    assert at_start == (pytest.approx(0.2), pytest.approx(320.0))
    assert at_end == (pytest.approx(0.25), pytest.approx(300.0))


def test_failed_and_blocked_jobs_are_not_waited_for(jobs):
    """They count as neither done nor to do; nothing left means 100 %."""
    blocked, done = Status(BLOCKED, "x"), Status(FINISHED, seconds=100.0)
    now = statuses(jobs, Status(FAILED, "x"), blocked, blocked, done)
    assert estimate(jobs, now, 1) == (1.0, 0.0)


@pytest.mark.parametrize("progress", [{}, {"done": "x", "total": 3}, {"done": None, "total": 1}, {"done": 1}])
def test_unreadable_progress_counts_as_none(jobs, progress):
    """A job's own file cannot break the line."""
    now = statuses(jobs, Status(RUNNING, seconds=9.0, progress=progress), WAIT, WAIT, WAIT)
    assert estimate(jobs, now, 1) == (0.0, 400.0)
    assert "pretrain first: " in describe(jobs, now, 400.0)


def test_the_line_shows_iteration_and_loss(jobs):
    """Jobs done, time left, and each running job."""
    started = Status(RUNNING, seconds=0.1)
    now = statuses(jobs, Status(FINISHED, seconds=1.0), training(12, 9.0), WAIT, started)
    assert describe(jobs, now, 3725) == (
        "1/4 jobs | about 1:02:05 left | rpn second: train 12/100 loss 0.500 | detector alone: starting"
    )
    assert clock(59.7) == "1:00" and progress_text(None) == "starting"


def test_plain_lines_off_a_terminal_come_now_and_then(jobs):
    """Events at once; the line at first and then every `interval` seconds, without carriage returns."""
    out = io.StringIO()
    view = ProgressView(jobs, 1, out, interval=1000.0)
    done = Status(FINISHED, seconds=5.0)
    view(statuses(jobs, done, training(1, 1.0), WAIT, WAIT))
    view(statuses(jobs, done, training(2, 2.0), WAIT, WAIT))
    view(statuses(jobs, done, Status(FAILED, "exit code 1"), Status(BLOCKED, "why"), WAIT))
    view(statuses(jobs, done, Status(FAILED, "exit code 1"), Status(BLOCKED, "why"), done))
    view.close()
    lines = out.getvalue().splitlines()
    assert lines[0] == "pretrain first: finished before"
    assert lines[1].startswith("rpn second: started, log in ") and lines[1].endswith("second/console.log")
    assert lines[2].endswith("left | rpn second: train 1/100 loss 0.500")
    assert lines[3:5] == ["rpn second: failed: exit code 1", "detector third: blocked: why"]
    assert lines[5:] == ["detector alone: finished in 5 s", "100% | 4/4 jobs | about 0:00 left"]


def test_a_terminal_gets_a_bar(jobs):
    """On a terminal the line is redrawn in place."""
    out = io.StringIO()
    out.isatty = lambda: True
    view = ProgressView(jobs, 1, out, interval=0.0)
    view(statuses(jobs, training(50, 40.0), WAIT, WAIT, WAIT))
    view.close()
    text = out.getvalue()
    assert "\r" in text and "10%|" in text and "pretrain first: train 50/100" in text
