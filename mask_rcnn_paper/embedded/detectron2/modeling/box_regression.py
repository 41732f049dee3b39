"""Box deltas and their loss. Paper: Rich Feature Hierarchies (arXiv:1311.2524), Appendix C."""

import math
from collections.abc import Sequence

import torch
from detectron2.layers import cat
from detectron2.structures import Boxes
from fvcore.nn import smooth_l1_loss
from torch import Tensor


class Box2BoxTransform:
    """Deltas (dx, dy, dw, dh) between boxes: shifts in box sizes and logarithms of scales, times weights.

    Args:
        weights: Factors of dx, dy, dw and dh.
        scale_clamp: Largest dw and dh (after division by their weights) that is applied.
    """

    def __init__(self, weights: tuple[float, float, float, float], scale_clamp: float = math.log(1000.0 / 16)) -> None:
        self.weights = tuple(weights)
        self.scale_clamp = scale_clamp

    def get_deltas(self, src_boxes: Tensor, target_boxes: Tensor) -> Tensor:
        """Deltas that take one set of boxes to another.

        Args:
            src_boxes: XYXY, shape (N, 4).
            target_boxes: XYXY, shape (N, 4).

        Returns:
            Shape (N, 4), times the weights.

        Raises:
            ValueError: a source box has no width or no height.
        """
        size, centre = _size_and_centre(src_boxes)
        if not bool((size > 0).all()):
            raise ValueError("box deltas need source boxes of positive width and height: remove empty boxes before")
        target_size, target_centre = _size_and_centre(target_boxes)
        deltas = torch.cat(((target_centre - centre) / size, torch.log(target_size / size)), dim=-1)
        return deltas * deltas.new_tensor(self.weights)

    def apply_deltas(self, deltas: Tensor, boxes: Tensor) -> Tensor:
        """Boxes that deltas make of other boxes.

        Args:
            deltas: Shape (N, k * 4), k for each box.
            boxes: XYXY, shape (N, 4).

        Returns:
            XYXY, shape (N, k * 4), float32 at least.
        """
        deltas = deltas.float() if deltas.dtype in (torch.float16, torch.bfloat16) else deltas
        size, centre = _size_and_centre(boxes.to(deltas.dtype).unsqueeze(1))
        d = deltas.unflatten(1, (-1, 4)) / deltas.new_tensor(self.weights)
        new_centre = d[..., :2] * size + centre
        half = 0.5 * size * torch.exp(d[..., 2:].clamp(max=self.scale_clamp))
        return torch.cat((new_centre - half, new_centre + half), dim=-1).reshape(deltas.shape)


def _size_and_centre(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = boxes[..., 2:] - boxes[..., :2]
    return size, boxes[..., :2] + 0.5 * size


def dense_box_regression_loss(
    anchors: Sequence[Boxes],
    box2box_transform: Box2BoxTransform,
    pred_anchor_deltas: Sequence[Tensor],
    gt_boxes: Sequence[Tensor],
    fg_mask: Tensor,
    smooth_l1_beta: float = 0.0,
) -> Tensor:
    """Smooth L1 loss of the deltas of positive anchors, summed over them.

    Args:
        anchors: The anchors of each level, R over all levels.
        box2box_transform: Makes the deltas' targets.
        pred_anchor_deltas: (N, R_level, 4) for each level.
        gt_boxes: (R, 4) for each of N images, the box matched to each anchor.
        fg_mask: (N, R), true for positive anchors.
        smooth_l1_beta: Where the loss turns from L2 to L1; 0 is L1.
    """
    source = Boxes.cat(list(anchors)).tensor.expand(len(gt_boxes), -1, -1)[fg_mask]
    target = box2box_transform.get_deltas(source, torch.stack(list(gt_boxes))[fg_mask])
    return smooth_l1_loss(cat(list(pred_anchor_deltas), dim=1)[fg_mask], target, smooth_l1_beta, reduction="sum")
