"""Non-maximum suppression."""

from __future__ import annotations

from torch import Tensor
from torchvision import ops


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression within each group: boxes of different groups never suppress each other.

    Args:
        boxes: XYXY, shape (N, 4).
        scores: Shape (N,).
        idxs: Group of each box, e.g. its class or feature level, shape (N,).
        iou_threshold: A box is dropped if its IoU with a better one of its group is greater.

    Returns:
        Indices of the kept boxes by decreasing score, int64.
    """
    # Half precision rounds coordinates above 2048 to even numbers, which changes the IoU of small boxes.
    return ops.batched_nms(boxes.float(), scores, idxs, iou_threshold)
