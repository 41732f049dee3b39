"""Commands with programs that only pretend to train."""

import os

import pytest

import ablations.__main__ as cli
import mask_rcnn_paper
from ablations.jobs import job, lost_files

# Takes the arguments of train_net.py and of pre-training; its mask AP depends on config and seed alone.
PRETENDER = """
import json, os, sys
value = lambda key: sys.argv[sys.argv.index(key) + 1]
folder, config, seed = value("OUTPUT_DIR"), value("--config-file"), int(value("SEED"))
if config == os.environ.get("BROKEN") and "pretrain" not in folder:
    sys.exit("the loss is nan at iteration 7")
for key in ("MODEL.WEIGHTS", "DATASETS.PROPOSAL_FILES_TRAIN"):
    assert key in sys.argv or "pretrain" in folder or ("rpn" in folder and "FILES" in key), key
ap = {"softmax": 24.0, "sigmoid": 36.0}.get(os.path.basename(config)[:-5], 20.0) + seed
with open(os.path.join(folder, "job.json")) as file:
    planned = json.load(file)["config_hash"]
result = {
    "metrics": {"segm": {"AP": ap, "AP50": 2 * ap, "AP75": ap - 10}},
    "config_hash": planned, "scale": value("--scale"), "seconds": 12.3, "seed": seed,
    "provider": {"name": "embedded", "detectron2": "0.6+embedded"}, "coco_backend": "pycocotools 2.0.11",
}
with open(os.path.join(folder, "result.json"), "w") as file:
    json.dump(result, file)
with open(os.path.join(folder, "runs"), "a") as file:
    file.write("x")
"""


# A table whose only row waits for a part.
PENDING = """
tables:
  - id: later
    title: What is not built
    section: "1"
    metrics: [{result: segm/AP, printed: AP}]
    rows: [{id: wanted, label: wanted, run: wanted, pending: a part, paper: [30.0]}]
"""


@pytest.fixture
def pending_table(tmp_path):
    """Words that add such a table, "later"."""
    path = tmp_path / "pending.yaml"
    path.write_text(PENDING)
    return f"--tables {path}"


@pytest.fixture
def one_version(monkeypatch):
    """Stored outputs outlive releases."""
    monkeypatch.setattr(mask_rcnn_paper, "__version__", "1.2.3")


@pytest.fixture
def ablations(tmp_path, monkeypatch, capsys):
    """Run a command in an empty output folder; returns its exit code, stdout and stderr."""
    (tmp_path / "pretender.py").write_text(PRETENDER)
    monkeypatch.setattr(
        lost_files, "lost_files", lambda job, stage: []
    )  # pretenders leave neither weights nor proposals
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(job, "PROGRAMS", dict.fromkeys(job.PROGRAMS, "pretender"))

    def call(words, *opts):
        argv = [*words.split(), "--output", str(tmp_path / "out")]
        try:
            code = cli.main([*argv, *opts])
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call
