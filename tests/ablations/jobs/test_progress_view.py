"""The lines of a sweep, on terminals of several sizes and elsewhere."""

import dataclasses
import io
import re
from pathlib import Path

import pytest

from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, JobFolder, Status
from ablations.jobs.progress_view import ProgressView, clock, describe, describe_job, progress_text
from tests.ablations import fakes
from tests.ablations.screen import Screen

WAIT = Status(WAITING)
GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def jobs(tmp_path):
    """Four jobs of 100 nominal seconds each, 20 of them not training."""
    names = ("first", "second", "third", "fourth")
    jobs = (fakes.job(tmp_path, name) for name in names)
    costs = {"train_seconds": 80.0, "other_seconds": 20.0}
    return fakes.graph(
        *(
            dataclasses.replace(job, folder=JobFolder(Path("out") / job.folder.name, job.folder.name), **costs)
            for job in jobs
        )
    )


@pytest.fixture
def screen():
    """A terminal of 80 x 24."""
    screen = Screen(80, 24)
    yield screen
    screen.close()


def statuses(jobs, *given):
    return dict(zip(jobs, given, strict=True))


def training(done, seconds=10.0):
    return Status(RUNNING, seconds=seconds, progress={"stage": "train", "done": done, "total": 100, "loss": 0.5})


def test_the_lines_say_what_is_done_and_left(jobs):
    """Jobs done, failures, time; of a job stage, iteration, loss, time."""
    job = next(iter(jobs.values()))
    now = statuses(jobs, Status(FINISHED, seconds=1.0), training(12), WAIT, Status(FAILED, "x"))
    assert describe(now, 3725) == "2/4 jobs, 1 failed | about 1:02:05 left"
    assert describe_job(job, training(12), 65.0) == "detector first: training 12/100, 1:05 left, loss 0.500"
    assert describe_job(job, Status(RUNNING, seconds=0.1), 65.0) == "detector first: loading"
    assert clock(59.7) == "1:00"
    assert progress_text(None) == "loading"


@pytest.mark.parametrize("progress", [{}, {"done": "x", "total": 3}, {"done": None, "total": 1}, {"done": 1}])
def test_unreadable_progress_does_no_harm(jobs, progress):
    """A job's own file cannot break the lines."""
    out = io.StringIO()
    ProgressView(jobs, 1, out)(statuses(jobs, Status(RUNNING, seconds=9.0, progress=progress), WAIT, WAIT, WAIT))
    assert "  0% |   detector first: " in out.getvalue()


def test_plain_lines_off_a_terminal_come_now_and_then(jobs):
    """Events at once; the lines at first and then every `interval` seconds, without carriage returns."""
    out = io.StringIO()
    view = ProgressView(jobs, 1, out, interval=1000.0)
    done = Status(FINISHED, seconds=5.0)
    view(statuses(jobs, done, training(1, 1.0), WAIT, WAIT))
    view(statuses(jobs, done, training(2, 2.0), WAIT, WAIT))
    view(statuses(jobs, done, Status(FAILED, "exit code 1"), Status(BLOCKED, "why"), WAIT))
    view(statuses(jobs, done, Status(FAILED, "exit code 1"), Status(BLOCKED, "why"), done))
    view.close()
    lines = out.getvalue().splitlines()
    assert lines[0] == "detector first: finished before"
    assert lines[1] == "detector second: started, log in out/second/console.log"
    assert re.fullmatch(r" \d\d% \| 1/4 jobs \| about \d:\d\d left", lines[2])
    assert lines[3].startswith("  1% |   detector second: training 1/100, ")
    assert lines[3].endswith(" left, loss 0.500")
    assert lines[4:6] == ["detector second: failed: exit code 1", "detector third: blocked: why"]
    assert lines[6:] == ["detector fourth: finished in 5 s", " 50% | 4/4 jobs, 1 failed"]
    assert "\r" not in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_the_share_never_falls_back(jobs):
    """Not even where a job turns out to be slower by far than it seemed."""
    out = io.StringIO()
    view = ProgressView(jobs, 1, out, interval=0.0)
    for seconds in (1.0, 400.0):
        view(statuses(jobs, training(50, seconds), WAIT, WAIT, WAIT))
    shares = [int(line[:3]) for line in out.getvalue().splitlines() if "0/4 jobs" in line]
    assert shares[0] == shares[1] > 0


@pytest.mark.parametrize(
    "stage, text",
    [
        ("pretrain", "training 3/9"),
        ("train", "training 3/9"),
        ("distill", "annotating 3/9"),
        ("evaluate", "evaluating 3/9"),
        ("write", "writing"),
    ],
)
def test_each_stage_has_a_name(stage, text):
    """And how far it is, where that takes long."""
    assert progress_text({"stage": stage, "done": 3, "total": 9}) == text


def test_a_terminal_has_a_live_line_for_each_running_job(jobs, screen):
    """Redrawn in place below the events; lines of jobs that have ended go away, at the end all but the sweep's."""
    view = ProgressView(jobs, 2, screen.stream, interval=0.0)
    view(statuses(jobs, training(50), training(20), WAIT, WAIT))
    view(statuses(jobs, training(60), training(30), WAIT, WAIT))
    lines = screen.text()
    assert [line.partition(",")[0] for line in lines[:2]] == ["detector first: started", "detector second: started"]
    assert lines[2].startswith(" 18%|█")
    assert "| 0/4 jobs | about " in lines[2]
    assert lines[3].startswith(" 48%|████▊     |   detector first: training 60/100, 0:")
    assert lines[4].startswith(" 24%|██▍       |   detector second: training 30/100, 0:")
    assert len(lines) == 5
    done = Status(FINISHED, seconds=9.0)
    view(statuses(jobs, done, training(70), WAIT, WAIT))
    lines = screen.text()
    assert lines[2] == "detector first: finished in 9 s"
    assert "1/4 jobs" in lines[3]
    assert lines[4].startswith(" 56%|")
    assert len(lines) == 5
    view(statuses(jobs, done, done, done, done))
    view.close()
    lines = screen.text()
    assert lines[3:6] == [f"detector {name}: finished in 9 s" for name in ("second", "third", "fourth")]
    assert lines[6].startswith("100%|██████████| 4/4 jobs")
    assert len(lines) == 7


@pytest.mark.parametrize("columns", [80, 120])
def test_screens_of_a_sweep_are_as_stored(tmp_path, columns):
    """golden/run_80.txt and run_120.txt: each stage of a job, resumed and failed ones, and the end."""
    names = ("pretrain R-50", "rpn r50_fpn", "detector r50_fpn-seed0", "detector keypoint_rcnn_x101_fpn-seed0")
    found = []
    for kind, name in map(str.split, names):
        job = fakes.job(tmp_path, name, kind=kind)
        folder = JobFolder(Path("output/mini") / kind / f"{name}-0123abcd", name)
        found.append(dataclasses.replace(job, folder=folder, train_seconds=540.0, other_seconds=60.0))
    jobs = fakes.graph(*found)
    screen = Screen(columns, 40)
    view = ProgressView(jobs, 2, screen.stream, interval=0.0)
    before, done = Status(FINISHED, seconds=600.0), Status(FINISHED, seconds=642.0)
    evaluating = Status(RUNNING, seconds=95.0, progress={"stage": "evaluate", "done": 60, "total": 200, "found": 0.9})
    writing = Status(RUNNING, seconds=620.0, progress={"stage": "write", "done": 1, "total": 1})
    screens = []
    for now in (
        (before, Status(RUNNING, seconds=2.0), WAIT, WAIT),
        (before, training(35, 200.0), WAIT, WAIT),
        (before, done, evaluating, training(7, 50.0)),
        (before, done, writing, Status(FAILED, "loss became NaN at iteration 412")),
        (before, done, done, Status(FAILED, "loss became NaN at iteration 412")),
    ):
        view(statuses(jobs, *now))
        screens.append("\n".join(screen.text()))
    view.close()
    screens.append("\n".join(screen.text()))
    screen.close()
    shown = f"\n{'=' * columns}\n".join(screens) + "\n"
    assert shown == (GOLDEN / f"run_{columns}.txt").read_text(encoding="utf-8")


def test_a_narrow_terminal_cuts_lines_off(jobs):
    """No line is wrapped, so that each is redrawn in its place."""
    screen = Screen(30, 24)
    view = ProgressView(jobs, 1, screen.stream, interval=0.0)
    for done in (10, 20, 30):
        view(statuses(jobs, training(done), WAIT, WAIT, WAIT))
    lines = screen.text()
    assert len([line for line in lines if "0/4 jobs" in line]) == 1
    assert lines[-1].startswith(" 24%|██▍       |   detector")
    assert len(lines[-1]) < 30
    screen.close()


def test_a_low_terminal_hides_jobs(jobs):
    """Of four running jobs two have a line where there are five rows; the sweep's line counts the others."""
    screen = Screen(80, 5)
    view = ProgressView(jobs, 4, screen.stream, interval=0.0)
    for done in (10, 20, 30):
        view(statuses(jobs, *(training(done) for _ in range(4))))
    lines = screen.text()
    assert "0/4 jobs" in lines[-3]
    assert lines[-3].endswith("| 2 more running")
    assert "detector first: training 30" in lines[-2]
    assert "detector second: training 30" in lines[-1]
    assert sum("0/4 jobs" in line for line in lines) == 1
    screen.close()


def test_a_terminal_may_change_its_size(jobs, screen):
    """From the next look on lines fit into the new one."""
    view = ProgressView(jobs, 4, screen.stream, interval=0.0)
    view(statuses(jobs, *(training(10) for _ in range(4))))
    assert len(screen.text()) == 4 + 1 + 4
    screen.resize(40, 4)
    view(statuses(jobs, *(training(20) for _ in range(4))))
    lines = screen.text()
    assert len(lines) == 4 + 1 + 1
    assert all(len(line) < 40 for line in lines[4:])


def test_a_terminal_without_a_size_counts_as_80_columns(jobs):
    """As some have over serial lines and in containers."""
    screen = Screen(80, 24)
    screen.resize(0, 0)
    view = ProgressView(jobs, 1, screen.stream, interval=0.0)
    view(statuses(jobs, training(10), WAIT, WAIT, WAIT))
    assert screen.text()[-1].startswith("  8%|▊         |   detector first: training 10/100")
    screen.close()
