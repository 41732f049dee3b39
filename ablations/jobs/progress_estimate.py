"""How far a sweep is and how long it will take, from the first seconds on.

Every job has a nominal cost (plan.py). Nominal costs are only right relative to each other; how many real
seconds a nominal one takes is learnt from what has been done so far: of each running job from itself, of each kind
of job from all of that kind.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.jobs.job import Job
from ablations.jobs.status import BLOCKED, FAILED, FINISHED, RUNNING, Status

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
        return job.train_seconds + job.other_seconds
    share = _share(status)
    if (status.progress or {}).get("stage") == "evaluate":
        return job.train_seconds + job.other_seconds * share
    return job.train_seconds * share


def observed_seconds(job: Job, status: Status) -> float:
    """Nominal seconds that this run of the job has done: without those before the checkpoint that it resumed from."""
    return max(0.0, done_seconds(job, status) - job.train_seconds * _share(status, "first"))


def _share(status: Status, key: str = "done") -> float:
    """Share of its present stage that a job has done, in [0, 1], 0 where nothing is known; "first": had done before."""
    progress = status.progress or {}
    try:
        return min(1.0, float(progress.get(key, 0)) / max(1.0, float(progress["total"])))
    except (KeyError, TypeError, ValueError):
        return 0.0


def speeds(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> dict[str, float]:
    """Real seconds for a nominal one, by kind of job; kinds not seen yet get the speed of the others."""
    nominal: dict[str, float] = {}
    real: dict[str, float] = {}
    for identity, job in jobs.items():
        status = statuses[identity]
        done = observed_seconds(job, status)
        if done > 0 and status.seconds is not None and status.state in (FINISHED, RUNNING):
            nominal[job.kind] = nominal.get(job.kind, 0.0) + done
            real[job.kind] = real.get(job.kind, 0.0) + status.seconds
    overall = (PRIOR_SECONDS + sum(real.values())) / (PRIOR_SECONDS + sum(nominal.values()))
    return {
        kind: (PRIOR_SECONDS * overall + real.get(kind, 0.0)) / (PRIOR_SECONDS + nominal.get(kind, 0.0))
        for kind in {job.kind for job in jobs.values()}
    }


def estimate(jobs: Mapping[str, Job], statuses: Mapping[str, Status], workers: int) -> Estimate:
    """What is done and what is left; failed and blocked jobs count as neither.

    Args:
        jobs: By identity, inputs before their users.
        statuses: Of each job.
        workers: Jobs at once.
    """
    speed = speeds(jobs, statuses)
    done = total = 0.0
    left: dict[str, float] = {}
    for identity, job in jobs.items():
        status = statuses[identity]
        if status.state in (FAILED, BLOCKED):
            continue
        cost, behind = job.train_seconds + job.other_seconds, done_seconds(job, status)
        own = _own_speed(job, status, speed[job.kind])
        total += behind * speed[job.kind] + (cost - behind) * own
        done += behind * speed[job.kind]
        if status.state != FINISHED:
            left[identity] = (cost - behind) * own
    return Estimate(done / total if total else 1.0, _makespan(jobs, statuses, left, workers), left)


def _own_speed(job: Job, status: Status, speed: float) -> float:
    """Real seconds for a nominal one of this job, `speed` being that of its kind."""
    done = observed_seconds(job, status)
    if status.state != RUNNING or status.seconds is None or done <= 0:
        return speed
    return (PRIOR_SECONDS * speed + status.seconds) / (PRIOR_SECONDS + done)


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
