"""Run jobs on this machine: a process each, on its share of the GPUs or of the cores."""

import os
import shlex
import time
from collections.abc import Mapping, Sequence

from ablations.jobs.attempt import STOP_SECONDS, Attempt, begin
from ablations.jobs.folder import FAILED, Status
from ablations.jobs.job import THREADS, Job
from mask_rcnn_paper.cores import core_count


class LocalLauncher:
    """A `Launcher` of processes: on GPUs with a share of the cores, on the CPU with the `THREADS` of their kind.

    On the CPU a job takes as many of the `workers` places as it has threads, where there are as many.

    Args:
        workers: Places, at least 1; None: one for each set of GPUs, on a machine without GPUs one for each core.
        devices: Names of the GPUs, as for CUDA_VISIBLE_DEVICES; () where there are none.
        gpus_per_job: GPUs of a job; None: one where there are any; 0: use the CPU.
        jobs_per_gpu: Jobs that share a GPU, or a set of them, at least 1.
        timeout_min: Minutes after which a job is stopped and counts as failed; None: never.

    Raises:
        ValueError: more GPUs a job than there are.
    """

    def __init__(
        self,
        workers: int | None = None,
        devices: Sequence[str] = (),
        gpus_per_job: int | None = None,
        jobs_per_gpu: int = 1,
        timeout_min: float | None = None,
        poll_seconds: float = 0.2,
    ) -> None:
        sets = device_sets(devices, gpus_per_job) * jobs_per_gpu
        # Names of GPUs, or () for a core.
        self.free_places = sets[:workers] if sets else [()] * (workers or core_count())
        self.workers, self.gpus_per_job = len(self.free_places), len(self.free_places[0])
        self.hide_gpus = bool(devices) and not sets
        self.timeout_min, self.poll_seconds = timeout_min, poll_seconds
        self.running: dict[str, tuple[Attempt, list[tuple[str, ...]]]] = {}

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Start jobs, in this order, while there are places for the next."""
        statuses = {}
        for job in ready:
            if job.identity in self.running:
                continue
            needed = 1 if self.gpus_per_job else min(THREADS[job.kind], self.workers)
            if needed > len(self.free_places):
                break
            begun = begin(job, self.gpus_per_job, self._environment(job, self.free_places[0]))
            if isinstance(begun, Attempt):
                places, self.free_places = self.free_places[:needed], self.free_places[needed:]
                self.running[job.identity] = begun, places
                begun = begun.poll()
            statuses[job.identity] = begun
        return statuses

    def poll(self) -> dict[str, Status]:
        """Look at the processes; stop those that are out of time."""
        statuses = {}
        for identity, (attempt, places) in list(self.running.items()):
            if self.timeout_min is not None and attempt.seconds > 60 * self.timeout_min:
                attempt.terminate()
                reason = f"stopped after {self.timeout_min:g} minutes (--timeout-min); another run goes on from there"
                attempt.kill(FAILED, reason, STOP_SECONDS)
            statuses[identity] = attempt.poll()
            if attempt.ended:
                del self.running[identity]
                self.free_places += places
        return statuses

    def stop(self) -> None:
        """End all processes: politely, then by force."""
        attempts = [attempt for attempt, _ in self.running.values()]
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for attempt in attempts:
                attempt.terminate()
            while any(attempt.popen.poll() is None for attempt in attempts) and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            for attempt in attempts:
                attempt.kill()

    def describe(self, job: Job) -> str:
        """The job's command."""
        return shlex.join(job.command(gpus=self.gpus_per_job))

    def left_behind(self) -> str:
        """Nothing: `stop` ends every process."""
        return ""

    def _environment(self, job: Job, devices: Sequence[str]) -> dict[str, str]:
        threads = core_count() // (self.workers * len(devices)) if devices else THREADS[job.kind]
        environment = {"OMP_NUM_THREADS": str(max(1, threads))}
        if devices or self.hide_gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        return environment


def visible_devices(environ: Mapping[str, str] = os.environ, count: int | None = None) -> tuple[str, ...]:
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES in `environ` spells them.

    `count` is how many CUDA sees; by default it is asked.
    """
    if count is None:
        import torch

        count = torch.cuda.device_count()
    names = environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return tuple(str(index) for index in range(count))
    # CUDA stops at the first name that is not a GPU's.
    return tuple(name.strip() for name in names.split(","))[:count]


def device_sets(devices: Sequence[str], per_job: int | None) -> list[tuple[str, ...]]:
    """Share out the GPUs among jobs: as many sets of `per_job` as there are GPUs for, each GPU in at most one.

    `per_job` None is one, where there are any; with 0 jobs use the CPU, and there are no sets.

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
    starts = range(0, len(devices) - per_job + 1, per_job) if per_job else ()
    return [tuple(devices[start : start + per_job]) for start in starts]
