"""How a job is, as its folder says: result.json, by the job; job.json, console.log and .lock, by the runner."""

import fcntl
import glob
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ablations.jobs.documents import Progress, Record, Result, read_document
from ablations.jobs.failure import failure_reason
from mask_rcnn_paper.files import remove_leftovers
from mask_rcnn_paper.training.progress import PROGRESS_FILE

FINISHED, RUNNING, FAILED, BLOCKED, WAITING = "finished", "running", "failed", "blocked", "waiting"
ENDED = (FINISHED, FAILED, BLOCKED)

RESULT, RECORD, LOG, LOCK, CHECKPOINT = "result.json", "job.json", "console.log", ".lock", "last_checkpoint"
# Ends the names of jobs' folders, as a pattern of glob.
HASH = "[0-9a-f]" * 8
TAIL_LINES = 8
_TAIL_BYTES = 20_000


@dataclass(frozen=True)
class Status:
    """State of a job: why it failed or waits, the last lines of its log where it failed, and how long it has run.

    `result` is there when it is finished, `progress` when it is running or has run here.
    """

    state: str
    reason: str = ""
    tail: tuple[str, ...] = ()
    seconds: float | None = None
    result: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class JobFolder:
    """A job's folder, `<output>/<scale>/<kind>/<name>-<hash8>`; it may not exist yet.

    `name` is the job's, with which the folder's begins. `config_hash` is what result.json must hold; None: anything, as
    for pre-training, whose identity ignores most of the config.
    """

    path: Path
    name: str
    config_hash: str | None = None

    @property
    def log(self) -> Path:
        """What the job's process prints."""
        return self.path / LOG

    @property
    def record(self) -> Mapping[str, Any]:
        """What the runner noted when it last started the job or saw it end; {} where no runner has been."""
        return read_document(self.path / RECORD, Record).content

    @property
    def progress(self) -> Mapping[str, Any] | None:
        """What the job last wrote with `write_progress`."""
        return read_document(self.path / PROGRESS_FILE, Progress).content or None

    @property
    def damage(self) -> str:
        """What is wrong with the files that say how the job is, "" for nothing."""
        return read_document(self.path / RESULT, Result).damage or read_document(self.path / RECORD, Record).damage

    def ended_well(self, seconds: float | None = None) -> Status | None:
        """Status of a job whose process ended well, or None if there is no result of its config.

        `seconds` is how long the process ran; None: what the result says, which may leave out start and end.
        """
        status = finished_status(read_document(self.path / RESULT, Result).content, self.config_hash, seconds)
        return status and replace(status, progress=self.progress)

    def finished(self) -> Status | None:
        """As `ended_well`, or None if a runner started the job and did not see it end well.

        An evaluation in mid-training leaves a result too, so a result alone does not make the job finished.
        """
        document = read_document(self.path / RECORD, Record)
        if document.damage or document.content.get("state", FINISHED) != FINISHED:
            return None
        return self.ended_well(document.content.get("seconds"))

    def failed(self, slurm_job: str | None = None) -> Status | None:
        """The failure that a runner recorded, None without one; `slurm_job`: only if it is of that Slurm job."""
        record = self.record
        if record.get("state") != FAILED or slurm_job not in (None, record.get("slurm_job")):
            return None
        return Status(FAILED, record.get("reason", ""), tuple(record.get("tail", ())), record.get("seconds"))

    def running(self) -> Status:
        """Status of a job that runs, since when its record says."""
        now = time.time()
        return Status(RUNNING, seconds=max(0.0, now - self.record.get("started", now)), progress=self.progress)

    def running_elsewhere(self) -> Status:
        """Status of a job that another runner is at."""
        return Status(WAITING, "running elsewhere", progress=self.progress)

    def status(self) -> Status:
        """State of the job as its folder tells it, whoever runs it; inputs are not looked at."""
        if known := self.finished() or (self.running() if self.is_locked() else self.failed()):
            return known
        if damage := self.damage:
            return Status(WAITING, damage)
        result, record = read_document(self.path / RESULT, Result).content, self.record
        if "config_hash" in result and self.ended_well() is None:
            return Status(WAITING, f"the result is stale: it is of config {result['config_hash']}")
        if not record:
            return Status(WAITING, self._never_run())
        reason = record.get("reason") if record.get("state") == WAITING else ""
        return Status(WAITING, reason or "interrupted")

    def after_process(self, exit_code: int, seconds: float, kind: str) -> Status:
        """Status of a job of this kind whose process ran for so long: finished, or why it failed.

        An exit code below 0 is a signal. The kind decides whose learning rate a cure names.
        """
        if exit_code == 0 and (finished := self.ended_well(seconds)):
            return finished
        lines = log_tail(self.log, lines=None)
        if exit_code:
            reason = failure_reason(exit_code, lines, kind)
        else:
            result = read_document(self.path / RESULT, Result)
            fault = f"its config_hash is {result.content.get('config_hash')}, planned was {self.config_hash}"
            if not (self.path / RESULT).exists():
                fault = "there is none"
            elif result.damage:
                fault = f"it is {result.damage}"
            reason = f"ended without a valid {RESULT}: {fault}" + (f"; last line: {lines[-1]}" if lines else "")
        return Status(FAILED, reason, lines[-TAIL_LINES:], seconds)

    def forget(self, checkpoint: bool = True) -> None:
        """Let the job begin anew: neither a result nor, unless told otherwise, a checkpoint counts any more.

        Raises:
            ValueError: a live process is running it.
        """
        if not self.path.is_dir():
            return
        lock = self.acquire_lock()
        if lock is None:
            raise ValueError(f"{self.path} is being written: wait for its run, or stop it")
        for name in (RESULT, RECORD, *([CHECKPOINT] if checkpoint else [])):
            (self.path / name).unlink(missing_ok=True)
        os.close(lock)

    def clear_for_start(self) -> bool:
        """Remove what could be taken for this run's; whether there is a checkpoint of the same job to resume from."""
        same = self.record.get("config_hash") == self.config_hash
        for name in (RESULT, PROGRESS_FILE, *([] if same else [CHECKPOINT])):
            (self.path / name).unlink(missing_ok=True)
        remove_leftovers(self.path, "*")
        return (self.path / CHECKPOINT).exists()

    def acquire_lock(self) -> int | None:
        """Lock the folder, or None where another live process holds it.

        The lock lives in the returned file descriptor and in those that child processes inherit from it: a job
        that outlives its runner still holds it, and that of dead processes is free.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_locked(self) -> bool:
        """Whether a live process holds the lock."""
        if not (self.path / LOCK).exists():
            return False
        descriptor = self.acquire_lock()
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def _never_run(self) -> str:
        """What to say of an empty folder. A config or input that has changed makes another job and folder."""
        others = self.path.parent.glob(f"{glob.escape(self.name)}-{HASH}/{RESULT}")
        stale = sorted(path.parent.name for path in others if path.parent != self.path)
        return f"not run; stale, of another config or input: {', '.join(stale)}" if stale else "not run"


def finished_status(result: Mapping[str, Any], config_hash: str | None, seconds: float | None = None) -> Status | None:
    """Status of a job with this result.json, or None where it holds no metrics or is of another config.

    `config_hash` None allows any; `seconds` is how long the process ran, None: what the result says.
    """
    if config_hash not in (None, result.get("config_hash")) or not isinstance(result.get("metrics"), dict):
        return None
    return Status(FINISHED, seconds=result.get("seconds") if seconds is None else seconds, result=result)


def log_tail(path: Path, lines: int | None = TAIL_LINES) -> tuple[str, ...]:
    """Last lines of a log that are not empty; of lines redrawn with a carriage return only the last form.

    `lines` is how many, at most; None: all of its last 20 kB.
    """
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    drawn = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    clean = ("".join(c if c.isprintable() else " " for c in line).rstrip() for line in drawn)
    return tuple(line[:300] for line in clean if line.strip())[-(lines or 0) :]
