"""What a job's folder says of it, whatever a killed process left there."""

import json
import os

import pytest

from ablations.jobs.folder import FAILED, FINISHED, RUNNING, WAITING, JobFolder, Status, finished_status, log_tail
from ablations.jobs.job import Job

RESULT = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "h", "seconds": 1.5}


@pytest.fixture
def folder(tmp_path):
    """An empty folder of a job whose config has hash "h"."""
    folder = JobFolder(tmp_path / "row-01234567", "row", "h")
    folder.path.mkdir()
    return folder


def write(folder, name, content):
    (folder.path / name).write_text(content if isinstance(content, str) else json.dumps(content))


def noted(folder, state, **changes):
    """Leave a record."""
    Job("detector", "id", folder, "row.yaml").note(Status(state, **{"seconds": 9.5, **changes}), started=0.0)


def test_a_folder_that_is_not_there_has_not_run(tmp_path):
    """And is not made by looking."""
    folder = JobFolder(tmp_path / "none", "none", "h")
    assert (folder.status(), folder.record, folder.progress) == (Status(WAITING, "not run"), {}, None)
    assert not folder.path.exists()


def test_a_result_without_a_record_is_finished(folder):
    """As of a row that was run by hand; its seconds are the result's."""
    write(folder, "result.json", RESULT)
    assert folder.status() == Status(FINISHED, seconds=1.5, result=RESULT)


def test_the_time_of_the_whole_process_comes_first(folder):
    """It includes start and end."""
    write(folder, "result.json", RESULT)
    noted(folder, FINISHED)
    assert folder.finished().seconds == 9.5


@pytest.mark.parametrize("state", [RUNNING, WAITING, FAILED])
def test_a_result_alone_does_not_finish_a_job_that_a_runner_started(folder, state):
    """An evaluation in mid-training leaves one too."""
    write(folder, "result.json", RESULT)
    noted(folder, state)
    assert folder.finished() is None
    assert folder.ended_well() is not None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"metrics": 3, "config_hash": "h"}', "\x00\xff"])
def test_a_damaged_result_is_none(folder, content):
    """It says so, and runs again."""
    write(folder, "result.json", content)
    assert folder.ended_well() is None
    assert folder.status().state == WAITING
    assert folder.status().reason.startswith("damaged: result.json")
    assert "ended without a valid result.json: it is damaged: " in folder.after_process(0, 2.0, "rpn").reason


@pytest.mark.parametrize("content", ["", "[]", '{"state": 3}', '{"seconds": "long"}'])
def test_a_damaged_record_finishes_nothing(folder, content):
    """Whether a runner saw the end is not known, and an evaluation in mid-training leaves a result too."""
    write(folder, "result.json", RESULT)
    write(folder, "job.json", content)
    assert folder.finished() is None
    assert folder.status().reason.startswith("damaged: job.json")


def test_a_result_of_another_config_is_stale(folder):
    """It says of which."""
    write(folder, "result.json", {**RESULT, "config_hash": "other"})
    assert folder.status().reason == "the result is stale: it is of config other"


def test_a_neighbour_with_another_hash_is_named(folder):
    """Another config or input makes another folder; names that only begin alike are no neighbours."""
    for name in ("row-ffffffff", "row-more-ffffffff", "row-xyz"):
        (folder.path.parent / name).mkdir()
        (folder.path.parent / name / "result.json").write_text("{}")
    assert folder.status().reason == "not run; stale, of another config or input: row-ffffffff"


def test_a_failure_is_told_as_recorded(folder):
    """Reason, last lines and time."""
    noted(folder, FAILED, reason="no", tail=("a", "b"))
    assert folder.status() == Status(FAILED, "no", ("a", "b"), 9.5)


@pytest.mark.parametrize("state, reason", [(RUNNING, "interrupted"), (WAITING, "interrupted")])
def test_a_run_that_nobody_goes_on_with_was_interrupted(folder, state, reason):
    """Its process is dead: nobody holds the lock."""
    noted(folder, state)
    assert folder.status() == Status(WAITING, reason)


def test_a_lock_is_held_by_one_and_free_when_closed(folder):
    """By its file descriptor, so a dead process holds none."""
    lock = folder.acquire_lock()
    assert folder.is_locked()
    assert folder.acquire_lock() is None
    assert folder.status().state == RUNNING
    os.close(lock)
    assert not folder.is_locked()


def test_the_process_that_ends_badly_has_a_reason(folder):
    """From its exit code and log; without a result, what is wrong with that."""
    folder.log.write_text("loading\nthe loss is nan\n")
    failed = folder.after_process(3, 2.0, "rpn")
    assert (failed.state, failed.reason) == (FAILED, "exit code 3; last line: the loss is nan")
    assert (failed.tail, failed.seconds) == (("loading", "the loss is nan"), 2.0)
    assert "valid result.json: there is none" in folder.after_process(0, 2.0, "rpn").reason
    write(folder, "result.json", {**RESULT, "config_hash": "x"})
    assert "its config_hash is x, planned was h" in folder.after_process(0, 2.0, "rpn").reason


def test_a_start_clears_what_could_be_taken_for_its_own(folder):
    """The result, the progress, halves of files; the checkpoint stays where the same config wrote it."""
    for name in ("result.json", "progress.json", "last_checkpoint", ".model.pth.999999999.tmp"):
        write(folder, name, "{}")
    noted(folder, FAILED, reason="no")
    assert folder.clear_for_start()
    assert sorted(path.name for path in folder.path.iterdir()) == ["job.json", "last_checkpoint"]


def test_a_checkpoint_of_another_config_is_not_resumed(folder):
    """It is of other weights."""
    write(folder, "last_checkpoint", "model.pth")
    write(folder, "job.json", {"config_hash": "other"})
    assert not folder.clear_for_start()
    assert not (folder.path / "last_checkpoint").exists()


def test_a_forgotten_job_begins_anew(folder):
    """Neither its result nor its checkpoint counts; a job that is running is not forgotten."""
    write(folder, "result.json", RESULT)
    write(folder, "last_checkpoint", "model.pth")
    noted(folder, FINISHED)
    lock = folder.acquire_lock()
    with pytest.raises(ValueError, match="row-01234567 is being written: wait for its run, or stop it"):
        folder.forget()
    os.close(lock)
    folder.forget()
    assert folder.status() == Status(WAITING, "not run")
    assert not folder.clear_for_start()


def test_progress_is_what_the_job_wrote_last(folder):
    """None where that is no object."""
    write(folder, "progress.json", {"done": 3})
    assert folder.progress == {"done": 3}
    write(folder, "progress.json", "[1]")
    assert folder.progress is None


@pytest.mark.parametrize("wanted", [None, "h"])
def test_a_result_that_holds_the_wanted_config_is_finished(wanted):
    """None wants any."""
    assert finished_status(RESULT, wanted).state == FINISHED
    assert finished_status(RESULT, "x") is None
    assert finished_status({"config_hash": "h"}, wanted) is None


def test_the_tail_of_a_log_is_as_a_terminal_shows_it(tmp_path):
    """Redrawn lines in their last form, no empty lines, no control characters, each of 300 characters at most."""
    log = tmp_path / "log"
    log.write_bytes(b"first\n\n 10%\r 50%\r100%\nbad \x1b[31mred\n" + b"x" * 500 + b"\n")
    assert log_tail(log) == ("first", "100%", "bad  [31mred", "x" * 300)
    assert log_tail(log, 1) == ("x" * 300,)
    assert log_tail(tmp_path / "none") == ()
