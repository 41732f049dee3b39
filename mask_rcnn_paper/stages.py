"""Stage-wise training: where each stage writes, and whether the stage before it has been run.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3.1 and Appendix B: an RPN is trained alone, its proposals are stored,
and detectors train on them. At reduced scales a pre-training stage stands in for ImageNet.

    OUTPUT/<scale>/pretrain/R-50/model_final.pkl
    OUTPUT/<scale>/rpn/r50_c4/inference/<dataset>/box_proposals.npz
    OUTPUT/<scale>/table2b/softmax/result.json
    OUTPUT/<scale>/transfer/table7/fine_coco/model_final.pth
    OUTPUT/<scale>/distill/kp_x101_fpn/annotations.json, box_proposals.npz

Where features are shared (Section 4.4) a stage starts from a trained detector, OUTPUT/<scale>/.../model_final.pth, and
where classes change (Appendix A) from one whose class layers were transferred.

A row that differs in inference alone (STAGES.EVAL_ONLY) evaluates the weights of the row that trains them.

With the user's own data <scale> becomes <scale>/<NAME>, but for pre-training, which does not see it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mask_rcnn_paper.config_files import WHOLE_SCALES, config_name
from mask_rcnn_paper.data.distilled import is_distilled
from mask_rcnn_paper.proposal_files import PROPOSALS, find_proposals

if TYPE_CHECKING:
    from detectron2.config import CfgNode

DEFAULT_OUTPUT = "./output"
MATCHES, CALIBRATION = "matches.npz", "calibration.json"
# What trainings leave, and pre-training.
WEIGHTS, PRETRAINED_WEIGHTS = "model_final.pth", "model_final.pkl"
CONFIG_FILE = "config.yaml"
DISTILLED_ANNOTATIONS = "annotations.json"
COARSE, FINE = PRETRAINED_CLASSES = ("categories", "fine")


def set_default_places(cfg: CfgNode, config_file: str | Path) -> None:
    """Fill OUTPUT_DIR and the places of the stages' inputs, in place, where they were left at their defaults."""
    root = Path(DEFAULT_OUTPUT) / cfg.SCALE / cfg.DATASETS.OWN.NAME
    if cfg.OUTPUT_DIR == DEFAULT_OUTPUT:
        cfg.OUTPUT_DIR = str(root / config_name(config_file))
    if cfg.MODEL.WEIGHTS == "" and (cfg.STAGES.DETECTOR or cfg.STAGES.PRETRAIN):
        cfg.MODEL.WEIGHTS = str(_first_weights(cfg, config_file, root))
    distilled = root / config_name(cfg.STAGES.DISTILL) if cfg.STAGES.DISTILL else None
    if distilled and cfg.DATASETS.DISTILLED == "":
        cfg.DATASETS.DISTILLED = str(distilled / DISTILLED_ANNOTATIONS)
    if cfg.MODEL.LOAD_PROPOSALS and cfg.STAGES.RPN:
        rpn_output = root / config_name(cfg.STAGES.RPN)
        cfg.STAGES.RPN_WEIGHTS = cfg.STAGES.RPN_WEIGHTS or str(rpn_output / WEIGHTS)
        for split in ("TRAIN", "TEST"):
            if not cfg.DATASETS[f"PROPOSAL_FILES_{split}"]:
                files = tuple(str(proposal_file(rpn_output, name, distilled)) for name in cfg.DATASETS[split])
                cfg.DATASETS[f"PROPOSAL_FILES_{split}"] = files


def _first_weights(cfg: CfgNode, config_file: str | Path, root: Path) -> Path:
    """Where the weights are that a config starts from."""
    if cfg.STAGES.TRANSFER:
        return root / "transfer" / config_name(config_file) / WEIGHTS
    if cfg.STAGES.DETECTOR:
        return root / config_name(cfg.STAGES.DETECTOR) / WEIGHTS
    return pretrain_output(cfg) / PRETRAINED_WEIGHTS


def pretrain_output(cfg: CfgNode) -> Path:
    """Default OUTPUT_DIR of the pre-training that the backbone of `cfg` starts from."""
    return Path(DEFAULT_OUTPUT) / cfg.SCALE / "pretrain" / backbone_name(cfg)


def fall_back_to_cpu(cfg: CfgNode) -> None:
    """Set MODEL.DEVICE to "cpu", in place, where it asks for a GPU and there is none."""
    import torch  # not above: who asks for places need not wait for it

    if cfg.MODEL.DEVICE.startswith("cuda") and not torch.cuda.is_available():
        cfg.MODEL.DEVICE = "cpu"


def backbone_name(cfg: CfgNode) -> str:
    """Name of a pre-trained backbone as the field writes it: "R-50", "X-101-64x4d", with "-fine" for finer classes."""
    resnet = cfg.MODEL.RESNETS
    groups = f"{resnet.NUM_GROUPS}x{resnet.WIDTH_PER_GROUP}d"
    name = f"R-{resnet.DEPTH}" if resnet.NUM_GROUPS == 1 else f"X-{resnet.DEPTH}-{groups}"
    return f"{name}-{FINE}" if is_fine(cfg) else name


def is_fine(cfg: CfgNode) -> bool:
    """Whether pre-training tells finer classes apart.

    Raises:
        ValueError: PRETRAIN.CLASSES is unknown.
    """
    if cfg.PRETRAIN.CLASSES not in PRETRAINED_CLASSES:
        legal = ", ".join(PRETRAINED_CLASSES)
        raise ValueError(f"PRETRAIN.CLASSES={cfg.PRETRAIN.CLASSES!r}: choose from {legal}")
    return cfg.PRETRAIN.CLASSES == FINE


def proposal_file(rpn_output: str | Path, dataset: str, distill_output: str | Path | None = None) -> Path:
    """Where the proposals for `dataset` are: an RPN that writes to `rpn_output` stores them.

    Of images that a teacher has annotated the distillation, which writes to `distill_output`, stores those of the RPN.
    """
    if is_distilled(dataset) and distill_output is not None:
        return Path(distill_output) / PROPOSALS
    return Path(rpn_output) / "inference" / dataset / PROPOSALS


def evaluation_folder(detector_output: str | Path, dataset: str) -> Path:
    """Where a detector that writes to `detector_output` leaves the files of its evaluation on `dataset`."""
    return Path(detector_output) / "inference" / dataset


def matches_file(detector_output: str | Path, dataset: str) -> Path:
    """Where it leaves what that evaluation matched."""
    return evaluation_folder(detector_output, dataset) / MATCHES


def check_inputs(cfg: CfgNode, eval_only: bool = False) -> None:
    """Fail before any work if a stage that this run builds on has not been run.

    Args:
        cfg: Resolved config.
        eval_only: Nothing is trained; of the proposals only those for testing are needed.

    Raises:
        FileNotFoundError: missing proposals or weights; the message says how to make them.
    """
    command_tail = _scale_option(cfg)
    own_tail = " <the same DATASETS.OWN keys>" if cfg.DATASETS.OWN.NAME else ""
    if cfg.STAGES.DISTILL and not eval_only and not Path(cfg.DATASETS.DISTILLED).is_file():
        raise FileNotFoundError(
            f"distilled annotations {cfg.DATASETS.DISTILLED!r} (DATASETS.DISTILLED) are not there: make them with "
            f"`python -m mask_rcnn_paper.distill --config-file configs/{cfg.STAGES.DISTILL}{command_tail}`, or let "
            "`python -m ablations run` do every stage"
        )
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
    if _is_there(cfg.MODEL.WEIGHTS):
        return
    if cfg.STAGES.DETECTOR and (cfg.STAGES.EVAL_ONLY or not eval_only):
        made = " for other classes" if cfg.STAGES.TRANSFER else ""
        make = f"make them with `{_transfer_command(cfg)}`, " if cfg.STAGES.TRANSFER else ""
        raise FileNotFoundError(
            f"weights {cfg.MODEL.WEIGHTS!r} (MODEL.WEIGHTS), those of {cfg.STAGES.DETECTOR}{made}, are not there: "
            f"train it with `python train_net.py --config-file configs/{cfg.STAGES.DETECTOR}{command_tail}{own_tail}`, "
            f"{make}or let `python -m ablations run` do every stage"
        )
    if cfg.STAGES.PRETRAIN and not eval_only:
        raise FileNotFoundError(
            f"pre-trained weights {cfg.MODEL.WEIGHTS!r} (MODEL.WEIGHTS) are not there: make them with "
            f"`python -m mask_rcnn_paper.pretrain --config-file <the same config>{command_tail}`, or let "
            "`python -m ablations run` do every stage, or start from random weights, whose normalisation must be "
            "trained too, with STAGES.PRETRAIN False MODEL.RESNETS.NORM BN MODEL.BACKBONE.FREEZE_AT 0"
        )
    if cfg.MODEL.WEIGHTS and not eval_only:
        raise FileNotFoundError(
            f"weights {cfg.MODEL.WEIGHTS!r} (MODEL.WEIGHTS) are not there: the config that names them says where they "
            "come from; give a file or an address of yours with MODEL.WEIGHTS"
        )


def _transfer_command(cfg: CfgNode) -> str:
    """What makes the weights that a row with STAGES.TRANSFER starts from; its source has the default OUTPUT_DIR."""
    source = Path(DEFAULT_OUTPUT) / cfg.SCALE / config_name(cfg.STAGES.DETECTOR) / WEIGHTS
    classes = [] if cfg.SCALE in WHOLE_SCALES else ["--from", f"{cfg.SCALE}_train"]
    words = [str(source), cfg.MODEL.WEIGHTS, *classes, "--to", cfg.DATASETS.TRAIN[0]]
    return shlex.join(["python", "-m", "mask_rcnn_paper.transfer", *words, *map_words(cfg.STAGES.CLASS_MAP)])


def map_words(class_map: Sequence[str]) -> list[str]:
    """STAGES.CLASS_MAP as words of `python -m mask_rcnn_paper.transfer`."""
    return [word for entry in class_map for word in ("--map", entry)]


def check_teacher(cfg: CfgNode) -> None:
    """Fail before any work if what a distillation predicts with is not there.

    Raises:
        ValueError: no weights, or no RPN, are named.
        FileNotFoundError: the weights of the teacher or its RPN are not there; the message says how to make them.
    """
    command_tail = _scale_option(cfg)
    needed = {"MODEL.WEIGHTS": (cfg.MODEL.WEIGHTS, cfg.STAGES.DETECTOR)}
    if cfg.MODEL.LOAD_PROPOSALS:
        if not cfg.STAGES.RPN:
            raise ValueError("MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is '': name the config of the RPN")
        needed["STAGES.RPN_WEIGHTS"] = (cfg.STAGES.RPN_WEIGHTS, cfg.STAGES.RPN)
    for key, (file, config) in needed.items():
        cure = f"train them with `python train_net.py --config-file configs/{config or '<row>'}{command_tail}`"
        if not file:
            raise ValueError(f"{key} is '': give the checkpoint of the teacher; {cure}")
        if not _is_there(file):
            raise FileNotFoundError(f"weights {file!r} ({key}) are not there: {cure}")


def _scale_option(cfg: CfgNode) -> str:
    """What a command needs for the scale of `cfg`."""
    return "" if cfg.SCALE == "paper" else f" --scale {cfg.SCALE}"


def _is_there(weights: str) -> bool:
    """Whether there is such a file; an address is left to the checkpointer."""
    return "://" in weights or Path(weights).is_file()
