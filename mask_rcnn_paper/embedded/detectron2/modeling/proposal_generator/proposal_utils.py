"""Turns the RPN's predictions into proposals, and adds the ground truth to them."""

import math

import torch
from detectron2.layers import batched_nms, cat
from detectron2.structures import Boxes, Instances
from torch import Tensor


def find_top_rpn_proposals(
    proposals: list[Tensor],
    pred_objectness_logits: list[Tensor],
    image_sizes: list[tuple[int, int]],
    nms_thresh: float,
    pre_nms_topk: int,
    post_nms_topk: int,
    min_box_size: float,
    training: bool,
) -> list[Instances]:
    """Choose the best boxes of each image: top k of each level, clip, drop small ones, NMS a level, top k.

    Args:
        proposals: L tensors (N, R_level, 4) of boxes.
        pred_objectness_logits: L tensors (N, R_level).
        image_sizes: Height and width of each of N images.
        nms_thresh: IoU above which the lower of two boxes of one level is dropped.
        pre_nms_topk: Boxes kept of each level before NMS.
        post_nms_topk: Boxes kept of all levels after NMS.
        min_box_size: Boxes with a side of at most this many pixels are dropped.
        training: Whether a non-finite prediction is an error; otherwise it is dropped.

    Returns:
        One Instances an image with `proposal_boxes` and `objectness_logits`, best first.

    Raises:
        FloatingPointError: predictions are not finite in training.
    """
    top_boxes, top_logits, levels = [], [], []
    for level, (boxes, logits) in enumerate(zip(proposals, pred_objectness_logits, strict=True)):
        logits, index = logits.topk(min(pre_nms_topk, logits.shape[1]), dim=1)
        top_boxes.append(boxes.gather(1, index.unsqueeze(2).expand(-1, -1, 4)))
        top_logits.append(logits)
        levels.append(torch.full((logits.shape[1],), level, dtype=torch.int64, device=logits.device))
    boxes, logits, levels = cat(top_boxes, dim=1), cat(top_logits, dim=1), cat(levels, dim=0)
    finite = torch.isfinite(boxes).all(dim=2) & torch.isfinite(logits)
    if training and not bool(finite.all()):
        raise FloatingPointError("the RPN predicts inf or NaN: training has diverged; lower SOLVER.BASE_LR")
    return [
        _suppress(b[f], s[f], levels[f], size, nms_thresh, post_nms_topk, min_box_size)
        for b, s, f, size in zip(boxes, logits, finite, image_sizes, strict=True)
    ]


def _suppress(
    boxes: Tensor,
    logits: Tensor,
    levels: Tensor,
    image_size: tuple[int, int],
    nms_thresh: float,
    topk: int,
    min_box_size: float,
) -> Instances:
    """Clip, filter and suppress the boxes of one image."""
    clipped = Boxes(boxes)
    clipped.clip(image_size)
    large = clipped.nonempty(threshold=min_box_size)
    clipped, logits, levels = clipped[large], logits[large], levels[large]
    keep = batched_nms(clipped.tensor, logits, levels, nms_thresh)[:topk]
    return Instances(image_size, proposal_boxes=clipped[keep], objectness_logits=logits[keep])


def add_ground_truth_to_proposals(gt: list[Instances] | list[Boxes], proposals: list[Instances]) -> list[Instances]:
    """Append each image's ground-truth boxes to its proposals, with the logit of an objectness near 1.

    Args:
        gt: Ground truth of each image: Instances with `gt_boxes`, or Boxes.
        proposals: Instances of each image with `proposal_boxes` and `objectness_logits`.

    Raises:
        ValueError: the numbers of images differ, or the proposals have a field that the ground truth lacks.
    """
    if len(gt) != len(proposals):
        raise ValueError(f"ground truth of {len(gt)} images and proposals of {len(proposals)}: they must be as many")
    return [_append(g, p) for g, p in zip(gt, proposals, strict=True)]


def _append(gt: Instances | Boxes, proposals: Instances) -> Instances:
    boxes = gt if isinstance(gt, Boxes) else gt.gt_boxes
    known = {} if isinstance(gt, Boxes) else gt.get_fields()
    logits = proposals.objectness_logits.new_full((len(boxes),), math.log((1.0 - 1e-10) / 1e-10))
    known = {**known, "proposal_boxes": Boxes(boxes.tensor), "objectness_logits": logits}
    missing = [name for name in proposals.get_fields() if name not in known]
    if missing:
        raise ValueError(f"proposals have fields {missing} that the ground truth lacks: drop or add them")
    added = Instances(proposals.image_size, **{name: known[name] for name in proposals.get_fields()})
    return Instances.cat([proposals, added])
