"""Times that `python -m ablations timing` has measured, beside the results of the rows that they are of.

They are kept for a scale as one file, since only what took turns on one machine can be compared. Times are of the
architecture, so a row has them once, with the first seed.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ablations.jobs.folder import FINISHED, Status
from mask_rcnn_paper.files import read_json, write_bytes_atomically

TIMING = "timing.json"
# What a result takes over. The time of an iteration it has from its own training.
TIMED = ("time/inference", "time/resizing", "time/frames")
# In a result: quartiles of the turns by metric, and their number.
TURNS = "turns"


def read_times(folder: Path) -> dict[str, dict[str, Any]]:
    """By config hash what a result takes over, from the folder of a scale; {} where nothing has been measured."""
    content = read_json(folder / TIMING)
    if not isinstance(content, dict):
        return {}
    found = {}
    for row in content.get("rows", ()):
        metrics = {name: row["metrics"][name] for name in TIMED}
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
