"""Run the jobs of a plan: inputs first, finished jobs skipped. A launcher says where and how."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ablations.jobs.folder import ENDED, FINISHED, WAITING, Status
from ablations.jobs.job import Job, mark_blocked
from ablations.jobs.lost_files import run_lost_again


class Launcher(Protocol):
    """Runs jobs that are ready, `workers` at once at most, and says how they are. It knows nothing of the graph.

    `poll_seconds` is the time between two looks at them. Statuses are by the identities of jobs.
    """

    workers: int
    poll_seconds: float

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Take over as many of the jobs as there is room for; what is known of some of them at once.

        Their inputs are finished, the most urgent come first; those already taken are passed over.
        """

    def poll(self) -> dict[str, Status]:
        """Status of the jobs taken over; one that has ended is told for the last time."""

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
    """Run every job that is not finished; `report` is called after every look at them with the status of each.

    A finished job that has lost what another one needs runs again. A failure blocks only the jobs that need it. A job
    that another runner is running is waited for. On Ctrl-C (or any exception) the launcher is stopped, and the same
    call later goes on where this one ended.

    Returns:
        Final status by identity: finished, failed or blocked; `jobs` has inputs before their users.
    """
    statuses = {identity: job.folder.finished() or Status(WAITING) for identity, job in jobs.items()}
    tried: set[str] = set()
    try:
        while True:
            statuses |= launcher.poll()
            run_lost_again(jobs, statuses, tried)
            mark_blocked(jobs, statuses)
            waiting = [job for identity, job in jobs.items() if statuses[identity].state == WAITING]
            ready = [job for job in waiting if all(statuses[i].state == FINISHED for i in job.inputs)]
            statuses |= launcher.submit(ready)
            report(statuses)
            if all(status.state in ENDED for status in statuses.values()):
                return statuses
            time.sleep(launcher.poll_seconds)
    finally:
        launcher.stop()
