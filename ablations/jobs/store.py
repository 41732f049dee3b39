"""What a job's folder says of it: result.json, by the job; job.json, console.log and .lock, by the runner."""

import fcntl
import glob
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.jobs.failure import failure_reason
from ablations.jobs.job import Job
from mask_rcnn_paper.files import read_json, remove_leftovers, write_json_atomically
from mask_rcnn_paper.training.progress import PROGRESS_FILE as PROGRESS_NAME

FINISHED, RUNNING, FAILED, BLOCKED, WAITING = "finished", "running", "failed", "blocked", "waiting"
LOG_NAME = "console.log"
TAIL_LINES = 8
_TAIL_BYTES = 20_000


@dataclass(frozen=True)
class Status:
    """State of a job.

    `reason` is one line that says why it failed or waits, `tail` the last lines of its log where it failed.
    `seconds` is how long it ran, or has been running. `result` is there when it is finished, `progress` when
    it is running.
    """

    state: str
    reason: str = ""
    tail: tuple[str, ...] = ()
    seconds: float | None = None
    result: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None


# (job, all jobs of its plan) -> its status.
StatusOf = Callable[[Job, Mapping[str, Job]], Status]


def load_result(job: Job, seconds: float | None = None) -> Status | None:
    """Status of a job whose process ended well, or None if its folder has no result of its config.

    Args:
        job: The job.
        seconds: How long the process ran; None: what the result says, which may leave out start and end.
    """
    return status_of_result(job, _read(job.folder / "result.json"), seconds)


def status_of_result(job: Job, result: Mapping[str, Any], seconds: float | None = None) -> Status | None:
    """As `load_result`, of a result that has been read."""
    same = job.config_hash in (None, result.get("config_hash"))
    if not same or not isinstance(result.get("metrics"), dict):
        return None
    return Status(FINISHED, seconds=result.get("seconds") if seconds is None else seconds, result=result)


def load_finished(job: Job) -> Status | None:
    """As `load_result`, or None if a runner started the job and did not see it end well.

    An evaluation in mid-training leaves a result too, so a result alone does not make the job finished.
    """
    record = _read(job.folder / "job.json")
    return load_result(job, record.get("seconds")) if record.get("state", FINISHED) == FINISHED else None


def load_progress(job: Job) -> dict[str, Any] | None:
    """What the job last wrote with `mask_rcnn_paper.training.progress.write_progress`."""
    return _read(job.folder / PROGRESS_NAME) or None


def read_status(job: Job, jobs: Mapping[str, Job]) -> Status:
    """State of a job as its folder tells it, whoever runs it.

    Args:
        job: The job.
        jobs: All jobs of its plan by identity, for its inputs.
    """
    finished, record = load_finished(job), _read(job.folder / "job.json")
    if finished is not None:
        return finished
    if is_locked(job):
        seconds = time.time() - record.get("started", time.time())
        return Status(RUNNING, seconds=seconds, progress=load_progress(job))
    if record.get("state") == FAILED:
        return Status(FAILED, record["reason"], tuple(record["tail"]), record["seconds"])
    for identity in job.inputs:
        status = read_status(jobs[identity], jobs)
        if status.state in (FAILED, BLOCKED):
            return Status(BLOCKED, blocked_reason(jobs[identity], status))
    if "config_hash" in (result := _read(job.folder / "result.json")) and load_result(job) is None:
        return Status(WAITING, f"the result is stale: it is of config {result['config_hash']}")
    if not record:
        return Status(WAITING, _never_run(job))
    reason = record.get("reason") if record.get("state") == WAITING else ""
    return Status(WAITING, reason or "interrupted")


def blocked_reason(job: Job, status: Status) -> str:
    """Why a job cannot run whose input `job` has this status: the first failure up the graph."""
    return status.reason if status.state == BLOCKED else f"needs {job.label}, which failed: {status.reason}"


def failure(job: Job, exit_code: int, seconds: float) -> Status:
    """Status of a job that ended with this exit code (negative: a signal) and without a valid result."""
    lines = log_tail(job.folder / LOG_NAME, lines=None)
    if exit_code:
        reason = failure_reason(exit_code, lines, job.kind)
    else:
        reason = f"ended without a valid result.json: {_result_fault(job)}"
        reason += f"; last line: {lines[-1]}" if lines else ""
    return Status(FAILED, reason, lines[-TAIL_LINES:], seconds)


def log_tail(path: Path, lines: int | None = TAIL_LINES) -> tuple[str, ...]:
    """Last lines of a log that are not empty; of lines redrawn with a carriage return only the last form.

    Args:
        path: The log.
        lines: How many, at most; None: all of its last 20 kB.
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


def read_record(job: Job) -> dict[str, Any]:
    """Content of job.json, {} where no runner has been."""
    return _read(job.folder / "job.json")


def write_record(job: Job, status: Status, started: float, slurm_job: str | None = None) -> None:
    """Write job.json: what the runner started and how it ended; `slurm_job` is the Slurm job that it is in, if any."""
    keys = ("kind", "name", "identity", "config_hash", "command", "inputs")
    of_job = {key: getattr(job, key) for key in keys}
    of_status = {key: getattr(status, key) for key in ("state", "reason", "tail", "seconds")}
    write_json_atomically(job.folder / "job.json", {**of_job, "started": started, "slurm_job": slurm_job, **of_status})


def clear_for_start(job: Job) -> bool:
    """Remove what an earlier run of the folder left that could be taken for this run's.

    Returns:
        Whether there is a checkpoint of the same job to resume from.
    """
    same = _read(job.folder / "job.json").get("config_hash") == job.config_hash
    for name in ("result.json", PROGRESS_NAME, *([] if same else ["last_checkpoint"])):
        (job.folder / name).unlink(missing_ok=True)
    remove_leftovers(job.folder, "*")
    return (job.folder / "last_checkpoint").exists()


def acquire_lock(job: Job) -> int | None:
    """Lock the job's folder, or None where another live process holds it.

    The lock lives in the returned file descriptor and in those that child processes inherit from it: a job
    that outlives its runner still holds it, and that of dead processes is free.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(job.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(job: Job) -> bool:
    """Whether a live process holds the job's lock."""
    if not (job.folder / ".lock").exists():
        return False
    descriptor = acquire_lock(job)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def _never_run(job: Job) -> str:
    """What to say of a job with an empty folder. A config or input that has changed makes another job and folder."""
    others = job.folder.parent.glob(f"{glob.escape(job.name)}-{'[0-9a-f]' * 8}/result.json")
    stale = sorted(path.parent.name for path in others if path.parent != job.folder)
    return f"not run; stale, of another config or input: {', '.join(stale)}" if stale else "not run"


def _result_fault(job: Job) -> str:
    if not (job.folder / "result.json").exists():
        return "there is none"
    found = _read(job.folder / "result.json")
    if not isinstance(found.get("metrics"), dict):
        return "it holds no metrics"
    return f"its config_hash is {found.get('config_hash')}, planned was {job.config_hash}"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}
