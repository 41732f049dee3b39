"""Run the jobs of a plan: inputs first, finished jobs skipped. A launcher says where and how."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ablations.jobs.job import Job, blocked_status
from ablations.jobs.status import BLOCKED, FAILED, FINISHED, WAITING, Status


class Launcher(Protocol):
    """Runs jobs that are ready, and says how they are. It knows nothing of the graph.

    `workers` is how many jobs it runs at once, at most. `poll_seconds` is the time between two looks at them.
    """

    workers: int
    poll_seconds: float

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Take over as many of the jobs as there is room for.

        Args:
            ready: Jobs whose inputs are finished, most urgent first; those already taken are passed over.

        Returns:
            By identity, what is known of some of them at once.
        """

    def poll(self) -> dict[str, Status]:
        """Status of the jobs taken over, by identity; one that has ended is told for the last time."""

    def stop(self) -> None:
        """Leave the jobs so that a later run goes on with them."""

    def describe(self, job: Job) -> str:
        """What would be started for a job, in one line."""

    def left_behind(self) -> str:
        """What people should know of jobs that go on after `stop`, "" if there are none."""


def execute(
    jobs: Mapping[str, Job],
    launcher: Launcher,
    report: Callable[[Mapping[str, Status]], None] = lambda statuses: None,
) -> dict[str, Status]:
    """Run every job that is not finished.

    A failure blocks only the jobs that need it. A job that another runner is running is waited for. On Ctrl-C
    (or any exception) the launcher is stopped, and the same call later goes on where this one ended.

    Args:
        jobs: By identity, inputs before their users.
        launcher: Runs the jobs.
        report: Called after every look at the jobs with the status of each.

    Returns:
        Final status by identity: finished, failed or blocked.
    """
    statuses = {key: job.folder.finished() or Status(WAITING) for key, job in jobs.items()}
    try:
        while True:
            statuses |= launcher.poll()
            _block(jobs, statuses)
            statuses |= launcher.submit(_ready(jobs, statuses))
            report(statuses)
            if all(status.state in (FINISHED, FAILED, BLOCKED) for status in statuses.values()):
                return statuses
            time.sleep(launcher.poll_seconds)
    finally:
        launcher.stop()


def _block(jobs: Mapping[str, Job], statuses: dict[str, Status]) -> None:
    """Mark what can never start."""
    for identity, job in jobs.items():
        if statuses[identity].state == WAITING:
            statuses[identity] = blocked_status(job, jobs, statuses) or statuses[identity]


def _ready(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> list[Job]:
    """Jobs that wait for nothing but a place to run."""
    return [
        job
        for identity, job in jobs.items()
        if statuses[identity].state == WAITING and all(statuses[i].state == FINISHED for i in job.inputs)
    ]
