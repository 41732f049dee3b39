"""Stand-ins for jobs: small Python programs that end as a training does, or in other ways."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

from ablations.evidence.estimates import Estimator
from ablations.evidence.image_replicates import ImageReplicates
from ablations.jobs.folder import FINISHED, JobFolder, Status
from ablations.jobs.job import Job
from ablations.jobs.plan import Plan
from ablations.statistics.estimate import Estimate, Uncertainty

WRITE_RESULT = """
import json, os, sys, time
folder = sys.argv[-1]
result = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "h", "seconds": 1.5, "scale": "mini"}
def finish():
    with open(os.path.join(folder, "result.json"), "w") as file:
        json.dump(result, file)
    with open(os.path.join(folder, "runs"), "a") as file:
        file.write(" ".join(sys.argv[1:-1]) + os.environ.get("OMP_NUM_THREADS", "") + "\\n")
"""


class ScriptJob(Job):
    """A job that runs its config as a Python program: options first, then its folder."""

    def command(self, resume: bool = False, gpus: int = 0) -> list[str]:
        """As `Job.command`."""
        _, *words = super().command(resume, gpus)
        flags = words[words.index(self.scale) + 1 :]
        return [sys.executable, self.config, *flags, str(self.folder.path)]


def job(root: Path, name: str, code: str = "finish()", inputs: Sequence[Job] = (), kind: str = "detector") -> Job:
    """A job of a small Python program that calls `finish()` to write a good result into its folder."""
    script = root / f"{name}.py"
    script.write_text(WRITE_RESULT + code + "\n")
    return ScriptJob(
        kind=kind,
        identity=f"id-{name}",
        folder=JobFolder(root / name, name, "h"),
        config=str(script),
        scale="mini",
        inputs=tuple(other.identity for other in inputs),
    )


def graph(*jobs: Job) -> dict[str, Job]:
    """Jobs by identity."""
    return {job.identity: job for job in jobs}


def estimate(mean: float, half_width: float | None = None, count: int = 1) -> Estimate:
    """A mean with an interval of so much on both sides over seeds, or without one."""
    known = None if half_width is None else Uncertainty((half_width / NormalDist().inv_cdf(0.975)) ** 2, math.inf)
    return Estimate(mean, count, known)


def estimator(plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]) -> Estimator:
    """Of these rows alone, whose evaluations kept no matches."""
    return Estimator(plan, seeds, statuses, ImageReplicates(lambda identity: None))


def finished(segm: Sequence[float | None], **changes: object) -> Status:
    """Status of a job with these mask AP, AP50 and AP75."""
    result = {
        "metrics": {"segm": dict(zip(("AP", "AP50", "AP75"), segm, strict=True))},
        "scale": "mini",
        "provider": {"name": "embedded", "detectron2": "0.6+embedded"},
        "coco_backend": "pycocotools 2.0.11",
        **changes,
    }
    return Status(FINISHED, seconds=100.0, result=json.loads(json.dumps(result)))
