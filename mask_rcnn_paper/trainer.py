"""The trainer of every row."""

import os
import time
from collections.abc import Iterable

import torch
from detectron2.config import CfgNode
from detectron2.data import build_detection_train_loader, get_detection_dataset_dicts
from detectron2.engine import DefaultTrainer, HookBase
from detectron2.evaluation import COCOEvaluator
from detectron2.utils import comm

from mask_rcnn_paper.hooks import ProgressHook
from mask_rcnn_paper.results import write_result


class Trainer(DefaultTrainer):
    """DefaultTrainer with COCO evaluation, Section 5's choice of images, a progress file and a result file."""

    started = time.monotonic()

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> COCOEvaluator:
        """COCO metrics, or stored proposals where the model is an RPN, in OUTPUT_DIR/inference/<dataset>."""
        return COCOEvaluator(dataset_name, output_dir=os.path.join(cfg.OUTPUT_DIR, "inference", dataset_name))

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module, evaluators: list | None = None) -> dict:
        """Evaluate, and leave the metrics in OUTPUT_DIR/result.json."""
        metrics = super().test(cfg, model, evaluators)
        if comm.is_main_process():
            write_result(cfg, metrics, time.monotonic() - cls.started)
        return metrics

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> Iterable:
        """detectron2's loader; under DATASETS.KEYPOINT_IMAGES_ONLY of images with keypoints alone (Section 5)."""
        if not cfg.DATASETS.KEYPOINT_IMAGES_ONLY:
            return super().build_train_loader(cfg)
        dataset = get_detection_dataset_dicts(
            cfg.DATASETS.TRAIN,
            filter_empty=cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS,
            min_keypoints=cfg.MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE,
            proposal_files=cfg.DATASETS.PROPOSAL_FILES_TRAIN if cfg.MODEL.LOAD_PROPOSALS else None,
        )
        return build_detection_train_loader(cfg, dataset=dataset)

    def build_hooks(self) -> list[HookBase]:
        """detectron2's hooks and the progress file."""
        return [*super().build_hooks(), ProgressHook(self.cfg.OUTPUT_DIR)]
