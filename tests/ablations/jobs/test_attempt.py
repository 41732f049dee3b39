"""One go at a job: what is recorded, and that it ends once."""

import time

import pytest

from ablations.jobs.attempt import Attempt, begin
from ablations.jobs.folder import FAILED, FINISHED, RUNNING, WAITING, Status
from tests.ablations import fakes


@pytest.fixture
def attempt(tmp_path):
    """A running job that sleeps; it is ended afterwards."""
    attempt = begin(fakes.job(tmp_path, "job", "time.sleep(60)"), slurm_job="7_0")
    yield attempt
    attempt.kill()


def until_it_ends(attempt):
    while (status := attempt.poll()).state == RUNNING:
        time.sleep(0.01)
    return status


def test_a_running_job_is_locked_and_recorded(attempt):
    """With the Slurm job that it is in."""
    record = attempt.job.folder.record
    assert (attempt.poll().state, record["state"], record["slurm_job"]) == (RUNNING, RUNNING, "7_0")
    assert attempt.job.folder.is_locked()


def test_it_ends_once(attempt):
    """The first status stays, whoever asks again, also a signal handler in between."""
    assert attempt.kill(FAILED, "out of time").state == FAILED
    assert [attempt.kill(), attempt.poll(), attempt.finish(Status(WAITING))] == [attempt.ended] * 3
    record = attempt.job.folder.record
    assert (record["state"], record["reason"], record["slurm_job"]) == (FAILED, "out of time", "7_0")
    assert not attempt.job.folder.is_locked()


def test_a_job_that_ends_well_while_it_is_stopped_has_finished(tmp_path):
    """Its work is not thrown away."""
    attempt = begin(fakes.job(tmp_path, "job"))
    assert attempt.kill(WAITING, "interrupted", patience=10.0).state == FINISHED


def test_nothing_is_started_without_need(tmp_path):
    """A finished job is told as finished; one that is locked as running elsewhere."""
    job = fakes.job(tmp_path, "job")
    begun = begin(job)
    assert isinstance(begun, Attempt)
    assert begin(job).reason == "running elsewhere"
    assert until_it_ends(begun).state == FINISHED
    assert begin(job).state == FINISHED
    assert (job.folder.path / "runs").read_text().count("\n") == 1


def test_idle_threads_sleep(tmp_path):
    """Else jobs crawl on a machine that does something else too."""
    code = "open(sys.argv[-1] + '/policy', 'w').write(os.environ['OMP_WAIT_POLICY']); finish()"
    job = fakes.job(tmp_path, "job", code)
    assert until_it_ends(begin(job)).state == FINISHED
    assert (job.folder.path / "policy").read_text() == "passive"


def test_a_job_starts_where_the_user_is(tmp_path, monkeypatch):
    """Not beside the project, where an installed one has other packages, which would hide Python's own."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    job = fakes.job(tmp_path, "job", "open(sys.argv[-1] + '/cwd', 'w').write(os.getcwd()); finish()")
    assert until_it_ends(begin(job)).state == FINISHED
    assert (job.folder.path / "cwd").read_text() == str(here)
