"""What the planner hands to the queue: one process to run. Knows nothing of configs."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.jobs.folder import BLOCKED, FAILED, RECORD, WAITING, JobFolder, Status
from mask_rcnn_paper.files import write_json_atomically

PRETRAIN, RPN, TRANSFER, DISTILL, DETECTOR = "pretrain", "rpn", "transfer", "distill", "detector"
# As modules: the folder of a program's file comes first on Python's path, and where the project is installed that is
# site-packages, whose packages would hide Python's own.
PROGRAMS = {
    PRETRAIN: "mask_rcnn_paper.pretrain",
    RPN: "train_net",
    TRANSFER: "mask_rcnn_paper.transfer",
    DISTILL: "mask_rcnn_paper.distill",
    DETECTOR: "train_net",
}
# One process always, whatever GPUs there are, and no model to build from the config of their job.
ALONE = (PRETRAIN, TRANSFER)
# Threads of a job on a CPU, whatever machine it is and whatever else runs: their number changes the last digits of a
# sum, and after a training the first digits of a result. Other jobs wait for the first stages, detectors run side by
# side.
THREADS = {PRETRAIN: 2, RPN: 2, TRANSFER: 1, DISTILL: 2, DETECTOR: 1}


@dataclass(frozen=True)
class Job:
    """One process that ends by writing a result into its folder.

    `kind` is a key of `PROGRAMS`, `identity` the hash of what it computes, `run` the name that it shares with those of
    other seeds; `config`, `scale` and `options` are as for
    `load_cfg`, `imports` as for `--import`; a program that takes none of these is given `words`. Jobs with the
    identities in `inputs` must be finished before, and have left the files that it `needs`. `data` reads
    "training sets -> test sets"; `user_data` is "" where the job does not see the user's own; `branches` are as of its
    recipe, None where that is not known. It trains so many `iterations`; the costs in seconds are of these, and of
    start and evaluation: guesses, or as known_times.py finds.
    """

    kind: str
    identity: str
    folder: JobFolder
    config: str
    scale: str = "paper"
    options: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    needs: tuple[Path, ...] = ()
    data: str = ""
    datasets: tuple[str, ...] = ()
    user_data: str = ""
    run: str = ""
    branches: tuple[str, ...] | None = None
    iterations: int = 0
    train_seconds: float = 1.0
    other_seconds: float = 0.0

    @property
    def label(self) -> str:
        """For people: "detector r50_c4-seed0"."""
        return f"{self.kind} {self.folder.name}"

    @property
    def seconds(self) -> float:
        """Nominal cost of all of it."""
        return self.train_seconds + self.other_seconds

    def command(self, resume: bool = False, gpus: int = 0) -> list[str]:
        """Words of the process; `resume`: go on from the last checkpoint, `gpus`: one process of a training each."""
        program = [sys.executable, "-m", PROGRAMS[self.kind]]
        if self.words:
            return [*program, *self.words]
        words = [*program, "--config-file", self.config, "--scale", self.scale]
        words += ["--resume"] if resume else []
        if gpus > 1 and self.kind not in ALONE:
            # detectron2's own default address is the same for all jobs of a user: two of them on a machine would meet.
            words += ["--num-gpus", str(gpus), "--dist-url", "auto"]
        for name in self.imports:
            words += ["--import", name]
        return [*words, *self.options]

    def note(self, status: Status, started: float, slurm_job: str | None = None) -> None:
        """Write the folder's record: what was started when, as of `time.time`, and how it stands or ended.

        `slurm_job` is the id of the Slurm job that it is in, if any.
        """
        of_job = {"kind": self.kind, "identity": self.identity, "command": self.command(), "inputs": self.inputs}
        of_job |= {"name": self.folder.name, "config_hash": self.folder.config_hash}
        of_job |= {"started": started, "slurm_job": slurm_job}
        of_status = {key: getattr(status, key) for key in ("state", "reason", "tail", "seconds")}
        write_json_atomically(self.folder.path / RECORD, {**of_job, **of_status})


def read_statuses(jobs: Mapping[str, Job]) -> dict[str, Status]:
    """Status of each job by identity as the folders tell it; `jobs` has inputs before their users."""
    statuses = {identity: job.folder.status() for identity, job in jobs.items()}
    mark_blocked(jobs, statuses)
    return statuses


def mark_blocked(jobs: Mapping[str, Job], statuses: dict[str, Status]) -> None:
    """Let what waits for a failed job be BLOCKED, with the first failure up the graph as its reason."""
    for identity, job in jobs.items():
        bad = next((i for i in job.inputs if statuses[i].state in (FAILED, BLOCKED)), None)
        if bad is not None and statuses[identity].state == WAITING:
            reason = f"needs {jobs[bad].label}, which failed: {statuses[bad].reason}"
            statuses[identity] = statuses[bad] if statuses[bad].state == BLOCKED else Status(BLOCKED, reason)
