"""Run jobs on this machine: a process each, on its own share of the GPUs or of the cores."""

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablations.jobs.attempt import STOP_SECONDS, Attempt, begin
from ablations.jobs.job import ROOT, Job
from ablations.jobs.status import FAILED, WAITING, Status
from mask_rcnn_paper.cores import core_count


class LocalLauncher:
    """A `Launcher` of processes.

    Args:
        workers: Jobs at once, at least 1; None: one for each set of GPUs, one on a machine without. Each has its share
            of the cores.
        devices: Names of the GPUs, as for CUDA_VISIBLE_DEVICES; () where there are none.
        gpus_per_job: GPUs of a job, none of which it shares; None: one where there are any; 0: use the CPU.
        timeout_min: Minutes after which a job is stopped and counts as failed; None: never.
        cwd: Folder the commands run in.
        poll_seconds: Time between two looks at the processes.

    Raises:
        ValueError: more GPUs a job than there are, or no workers.
    """

    def __init__(
        self,
        workers: int | None = None,
        devices: Sequence[str] = (),
        gpus_per_job: int | None = None,
        timeout_min: float | None = None,
        cwd: Path = ROOT,
        poll_seconds: float = 0.2,
    ) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"--jobs {workers}: must be at least 1")
        self.free_sets = device_sets(devices, gpus_per_job)
        self.gpus_per_job = len(self.free_sets[0]) if self.free_sets else 0
        self.hide_gpus = bool(devices) and not self.free_sets
        slots = len(self.free_sets)
        self.workers = min(workers or slots, slots) if slots else workers or 1
        self.timeout_min, self.cwd, self.poll_seconds = timeout_min, cwd, poll_seconds
        self.attempts: dict[str, Attempt] = {}
        self.sets: dict[str, tuple[str, ...]] = {}

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Start jobs while there are workers left."""
        statuses = {}
        for job in ready:
            if len(self.attempts) >= self.workers:
                break
            if job.identity in self.attempts:
                continue
            devices = self.free_sets[0] if self.free_sets else ()
            begun = begin(job, self.cwd, self.gpus_per_job, self._environment(devices))
            if isinstance(begun, Attempt):
                self.attempts[job.identity] = begun
                if devices:
                    self.sets[job.identity] = self.free_sets.pop(0)
                begun = begun.poll()
            statuses[job.identity] = begun
        return statuses

    def poll(self) -> dict[str, Status]:
        """Look at the processes; stop those that are out of time."""
        statuses = {}
        for identity, attempt in list(self.attempts.items()):
            if self.timeout_min is not None and attempt.seconds > 60 * self.timeout_min:
                attempt.terminate()
                reason = f"stopped after {self.timeout_min:g} minutes (--timeout-min); another run goes on from there"
                statuses[identity] = attempt.kill(FAILED, reason, STOP_SECONDS)
            else:
                statuses[identity] = attempt.poll()
            if attempt.ended:
                self._forget(identity)
        return statuses

    def stop(self) -> None:
        """End all processes: politely, then by force."""
        deadline = time.time() + STOP_SECONDS
        try:
            for attempt in self.attempts.values():
                attempt.terminate()
            while any(a.popen.poll() is None for a in self.attempts.values()) and time.time() < deadline:
                time.sleep(0.05)
        finally:
            for identity, attempt in list(self.attempts.items()):
                attempt.kill(WAITING, "interrupted")
                self._forget(identity)

    def describe(self, job: Job) -> str:
        """The job's command."""
        return shlex.join(job.command(gpus=self.gpus_per_job))

    def left_behind(self) -> str:
        """Nothing: `stop` ends every process."""
        return ""

    def _environment(self, devices: Sequence[str]) -> dict[str, str]:
        # Also of a job that is alone: the number of threads changes the last digits of a sum, and after a training the
        # first digits of a result, which must not depend on what else is run.
        sharing = self.workers * max(1, len(devices))
        environment = {"OMP_NUM_THREADS": str(max(1, core_count() // sharing))}
        if devices or self.hide_gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        return environment

    def _forget(self, identity: str) -> None:
        del self.attempts[identity]
        if identity in self.sets:
            self.free_sets.append(self.sets.pop(identity))


def visible_devices(environ: Mapping[str, str] = os.environ, count: int | None = None) -> tuple[str, ...]:
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES spells them.

    Args:
        environ: Where the caller's own CUDA_VISIBLE_DEVICES is looked up.
        count: Number of GPUs that CUDA sees; by default asked for.
    """
    count = _gpu_count() if count is None else count
    names = environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return tuple(str(index) for index in range(count))
    # CUDA stops at the first name that is not a GPU's.
    return tuple(name.strip() for name in names.split(","))[:count]


def device_sets(devices: Sequence[str], per_job: int | None) -> list[tuple[str, ...]]:
    """Share out the GPUs among jobs; each is in at most one set.

    Args:
        devices: From `visible_devices`.
        per_job: GPUs of a job; None: one, where there are any. 0: jobs use the CPU.

    Returns:
        As many sets of `per_job` GPUs as there are GPUs for; none where jobs use the CPU.

    Raises:
        ValueError: `per_job` is negative, or more than there are.
    """
    per_job = min(1, len(devices)) if per_job is None else per_job
    if per_job < 0:
        raise ValueError(f"--gpus-per-job {per_job}: must be at least 0 (0: train on the CPU)")
    if per_job > len(devices):
        there = f"there are {len(devices)} ({', '.join(devices)})" if devices else "there is none"
        cure = f"give at most {len(devices)}" if devices else "leave it out"
        raise ValueError(f"--gpus-per-job {per_job}: of the GPUs that CUDA_VISIBLE_DEVICES allows {there}; {cure}")
    if per_job == 0:
        return []
    return [tuple(devices[n : n + per_job]) for n in range(0, len(devices) - per_job + 1, per_job)]


def _gpu_count() -> int:
    import torch

    return torch.cuda.device_count()
