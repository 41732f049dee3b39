"""Detections from the boxes and scores of several views: threshold, NMS, box voting.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B, which says that results are combined and not how: as the authors' code
does it.

Shape shorthand: R proposals, K classes, background last.
"""

from dataclasses import dataclass

import torch
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
from detectron2.structures import Boxes, Instances

from mask_rcnn_paper.layers.box_voting import box_voting

KEEP, AVERAGE = VOTED_SCORES = ("keep", "average")


@dataclass(frozen=True)
class Merging:
    """How boxes become detections.

    Attributes:
        score_threshold: Only higher scores are kept, in [0, 1].
        nms_threshold: IoU above which the lower of two boxes of a class is dropped.
        limit: Most detections of an image.
        vote_iou: Candidates of at least this IoU with a detection vote on its box, in (0, 1]; 0: there is no voting.
        vote_scores: "keep" the score of a detection, or "average" those of its voters.

    Raises:
        ValueError: `vote_iou` or `vote_scores` is out of these.
    """

    score_threshold: float
    nms_threshold: float
    limit: int
    vote_iou: float
    vote_scores: str

    def __post_init__(self) -> None:
        if not 0 <= self.vote_iou <= 1:
            raise ValueError(f"TEST.AUG.VOTE_IOU={self.vote_iou}: choose from 0 (no voting) to 1")
        if self.vote_scores not in VOTED_SCORES:
            raise ValueError(f"TEST.AUG.VOTE_SCORES={self.vote_scores!r}: choose from {', '.join(VOTED_SCORES)}")

    def detections(self, boxes: torch.Tensor, scores: torch.Tensor, size: tuple[int, int]) -> Instances:
        """Choose detections among the boxes of an image, before any threshold.

        Args:
            boxes: (R, 4 K), or (R, 4) for class-agnostic boxes.
            scores: (R, K + 1).
            size: Height and width of the image.

        Returns:
            `pred_boxes`, `scores`, `pred_classes`, best first. The limit comes before the voting, which is the same
            where scores are kept.
        """
        options = (self.score_threshold, self.nms_threshold, self.limit)
        (found,), _ = fast_rcnn_inference([boxes], [scores], [size], *options)
        if self.vote_iou == 0 or len(found) == 0:
            return found
        voters = _candidates(boxes, scores, size, self.score_threshold)
        voted, means = box_voting(found.pred_boxes.tensor, found.pred_classes, *voters, self.vote_iou)
        found.pred_boxes = Boxes(voted)
        if self.vote_scores == KEEP:
            return found
        found.scores = means.where(means.isfinite(), found.scores)
        return found[found.scores.argsort(descending=True, stable=True)]


def _candidates(
    boxes: torch.Tensor, scores: torch.Tensor, size: tuple[int, int], threshold: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What NMS chose from: (C, 4) boxes inside the image, (C,) scores, (C,) classes."""
    finite = boxes.isfinite().all(dim=1) & scores.isfinite().all(dim=1)
    rows, classes = ((scores[:, :-1] > threshold) & finite[:, None]).nonzero(as_tuple=True)
    of_class = boxes.unflatten(1, (-1, 4))
    candidates = Boxes(of_class[rows, classes if of_class.shape[1] > 1 else 0])
    candidates.clip(size)
    return candidates.tensor, scores[rows, classes], classes
