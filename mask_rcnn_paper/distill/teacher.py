"""A trained detector, and the RPN of its proposals, on images that it has no proposals for yet."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetMapper, build_detection_test_loader
from detectron2.evaluation.coco_evaluation import instances_to_coco_json
from detectron2.modeling import build_model
from detectron2.structures import BoxMode
from torch import nn
from torch.utils.data import SequentialSampler

from mask_rcnn_paper.data.careful_mapper import CarefulMapper
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.precision import set_precision

Model = Callable[[list[dict]], list[dict]]
Found = dict[str, Any]


class Teacher:
    """Detections, and proposals, of samples in detectron2's format.

    Args:
        detector: Maps a batch of `batches` to `{"instances": Instances}` of each image, in pixels of the file.
        batches: Makes batches of samples. Where there is an RPN, a sample has its proposals, as stored ones are.
        rpn: As the detector, to `{"proposals": Instances}`; None for a detector that needs none.
        rpn_batches: As `batches`, for the RPN.
    """

    def __init__(
        self,
        detector: Model,
        batches: Callable[[list[dict]], Iterable[list[dict]]],
        rpn: Model | None = None,
        rpn_batches: Callable[[list[dict]], Iterable[list[dict]]] | None = None,
    ) -> None:
        self.detector, self.batches, self.rpn, self.rpn_batches = detector, batches, rpn, rpn_batches

    @torch.no_grad()
    def __call__(self, samples: list[dict], on_batch: Callable[[int], None] = lambda done: None) -> list[Found]:
        """What is found in each sample.

        Args:
            samples: With file_name, height, width and image_id.
            on_batch: Called with the number of images that the detector has done.

        Returns:
            For each sample its `image_id`, `results` in COCO's format whose category_id are the model's classes, and of
            an RPN `boxes`, (P, 4) XYXY, and `logits`, (P,).
        """
        if not samples:
            return []
        found: list[Found] = [{"image_id": sample["image_id"]} for sample in samples]
        if self.rpn is not None:
            outputs = (output for batch in self.rpn_batches(samples) for output in self.rpn(batch))
            for entry, output in zip(found, outputs, strict=True):
                proposals = output["proposals"].to("cpu")
                entry["boxes"] = proposals.proposal_boxes.tensor.float().numpy()
                entry["logits"] = proposals.objectness_logits.float().numpy()
            samples = [_with_proposals(sample, entry) for sample, entry in zip(samples, found, strict=True)]
        outputs = (output for batch in self.batches(samples) for output in self.detector(batch))
        for done, (entry, output) in enumerate(zip(found, outputs, strict=True), 1):
            entry["results"] = instances_to_coco_json(output["instances"].to("cpu"), entry["image_id"])
            on_batch(done)
        return found


def load_teacher(cfg: CfgNode, opts: Sequence[str] = ()) -> Teacher:
    """The detector of a config with MODEL.WEIGHTS, under TEST.AUG.ENABLED with test-time augmentation.

    Under MODEL.LOAD_PROPOSALS also the RPN STAGES.RPN with STAGES.RPN_WEIGHTS, at the same scale and precision, and
    with the KEY VALUE pairs `opts`.
    `check_teacher` says whether all of these are there.
    """
    detector = _load(cfg, cfg.MODEL.WEIGHTS)
    if cfg.TEST.AUG.ENABLED:
        from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA

        # It makes its views of the file itself.
        detector, batches = PaperRCNNWithTTA(cfg, detector), lambda samples: ([sample] for sample in samples)
    else:
        batches = _batches(cfg)
    if not cfg.MODEL.LOAD_PROPOSALS:
        return Teacher(detector, batches)
    rpn_cfg = load_cfg(cfg.STAGES.RPN, cfg.SCALE, opts)
    rpn_cfg.MODEL.DEVICE, rpn_cfg.PRECISION = cfg.MODEL.DEVICE, cfg.PRECISION
    return Teacher(detector, batches, _load(rpn_cfg, cfg.STAGES.RPN_WEIGHTS), _batches(rpn_cfg))


def _load(cfg: CfgNode, weights: str) -> nn.Module:
    model = set_precision(build_model(cfg), cfg.PRECISION).eval()
    SafeCheckpointer(model).load_whole(weights)
    return model


def _batches(cfg: CfgNode) -> Callable[[list[dict]], Iterable[list[dict]]]:
    """As in evaluation, but of all samples: who shares them among processes has done so before."""
    options = {"mapper": CarefulMapper(DatasetMapper(cfg, is_train=False)), "batch_size": cfg.TEST.IMS_PER_BATCH}
    options |= {"num_workers": cfg.DATALOADER.NUM_WORKERS}
    return lambda samples: build_detection_test_loader(samples, sampler=SequentialSampler(samples), **options)


def _with_proposals(sample: dict, entry: Found) -> dict:
    order = np.argsort(-entry["logits"], kind="stable")
    proposals = {"proposal_boxes": entry["boxes"][order], "proposal_objectness_logits": entry["logits"][order]}
    return {**sample, **proposals, "proposal_bbox_mode": BoxMode.XYXY_ABS}
