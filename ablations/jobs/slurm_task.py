"""What runs on a node of the cluster: one job, and what happens when Slurm takes the node away."""

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ablations.jobs.attempt import STOP_SECONDS, Attempt, begin
from ablations.jobs.folder import FAILED, FINISHED, RUNNING, WAITING, Status
from ablations.jobs.job import Job

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

POLL_SECONDS = 0.5
# The submitter holds the lock while it submits; file systems of clusters tell others of it late.
LOCK_PATIENCE_SECONDS = 60.0


@dataclass
class SlurmTask:
    """Callable that runs one job as the local queue does, with the same lock, record and log.

    submitit pickles it, calls it on the node, and asks it for `checkpoint()` when Slurm announces a preemption or the
    end of the time limit. `threads` is OMP_NUM_THREADS.
    """

    job: Job
    gpus: int
    threads: int
    attempt: Attempt | None = field(default=None, init=False, compare=False)

    def __call__(self) -> str:
        """Run the job to its end; the state that it ended in."""
        begun = self._begin()
        if isinstance(begun, Status):
            return begun.state
        try:
            while (status := begun.poll()).state == RUNNING:
                time.sleep(POLL_SECONDS)
            return status.state
        except Exception as error:  # from the signal handler of submitit: too many time limits
            if begun.kill().state != FINISHED:
                status = Status(FAILED, f"{error} Another run goes on from the last checkpoint", seconds=begun.seconds)
                self.job.note(status, begun.started, begun.slurm_job)
            raise
        finally:
            begun.kill()

    def checkpoint(self) -> "DelayedSubmission":
        """Stop the process and name what shall run when the job's turn comes again: the same, from its checkpoint."""
        from submitit.helpers import DelayedSubmission

        if self.attempt is not None:
            self.attempt.terminate()
            self.attempt.kill(WAITING, "stopped by Slurm, queued again", STOP_SECONDS)
        return DelayedSubmission(self)

    def _begin(self) -> Attempt | Status:
        environment = {"OMP_NUM_THREADS": str(self.threads)}
        deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            # Slurm announces a preemption by a signal to every process of the job, and only this one has to act on it:
            # it comes late here, and what is started meanwhile never sees it.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
            try:
                begun = begin(self.job, self.gpus, environment, _own_id())
                self.attempt = begun if isinstance(begun, Attempt) else None
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            if isinstance(begun, Attempt) or begun.state != WAITING or time.monotonic() > deadline:
                return begun
            time.sleep(POLL_SECONDS)

    def __getstate__(self) -> dict[str, Any]:
        """Without the process, which belongs to its node."""
        return {**self.__dict__, "attempt": None}


def _own_id() -> str | None:
    from submitit import JobEnvironment

    try:
        return JobEnvironment().job_id
    except RuntimeError:  # called by hand
        return None
