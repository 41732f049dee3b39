"""Folders as trainings leave them, of models with random weights."""

import json

import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_model

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash


def leave_training(folder, config, *opts):
    """What a training at smoke scale leaves in its folder, which is returned."""
    cfg = load_cfg(config, "smoke", [*opts, "MODEL.DEVICE", "cpu", "OUTPUT_DIR", str(folder)])
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    DetectionCheckpointer(build_model(cfg), str(folder)).save("model_final")
    (folder / "config.yaml").write_text(cfg.dump())
    (folder / "result.json").write_text(json.dumps({"config_hash": config_hash(cfg)}))
    return folder


def leave_row(output, *opts):
    """Output of a runner that has trained an RPN, and Table 2b's sigmoid row on its proposals."""
    rpn = leave_training(output / "smoke/rpn/r50_c4-0123", "rpn/r50_c4.yaml", *opts)
    weights = ("STAGES.RPN_WEIGHTS", str(rpn / "model_final.pth"))
    leave_training(output / "smoke/detector/r50_c4-4567", "table2b/sigmoid.yaml", *opts, *weights)
    return output
