"""Annotate unlabelled images with what a trained detector, the teacher, finds in them (data distillation, Table 9).

python -m mask_rcnn_paper.distill --config-file configs/distill/kp_x101_fpn.yaml --scale mini
python -m mask_rcnn_paper.distill --config-file configs/table2a/r50_fpn.yaml MODEL.WEIGHTS model_final.pth \
    STAGES.RPN_WEIGHTS rpn/model_final.pth DATASETS.TEST "('coco_2017_unlabeled',)" OUTPUT_DIR distilled

As many instances an image are kept as DATASETS.TRAIN have. A student trains on both with DATASETS.TRAIN
"('coco_2017_train', 'coco_2017_unlabeled_distilled')", DATASETS.DISTILLED distilled/annotations.json and
DATALOADER.DATASET_RATIO "(6, 4)".
"""

import argparse
import logging

from mask_rcnn_paper.provider import PROVIDER  # isort: skip  before detectron2, which it provides where there is none
import torch
from detectron2.config import CfgNode
from detectron2.engine import default_argument_parser, default_setup
from detectron2.utils import comm

from mask_rcnn_paper.config_checks import check_config
from mask_rcnn_paper.config_files import SCALES, find_config
from mask_rcnn_paper.data.careful_mapper import UnreadableImageError
from mask_rcnn_paper.data.registered import check_annotations, coco_files
from mask_rcnn_paper.distill.distillation import Summary, distill, unlabeled_images
from mask_rcnn_paper.distill.teacher import load_teacher
from mask_rcnn_paper.distill.threshold import TeacherError
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import disk_full_explained
from mask_rcnn_paper.imports import add_import_option, import_components
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import check_teacher, fall_back_to_cpu, set_default_places
from mask_rcnn_paper.terminal import escape_logs, parse_words, say
from mask_rcnn_paper.training.launch import check_processes, launch, torchrun_process
from mask_rcnn_paper.training.precision import settle_precision
from mask_rcnn_paper.training.result_file import config_hash

PROGRAM = "mask_rcnn_paper.distill"


def resolve(args: argparse.Namespace) -> CfgNode:
    """The config of the teacher; raises if it, or what it needs, is not there."""
    import_components(args.imports)
    cfg = load_cfg(args.config_file, args.scale, args.opts)
    set_default_places(cfg, args.config_file)
    check_config(cfg)
    check_teacher(cfg)
    check_annotations([*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST])
    fall_back_to_cpu(cfg)
    cfg.CONFIG_HASH = config_hash(cfg)
    settle_precision(cfg)
    cfg.freeze()
    return cfg


def run() -> None:
    """The command line; bad input ends in one line and exit code 2."""
    args = parse_words(argument_parser())
    with one_line_errors(PROGRAM):
        process = torchrun_process(args)
        check_processes(args)
        resolve(args)  # here too, since an exit code does not come back from the processes of `launch`
    launch(main, args, process)


def main(args: argparse.Namespace) -> Summary | None:
    """Write the annotations, and print what was counted."""
    escape_logs()
    with one_line_errors(PROGRAM):
        cfg = resolve(args)
        unlabeled_images(cfg)
        for name in cfg.DATASETS.TRAIN:
            coco_files(name)
    with one_line_errors(PROGRAM, OSError, TeacherError, UnreadableImageError), disk_full_explained(cfg.OUTPUT_DIR):
        args.config_file = str(find_config(args.config_file))  # default_setup logs what is in it
        default_setup(cfg, args)
        logger = logging.getLogger("detectron2.mask_rcnn_paper")
        logger.info(f"detectron2: {PROVIDER}; scale: {cfg.SCALE}; device: {cfg.MODEL.DEVICE}")
        torch.set_flush_denormal(True)  # as in training
        summary = distill(cfg, load_teacher(cfg, args.opts), args.resume)
    if comm.is_main_process():
        say(f"{summary.lines}\nannotations: {cfg.OUTPUT_DIR}")
    return summary


def argument_parser() -> argparse.ArgumentParser:
    """detectron2's arguments, --scale and --import."""
    parser = default_argument_parser(epilog=__doc__)
    parser.prog = f"python -m {PROGRAM}"
    parser.add_argument("--scale", default="paper", help=f"{', '.join(SCALES)}; paper is the config as it is")
    add_import_option(parser)
    return parser
