"""Detection in images, with stored proposals or without.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3.1: before Table 8 a detector takes its proposals from an RPN that was
trained alone. For a new image that RPN has to be run first.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetMapper, MetadataCatalog
from detectron2.modeling import build_model
from detectron2.structures import BoxMode
from PIL import Image

from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.precision import set_precision


class Predictor:
    """A model with its weights that is called with an image file or, as detectron2's `DefaultPredictor`, an array.

    Images pass through the `DatasetMapper` of evaluation, and proposals through it too, so that what is predicted is
    what is evaluated; with test-time augmentation under TEST.AUG.ENABLED. `cfg`, `model` and `metadata`, that of the
    first of DATASETS.TEST, are as of a `DefaultPredictor`.

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
        self.cfg, self.proposer = cfg, proposer if cfg.MODEL.LOAD_PROPOSALS else None
        self.metadata = MetadataCatalog.get(cfg.DATASETS.TEST[0]) if cfg.DATASETS.TEST else None
        self.model = set_precision(build_model(cfg), cfg.PRECISION).eval()
        SafeCheckpointer(self.model).load_whole(str(weights), allow_partial=allow_partial)
        if cfg.TEST.AUG.ENABLED:
            self.model = PaperRCNNWithTTA(cfg, self.model)
        self.mapper = DatasetMapper(cfg, is_train=False)

    def __call__(self, image: str | Path | np.ndarray) -> dict[str, Any]:
        """What the model returns for an image: `instances`, or `proposals` of an RPN, best first.

        Args:
            image: A file, which is turned upright as its EXIF block says; or (H, W, 3) uint8, BGR as OpenCV reads.

        Returns:
            As the model's for one image, in pixels of the upright image.

        Raises:
            ValueError: an array of another shape or type.
        """
        if not isinstance(image, np.ndarray):
            return self._detect(str(image))
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"an image of shape {image.shape} and type {image.dtype}: give (H, W, 3) uint8, BGR")
        with tempfile.TemporaryDirectory() as folder:  # by a file, so that it takes the way of all images
            path = Path(folder, "image.png")
            Image.fromarray(np.ascontiguousarray(image[:, :, ::-1])).save(path, compress_level=0)
            return self._detect(str(path))

    @torch.no_grad()
    def _detect(self, file_name: str) -> dict[str, Any]:
        sample = {"file_name": file_name}
        if self.proposer is not None:
            proposals = self.proposer(file_name)["proposals"].to("cpu")
            sample["proposal_boxes"] = proposals.proposal_boxes.tensor.numpy()
            sample["proposal_objectness_logits"] = proposals.objectness_logits.numpy()
            sample["proposal_bbox_mode"] = BoxMode.XYXY_ABS
        return self.model([self.mapper(sample)])[0]
