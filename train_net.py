"""Train and evaluate one row of the paper's tables, as detectron2's tools/train_net.py does.

python train_net.py --config-file configs/table2b/softmax.yaml --num-gpus 8
torchrun --nproc-per-node 8 train_net.py --config-file configs/table2b/softmax.yaml
python train_net.py --config-file configs/table2b/softmax.yaml --scale mini
python train_net.py --config-file mine/dice.yaml --import mine/dice.py
python train_net.py --config-file configs/table2b/softmax.yaml --eval-only MODEL.WEIGHTS model_final.pth
"""

import argparse
import logging

import mask_rcnn_paper  # isort: skip  before detectron2, which it provides where that is not installed
import torch
from detectron2.config import CfgNode
from detectron2.engine import default_argument_parser, default_setup
from detectron2.evaluation import verify_results

from mask_rcnn_paper.coco.backends import choose_backend
from mask_rcnn_paper.config_checks import check_config
from mask_rcnn_paper.config_files import SCALES, find_config
from mask_rcnn_paper.data.careful_mapper import UnreadableImageError
from mask_rcnn_paper.data.distilled import register_distilled
from mask_rcnn_paper.data.proposals import require_one_rpn
from mask_rcnn_paper.data.registered import check_annotations
from mask_rcnn_paper.data.validated import InvalidDatasetError
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import disk_full_explained
from mask_rcnn_paper.imports import add_import_option, import_components
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import check_inputs, fall_back_to_cpu, set_default_places
from mask_rcnn_paper.terminal import escape_logs, parse_words
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.launch import check_processes, launch, torchrun_process
from mask_rcnn_paper.training.precision import settle_precision
from mask_rcnn_paper.training.result_file import config_hash
from mask_rcnn_paper.training.trainer import Trainer


def resolve(args: argparse.Namespace) -> CfgNode:
    """The config of the run; raises if it, or what it builds on, is not there.

    A row that differs from another in inference alone is `args.eval_only` by itself.
    """
    import_components(args.imports)
    cfg = load_cfg(args.config_file, args.scale, args.opts)
    set_default_places(cfg, args.config_file)
    args.eval_only = args.eval_only or cfg.STAGES.EVAL_ONLY
    check_config(cfg, args.eval_only)
    check_inputs(cfg, args.eval_only)
    if cfg.MODEL.LOAD_PROPOSALS:
        require_one_rpn(
            [*(() if args.eval_only else cfg.DATASETS.PROPOSAL_FILES_TRAIN), *cfg.DATASETS.PROPOSAL_FILES_TEST]
        )
    register_distilled(cfg)  # again, now that their file has its place
    choose_backend(cfg.TEST.COCO_BACKEND)
    check_annotations([*(() if args.eval_only else cfg.DATASETS.TRAIN), *cfg.DATASETS.TEST])
    fall_back_to_cpu(cfg)
    cfg.CONFIG_HASH = config_hash(cfg)
    settle_precision(cfg)
    cfg.freeze()
    return cfg


def main(args: argparse.Namespace) -> dict:
    """Train and evaluate, or only evaluate; returns the metrics."""
    escape_logs()
    with one_line_errors("train_net.py"):
        cfg = resolve(args)
    with one_line_errors("train_net.py"), disk_full_explained(cfg.OUTPUT_DIR):
        args.config_file = str(find_config(args.config_file))  # default_setup logs what is in it
        default_setup(cfg, args)
        note = "" if torch.cuda.is_available() else " (no GPU here: training on the CPU)"
        logger = logging.getLogger("detectron2.mask_rcnn_paper")
        logger.info(f"detectron2: {mask_rcnn_paper.PROVIDER}; scale: {cfg.SCALE}; device: {cfg.MODEL.DEVICE}{note}")
        # Numbers too small for a normal float make steps several times slower on a CPU.
        torch.set_flush_denormal(True)
        if args.eval_only:
            model = Trainer.build_model(cfg)
            checkpointer = SafeCheckpointer(model, cfg.OUTPUT_DIR)
            checkpointer.load_whole(cfg.MODEL.WEIGHTS, resume=args.resume, allow_partial=args.allow_partial)
        else:
            trainer = Trainer(cfg)
            trainer.resume_or_load(resume=args.resume)
    # An image that cannot be read is found only when its turn comes.
    expected = OSError, InvalidDatasetError, UnreadableImageError
    with one_line_errors("train_net.py", *expected), disk_full_explained(cfg.OUTPUT_DIR):
        if not args.eval_only:
            return trainer.train()
        metrics = Trainer.test(cfg, model)
        verify_results(cfg, metrics)
        return metrics


def argument_parser() -> argparse.ArgumentParser:
    """detectron2's arguments, --scale, --allow-partial and --import."""
    parser = default_argument_parser()
    parser.add_argument("--scale", default="paper", help=f"{', '.join(SCALES)}; paper is the config as it is")
    text = "with --eval-only: the weights may lack some of the model's, which stay random"
    parser.add_argument("--allow-partial", action="store_true", help=text)
    add_import_option(parser)
    return parser


if __name__ == "__main__":
    args = parse_words(argument_parser())
    with one_line_errors("train_net.py"):
        process = torchrun_process(args)
        check_processes(args)
        resolve(args)  # here too, since an exit code does not come back from the processes of `launch`
    launch(main, args, process)
