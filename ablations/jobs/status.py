"""How a job is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FINISHED, RUNNING, FAILED, BLOCKED, WAITING = "finished", "running", "failed", "blocked", "waiting"
ENDED = (FINISHED, FAILED, BLOCKED)


@dataclass(frozen=True)
class Status:
    """State of a job: why it failed or waits, the last lines of its log where it failed, and how long it has run.

    `result` is there when it is finished, `progress` when it is running.
    """

    state: str
    reason: str = ""
    tail: tuple[str, ...] = ()
    seconds: float | None = None
    result: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None
