"""Train and evaluate one row of the paper's tables, as detectron2's tools/train_net.py does.

    python train_net.py --config-file configs/table2b/softmax.yaml --num-gpus 8
    python train_net.py --config-file configs/table2b/softmax.yaml --scale mini
    python train_net.py --config-file configs/table2b/softmax.yaml --eval-only MODEL.WEIGHTS model_final.pth
"""

import argparse
import logging
import os
import time

import mask_rcnn_paper  # isort: skip  must come before detectron2, which it provides where that is not installed
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.engine import DefaultTrainer, HookBase, default_argument_parser, default_setup, launch
from detectron2.evaluation import COCOEvaluator, verify_results
from detectron2.utils import comm
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.hooks import ProgressHook
from mask_rcnn_paper.results import write_result
from mask_rcnn_paper.scales import SCALES, load_cfg
from mask_rcnn_paper.stages import check_inputs, set_default_places


class Trainer(DefaultTrainer):
    """DefaultTrainer with COCO evaluation, a progress file and a result file."""

    started = time.monotonic()

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> COCOEvaluator:
        """COCO metrics, or stored proposals where the model is an RPN, in OUTPUT_DIR/inference/<dataset>."""
        return COCOEvaluator(dataset_name, output_dir=os.path.join(cfg.OUTPUT_DIR, "inference", dataset_name))

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module, evaluators=None) -> dict:
        """Evaluate, and leave the metrics in OUTPUT_DIR/result.json."""
        metrics = super().test(cfg, model, evaluators)
        if comm.is_main_process():
            write_result(cfg, metrics, time.monotonic() - cls.started)
        return metrics

    def build_hooks(self) -> list[HookBase]:
        """detectron2's hooks and the progress file."""
        return [*super().build_hooks(), ProgressHook(self.cfg.OUTPUT_DIR)]


def setup(args: argparse.Namespace) -> CfgNode:
    """Resolve the config, check what it needs, and prepare logging, seed and OUTPUT_DIR."""
    cfg = load_cfg(args.config_file, args.scale, args.opts)
    set_default_places(cfg, args.config_file)
    check_inputs(cfg, args.eval_only)
    if cfg.MODEL.DEVICE.startswith("cuda") and not torch.cuda.is_available():
        cfg.MODEL.DEVICE = "cpu"
    cfg.freeze()
    default_setup(cfg, args)
    logger = logging.getLogger("detectron2.mask_rcnn_paper")
    logger.info(f"detectron2 is {mask_rcnn_paper.PROVIDER}; device {cfg.MODEL.DEVICE}; scale {cfg.SCALE}")
    return cfg


def main(args: argparse.Namespace) -> dict:
    """Train and evaluate, or only evaluate; returns the metrics."""
    with one_line_errors("train_net.py"):
        cfg = setup(args)
        if not args.eval_only:
            trainer = Trainer(cfg)
            trainer.resume_or_load(resume=args.resume)
    # An image that cannot be read is found only when its turn comes.
    with one_line_errors("train_net.py", OSError):
        if not args.eval_only:
            return trainer.train()
        model = Trainer.build_model(cfg)
        DetectionCheckpointer(model, cfg.OUTPUT_DIR).resume_or_load(cfg.MODEL.WEIGHTS, resume=args.resume)
        metrics = Trainer.test(cfg, model)
        verify_results(cfg, metrics)
        return metrics


def argument_parser() -> argparse.ArgumentParser:
    """detectron2's arguments and --scale."""
    parser = default_argument_parser()
    parser.add_argument("--scale", default="paper", choices=SCALES, help="paper: the config as it is")
    return parser


if __name__ == "__main__":
    args = argument_parser().parse_args()
    launch(main, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args,))
