"""Times that `python -m ablations timing` has measured, beside the results of the rows that they are of.

They are kept for a scale as one file, since only what took turns on one machine can be compared. Times are of the
architecture, so a row has them once, with the first seed.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ablations.jobs.documents import read_document
from ablations.jobs.folder import FINISHED, Status
from mask_rcnn_paper.files import write_bytes_atomically
from mask_rcnn_paper.schema import OpenEntry

TIMING = "timing.json"
# What a result takes over. The time of an iteration it has from its own training.
TIMED = ("time/inference", "time/resizing", "time/frames")
# In a result: quartiles of the turns by metric, and their number.
TURNS = "turns"


class _Spread(OpenEntry):
    median: float
    low: float
    high: float


class _TimedRow(OpenEntry):
    config_hash: str
    metrics: dict[str, _Spread]


class Timing(OpenEntry):
    """timing.json."""

    rows: list[_TimedRow]
    rounds: int


def read_times(folder: Path) -> dict[str, dict[str, Any]]:
    """By config hash what a result takes over, from the folder of a scale; {} where nothing has been measured.

    Raises:
        ValueError: the file is damaged.
    """
    document = read_document(folder / TIMING, Timing)
    if document.damage:
        raise ValueError(f"{folder / TIMING} is {document.damage}: measure anew with `python -m ablations timing`")
    content, found = document.content, {}
    for row in content.get("rows", ()):
        metrics = {name: row["metrics"][name] for name in TIMED if name in row["metrics"]}
        medians = {name.partition("/")[2]: spread["median"] for name, spread in metrics.items()}
        turns = {name: [spread["low"], spread["high"], content["rounds"]] for name, spread in metrics.items()}
        found[row["config_hash"]] = {"time": medians, TURNS: turns}
    return found


def with_times(status: Status, config_hash: str | None, times: Mapping[str, Mapping[str, Any]]) -> Status:
    """The status with the times of its config beside its own, where it is finished and there are some."""
    if status.state != FINISHED or config_hash not in times:
        return status
    added = times[config_hash]
    time = {**status.result.get("time", {}), **added["time"]}
    return replace(status, result={**status.result, "time": time, TURNS: added[TURNS]})


def publish_times(folder: Path, to: Path) -> list[Path]:
    """Copy what was measured at a scale to its published results; returns the file, [] where there is none."""
    if not (folder / TIMING).is_file():
        return []
    write_bytes_atomically(to / TIMING, (folder / TIMING).read_bytes())
    return [to / TIMING]
