"""What is behind each row of a report: its config, the logs of its runs, times, and memory."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from ablations.evidence.measure import WALL, groups
from ablations.jobs.folder import FINISHED, JobFolder
from ablations.jobs.job import RPN, Job
from ablations.paper.tables import Table
from ablations.query import Query
from ablations.render.names import row_label
from ablations.render.units import duration, gigabytes
from mask_rcnn_paper.config_files import CONFIG_ROOT

# What a training by hand prints into, which no runner has started.
_HAND_LOG = "log.txt"


@dataclass(frozen=True)
class Place:
    """A file's name for a reader, and its address from the page, "" where that would not lead there."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class RowRuns:
    """A row's runs: `logs` by seed, and medians over the finished ones as texts, "" of what none of them says.

    `step` and `run` are seconds of the processors on a CPU, of the clock on a GPU; `clock` is always of the clock.
    `proposals` is the recall (AR) of the stored ones that it was evaluated on: "60.5 (small 53.2)".
    """

    label: str
    config: Place
    logs: Mapping[int, Place]
    step: str = ""
    run: str = ""
    clock: str = ""
    memory: str = ""
    proposals: str = ""


def runs_of_rows(table: Table, query: Query, page: Path) -> list[RowRuns]:
    """Rows of a table that have a finished run or a log, for a `page` that is written there."""
    found = []
    for row in table.rows:
        jobs = {seed: job for seed in query.seeds if (job := query.plan.job(table.id, row.id, seed))}
        results = [s.result for job in jobs.values() if (s := query.statuses[job.identity]).state == FINISHED]
        # Of published results there are no logs, whatever has been run here.
        logs = {seed: log for seed, job in jobs.items() if query.has_folder(job) and (log := _log(job.folder, page))}
        if results or logs:
            first = next(iter(jobs.values()))
            recall = _recall(first, results, query)
            config = _config(first, page)
            found.append(RowRuns(row_label(table, row), config, logs, **_medians(results), proposals=recall))
    return found


def _recall(job: Job, results: Sequence[Mapping[str, Any]], query: Query) -> str:
    """Of the proposals that the RPN before a job stored of the images that the job was evaluated on; "" without one."""
    inputs = (query.plan.jobs[identity] for identity in job.inputs)
    stored = next((query.statuses[i.identity].result for i in inputs if i.kind == RPN), None) or {}
    images = [name for result in results for name in result.get("datasets", {}).get("test", ())]
    found = (stored.get("metrics", {}).get(name, {}).get("box_proposals") for name in images)
    recall = next(filter(None, found), {})
    shown = [recall.get(name) for name in ("AR@1000", "ARs@1000")]
    return "" if None in shown else f"{shown[0]:.1f} (small {shown[1]:.1f})"


def _medians(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Times and memory of runs."""
    found = [groups(result) for result in results]

    def of(group: str, name: str) -> float | None:
        values = [value for measured in found if (value := measured[group].get(name)) is not None]
        return median(values) if values else None

    times = {key: of("time", name) for key, name in (("step", "iteration"), ("run", "run"), ("clock", WALL))}
    step = times.pop("step")
    memory = {name: of("memory", name) for name in ("process", "cuda")}
    texts = {name: gigabytes(value) for name, value in memory.items() if value is not None}
    on_gpu = f", of the GPU {texts['cuda']}" if "cuda" in texts else ""
    return {
        "step": "" if step is None else f"{step:.2g} s",
        **{key: "" if value is None else duration(value) for key, value in times.items()},
        "memory": f"{texts['process']}{on_gpu}" if "process" in texts else "",
    }


def _config(job: Job, page: Path) -> Place:
    path = Path(job.config)
    if path.is_absolute():
        return place_of(path, page)
    return Place(f"configs/{job.config}", _link(CONFIG_ROOT / path, page))


def _log(folder: JobFolder, page: Path) -> Place | None:
    path = next((path for path in (folder.log, folder.path / _HAND_LOG) if path.is_file()), None)
    return path and place_of(path, page)


def place_of(path: Path, page: Path) -> Place:
    """A file, by its path from the current folder, or by the last two parts of one that lies elsewhere."""
    path, here = path.resolve(), Path.cwd().resolve()
    text = path.relative_to(here) if path.is_relative_to(here) else Path(*path.parts[-2:])
    return Place(text.as_posix(), _link(path, page))


def _link(path: Path, page: Path) -> str:
    """The way from the page to a file, if both lie below the current folder: what lies above is nobody's business."""
    path, page, here = path.resolve(), page.resolve(), Path.cwd().resolve()
    if not (path.is_file() and path.is_relative_to(here) and page.is_relative_to(here)):
        return ""
    return quote(Path(os.path.relpath(path, page.parent)).as_posix())
