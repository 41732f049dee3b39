"""How a job is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FINISHED, RUNNING, FAILED, BLOCKED, WAITING = "finished", "running", "failed", "blocked", "waiting"


@dataclass(frozen=True)
class Status:
    """State of a job.

    `reason` is one line that says why it failed or waits, `tail` the last lines of its log where it failed.
    `seconds` is how long it ran, or has been running. `result` is there when it is finished, `progress` when
    it is running.
    """

    state: str
    reason: str = ""
    tail: tuple[str, ...] = ()
    seconds: float | None = None
    result: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None
