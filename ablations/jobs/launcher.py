"""What the queue asks of whoever runs its jobs."""

from collections.abc import Sequence
from typing import Protocol

from ablations.jobs.job import Job
from ablations.jobs.store import Status


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

    def left_behind(self) -> str:
        """What people should know of jobs that go on after `stop`, "" if there are none."""
