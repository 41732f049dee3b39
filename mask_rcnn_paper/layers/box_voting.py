"""Box voting: detections moved to the score-weighted mean of the candidates that they stand for.

Source: Gidaris and Komodakis (arXiv:1505.01749), Section 5, as the code of the paper's authors has it; part of
test-time augmentation (Mask R-CNN, arXiv:1703.06870, Appendix B).

Shape shorthand: D detections, C candidates. Boxes are XYXY in pixels.
"""

import torch
from torchvision.ops import box_iou


def box_voting(
    boxes: torch.Tensor,
    classes: torch.Tensor,
    candidates: torch.Tensor,
    candidate_scores: torch.Tensor,
    candidate_classes: torch.Tensor,
    min_iou: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Let the candidates of a detection's class vote for its place, with their scores as weights.

    Args:
        boxes: (D, 4), what NMS left.
        classes: (D,).
        candidates: (C, 4), what NMS chose from, the detections themselves included.
        candidate_scores: (C,), above 0.
        candidate_classes: (C,).
        min_iou: Candidates with at least this IoU vote, in (0, 1].

    Returns:
        (D, 4) voted boxes, and (D,) means of the voters' scores. A detection for which nobody votes keeps its box, and
        its mean is NaN.
    """
    voted, means = boxes.clone(), boxes.new_full((len(boxes),), float("nan"))
    for label in classes.unique().tolist():  # one class at a time: with many views all pairs are too many
        detected, voting = classes == label, candidate_classes == label
        votes = box_iou(boxes[detected], candidates[voting]) >= min_iou
        scores = candidate_scores[voting]
        weights = votes * scores
        total = weights.sum(dim=1, keepdim=True)
        places = weights @ candidates[voting] / total
        voted[detected] = torch.where(total > 0, places, boxes[detected])
        means[detected] = weights.sum(dim=1) / votes.sum(dim=1)
    return voted, means
