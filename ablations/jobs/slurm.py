"""Run jobs through Slurm: an array for every wave of jobs whose inputs are finished.

The runner waits and submits each wave, rather than everything at once with `--dependency=afterok`: a failure then
blocks only what needs it, whatever the cluster does with dependencies that can never be met, and a job that is
finished already costs no place in the queue. The runner may end at any time; what it has submitted goes on, and the
next runner finds it by the Slurm job's id in job.json.
"""

import math
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.jobs.folder import log_tail
from ablations.jobs.job import ROOT, Job
from ablations.jobs.slurm_resources import SlurmResources, check_installed
from ablations.jobs.slurm_task import SlurmTask
from ablations.jobs.status import FAILED, FINISHED, RUNNING, WAITING, Status

# Rows resume, so the time limit may be far below what a row takes.
MAX_TIMEOUTS = 100
# States in which submitit takes a job for ended, and Slurm does not.
_ALIVE = ("SUSPENDED", "STOPPED", "CONFIGURING", "RESIZING", "REQUEUE_HOLD", "REQUEUE_FED", "SIGNALING")


@dataclass
class _Submitted:
    """A job in Slurm. `at_once`: how many of its array run at once. `gone`: when it was first seen to have ended."""

    job: Job
    slurm: Any
    array: str
    at_once: float
    gone: float | None = None


class SlurmLauncher:
    """A `Launcher` of Slurm jobs.

    Args:
        jobs: All jobs of the plan by identity.
        folder: Where submitit keeps its files; every node must see it.
        resources: What each job asks for.
        limit: Jobs at once; None: as many as Slurm allows.
        cluster: "slurm"; or "local" or "debug" for submitit's stand-ins.
        cwd: Folder the commands run in.
        poll_seconds: Time between two looks at the files.
        settle_seconds: How long the files of an ended job may take to be seen here.

    Raises:
        ImportError: submitit is not installed.
        ValueError: there is no `sbatch` here, or a number is out of range.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        folder: Path,
        resources: SlurmResources,
        limit: int | None = None,
        cluster: str = "slurm",
        cwd: Path = ROOT,
        poll_seconds: float = 2.0,
        settle_seconds: float = 30.0,
    ) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"--jobs {limit}: must be at least 1")
        resources.check()
        check_installed(cluster)
        self.workers = min(limit or len(jobs), max(1, len(jobs)))
        self.limit = limit or math.inf
        self.folder, self.resources, self.cluster, self.cwd = folder, resources, cluster, cwd
        self.poll_seconds, self.settle_seconds = poll_seconds, settle_seconds
        self.submitted: dict[str, _Submitted] = {}

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Submit the jobs that are not in Slurm yet, as one array for each number of GPUs."""
        statuses, waves = {}, {}
        for job in ready:
            if job.identity not in self.submitted and not self._attach(job):
                waves.setdefault(self._gpus(job), []).append(job)
        for gpus, jobs in waves.items():
            room = max(0, self._room())
            # Where nothing of ours is in Slurm all go at once, and Slurm limits them; else what there is room for.
            jobs = jobs if room == self.limit else jobs[: int(room)]
            if jobs:
                statuses |= self._submit_array(jobs, gpus, min(room, len(jobs)))
        return statuses

    def poll(self) -> dict[str, Status]:
        """Read what the jobs have left in their folders, and ask Slurm for those that have left nothing."""
        statuses = {}
        for identity, submitted in list(self.submitted.items()):
            status = self._ended(submitted)
            if status is None:
                status = self._going_on(submitted)
            else:
                del self.submitted[identity]
            statuses[identity] = status
        return statuses

    def stop(self) -> None:
        """Leave the jobs to Slurm."""

    def describe(self, job: Job) -> str:
        """What Slurm would be asked for, and the job's command."""
        gpus = self._gpus(job)
        asked = self._parameters(job, gpus, self.workers).items()
        words = " ".join(f"{key}={value}" for key, value in asked if value is not None)
        return f"slurm: {words}: {shlex.join(job.command(gpus=gpus))}"

    def left_behind(self) -> str:
        """How to end the jobs that are still in Slurm."""
        arrays = sorted({submitted.array for submitted in self.submitted.values()})
        return f"Jobs left in Slurm: {len(self.submitted)}; to end them: scancel {' '.join(arrays)}" if arrays else ""

    def _gpus(self, job: Job) -> int:
        return min(1, self.resources.gpus_per_job) if job.kind == "pretrain" else self.resources.gpus_per_job

    def _room(self) -> float:
        """How many more jobs may run at once."""
        arrays: dict[str, list[_Submitted]] = {}
        for submitted in self.submitted.values():
            arrays.setdefault(submitted.array, []).append(submitted)
        return self.limit - sum(min(len(alive), alive[0].at_once) for alive in arrays.values())

    def _attach(self, job: Job) -> bool:
        """Whether an earlier runner has submitted the job, and it has not ended."""
        import submitit

        record = job.folder.record
        slurm_job, classes = record.get("slurm_job"), {"slurm": submitit.SlurmJob, "local": submitit.LocalJob}
        if slurm_job is None or record.get("state") not in (WAITING, RUNNING) or self.cluster not in classes:
            return False
        slurm = classes[self.cluster](folder=self.folder, job_id=slurm_job)
        self.submitted[job.identity] = _Submitted(job, slurm, slurm_job.partition("_")[0], math.inf)
        return True

    def _submit_array(self, jobs: Sequence[Job], gpus: int, at_once: float) -> dict[str, Status]:
        locks, statuses = {}, {}
        try:
            for job in jobs:  # so that no other runner submits them too
                if (lock := job.folder.acquire_lock()) is None:
                    statuses[job.identity] = Status(WAITING, "running elsewhere", progress=job.folder.progress)
                else:
                    locks[job.identity] = lock
            taken = [job for job in jobs if job.identity in locks]
            if taken:
                statuses |= self._submit_locked(taken, gpus, at_once)
            return statuses
        finally:
            for lock in locks.values():
                os.close(lock)

    def _submit_locked(self, jobs: Sequence[Job], gpus: int, at_once: float) -> dict[str, Status]:
        cpus, now = self.resources.cpus(gpus), time.time()
        tasks = [SlurmTask(job, self.cwd, gpus, max(1, cpus // max(1, gpus))) for job in jobs]
        statuses = {}
        try:
            handles = self._executor(jobs, gpus, int(at_once)).submit_array(tasks)
        except Exception as error:  # whatever sbatch says: a partition that is not there, a limit of the account
            reason = "sbatch refused the job: " + " ".join(str(error).split())[-300:]
            handles = [None] * len(jobs)
        for job, slurm in zip(jobs, handles, strict=True):
            if slurm is None:
                status = Status(FAILED, reason, seconds=0.0)
            else:
                status = Status(WAITING, f"queued as Slurm job {slurm.job_id}")
                array = slurm.job_id.partition("_")[0]
                self.submitted[job.identity] = _Submitted(job, slurm, array, at_once)
            job.note(status, now, None if slurm is None else slurm.job_id)
            statuses[job.identity] = status
        return statuses

    def _executor(self, jobs: Sequence[Job], gpus: int, at_once: int) -> Any:
        import submitit

        executor = submitit.AutoExecutor(
            self.folder, self.cluster, slurm_max_num_timeout=MAX_TIMEOUTS, local_max_num_timeout=MAX_TIMEOUTS
        )
        executor.update_parameters(**self._parameters(jobs[0], gpus, at_once))
        return executor

    def _parameters(self, job: Job, gpus: int, at_once: int) -> dict[str, Any]:
        """What an array of jobs like this one asks for, in submitit's words."""
        return {
            "name": f"mask_rcnn_paper_{job.kind}",
            "timeout_min": self.resources.timeout_min,
            "gpus_per_node": gpus or None,
            "cpus_per_task": self.resources.cpus(gpus),
            "mem_gb": self.resources.mem_gb,
            "slurm_partition": self.resources.partition,
            "slurm_array_parallelism": at_once,
            "slurm_additional_parameters": dict(self.resources.options) or None,
        }

    def _going_on(self, submitted: _Submitted) -> Status:
        record = submitted.job.folder.record
        if record.get("state") == RUNNING:
            seconds = time.time() - record["started"]
            return Status(RUNNING, seconds=seconds, progress=submitted.job.folder.progress)
        return Status(WAITING, record.get("reason") or f"queued as Slurm job {submitted.slurm.job_id}")

    def _ended(self, submitted: _Submitted) -> Status | None:
        """Final status, WAITING where somebody else runs the job, None where it goes on."""
        job, slurm = submitted.job, submitted.slurm
        recorded = _recorded(job, slurm.job_id)
        if recorded is not None:
            return recorded
        if not slurm.done() or slurm.state.upper().split()[0] in _ALIVE:
            submitted.gone = None
            return None
        submitted.gone = submitted.gone or time.time()
        if slurm.paths.result_pickle.exists() and slurm.exception() is None:
            return _recorded(job, slurm.job_id) or Status(WAITING, "running elsewhere")
        if time.time() - submitted.gone < self.settle_seconds and not slurm.paths.result_pickle.exists():
            return None
        return _recorded(job, slurm.job_id) or self._fail(submitted)

    def _fail(self, submitted: _Submitted) -> Status:
        """Record that Slurm, or what precedes the job on its node, ended it."""
        job, slurm = submitted.job, submitted.slurm
        tail = log_tail(slurm.paths.stderr)
        reason = f"ended by Slurm: {slurm.state}"
        reason += f"; last line: {tail[-1]}; see {slurm.paths.stderr}" if tail else ""
        status = Status(FAILED, reason, tail, job.folder.record.get("seconds"))
        job.note(status, time.time(), slurm.job_id)
        return status


def _recorded(job: Job, slurm_job: str) -> Status | None:
    """Final status that this Slurm job has recorded, or that somebody has reached; None where there is none."""
    record = job.folder.record
    if record.get("state") == FINISHED:
        return job.folder.finished()
    if record.get("state") == FAILED and record.get("slurm_job") == slurm_job:
        return Status(FAILED, record["reason"], tuple(record["tail"]), record["seconds"])
    return None
