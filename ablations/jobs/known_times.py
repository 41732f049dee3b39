"""How long a job takes, as results of the same run tell it: those of other seeds, of this machine or published."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from ablations.jobs.documents import Result, read_document
from ablations.jobs.folder import HASH, RESULT
from ablations.jobs.job import Job


@dataclass(frozen=True)
class _Times:
    """Seconds of an iteration and of a whole process, None where no result tells."""

    iteration: float | None
    process: float | None


def with_known_times(jobs: Mapping[str, Job], published: Path) -> dict[str, Job]:
    """The jobs, by identity, with the costs that results of their runs tell, at any seed.

    Those beside a job's own folder count before those that are `published` at this scale, in the folder of that name,
    as `<kind>/<run>[-seed<N>]-<hash8>.json`. A job of which there is none costs as many times its nominal cost as the
    others of its kind do.
    """
    known = {identity: _measured(job, (job.folder.path.parents[1], published)) for identity, job in jobs.items()}
    ratios: dict[str, list[float]] = {}
    for identity, job in known.items():
        if job is not None:
            ratios.setdefault(job.kind, []).append(job.seconds / jobs[identity].seconds)
    return {i: known[i] or _scaled(job, median(ratios.get(job.kind, [1.0]))) for i, job in jobs.items()}


def _measured(job: Job, folders: Sequence[Path]) -> Job | None:
    """The job with the costs of the first folder that has a result of its run, None where there is none."""
    for folder in folders:
        if times := [_times(result) for result in _results(job, folder)]:
            return _with(job, times)
    return None


def _results(job: Job, folder: Path) -> Iterator[Mapping[str, Any]]:
    """Those of a job's run at any seed; damaged ones are passed over."""
    run = glob.escape(job.run)
    names = (f"{run}-{HASH}", f"{run}-seed[0-9]*-{HASH}")
    for name, ending in product(names, (f"/{RESULT}", ".json")):
        for path in sorted((folder / job.kind).glob(name + ending)):
            if content := read_document(path, Result).content:
                yield content


def _times(result: Mapping[str, Any]) -> _Times:
    """Of the clock on a machine that is not too busy: a CPU's times are those of all its threads."""
    threads = (result.get("threads") or 1) if result.get("device") == "cpu" else 1
    times = result.get("time", {})
    seconds = {key: times[key] / threads for key in ("iteration", "run") if times.get(key)}
    return _Times(seconds.get("iteration"), seconds.get("run"))


def _with(job: Job, times: Sequence[_Times]) -> Job:
    """The job with the costs that these times tell. Of processes the longest counts: a resumed one is too short."""
    iterations = [time.iteration for time in times if time.iteration is not None]
    processes = [time.process for time in times if time.process is not None]
    train = median(iterations) * job.iterations if iterations else job.train_seconds
    if not processes:
        return replace(job, train_seconds=train)
    if not iterations and job.iterations:  # pre-training tells the whole alone
        return _scaled(job, max(processes) / job.seconds)
    return replace(job, train_seconds=train, other_seconds=max(*processes, train + 1.0) - train)


def _scaled(job: Job, factor: float) -> Job:
    return replace(job, train_seconds=job.train_seconds * factor, other_seconds=job.other_seconds * factor)
