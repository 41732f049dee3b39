"""One line for a whole sweep, with the time left from the first seconds on.

Every job has a nominal cost (plan.py). Nominal costs are only right relative to each other; how many real
seconds a nominal one takes is learnt, per kind of job, from what has been done so far.
"""

import heapq
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from tqdm import tqdm

from ablations.job import Job
from ablations.store import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, Status

# Nominal seconds that the guess of the speed weighs against what is observed.
PRIOR_SECONDS = 10.0


def done_seconds(job: Job, status: Status) -> float:
    """Nominal seconds of a job that are behind us, 0 where nothing is known."""
    if status.state == FINISHED:
        return job.train_seconds + job.other_seconds
    progress = status.progress or {}
    try:
        share = min(1.0, float(progress["done"]) / max(1.0, float(progress["total"])))
    except (KeyError, TypeError, ValueError):
        return 0.0
    if progress.get("stage") == "evaluate":
        return job.train_seconds + job.other_seconds * share
    return job.train_seconds * share


def speeds(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> dict[str, float]:
    """Real seconds for a nominal one, by kind of job; kinds not seen yet get the speed of the others."""
    nominal: dict[str, float] = {}
    real: dict[str, float] = {}
    for identity, job in jobs.items():
        status = statuses[identity]
        done = done_seconds(job, status)
        if done > 0 and status.seconds is not None and status.state in (FINISHED, RUNNING):
            nominal[job.kind] = nominal.get(job.kind, 0.0) + done
            real[job.kind] = real.get(job.kind, 0.0) + status.seconds
    overall = (PRIOR_SECONDS + sum(real.values())) / (PRIOR_SECONDS + sum(nominal.values()))
    return {
        kind: (PRIOR_SECONDS * overall + real.get(kind, 0.0)) / (PRIOR_SECONDS + nominal.get(kind, 0.0))
        for kind in {job.kind for job in jobs.values()}
    }


def estimate(jobs: Mapping[str, Job], statuses: Mapping[str, Status], workers: int) -> tuple[float, float]:
    """Share of the work that is done, in [0, 1], and the expected seconds until all jobs have ended.

    Failed and blocked jobs count as neither done nor to do.
    """
    speed = speeds(jobs, statuses)
    done = total = 0.0
    left: dict[str, float] = {}
    for identity, job in jobs.items():
        if statuses[identity].state in (FAILED, BLOCKED):
            continue
        cost, behind = job.train_seconds + job.other_seconds, done_seconds(job, statuses[identity])
        total += cost * speed[job.kind]
        done += behind * speed[job.kind]
        if statuses[identity].state != FINISHED:
            left[identity] = (cost - behind) * speed[job.kind]
    return (done / total if total else 1.0), _makespan(jobs, statuses, left, workers)


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


def clock(seconds: float) -> str:
    """`h:mm:ss`, or `m:ss` below an hour."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def describe(jobs: Mapping[str, Job], statuses: Mapping[str, Status], left: float) -> str:
    """The text of the line: jobs done, time left, and where each running job is."""
    ended = sum(status.state in (FINISHED, FAILED, BLOCKED) for status in statuses.values())
    parts = [f"{ended}/{len(jobs)} jobs", f"about {clock(left)} left"]
    for identity, status in statuses.items():
        if status.state == RUNNING or status.reason == "running elsewhere":
            parts.append(f"{jobs[identity].label}: {progress_text(status.progress)}")
    return " | ".join(parts)


def progress_text(progress: Mapping[str, Any] | None) -> str:
    """`train 120/300 loss 0.512`, or `starting`."""
    if not progress:
        return "starting"
    text = f"{progress.get('stage', '')} {progress.get('done', '?')}/{progress.get('total', '?')}"
    loss = progress.get("loss")
    return text + (f" loss {loss:.3f}" if isinstance(loss, int | float) else "")


class ProgressView:
    """For `execute(report=...)`: a bar on a terminal, else a plain line now and then; and a line per event.

    Args:
        jobs: By identity.
        workers: Jobs at once.
        stream: Where to write; by default stderr.
        interval: Seconds between two lines; by default 0.5 on a terminal and 30 elsewhere.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        workers: int,
        stream: TextIO | None = None,
        interval: float | None = None,
    ) -> None:
        stream = stream or sys.stderr
        self.jobs, self.workers, self.stream = jobs, workers, stream
        terminal = stream.isatty()
        self.interval = interval if interval is not None else (0.5 if terminal else 30.0)
        self.states: dict[str, str] = {}
        self.last = float("-inf")
        layout = "{percentage:3.0f}%|{bar:10}| {desc}"
        # Some terminals have no size: this falls back to 80 columns, tqdm would show nothing.
        columns = shutil.get_terminal_size().columns
        size = {"ncols": columns, "nrows": 20}
        self.bar = tqdm(total=100, file=stream, bar_format=layout, **size) if terminal else None

    def __call__(self, statuses: Mapping[str, Status]) -> None:
        """Show the statuses, if it is time to."""
        events = [line for identity, status in statuses.items() if (line := self._event(identity, status))]
        for line in events:
            self._print(line)
        going_on = any(status.state in (RUNNING, WAITING) for status in statuses.values())
        if going_on and time.monotonic() - self.last < self.interval:
            return
        self.last = time.monotonic()
        share, left = estimate(self.jobs, statuses, self.workers)
        text = describe(self.jobs, statuses, left)
        if self.bar is None:
            self._print(f"{100 * share:3.0f}% | {text}")
        else:
            self.bar.n = round(100 * share, 1)
            self.bar.set_description_str(text)

    def close(self) -> None:
        """Leave the terminal's line."""
        if self.bar is not None:
            self.bar.close()

    def _event(self, identity: str, status: Status) -> str:
        before, self.states[identity] = self.states.get(identity), status.state
        if before == status.state or status.state == WAITING:
            return ""
        label = self.jobs[identity].label
        if status.state == FINISHED:
            return f"{label}: finished " + ("before" if before is None else f"in {status.seconds or 0:.0f} s")
        if status.state == RUNNING:
            return f"{label}: started, log in {self.jobs[identity].folder / 'console.log'}"
        return f"{label}: {status.state}: {status.reason}"

    def _print(self, line: str) -> None:
        if self.bar is None:
            print(line, file=self.stream, flush=True)
        else:
            self.bar.write(line, file=self.stream)
