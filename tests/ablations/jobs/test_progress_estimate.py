"""How much of a sweep is done, and how long the rest takes."""

import dataclasses

import pytest

from ablations.jobs import progress_estimate
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, Status
from ablations.jobs.progress_estimate import speeds
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


def estimate(jobs, now, workers):
    """Share done and seconds left."""
    found = progress_estimate.estimate(jobs, now, workers)
    return found.share, found.seconds


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
    overall = (10 + 80) / (10 + 40)
    kind = (10 * overall + 80) / (10 + 40)
    own = (10 * kind + 80) / (10 + 40)
    expected = 60 * own + 300 * overall
    assert left == pytest.approx(expected)
    assert 0 < share < 0.15


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
    assert estimate(jobs, statuses(jobs, training(100, 100.0, "write"), WAIT, WAIT, WAIT), 1) == at_end


@pytest.mark.parametrize("part, share", [(0, 0.25), (1, 0.75), (None, 0.0), ("x", 0.0)])
def test_several_datasets_share_an_evaluation(jobs, part, share):
    """Half of the first and of the second of two; what cannot be read counts as none."""
    job, progress = next(iter(jobs.values())), {"stage": "evaluate", "done": 5, "total": 10, "part": part, "parts": 2}
    assert progress_estimate.done_seconds(job, Status(RUNNING, progress=progress)) == 80 + 20 * share


def test_failed_and_blocked_jobs_are_not_waited_for(jobs):
    """Nothing is left, but one of four jobs is what has been done."""
    blocked, done = Status(BLOCKED, "x"), Status(FINISHED, seconds=100.0)
    now = statuses(jobs, Status(FAILED, "x"), blocked, blocked, done)
    assert estimate(jobs, now, 1) == (0.25, 0.0)


@pytest.mark.parametrize("progress", [{}, {"done": "x", "total": 3}, {"done": None, "total": 1}, {"done": 1}])
def test_unreadable_progress_counts_as_none(jobs, progress):
    """A job's own file cannot break the line."""
    now = statuses(jobs, Status(RUNNING, seconds=9.0, progress=progress), WAIT, WAIT, WAIT)
    assert estimate(jobs, now, 1) == (0.0, 400.0)


def test_a_slow_job_has_its_own_time(jobs):
    """Two jobs of a kind, one ten times slower: each is expected to go on as it has."""
    jobs = {name: dataclasses.replace(job, inputs=(), kind="detector") for name, job in jobs.items()}
    now = statuses(jobs, training(50, 40.0), training(50, 400.0), WAIT, WAIT)
    left = list(progress_estimate.estimate(jobs, now, 2).left.values())
    assert left[1] > 4 * left[0]
    assert left[0] < left[2] < 2 * left[1]


@pytest.mark.parametrize(
    "progress, seconds, left",
    [
        # from 50 to 60 of 100 iterations in 8 s, as nominal: so 40 % of 80 s are left, and 20 s
        ({"stage": "train", "done": 60, "found": 0.5, "total": 100}, 8.0, 32 + 20),
        # all was trained before, and half of 20 s evaluated in 10 s
        ({"stage": "evaluate", "done": 5, "found": 1.0, "total": 10}, 10.0, 10),
        ({"stage": "evaluate", "done": 5, "found": "x", "total": 10}, 90.0, 10),
    ],
)
def test_what_a_resumed_job_had_done_before_says_nothing_of_its_speed(jobs, progress, seconds, left):
    """At whatever stage it is."""
    now = statuses(jobs, Status(RUNNING, seconds=seconds, progress=progress), WAIT, WAIT, WAIT)
    assert speeds(jobs, now)["pretrain"] == pytest.approx(1.0)
    assert progress_estimate.estimate(jobs, now, 1).left["id-first"] == pytest.approx(left)


def test_nor_does_it_when_the_job_is_finished(jobs):
    """Of 100 nominal seconds this run had the last 20."""
    resumed = Status(FINISHED, seconds=20.0, progress={"stage": "write", "done": 1, "total": 1, "found": 1.0})
    assert speeds(jobs, statuses(jobs, resumed, WAIT, WAIT, WAIT))["rpn"] == pytest.approx(1.0)
