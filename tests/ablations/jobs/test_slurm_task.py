"""What runs on a node: to its end, preempted, out of time, or not at all."""

import contextlib
import os
import pickle
import signal
import threading
import time

import pytest

from ablations.jobs import slurm_task
from ablations.jobs.folder import FAILED, FINISHED, WAITING
from ablations.jobs.slurm_task import SlurmTask
from tests.ablations import fakes

ENDLESS = "open(f'{folder}/last_checkpoint', 'w').close()\ntime.sleep(60)"


def task(job, gpus=0):
    return SlurmTask(job, gpus, threads=3)


@contextlib.contextmanager
def interrupted(job, handler):
    """Call `handler` as submitit does, once, from a signal in the middle of the job after its first checkpoint."""

    def alarm(*_):
        if (job.folder.path / "last_checkpoint").exists():
            signal.setitimer(signal.ITIMER_REAL, 0)
            handler()

    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_task_runs_its_job_as_the_local_queue_does(tmp_path):
    """Lock, record, log, number of threads, a process a GPU; a second call does nothing."""
    job = fakes.job(tmp_path, "job")
    assert task(job, gpus=2)() == FINISHED
    assert (job.folder.path / "runs").read_text() == "--num-gpus 2 --dist-url auto3\n"
    assert task(job)() == FINISHED
    assert (job.folder.path / "runs").read_text().count("\n") == 1
    assert not job.folder.is_locked()


def test_a_failure_is_recorded_and_no_error_of_the_task(tmp_path):
    """The runner reads it from job.json, as of any other job."""
    job = fakes.job(tmp_path, "job", "1 / 0")
    assert task(job)() == FAILED
    assert job.folder.status().reason == "ZeroDivisionError: division by zero"


def test_a_preempted_task_stops_its_process_and_starts_anew(tmp_path):
    """`checkpoint` leaves a job that waits and is free, and names a task that resumes it."""
    job = fakes.job(tmp_path, "job", ENDLESS)
    running = task(job)
    delayed = []

    def preempt():
        delayed.append(running.checkpoint())
        raise SystemExit

    with pytest.raises(SystemExit), interrupted(job, preempt):
        running()
    assert running.attempt.popen.poll() is not None
    assert not job.folder.is_locked()
    status = job.folder.status()
    assert (status.state, status.reason) == (WAITING, "stopped by Slurm, queued again")
    (tmp_path / "job.py").write_text(fakes.WRITE_RESULT + "finish()")
    assert delayed[0].function() == FINISHED
    assert (job.folder.path / "runs").read_text().startswith("--resume")


def test_a_task_that_may_not_queue_again_has_failed(tmp_path):
    """submitit raises an error in it after too many time limits."""
    job = fakes.job(tmp_path, "job", ENDLESS)
    running = task(job)

    def give_up():
        running.checkpoint()
        raise RuntimeError("Job not requeued because: timed-out too many times.")

    with pytest.raises(RuntimeError), interrupted(job, give_up):
        running()
    status = job.folder.status()
    assert (status.state, job.folder.is_locked()) == (FAILED, False)
    assert status.reason.startswith("Job not requeued because: timed-out too many times. Another run goes on")


def test_the_signal_of_a_preemption_does_not_reach_the_training(tmp_path):
    """Slurm sends it to every process; the training must live until it is stopped in order."""
    job = fakes.job(tmp_path, "job", "import signal\nos.kill(os.getpid(), signal.SIGUSR2)\nfinish()")
    assert task(job)() == FINISHED
    assert signal.SIGUSR2 not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_task_travels_without_its_process(tmp_path):
    """submitit pickles it, also after it has begun."""
    running = task(fakes.job(tmp_path, "job"))
    running()
    assert pickle.loads(pickle.dumps(running)) == task(running.job)


def test_a_lock_is_waited_for_a_while(tmp_path, monkeypatch):
    """The submitter frees it soon; where it stays, somebody else runs the job."""
    job = fakes.job(tmp_path, "job")
    lock = job.folder.acquire_lock()
    monkeypatch.setattr(slurm_task, "LOCK_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(slurm_task, "POLL_SECONDS", 0.05)
    assert task(job)() == WAITING
    monkeypatch.setattr(slurm_task, "LOCK_PATIENCE_SECONDS", 10.0)
    threading.Timer(0.2, os.close, (lock,)).start()
    begin = time.time()
    assert task(job)() == FINISHED
    assert time.time() - begin < 5
