"""How far a sweep is and how long it will take, from the first seconds on.

Every job has a nominal cost (known_times.py). How many real seconds a nominal one takes is learnt from what has been
done so far: of each running job from itself, of each kind of job from all of that kind.
"""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, RUNNING, Status
from ablations.jobs.job import Job

# Nominal seconds that the guess of the speed weighs against what is observed.
PRIOR_SECONDS = 10.0


@dataclass(frozen=True)
class Estimate:
    """`share` of the work that is done, in [0, 1]; `seconds` until all jobs have ended; `left`: of each by identity."""

    share: float
    seconds: float
    left: Mapping[str, float]


def done_seconds(job: Job, status: Status) -> float:
    """Nominal seconds of a job that are behind us, 0 where nothing is known."""
    if status.state == FINISHED:
        return job.seconds
    share = _share(status)
    stage = (status.progress or {}).get("stage")
    if stage in ("evaluate", "write"):
        return job.train_seconds + job.other_seconds * (share if stage == "write" else _evaluated(status, share))
    return job.train_seconds * share


def speeds(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> dict[str, float]:
    """Real seconds for a nominal one, by kind of job; kinds not seen yet get the speed of the others."""
    real, nominal = Counter(), Counter()
    for identity, job in jobs.items():
        seconds, done = _observed(job, statuses[identity])
        real[job.kind] += seconds
        nominal[job.kind] += done
    overall = _speed(1.0, real.total(), nominal.total())
    return {kind: _speed(overall, real[kind], nominal[kind]) for kind in real}


def estimate(jobs: Mapping[str, Job], statuses: Mapping[str, Status], workers: int) -> Estimate:
    """What is done and what is left with so many workers, who leave out failed and blocked jobs.

    `jobs` has inputs before their users.
    """
    speed = speeds(jobs, statuses)
    done = total = 0.0
    left: dict[str, float] = {}
    for identity, job in jobs.items():
        status = statuses[identity]
        behind = done_seconds(job, status)
        to_come = (job.seconds - behind) * _speed(speed[job.kind], *_observed(job, status))
        done += behind * speed[job.kind]
        total += behind * speed[job.kind] + to_come
        if status.state not in (FINISHED, FAILED, BLOCKED):
            left[identity] = to_come
    return Estimate(done / total if total else 1.0, _makespan(jobs, statuses, left, workers), left)


def _share(status: Status) -> float:
    """Share of its present stage that a job has done, in [0, 1], 0 where nothing is known."""
    progress = status.progress or {}
    try:
        return min(1.0, float(progress.get("done", 0)) / max(1.0, float(progress["total"])))
    except (KeyError, TypeError, ValueError):
        return 0.0


def _found(status: Status) -> float:
    """Share of its training that a job had done before its present run, in [0, 1], 0 where nothing is known."""
    try:
        return min(1.0, float((status.progress or {}).get("found", 0)))
    except (TypeError, ValueError):
        return 0.0


def _evaluated(status: Status, share: float) -> float:
    """Share of all datasets that has been evaluated, where so much of the present one has."""
    try:
        part, parts = (int(status.progress.get(key, default)) for key, default in (("part", 0), ("parts", 1)))
    except (TypeError, ValueError):
        return 0.0
    return min(1.0, (part + share) / max(1, parts))


def _observed(job: Job, status: Status) -> tuple[float, float]:
    """Real and nominal seconds that the present or last run of a job has taken, zeros where they are not known.

    What lies before the checkpoint that it resumed from does not count, at any stage.
    """
    done = done_seconds(job, status) - job.train_seconds * _found(status)
    known = status.state in (FINISHED, RUNNING) and status.seconds is not None and done > 0
    return (status.seconds, done) if known else (0.0, 0.0)


def _speed(guess: float, real: float, nominal: float) -> float:
    return (PRIOR_SECONDS * guess + real) / (PRIOR_SECONDS + nominal)


def _makespan(
    jobs: Mapping[str, Job], statuses: Mapping[str, Status], left: Mapping[str, float], workers: int
) -> float:
    """Seconds until the last job ends when `workers` take them in order, those that run already first."""
    free = [0.0] * workers
    ends: dict[str, float] = {}
    for identity in sorted(left, key=lambda i: statuses[i].state != RUNNING):
        ready = max((ends.get(i, 0.0) for i in jobs[identity].inputs), default=0.0)
        ends[identity] = max(ready, heapq.heappop(free)) + left[identity]
        heapq.heappush(free, ends[identity])
    return max(ends.values(), default=0.0)
