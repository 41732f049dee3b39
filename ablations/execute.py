"""Run the jobs of a plan on this machine: a process each, inputs first, finished jobs skipped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations import store
from ablations.job import ROOT, Job
from ablations.store import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, Status

STOP_SECONDS = 10.0


@dataclass
class _Process:
    popen: subprocess.Popen
    lock: int
    started: float

    @property
    def seconds(self) -> float:
        return time.time() - self.started


def execute(
    jobs: Mapping[str, Job],
    workers: int = 1,
    report: Callable[[Mapping[str, Status]], None] = lambda statuses: None,
    cwd: Path = ROOT,
    poll_seconds: float = 0.2,
) -> dict[str, Status]:
    """Run every job that is not finished.

    A failure blocks only the jobs that need it. A job that another runner is running is waited for. On Ctrl-C
    (or any exception) the processes are stopped, and the same call later goes on where this one ended.

    Args:
        jobs: By identity, inputs before their users.
        workers: Processes at once, at least 1. The cores are shared out among as many jobs of one kind as there
            are, so that a stage that is alone has them all.
        report: Called every `poll_seconds` with the status of every job.
        cwd: Folder the commands run in.
        poll_seconds: Time between two looks at the processes.

    Returns:
        Final status by identity: finished, failed or blocked.
    """
    queue = _Queue(jobs, workers, cwd)
    try:
        while True:
            queue.reap()
            queue.start()
            report(queue.statuses)
            if all(status.state in (FINISHED, FAILED, BLOCKED) for status in queue.statuses.values()):
                return queue.statuses
            time.sleep(poll_seconds)
    finally:
        queue.stop()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Queue:
    """The jobs' statuses and the processes behind the running ones."""

    def __init__(self, jobs: Mapping[str, Job], workers: int, cwd: Path) -> None:
        self.jobs, self.workers, self.cwd = jobs, workers, cwd
        self.processes: dict[str, _Process] = {}
        self.statuses = {key: store.load_finished(job) or Status(WAITING) for key, job in jobs.items()}

    def reap(self) -> None:
        """Note which processes have ended, and how far the others are."""
        for identity, process in list(self.processes.items()):
            job, code = self.jobs[identity], process.popen.poll()
            if code is None:
                progress = store.load_progress(job)
                self.statuses[identity] = Status(RUNNING, seconds=process.seconds, progress=progress)
                continue
            finished = store.load_result(job, process.seconds) if code == 0 else None
            self._end(identity, finished or store.failure(job, code, process.seconds))

    def start(self) -> None:
        """Start what can start; mark what never can."""
        for identity, job in self.jobs.items():
            if self.statuses[identity].state != WAITING:
                continue
            inputs = [(self.jobs[i], self.statuses[i]) for i in job.inputs]
            dead = [(j, status) for j, status in inputs if status.state in (FAILED, BLOCKED)]
            if dead:
                self.statuses[identity] = Status(BLOCKED, store.blocked_reason(*dead[0]))
            elif len(self.processes) < self.workers and all(status.state == FINISHED for _, status in inputs):
                self._try_start(identity, job)

    def stop(self) -> None:
        """End all processes: politely, then by force."""
        try:
            for process in self.processes.values():
                _signal_group(process, signal.SIGTERM)
            deadline = time.time() + STOP_SECONDS
            while any(p.popen.poll() is None for p in self.processes.values()) and time.time() < deadline:
                time.sleep(0.05)
        finally:
            for identity, process in list(self.processes.items()):
                _signal_group(process, signal.SIGKILL)
                code = process.popen.wait()
                interrupted = Status(WAITING, "interrupted", seconds=process.seconds)
                finished = store.load_result(self.jobs[identity], process.seconds) if code == 0 else None
                self._end(identity, finished or interrupted)

    def _try_start(self, identity: str, job: Job) -> None:
        lock = store.acquire_lock(job)
        if lock is None:
            self.statuses[identity] = Status(WAITING, "running elsewhere", progress=store.load_progress(job))
            return
        finished = store.load_finished(job)
        if finished is not None:
            os.close(lock)
            self.statuses[identity] = finished
            return
        started = time.time()
        resume = ["--resume"] if store.clear_for_start(job) else []
        command = [*job.command[:2], *resume, *job.command[2:]]
        self.statuses[identity] = Status(RUNNING, seconds=0.0)
        store.write_record(job, self.statuses[identity], started)
        try:
            popen = self._popen(job, command, lock)
        except OSError as error:
            os.close(lock)
            reason = f"cannot start {command[0]}: {error.strerror}"
            self.statuses[identity] = Status(FAILED, reason, seconds=0.0)
            store.write_record(job, self.statuses[identity], started)
            return
        self.processes[identity] = _Process(popen, lock, started)

    def _popen(self, job: Job, command: list[str], lock: int) -> subprocess.Popen:
        # By kind and not by what runs at the moment: the number of threads changes the last digits of a result.
        peers = sum(other.kind == job.kind for other in self.jobs.values())
        threads = max(1, core_count() // min(self.workers, peers))
        with open(job.folder / store.LOG_NAME, "wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.cwd,
                env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )

    def _end(self, identity: str, status: Status) -> None:
        process = self.processes.pop(identity)
        _signal_group(process, signal.SIGKILL)  # whatever the job left running would keep its lock
        self.statuses[identity] = status
        store.write_record(self.jobs[identity], status, process.started)
        os.close(process.lock)


def _signal_group(process: _Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.popen.pid, number)
