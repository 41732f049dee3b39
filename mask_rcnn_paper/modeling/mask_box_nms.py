"""Non-maximum suppression on the boxes of predicted masks, as an option of inference.

Paper: TensorMask (Chen et al., ICCV 2019), Appendix A.4 and Table 5: "we simply use the bounding boxes of the masks as
a substitute (and also to report box AP)".

Shape shorthand: R detections, M mask side, (H, W) pixels of the network's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, batched_nms, paste_masks_in_image
from detectron2.modeling.roi_heads import ROIHeads
from detectron2.structures import BitMasks, Boxes, ImageList, Instances, ROIMasks

from mask_rcnn_paper.layers.mask_boxes import tight_boxes

# What TEST.NMS_BOXES may be: Table 5's names.
REGRESSED, OF_MASKS = "bb", "mask-bb"
NMS_BOXES = (REGRESSED, OF_MASKS)
# No IoU is greater: box NMS that suppresses nothing.
_NEVER = 2.0
# A mask belongs to its pixels from this probability on, as where detectron2 pastes masks.
_THRESHOLD = 0.5
# Pixels pasted at once: images of 800 x 1333 take a hundred masks.
_PIXELS_AT_ONCE = 100 * 800 * 1333


def by_masks(nms_boxes: str, mask_on: bool) -> bool:
    """Whether TEST.NMS_BOXES asks for the boxes of masks.

    Raises:
        ValueError: another value, or masks that are off (MODEL.MASK_ON) though they are asked for.
    """
    if nms_boxes not in NMS_BOXES:
        raise ValueError(f"TEST.NMS_BOXES={nms_boxes!r}: choose from {', '.join(NMS_BOXES)}")
    if nms_boxes == OF_MASKS and not mask_on:
        raise ValueError(f"TEST.NMS_BOXES={OF_MASKS!r} with MODEL.MASK_ON=False: there are no masks to take boxes of")
    return nms_boxes == OF_MASKS


@dataclass(frozen=True)
class MaskBoxNMS:
    """Suppression by the tight boxes of masks, in place of detectron2's by regressed boxes.

    Attributes:
        threshold: IoU of tight boxes above which the lower of two detections of a class is dropped.
        topk: Most detections an image; negative for all.
    """

    threshold: float
    topk: int

    def __call__(self, detections: Instances) -> Instances:
        """Suppress detections of an image.

        Args:
            detections: Best first, with `scores`, `pred_classes`, `pred_boxes` (R, 4) as regressed, and `pred_masks`
                (R, 1, M, M), probabilities in those boxes, or `PlacedMasks` with boxes of their own.

        Returns:
            Those that are kept, best first. Their `pred_boxes` are the tight boxes of their masks in the network's
            input, their `pred_masks` `PlacedMasks`. Detections without a pixel have no box, and are dropped.
        """
        masks = detections.pred_masks
        if not isinstance(masks, PlacedMasks):
            masks = PlacedMasks(masks[:, 0], detections.pred_boxes, detections.image_size)
        boxes = masks.tight_boxes()
        (found,) = (boxes[:, 2] > boxes[:, 0]).nonzero(as_tuple=True)
        kept = batched_nms(boxes[found], detections.scores[found], detections.pred_classes[found], self.threshold)
        keep = found[kept if self.topk < 0 else kept[: self.topk]]
        result = detections[keep]
        result.pred_boxes = Boxes(boxes[keep])
        result.pred_masks = masks[keep]
        return result


class PlacedMasks(ROIMasks):
    """ROIMasks that know the boxes that they were predicted in, since those of their detections are others.

    detectron2 pastes ROIMasks into the boxes of their detections. These go where they were predicted.

    Args:
        tensor: (R, M, M) probabilities.
        boxes: Boxes of the masks, in pixels of the network's input.
        image_size: (H, W) of that.
    """

    def __init__(self, tensor: torch.Tensor, boxes: Boxes, image_size: tuple[int, int]) -> None:
        super().__init__(tensor)
        self.boxes, self.image_size = boxes, image_size

    def to(self, device: torch.device | str) -> PlacedMasks:
        """The masks and their boxes on another device."""
        return PlacedMasks(self.tensor.to(device), self.boxes.to(device), self.image_size)

    def __getitem__(self, item: int | slice | torch.Tensor) -> PlacedMasks:
        """Select masks; always gives `PlacedMasks`."""
        chosen = slice(item, item + 1 or None) if isinstance(item, int) else item
        return PlacedMasks(self.tensor[chosen], self.boxes[chosen], self.image_size)

    def to_bitmasks(self, boxes: Any, height: int, width: int, threshold: float = _THRESHOLD) -> BitMasks:
        """Paste the masks into an image of another size.

        Args:
            boxes: Of the detections; not used.
            height: Rows of the image.
            width: Columns of the image.
            threshold: Pixels of at least this probability are foreground.
        """
        placed = self.boxes.clone()
        placed.scale(width / self.image_size[1], height / self.image_size[0])
        return super().to_bitmasks(placed, height, width, threshold)

    def tight_boxes(self) -> torch.Tensor:
        """(R, 4) XYXY, the tight boxes of the masks pasted into the network's input; all 0 without a pixel.

        Some masks at a time, so that memory does not grow with R.
        """
        at_once = max(1, _PIXELS_AT_ONCE // (self.image_size[0] * self.image_size[1]))
        chunks = zip(self.tensor.split(at_once), self.boxes.tensor.split(at_once), strict=True)
        found = [tight_boxes(paste_masks_in_image(m, Boxes(b), self.image_size, _THRESHOLD)) for m, b in chunks]
        return torch.cat(found).to(self.tensor.device)


class MaskBoxNMSHeads(ROIHeads):
    """RoI heads that suppress by what TEST.NMS_BOXES names; all arguments but `mask_box_nms` are the next class's.

    Args:
        mask_box_nms: Suppression by masks, after masks are predicted; None for detectron2's, before.
    """

    @configurable
    def __init__(self, *args: Any, mask_box_nms: MaskBoxNMS | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask_box_nms = mask_box_nms

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Under TEST.NMS_BOXES "mask-bb" let the next class's box branch suppress nothing.

        Raises:
            ValueError: another TEST.NMS_BOXES, masks that are off, or no candidates.
        """
        ret = super().from_config(cfg, input_shape)
        if not by_masks(cfg.TEST.NMS_BOXES, cfg.MODEL.MASK_ON):
            return ret
        if cfg.TEST.NMS_CANDIDATES < 1:
            raise ValueError(f"TEST.NMS_CANDIDATES={cfg.TEST.NMS_CANDIDATES}: must be at least 1")
        predictor = ret["box_predictor"]
        ret["mask_box_nms"] = MaskBoxNMS(predictor.test_nms_thresh, predictor.test_topk_per_image)
        predictor.test_nms_thresh, predictor.test_topk_per_image = _NEVER, cfg.TEST.NMS_CANDIDATES
        return ret

    def forward(
        self,
        images: ImageList,
        features: dict[str, torch.Tensor],
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, torch.Tensor]]:
        """As detectron2's; detections, whose masks are there now, are suppressed by them where that is asked for."""
        results, losses = super().forward(images, features, proposals, targets)
        if not self.training and self.mask_box_nms is not None:
            results = [self.mask_box_nms(detections) for detections in results]
        return results, losses
