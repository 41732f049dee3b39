"""One go at a job: its lock, its process, and the record of how it ends. Every launcher runs jobs through this."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from ablations.jobs.folder import log_tail
from ablations.jobs.job import Job
from ablations.jobs.status import FAILED, RUNNING, WAITING, Status

STOP_SECONDS = 10.0


class Attempt:
    """A running process of a job, whose lock it holds. Made by `begin`; ends by `poll`, `finish` or `kill`.

    Args:
        job: The job.
        popen: Its process, leader of a session of its own.
        lock: File descriptor that holds the job's lock.
        started: When it was started, as of `time.time`.
        slurm_job: Id of the Slurm job that this happens in, None outside Slurm.
    """

    def __init__(self, job: Job, popen: subprocess.Popen, lock: int, started: float, slurm_job: str | None) -> None:
        self.job, self.popen, self.lock, self.started, self.slurm_job = job, popen, lock, started, slurm_job
        self.ended: Status | None = None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.time() - self.started

    def poll(self) -> Status:
        """Status of the job now; once its process has ended, the final one."""
        if self.ended:
            return self.ended
        code = self.popen.poll()
        if code is None:
            return Status(RUNNING, seconds=self.seconds, progress=self.job.folder.progress)
        finished = self.job.folder.ended_well(self.seconds) if code == 0 else None
        return self.finish(finished or self.job.folder.failure(code, self.seconds, self.job.kind))

    def terminate(self) -> None:
        """Ask the process and its children to end."""
        self._signal(signal.SIGTERM)

    def kill(self, state: str = WAITING, reason: str = "interrupted", patience: float = 0.0) -> Status:
        """End the process by force.

        Args:
            state: What the job counts as, unless its process ended well meanwhile.
            reason: Why.
            patience: Seconds that it has to end by itself after `terminate`.

        Returns:
            The final status.
        """
        if self.ended:
            return self.ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(patience)
        self._signal(signal.SIGKILL)
        code = self.popen.wait()
        finished = self.job.folder.ended_well(self.seconds) if code == 0 else None
        tail = log_tail(self.job.folder.log) if state == FAILED else ()
        return self.finish(finished or Status(state, reason, tail, seconds=self.seconds))

    def finish(self, status: Status) -> Status:
        """Record how the job ended and free its lock."""
        if self.ended is None:
            self._signal(signal.SIGKILL)  # whatever the job left running would keep its lock
            self.job.note(status, self.started, self.slurm_job)
            self.ended = status
            os.close(self.lock)
        return self.ended

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)


def begin(
    job: Job, cwd: Path, gpus: int = 0, env: Mapping[str, str] | None = None, slurm_job: str | None = None
) -> Attempt | Status:
    """Start a job's process, unless there is no need or no way to.

    Args:
        job: The job; its inputs are finished.
        cwd: Folder the command runs in.
        gpus: GPUs of the job, 0 for the CPU.
        env: Environment variables to set.
        slurm_job: Id of the Slurm job that this happens in.

    Returns:
        The running process; or the job's status: finished before, running elsewhere, or failed to start.
    """
    folder = job.folder
    lock = folder.acquire_lock()
    if lock is None:
        return Status(WAITING, "running elsewhere", progress=folder.progress)
    finished = folder.finished()
    if finished is not None:
        os.close(lock)
        return finished
    started = time.time()
    command = job.command(folder.clear_for_start(), gpus)
    job.note(Status(RUNNING, seconds=0.0), started, slurm_job)
    try:
        return Attempt(job, _popen(job, command, cwd, env or {}, lock), lock, started, slurm_job)
    except OSError as error:
        os.close(lock)
        status = Status(FAILED, f"cannot start {command[0]}: {error.strerror}", seconds=0.0)
        job.note(status, started, slurm_job)
        return status


def _popen(job: Job, command: list[str], cwd: Path, env: Mapping[str, str], lock: int) -> subprocess.Popen:
    with open(job.folder.log, "wb") as log:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )
