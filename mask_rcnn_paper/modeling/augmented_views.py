"""The views of an image that test-time augmentation looks at, and what is mapped between them.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B: "scales of [400, 1200] pixels with a step of 100 and on their
horizontal flips". Flips are horizontal alone: those of the paper.

Shape shorthand: R boxes, K classes, M side of a map. Sizes are (height, width) in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from detectron2.data import transforms as T
from detectron2.structures import Boxes, Instances

Size = tuple[int, int]


@dataclass(frozen=True)
class View:
    """An image resized to `size`, and mirrored if `flip`; `short_side` is what was asked for, before any limit."""

    size: Size
    short_side: int
    flip: bool

    def show(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) uint8 image as it is in this view, (C, *size)."""
        resize = T.ResizeTransform(*image.shape[1:], *self.size)
        seen = resize.apply_image(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
        seen = torch.as_tensor(seen.transpose(2, 0, 1).copy())
        return seen.flip(2) if self.flip else seen

    def boxes_from(self, boxes: torch.Tensor, size: Size) -> torch.Tensor:
        """(R, 4) XYXY boxes of the upright image at another size, in this view."""
        return self._mirrored(_scaled(boxes, size, self.size))

    def boxes_to(self, boxes: torch.Tensor, size: Size) -> torch.Tensor:
        """(R, 4 K) XYXY boxes of this view, cut at its border, in the upright image at another size."""
        height, width = self.size
        quads = boxes.unflatten(1, (-1, 4))
        inside = torch.stack([quads[..., i].clamp(0, (width, height)[i % 2]) for i in range(4)], dim=-1)
        return _scaled(self._mirrored(inside), self.size, size).flatten(1)

    def image_of(self, sample: dict[str, Any]) -> dict[str, Any]:
        """A model's input: the `image` of the sample, as it is in this view."""
        return {"image": self.show(sample["image"])}

    def input_of(self, sample: dict[str, Any]) -> dict[str, Any]:
        """As `image_of`, with the sample's stored `proposals`, if any; they may be of another size than its image."""
        if "proposals" not in sample:
            return self.image_of(sample)
        stored: Instances = sample["proposals"]
        boxes = Boxes(self.boxes_from(stored.proposal_boxes.tensor, stored.image_size))
        boxes.clip(self.size)
        proposals = Instances(self.size, **stored.get_fields() | {"proposal_boxes": boxes})
        return {**self.image_of(sample), "proposals": proposals}

    def detections_of(self, found: Instances) -> Instances:
        """Boxes, classes and scores of detections in the upright image at another size, in this view."""
        boxes = Boxes(self.boxes_from(found.pred_boxes.tensor, found.image_size))
        return Instances(self.size, pred_boxes=boxes, pred_classes=found.pred_classes, scores=found.scores)

    def maps_back(self, maps: torch.Tensor) -> torch.Tensor:
        """(R, K, M, M) maps in boxes of this view as they are in the upright image."""
        return maps.flip(3) if self.flip else maps

    def _mirrored(self, boxes: torch.Tensor) -> torch.Tensor:
        if not self.flip:
            return boxes
        x1, y1, x2, y2 = boxes.unbind(-1)
        return torch.stack([self.size[1] - x2, y1, self.size[1] - x1, y2], dim=-1)


def _scaled(boxes: torch.Tensor, before: Size, after: Size) -> torch.Tensor:
    x, y = after[1] / before[1], after[0] / before[0]
    return boxes * boxes.new_tensor([x, y, x, y])


def make_views(size: Size, sides: Sequence[tuple[int, int]], flip: bool) -> list[View]:
    """Views of an image: of each size one upright, and one mirrored if `flip`; the first is upright.

    Args:
        size: Of the image.
        sides: Short side, and limit of the long side, of each size in pixels.
    """
    views = []
    for short, long in sides:
        shown = T.ResizeShortestEdge.get_output_shape(*size, short, long)
        views += [View(shown, short, mirrored) for mirrored in ((False, True) if flip else (False,))]
    return views


def keypoint_weights(areas: torch.Tensor, sides: Sequence[int], plain_side: int, small_side: float) -> torch.Tensor:
    """Which views count for the keypoints of which box: small ones are not looked for where the image is reduced, large
    ones not where it is enlarged.

    Source: the code of the paper's authors; the paper says "the same test-time augmentation".

    Args:
        areas: (R,) of the boxes, in square pixels of the original image.
        sides: Short side of each of V views.
        plain_side: Short side in inference without augmentation.
        small_side: A box is small whose area is below this side's square; 0: every view counts for all.

    Returns:
        (R, V), 1 or 0. Where no view would count all do.
    """
    if small_side == 0:
        return areas.new_ones(len(areas), len(sides))
    short = torch.as_tensor(sides, device=areas.device)
    small = (areas < small_side**2)[:, None]
    counts = torch.where(small, short >= plain_side, short <= plain_side)
    return (counts | ~counts.any(dim=1, keepdim=True)).to(areas.dtype)
