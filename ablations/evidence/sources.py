"""Where results are read: the runs under --output, or those kept in the repository.

`ablations/results/<scale>/` lets a reader see our numbers without training. A published result is a job's result.json,
and beside it what its evaluation matched, under the name of its folder, which holds the identity of its config and
inputs: a result whose recipe has changed since is not found, and never shown for another recipe.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.evidence.times import read_times, with_times
from ablations.jobs.documents import Result, read_document
from ablations.jobs.folder import FINISHED, WAITING, Status, finished_status
from ablations.jobs.job import Job, read_statuses
from ablations.jobs.plan import Plan
from ablations.paper.tables import Table
from mask_rcnn_paper.config_files import SCALES
from mask_rcnn_paper.files import write_bytes_atomically, write_json_atomically
from mask_rcnn_paper.stages import matches_file
from mask_rcnn_paper.terminal import say

if TYPE_CHECKING:
    from mask_rcnn_paper.coco.matches import Matches

_PACKAGE = Path(__file__).resolve().parents[1]
PUBLISHED = _PACKAGE / "results"
_SEED = re.compile(r"-seed(\d+)-[0-9a-f]{8}(\.json)?")
_NOT_PUBLISHED = Status(WAITING, "no published result of this recipe")


@dataclass(frozen=True)
class Source:
    """`folder` holds the results of a scale and data: published ones, or those of runs.

    Of the jobs `by_hand`, by identity, what counts is in their own folders.
    """

    folder: Path
    published: bool
    by_hand: frozenset[str] = frozenset()

    @property
    def seeds(self) -> list[int]:
        """Seeds of which there are detectors, finished or not; [0] without any."""
        names = (path.name for path in (self.folder / "detector").glob("*"))
        return sorted({int(match[1]) for name in names if (match := _SEED.search(name))}) or [0]

    def statuses(self, jobs: Mapping[str, Job]) -> dict[str, Status]:
        """Status of each job by identity, as `read_statuses`, with the times measured of it.

        Jobs without a published result wait for one.
        """
        times = read_times(self.folder)
        found = self._published(jobs) if self.published else read_statuses(jobs)
        return {i: with_times(status, jobs[i].folder.config_hash, times) for i, status in found.items()}

    def _published(self, jobs: Mapping[str, Job]) -> dict[str, Status]:
        return {
            identity: job.folder.status() if identity in self.by_hand else _published_status(job)
            for identity, job in jobs.items()
        }

    def matches(self, job: Job, status: Status) -> dict[str, Matches] | None:
        """What the evaluation of a finished job matched, by task; None where that was not kept, or there is nothing."""
        from mask_rcnn_paper.coco.matches import load_matches  # not above: who prints tables needs no numpy

        path = self.matches_file(job, status)
        return load_matches(path) if path else None

    def matches_file(self, job: Job, status: Status) -> Path | None:
        """Where that is; None where there is no such file."""
        of_run = not self.published or job.identity in self.by_hand
        path = _run_matches(job, status) if of_run else published_matches(job)
        return path if path and path.is_file() else None


def _published_status(job: Job) -> Status:
    result = read_document(published_file(job), Result)
    if result.damage:
        return Status(WAITING, result.damage)
    return finished_status(result.content, job.folder.config_hash) or _NOT_PUBLISHED


def find_source(
    output: Path, scale: str, user_data: str = "", *, published: bool = False, fall_back: bool = False
) -> Source:
    """The runs under an output folder, at a scale, on the paper's or the user's data; or the `published` results.

    To these it can fall back where nothing has been run and there are some, which is said on stderr.
    """
    runs, kept = Source(output / scale / user_data, False), Source(PUBLISHED / scale / user_data, True)
    if published or (fall_back and kept.folder.is_dir() and not runs.folder.is_dir()):
        if not published:
            say(f"ablations: nothing has been run in {runs.folder}: these are the published results", file=sys.stderr)
        return kept
    return runs


def scales_with_results(output: Path, user_data: str = "") -> list[str]:
    """Scales at which there are runs of detectors under an output folder, or published results."""
    places = {s: (output / s / user_data / "detector", PUBLISHED / s / user_data) for s in SCALES}
    return [scale for scale, folders in places.items() if any(folder.is_dir() for folder in folders)]


def seeds_of(table: Table, plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]) -> list[int]:
    """The seeds of which some row of the table has a result, so that none counts as missing that nobody ran.

    Without any it is the first.
    """
    ours = ((seed, statuses[job].state) for (table_id, _, seed), job in plan.rows.items() if table_id == table.id)
    finished = {seed for seed, state in ours if state == FINISHED}
    return [seed for seed in seeds if seed in finished] or list(seeds)[:1]


def published_file(job: Job) -> Path:
    """Where the result of a job is published: `results/<scale>/<kind>/<name>-<hash8>.json`, as the job's own folder."""
    return PUBLISHED / job.scale / job.user_data / job.kind / f"{job.folder.path.name}.json"


def published_matches(job: Job) -> Path:
    """Where what the evaluation of a job matched is published."""
    return published_file(job).with_suffix(".npz")


def _run_matches(job: Job, status: Status) -> Path | None:
    """Where a finished job left what its evaluation matched; None where it names no dataset."""
    names = status.result.get("datasets", {}).get("test", ())
    return matches_file(job.folder.path, names[0]) if names else None


def publish(jobs: Iterable[Job]) -> list[Path]:
    """Copy the results of those jobs that are finished, with what was matched, and return the files of results.

    Raises:
        ValueError: this is no checkout, so there is no repository to keep them in.
    """
    if not (_PACKAGE.parent / "setup.py").is_file():
        raise ValueError(f"publish keeps results in the repository, but {_PACKAGE} is installed: run it in a checkout")
    written = []
    for job in jobs:
        if status := job.folder.finished():
            path = published_file(job)
            # The process's own time, which includes its start: what a reader's machine would take.
            write_json_atomically(path, {**status.result, "seconds": status.seconds, "identity": job.identity})
            written.append(path)
            found = _run_matches(job, status)
            if found and found.is_file():
                write_bytes_atomically(published_matches(job), found.read_bytes())
            else:
                published_matches(job).unlink(missing_ok=True)
    return written
