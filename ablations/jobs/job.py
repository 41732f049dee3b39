"""What the planner hands to the queue: one process to run. Knows nothing of configs."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.jobs.folder import JobFolder
from ablations.jobs.status import BLOCKED, FAILED, FINISHED, RUNNING, Status

# Commands run here.
ROOT = Path(__file__).resolve().parents[2]
PRETRAIN, RPN, DETECTOR = "pretrain", "rpn", "detector"
PROGRAMS = {PRETRAIN: ("-m", "mask_rcnn_paper.pretrain"), RPN: ("train_net.py",), DETECTOR: ("train_net.py",)}


@dataclass(frozen=True)
class Job:
    """One process that ends by writing a result into its folder.

    Attributes:
        kind: A key of `PROGRAMS`.
        identity: Hash of what it computes.
        folder: Where it writes.
        config: Config of a row or an RPN, as for `load_cfg`.
        scale: Name of the scale.
        options: KEY VALUE list for `load_cfg`.
        imports: What `--import` names.
        inputs: Identities of jobs that must be finished before.
        data: "training sets -> test sets".
        user_data: Name of the user's own data, "" where the job does not see it.
        train_seconds: Nominal cost of its iterations: only ratios between jobs matter.
        other_seconds: Nominal cost of start and evaluation.
    """

    kind: str
    identity: str
    folder: JobFolder
    config: str
    scale: str = "paper"
    options: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    data: str = ""
    user_data: str = ""
    train_seconds: float = 1.0
    other_seconds: float = 0.0

    @property
    def label(self) -> str:
        """For people: "detector r50_c4-seed0"."""
        return f"{self.kind} {self.folder.name}"

    def command(self, resume: bool = False, gpus: int = 0) -> list[str]:
        """Words of the process.

        Args:
            resume: Go on from the last checkpoint.
            gpus: GPUs of a training, one process each; 0: the CPU. Pre-training always has one process.
        """
        words = [sys.executable, *PROGRAMS[self.kind], "--config-file", self.config, "--scale", self.scale]
        words += ["--resume"] if resume else []
        if gpus > 1 and self.kind != PRETRAIN:
            # detectron2's own default address is the same for all jobs of a user: two of them on a machine would meet.
            words += ["--num-gpus", str(gpus), "--dist-url", "auto"]
        for name in self.imports:
            words += ["--import", name]
        return [*words, *self.options]

    def note(self, status: Status, started: float, slurm_job: str | None = None) -> None:
        """Write the folder's record of this job; arguments as `JobFolder.note`."""
        words = self.command()
        self.folder.note(
            status, started, slurm_job, kind=self.kind, identity=self.identity, command=words, inputs=self.inputs
        )


def read_statuses(jobs: Mapping[str, Job]) -> dict[str, Status]:
    """Status of each job by identity as the folders tell it; blocked where an input has failed.

    Args:
        jobs: By identity, inputs before their users.
    """
    statuses: dict[str, Status] = {}
    for identity, job in jobs.items():
        status = job.folder.status()
        blocked = None if status.state in (FINISHED, RUNNING, FAILED) else blocked_status(job, jobs, statuses)
        statuses[identity] = blocked or status
    return statuses


def blocked_status(job: Job, jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> Status | None:
    """BLOCKED with the first failure up the graph, or None where no input has failed."""
    for identity in job.inputs:
        status = statuses[identity]
        if status.state == BLOCKED:
            return status
        if status.state == FAILED:
            return Status(BLOCKED, f"needs {jobs[identity].label}, which failed: {status.reason}")
    return None
