"""Stage-wise training: where each stage writes, and whether the stage before it has been run.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3.1 and Appendix B: an RPN is trained alone, its proposals are stored,
and detectors train on them. At reduced scales a pre-training stage stands in for ImageNet.

    OUTPUT/<scale>/pretrain/R-50/model_final.pkl
    OUTPUT/<scale>/rpn/r50_c4/inference/<dataset>/box_proposals.npz
    OUTPUT/<scale>/table2b/softmax/result.json

With the user's own data <scale> becomes <scale>/<NAME>, but for pre-training, which does not see it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mask_rcnn_paper.config_files import config_name
from mask_rcnn_paper.proposal_files import PROPOSALS, find_proposals

if TYPE_CHECKING:
    from detectron2.config import CfgNode

DEFAULT_OUTPUT = "./output"
MATCHES = "matches.npz"


def set_default_places(cfg: CfgNode, config_file: str | Path) -> None:
    """Fill OUTPUT_DIR and the places of the stages' inputs, in place, where they were left at their defaults."""
    root = Path(DEFAULT_OUTPUT) / cfg.SCALE / cfg.DATASETS.OWN.NAME
    if cfg.OUTPUT_DIR == DEFAULT_OUTPUT:
        cfg.OUTPUT_DIR = str(root / config_name(config_file))
    if cfg.STAGES.PRETRAIN and cfg.MODEL.WEIGHTS == "":
        cfg.MODEL.WEIGHTS = str(pretrain_output(cfg) / "model_final.pkl")
    if cfg.MODEL.LOAD_PROPOSALS and cfg.STAGES.RPN:
        rpn_output = root / config_name(cfg.STAGES.RPN)
        for split in ("TRAIN", "TEST"):
            if not cfg.DATASETS[f"PROPOSAL_FILES_{split}"]:
                files = tuple(str(proposal_file(rpn_output, name)) for name in cfg.DATASETS[split])
                cfg.DATASETS[f"PROPOSAL_FILES_{split}"] = files


def pretrain_output(cfg: CfgNode) -> Path:
    """Default OUTPUT_DIR of the pre-training that the backbone of `cfg` starts from."""
    return Path(DEFAULT_OUTPUT) / cfg.SCALE / "pretrain" / backbone_name(cfg)


def fall_back_to_cpu(cfg: CfgNode) -> None:
    """Set MODEL.DEVICE to "cpu", in place, where it asks for a GPU and there is none."""
    import torch  # not above: who asks for places need not wait for it

    if cfg.MODEL.DEVICE.startswith("cuda") and not torch.cuda.is_available():
        cfg.MODEL.DEVICE = "cpu"


def backbone_name(cfg: CfgNode) -> str:
    """Name of a backbone as the field writes it, such as "R-50" or "X-101-64x4d"."""
    resnet = cfg.MODEL.RESNETS
    groups = f"{resnet.NUM_GROUPS}x{resnet.WIDTH_PER_GROUP}d"
    return f"R-{resnet.DEPTH}" if resnet.NUM_GROUPS == 1 else f"X-{resnet.DEPTH}-{groups}"


def proposal_file(rpn_output: str | Path, dataset: str) -> Path:
    """Where an RPN that writes to `rpn_output` stores its proposals for `dataset`."""
    return Path(rpn_output) / "inference" / dataset / PROPOSALS


def matches_file(detector_output: str | Path, dataset: str) -> Path:
    """Where a detector that writes to `detector_output` leaves what its evaluation on `dataset` matched."""
    return Path(detector_output) / "inference" / dataset / MATCHES


def check_inputs(cfg: CfgNode, eval_only: bool = False) -> None:
    """Fail before any work if a stage that this run builds on has not been run; `eval_only` needs test proposals only.

    Raises:
        FileNotFoundError: missing proposals or pre-trained weights; the message says how to make them.
    """
    command_tail = "" if cfg.SCALE == "paper" else f" --scale {cfg.SCALE}"
    own_tail = " <the same DATASETS.OWN keys>" if cfg.DATASETS.OWN.NAME else ""
    if cfg.MODEL.LOAD_PROPOSALS:
        files = [*cfg.DATASETS.PROPOSAL_FILES_TEST, *(() if eval_only else cfg.DATASETS.PROPOSAL_FILES_TRAIN)]
        missing = [file for file in files if find_proposals(file) is None]
        if missing or not files:
            raise FileNotFoundError(
                f"stored proposals {missing or '(none named)'} (DATASETS.PROPOSAL_FILES_*) are not there: train the "
                f"RPN first with `python train_net.py --config-file configs/{cfg.STAGES.RPN}{command_tail}"
                f"{own_tail}`, or let `python -m ablations run` do every stage, or train end to end with "
                "MODEL.LOAD_PROPOSALS False MODEL.PROPOSAL_GENERATOR.NAME RPN"
            )
    if cfg.STAGES.PRETRAIN and not eval_only and not Path(cfg.MODEL.WEIGHTS).is_file():
        raise FileNotFoundError(
            f"pre-trained weights {cfg.MODEL.WEIGHTS!r} (MODEL.WEIGHTS) are not there: make them with "
            f"`python -m mask_rcnn_paper.pretrain --config-file <the same config>{command_tail}`, or let "
            "`python -m ablations run` do every stage, or start from random weights, whose normalisation must be "
            "trained too, with STAGES.PRETRAIN False MODEL.RESNETS.NORM BN MODEL.BACKBONE.FREEZE_AT 0"
        )
