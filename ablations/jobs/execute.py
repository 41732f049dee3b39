"""Run the jobs of a plan: inputs first, finished jobs skipped. A launcher says where and how."""

import time
from collections.abc import Callable, Mapping

from ablations.jobs import store
from ablations.jobs.job import Job
from ablations.jobs.launcher import Launcher
from ablations.jobs.store import BLOCKED, FAILED, FINISHED, WAITING, Status


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
    statuses = {key: store.load_finished(job) or Status(WAITING) for key, job in jobs.items()}
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
        if statuses[identity].state != WAITING:
            continue
        dead = next((i for i in job.inputs if statuses[i].state in (FAILED, BLOCKED)), None)
        if dead is not None:
            statuses[identity] = Status(BLOCKED, store.blocked_reason(jobs[dead], statuses[dead]))


def _ready(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> list[Job]:
    """Jobs that wait for nothing but a place to run."""
    return [
        job
        for identity, job in jobs.items()
        if statuses[identity].state == WAITING and all(statuses[i].state == FINISHED for i in job.inputs)
    ]
