"""Stand-ins for jobs: small Python programs that end as a training does, or in other ways."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ablations.jobs.job import Job
from ablations.jobs.store import FINISHED, Status

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


def job(root: Path, name: str, code: str = "finish()", inputs: Sequence[Job] = (), kind: str = "detector") -> Job:
    """A job of a small Python program that calls `finish()` to write a good result into its folder."""
    script = root / f"{name}.py"
    script.write_text(WRITE_RESULT + code + "\n")
    folder = root / name
    return Job(
        kind=kind,
        name=name,
        identity=f"id-{name}",
        folder=folder,
        command=(sys.executable, str(script), str(folder)),
        inputs=tuple(other.identity for other in inputs),
        config_hash="h",
    )


def graph(*jobs: Job) -> dict[str, Job]:
    """Jobs by identity."""
    return {job.identity: job for job in jobs}


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
