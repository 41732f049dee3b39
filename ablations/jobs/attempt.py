"""One go at a job: its lock, its process, and the record of how it ends. Every launcher runs jobs through this."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ablations.jobs.folder import FAILED, FINISHED, RUNNING, WAITING, Status
from ablations.jobs.job import Job
from mask_rcnn_paper.cores import IDLE_THREADS_SLEEP

STOP_SECONDS = 10.0
_ALWAYS = {"PYTHONUNBUFFERED": "1", **IDLE_THREADS_SLEEP}


@dataclass
class Attempt:
    """A running process of a job, leader of a session of its own, and the file descriptor that holds the job's lock.

    Made by `begin`; ends by `poll`, `finish` or `kill`. `started` is as of `time.time`, for the record; how long it has
    been running is by `began`, as of `time.monotonic`, which nobody sets; `slurm_job` is the id of the
    Slurm job that this happens in, None outside Slurm.
    """

    job: Job
    popen: subprocess.Popen
    lock: int
    started: float
    slurm_job: str | None
    began: float = field(default_factory=time.monotonic)
    ended: Status | None = None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began

    def poll(self) -> Status:
        """Status of the job now; once its process has ended, the final one."""
        if self.ended:
            return self.ended
        if self.popen.poll() is None:
            return Status(RUNNING, seconds=self.seconds, progress=self.job.folder.progress)
        return self.finish(self._of_process())

    def terminate(self) -> None:
        """Ask the process and its children to end."""
        self._signal(signal.SIGTERM)

    def kill(self, state: str = WAITING, reason: str = "interrupted", patience: float = 0.0) -> Status:
        """End the process by force, unless it ends by itself within `patience` seconds, as after `terminate`.

        The job then counts as `state` for this `reason`, unless its process ended well meanwhile.
        """
        if self.ended:
            return self.ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(patience)
        self._signal(signal.SIGKILL)
        self.popen.wait()
        status = self._of_process()
        if status.state != FINISHED:
            status = Status(state, reason, status.tail if state == FAILED else (), status.seconds)
        return self.finish(status)

    def finish(self, status: Status) -> Status:
        """Record how the job ended and free its lock."""
        if self.ended is None:
            self._signal(signal.SIGKILL)  # whatever the job left running would keep its lock
            self.job.note(status, self.started, self.slurm_job)
            self.ended = status
            os.close(self.lock)
        return self.ended

    def _of_process(self) -> Status:
        return self.job.folder.after_process(self.popen.returncode, self.seconds, self.job.kind)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)


def begin(
    job: Job, gpus: int = 0, env: Mapping[str, str] | None = None, slurm_job: str | None = None
) -> Attempt | Status:
    """Start a job's process, unless there is no need or no way to. Its inputs are finished.

    `gpus` is how many it has, 0 for the CPU; `env` is added to the environment; `slurm_job` is the id of the Slurm job
    that this happens in.

    Returns:
        The running process; or the job's status: finished before, running elsewhere, or failed to start.
    """
    folder = job.folder
    lock = folder.acquire_lock()
    if lock is None:
        return folder.running_elsewhere()
    finished = folder.finished()
    if finished is not None:
        os.close(lock)
        return finished
    started = time.time()
    command = job.command(folder.clear_for_start(), gpus)
    job.note(Status(RUNNING, seconds=0.0), started, slurm_job)
    try:
        with open(folder.log, "wb") as log:
            popen = subprocess.Popen(
                command,
                env={**_ALWAYS, **os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )
    except OSError as error:
        os.close(lock)
        status = Status(FAILED, f"cannot start {command[0]}: {error.strerror}", seconds=0.0)
        job.note(status, started, slurm_job)
        return status
    return Attempt(job, popen, lock, started, slurm_job)
