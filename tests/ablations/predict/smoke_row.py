"""Rows that are really trained, at smoke scale and without pre-training, through the plan of `python -m ablations`."""

from pathlib import Path

import train_net
from ablations.jobs.plan import make_plan
from ablations.paper.tables import load_tables

# Random weights behind frozen normalisation overflow; two iterations make no confident detection, so all are kept.
OPTS = ["STAGES.PRETRAIN", "False", "MODEL.RESNETS.NORM", "BN", "MODEL.DEVICE", "cpu"]
OPTS += ["MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "TEST.DETECTIONS_PER_IMAGE", "20"]


def train(name: str, output: Path) -> Path:
    """Train the RPN and the detector of "table/row", seed 0; returns the detector's folder."""
    table, row = name.split("/")
    plan = make_plan({(table, row): load_tables()[table].row(row)}, [0], "smoke", output, OPTS)
    for job in plan.jobs.values():
        train_net.main(train_net.argument_parser().parse_args(job.command()[3:]))
    return plan.job(table, row, 0).folder.path
