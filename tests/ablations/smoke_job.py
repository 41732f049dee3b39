"""One job of a few iterations, trained by the runner, and whether two of them ended alike."""

import json
from pathlib import Path

import torch

import ablations.__main__ as cli

ROW = ["run", "2b", "--rows", "sigmoid", "--scale", "smoke"]
OPTS = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "STAGES.RPN", ""]
OPTS += ["STAGES.PRETRAIN", "False", "SOLVER.MAX_ITER", "5", "SOLVER.CHECKPOINT_PERIOD", "1"]
OPTS += ["MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "TEST.DETECTIONS_PER_IMAGE", "20"]
ITERATIONS = 5
# Runs the command in a process whose detectors are trained by tests/faults.py, in which $FAULT goes wrong.
FAULTY = "import sys, ablations.__main__ as cli; from ablations.jobs import job; "
FAULTY += "job.PROGRAMS['detector'] = 'tests.faults'; sys.exit(cli.main(sys.argv[1:]))"


def run(output: Path) -> int:
    """`python -m ablations run`, one job of a few iterations; its exit code."""
    return cli.main([*ROW, "--output", str(output), *OPTS])


def folder_of(output: Path) -> Path:
    """Folder of the job."""
    (folder,) = (output / "smoke" / "detector").iterdir()
    return folder


def assert_same_end(folder: Path, whole: Path) -> None:
    """Weights, momentum, schedule, metrics and detections, bit for bit; two checkpoints, and nothing half-written."""
    found, expected = (torch.load(f / "model_final.pth", weights_only=True) for f in (folder, whole))
    assert found["model"].keys() == expected["model"].keys()
    assert all(torch.equal(value, expected["model"][name]) for name, value in found["model"].items())
    states, others = (c["trainer"]["_trainer"]["optimizer"]["state"] for c in (found, expected))
    assert all(torch.equal(states[i]["momentum_buffer"], others[i]["momentum_buffer"]) for i in others)
    assert found["trainer"]["hooks"]["LRScheduler"] == expected["trainer"]["hooks"]["LRScheduler"]
    metrics, others = (json.loads((f / "result.json").read_text())["metrics"] for f in (folder, whole))
    assert json.dumps(metrics) == json.dumps(others)
    detections, others = (next(f.rglob("coco_instances_results.json")).read_bytes() for f in (folder, whole))
    assert detections == others
    assert len(json.loads(detections)) > 5
    assert sorted(path.name for path in folder.glob("*.pth")) == ["model_0000004.pth", "model_final.pth"]
    assert not list(folder.rglob(".*.tmp"))
    assert not list(folder.rglob(".unfinished"))
