"""Run jobs through Slurm: an array for every wave of jobs whose inputs are finished.

The runner waits and submits each wave, rather than everything at once with `--dependency=afterok`: a failure then
blocks only what needs it, whatever the cluster does with dependencies that can never be met, and a job that is
finished already costs no place in the queue. The runner may end at any time; what it has submitted goes on, and the
next runner finds it by the Slurm job's id in job.json.
"""

import contextlib
import math
import os
import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.jobs.folder import FAILED, RUNNING, WAITING, Status, log_tail
from ablations.jobs.job import ALONE, THREADS, Job
from ablations.jobs.slurm_task import SlurmTask

# Rows resume, so the time limit may be far below what a row takes.
MAX_TIMEOUTS = 100
# A loader's workers (DATALOADER.NUM_WORKERS) and the training process.
CPUS_PER_GPU = 5
# States in which submitit takes a job for ended, and Slurm does not.
_ALIVE = ("SUSPENDED", "STOPPED", "CONFIGURING", "RESIZING", "REQUEUE_HOLD", "REQUEUE_FED", "SIGNALING")


@dataclass
class _Submitted:
    """A job in Slurm, of an array of which so many run `at_once`. `gone`: when it was first seen to have ended."""

    job: Job
    slurm: Any
    at_once: float = math.inf
    gone: float | None = None

    @property
    def array(self) -> str:
        return self.slurm.job_id.partition("_")[0]

    @property
    def recorded(self) -> Status | None:
        """Final status that this Slurm job has recorded, or that somebody has reached."""
        return self.job.folder.finished() or self.job.folder.failed(self.slurm.job_id)

    @property
    def going_on(self) -> Status:
        record = self.job.folder.record
        if record.get("state") == RUNNING:
            return self.job.folder.running()
        return Status(WAITING, record.get("reason") or f"queued as Slurm job {self.slurm.job_id}")


class SlurmLauncher:
    """A `Launcher` of Slurm jobs, which submitit submits.

    Args:
        jobs: All jobs of the plan by identity.
        folder: Where submitit keeps its files; every node must see it.
        asked: What each job asks for, in the words of submitit's `update_parameters`; pre-training never has more than
            one GPU. Without "cpus_per_task" there are `CPUS_PER_GPU`; "slurm_array_parallelism" limits all arrays
            together.
        cluster: "slurm"; or "local" or "debug" for submitit's stand-ins.
        settle_seconds: How long the files of an ended job may take to be seen here.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        folder: Path,
        asked: Mapping[str, Any],
        cluster: str = "slurm",
        poll_seconds: float = 2.0,
        settle_seconds: float = 30.0,
    ) -> None:
        limit = asked.get("slurm_array_parallelism")
        self.workers = min(limit or len(jobs), max(1, len(jobs)))
        self.limit = limit or math.inf
        self.folder, self.asked, self.cluster = folder, asked, cluster
        self.poll_seconds, self.settle_seconds = poll_seconds, settle_seconds
        self.submitted: dict[str, _Submitted] = {}

    def submit(self, ready: Sequence[Job]) -> dict[str, Status]:
        """Submit the jobs that are not in Slurm yet, as one array for each number of GPUs."""
        statuses, waves = {}, {}
        for job in ready:
            if job.identity not in self.submitted and not self._attach(job):
                waves.setdefault(self._gpus(job), []).append(job)
        for wave in waves.values():
            room = self._room()
            # Where nothing of ours is in Slurm all go at once, and Slurm limits them; else what there is room for.
            jobs = wave if room == self.limit else wave[: int(room)]
            if jobs:
                statuses |= self._submit_array(jobs, min(room, len(jobs)))
        return statuses

    def poll(self) -> dict[str, Status]:
        """Read what the jobs have left in their folders, and ask Slurm for those that have left nothing."""
        statuses = {}
        for identity, submitted in list(self.submitted.items()):
            ended = self._ended(submitted)
            if ended is not None:
                del self.submitted[identity]
            statuses[identity] = ended or submitted.going_on
        return statuses

    def stop(self) -> None:
        """Leave the jobs to Slurm."""

    def describe(self, job: Job) -> str:
        """What Slurm would be asked for, and the job's command."""
        asked = self._parameters(job, self.workers).items()
        words = " ".join(f"{key}={value}" for key, value in asked if value is not None)
        return f"slurm: {words}: {shlex.join(job.command(gpus=self._gpus(job)))}"

    def left_behind(self) -> str:
        """How to end the jobs that are still in Slurm."""
        arrays = sorted({submitted.array for submitted in self.submitted.values()})
        return f"Jobs left in Slurm: {len(self.submitted)}; to end them: scancel {' '.join(arrays)}" if arrays else ""

    def _room(self) -> float:
        """How many more jobs may run at once."""
        alive = Counter((submitted.array, submitted.at_once) for submitted in self.submitted.values())
        return max(0, self.limit - sum(min(count, at_once) for (_, at_once), count in alive.items()))

    def _attach(self, job: Job) -> bool:
        """Whether an earlier runner has submitted the job, and it has not ended."""
        import submitit

        record = job.folder.record
        slurm_job, classes = record.get("slurm_job"), {"slurm": submitit.SlurmJob, "local": submitit.LocalJob}
        if slurm_job is None or record.get("state") not in (WAITING, RUNNING) or self.cluster not in classes:
            return False
        self.submitted[job.identity] = _Submitted(job, classes[self.cluster](folder=self.folder, job_id=slurm_job))
        return True

    def _submit_array(self, jobs: Sequence[Job], at_once: float) -> dict[str, Status]:
        statuses, taken = {}, []
        with contextlib.ExitStack() as locks:  # so that no other runner submits them too
            for job in jobs:
                if (lock := job.folder.acquire_lock()) is None:
                    statuses[job.identity] = job.folder.running_elsewhere()
                else:
                    locks.callback(os.close, lock)
                    taken.append(job)
            return statuses | self._submit_locked(taken, at_once) if taken else statuses

    def _submit_locked(self, jobs: Sequence[Job], at_once: float) -> dict[str, Status]:
        import submitit

        now, gpus, parameters = time.time(), self._gpus(jobs[0]), self._parameters(jobs[0], int(at_once))
        share = max(1, parameters["cpus_per_task"] // max(1, gpus))
        tasks = [SlurmTask(job, gpus, share if gpus else THREADS[job.kind]) for job in jobs]
        timeouts = {"slurm_max_num_timeout": MAX_TIMEOUTS, "local_max_num_timeout": MAX_TIMEOUTS}
        try:
            executor = submitit.AutoExecutor(self.folder, self.cluster, **timeouts)
            executor.update_parameters(**parameters)
            handles = executor.submit_array(tasks)
        except Exception as error:  # whatever sbatch says: a partition that is not there, a limit of the account
            reason = "sbatch refused the job: " + " ".join(str(error).split())[-300:]
            refused = Status(FAILED, reason, seconds=0.0)
            for job in jobs:
                job.note(refused, now)
            return dict.fromkeys((job.identity for job in jobs), refused)
        statuses = {}
        for job, slurm in zip(jobs, handles, strict=True):
            self.submitted[job.identity] = _Submitted(job, slurm, at_once)
            statuses[job.identity] = Status(WAITING, f"queued as Slurm job {slurm.job_id}")
            job.note(statuses[job.identity], now, slurm.job_id)
        return statuses

    def _gpus(self, job: Job) -> int:
        gpus = self.asked.get("gpus_per_node", 1)
        return min(1, gpus) if job.kind in ALONE else gpus

    def _parameters(self, job: Job, at_once: int) -> dict[str, Any]:
        """What an array of jobs like this one asks for, in submitit's words."""
        gpus = self._gpus(job)
        of_job = {"gpus_per_node": gpus or None, "slurm_array_parallelism": at_once}
        of_job["cpus_per_task"] = self.asked.get("cpus_per_task") or CPUS_PER_GPU * max(1, gpus)
        return {"name": f"mask_rcnn_paper_{job.kind}", **self.asked, **of_job}

    def _ended(self, submitted: _Submitted) -> Status | None:
        """Final status, recorded here if not there; WAITING where somebody else runs the job, None where it goes on."""
        slurm = submitted.slurm
        if recorded := submitted.recorded:
            return recorded
        if not slurm.done() or slurm.state.upper().split()[0] in _ALIVE:
            submitted.gone = None
            return None
        submitted.gone = submitted.gone or time.monotonic()
        has_result = slurm.paths.result_pickle.exists()
        if not has_result and time.monotonic() - submitted.gone < self.settle_seconds:
            return None
        if recorded := submitted.recorded:
            return recorded
        if has_result and _succeeded(slurm.paths.result_pickle):
            return Status(WAITING, "running elsewhere")
        # Slurm, or what precedes the job on its node, ended it.
        tail = log_tail(slurm.paths.stderr)
        reason = f"ended by Slurm: {slurm.state}"
        reason += f"; last line: {tail[-1]}; see {slurm.paths.stderr}" if tail else ""
        status = Status(FAILED, reason, tail, submitted.job.folder.record.get("seconds"))
        submitted.job.note(status, time.time(), slurm.job_id)
        return status


def _succeeded(result_pickle: Path) -> bool:
    """Whether submitit's pickle says so, of (outcome, state or trace); its own reader runs what the file names."""
    from mask_rcnn_paper.plain_pickle import read_plain_pickle  # takes numpy, for which the local queue need not wait

    with contextlib.suppress(OSError, ValueError):
        found = read_plain_pickle(result_pickle)
        return isinstance(found, tuple) and found[:1] == ("success",)
    return False
