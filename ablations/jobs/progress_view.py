"""What a sweep shows while it runs: a line for all of it and one for each running job."""

import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from tqdm import tqdm

from ablations.jobs.folder import ENDED, FAILED, FINISHED, RUNNING, WAITING, Status
from ablations.jobs.job import Job
from ablations.jobs.progress_estimate import done_seconds, estimate
from mask_rcnn_paper.terminal import say, visible

# Below its last line a terminal needs a free one, or it scrolls.
_SPARE_ROWS = 2
_STAGES = {"pretrain": "training", "train": "training", "distill": "annotating", "evaluate": "evaluating"}
_LAYOUT = "{percentage:3.0f}%|{bar:10}| {desc}"


def clock(seconds: float) -> str:
    """`h:mm:ss`, or `m:ss` below an hour."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def describe(statuses: Mapping[str, Status], left: float) -> str:
    """The text of the sweep's line: jobs done, and time left while there are others."""
    ended = sum(status.state in ENDED for status in statuses.values())
    failed = sum(status.state == FAILED for status in statuses.values())
    text = f"{ended}/{len(statuses)} jobs" + (f", {failed} failed" if failed else "")
    return text if ended == len(statuses) else f"{text} | about {clock(left)} left"


def describe_job(job: Job, status: Status, left: float | None) -> str:
    """The text of a job's line: `detector r50_c4-seed0: training 120/300, 3:20 left, loss 0.512`."""
    return f"{job.label}: {progress_text(status.progress, left)}"


def progress_text(progress: Mapping[str, Any] | None, left: float | None = None) -> str:
    """`training 120/300, 3:20 left, loss 0.512`, of `loading`, `training`, `annotating`, `evaluating` and `writing`.

    What is last is what a narrow terminal cuts off.
    """
    if not progress:
        return "loading"
    stage, done, total = (progress.get(key, "?") for key in ("stage", "done", "total"))
    loss = progress.get("loss")
    parts = [
        "writing" if stage == "write" else f"{_STAGES.get(stage, stage)} {done}/{total}",
        "" if left is None else f"{clock(left)} left",
        f"loss {loss:.3f}" if isinstance(loss, int | float) else "",
    ]
    return ", ".join(filter(None, parts))


class ProgressView:
    """For `execute(report=...)`: live lines on a terminal, else plain ones now and then; and a line per event.

    `stream` is stderr by default; `interval` is in seconds between two looks, by default 0.5 on a terminal, else 30.
    """

    def __init__(
        self, jobs: Mapping[str, Job], workers: int, stream: TextIO | None = None, interval: float | None = None
    ) -> None:
        self.jobs, self.workers, self.stream = jobs, workers, stream or sys.stderr
        self.live = _LiveLines(self.stream) if self.stream.isatty() else None
        self.interval = interval if interval is not None else (0.5 if self.live else 30.0)
        self.states: dict[str, str] = {}
        self.last, self.share = float("-inf"), 0.0

    def __call__(self, statuses: Mapping[str, Status]) -> None:
        """Show the statuses, if it is time to."""
        for line in [self._event(identity, status) for identity, status in statuses.items()]:
            if line:
                self._print(line)
        going_on = any(status.state not in ENDED for status in statuses.values())
        if going_on and time.monotonic() - self.last < self.interval:
            return
        self.last = time.monotonic()
        now = estimate(self.jobs, statuses, self.workers)
        self.share = max(self.share, now.share)  # what is done stays so, however the estimate of the rest changes
        lines = [(self.share, describe(statuses, now.seconds))]
        for identity, status in statuses.items():
            if status.state == RUNNING or status.reason == "running elsewhere":
                job = self.jobs[identity]
                # Of the whole job: after the last iteration there is the evaluation.
                share = done_seconds(job, status) / job.seconds
                lines.append((share, "  " + describe_job(job, status, now.left.get(identity))))
        if self.live:
            self.live.show(lines)
        else:
            for share, text in lines:
                self._print(f"{100 * share:3.0f}% | {text}")

    def close(self) -> None:
        """Leave the terminal's lines; the sweep's own stays."""
        if self.live:
            self.live.close()

    def _event(self, identity: str, status: Status) -> str:
        before, self.states[identity] = self.states.get(identity), status.state
        if before == status.state or status.state == WAITING:
            return ""
        label = self.jobs[identity].label
        if status.state == FINISHED:
            return f"{label}: finished " + ("before" if before is None else f"in {status.seconds or 0:.0f} s")
        if status.state == RUNNING:
            return f"{label}: started, log in {self.jobs[identity].folder.log}"
        return f"{label}: {status.state}: {status.reason}"

    def _print(self, line: str) -> None:
        if self.live:
            tqdm.write(visible(line), file=self.stream)  # above the live lines
        else:
            say(line, file=self.stream)


class _LiveLines:
    """Lines at the bottom of a terminal that are redrawn in place: tqdm's bars, the first for the whole.

    What does not fit into the terminal is left out, from the last line up, and cut at its right edge.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bars: list[tqdm] = []

    def show(self, lines: Sequence[tuple[float, str]]) -> None:
        """Draw these lines, (share, text) each, in place of the earlier ones."""
        columns, rows = _size(self.stream)
        fitting = max(1, rows - _SPARE_ROWS)
        if len(lines) > fitting:
            hidden = len(lines) - fitting
            lines = [(lines[0][0], f"{lines[0][1]} | {hidden} more running"), *lines[1:fitting]]
        for position in range(len(self.bars), len(lines)):
            place = {"position": position, "leave": position == 0, "ncols": 80, "nrows": 1000}
            self.bars.append(tqdm(total=100, file=self.stream, bar_format=_LAYOUT, **place))
        for bar, (share, text) in zip(self.bars, lines, strict=False):
            bar.ncols, bar.nrows = columns - 1, rows + 1
            bar.n = round(100 * share, 1)
            bar.set_description_str(visible(text))
        self._shorten(len(lines))

    def close(self) -> None:
        """Take away all lines but the first."""
        self._shorten(0)

    def _shorten(self, count: int) -> None:
        while len(self.bars) > count:
            self.bars.pop().close()


def _size(stream: TextIO) -> os.terminal_size:
    """Columns and rows of a terminal now; 80 x 24 where it does not know them."""
    with contextlib.suppress(OSError, ValueError):
        size = os.get_terminal_size(stream.fileno())
        if size.columns > 0 and size.lines > 0:
            return size
    return os.terminal_size((80, 24))
