"""Detection in image files, with stored proposals or without.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3.1: before Table 8 a detector takes its proposals from an RPN that was
trained alone. For a new image that RPN has to be run first.
"""

from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetMapper
from detectron2.modeling import build_model
from detectron2.structures import BoxMode

from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.precision import set_precision


class Predictor:
    """A model with its weights that is called with an image file.

    Images pass through the `DatasetMapper` of evaluation, and proposals through it too, so that what is predicted is
    what is evaluated; with test-time augmentation under TEST.AUG.ENABLED. Differs from detectron2's `DefaultPredictor`:
    that takes arrays, and knows no stored proposals.

    Args:
        cfg: Config of a row or an RPN; MODEL.DEVICE says where it runs, PRECISION what it computes in.
        weights: Checkpoint.
        proposer: RPN whose proposals the model uses; needed under MODEL.LOAD_PROPOSALS.
        allow_partial: The checkpoint may lack weights of the model, which stay random.

    Raises:
        ValueError: the proposer is missing.
        UnfitWeightsError, FileNotFoundError: as `SafeCheckpointer.load_whole`.
    """

    def __init__(
        self, cfg: CfgNode, weights: str | Path, proposer: "Predictor | None" = None, allow_partial: bool = False
    ) -> None:
        if cfg.MODEL.LOAD_PROPOSALS and proposer is None:
            raise ValueError("MODEL.LOAD_PROPOSALS is True, but there is no RPN: give the proposer")
        self.proposer = proposer if cfg.MODEL.LOAD_PROPOSALS else None
        self.model = set_precision(build_model(cfg), cfg.PRECISION).eval()
        SafeCheckpointer(self.model).load_whole(str(weights), allow_partial=allow_partial)
        if cfg.TEST.AUG.ENABLED:
            self.model = PaperRCNNWithTTA(cfg, self.model)
        self.mapper = DatasetMapper(cfg, is_train=False)

    @torch.no_grad()
    def __call__(self, file_name: str | Path) -> dict[str, Any]:
        """What the model returns for an image, turned upright as its EXIF block says, and in pixels of the upright one.

        That is `instances`, or `proposals` of an RPN, best first.
        """
        sample = {"file_name": str(file_name)}
        if self.proposer is not None:
            proposals = self.proposer(file_name)["proposals"].to("cpu")
            sample["proposal_boxes"] = proposals.proposal_boxes.tensor.numpy()
            sample["proposal_objectness_logits"] = proposals.objectness_logits.numpy()
            sample["proposal_bbox_mode"] = BoxMode.XYXY_ABS
        return self.model([self.mapper(sample)])[0]
