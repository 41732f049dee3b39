"""The two mask losses that Table 2b compares, as pure functions.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "Mask Representation" and Section 4.2 "Multinomial vs. Independent
Masks". Both are means over the pixels of the positive RoIs.

Shape shorthand: R positive RoIs, K classes, M mask side. Background is the last class, index K.
"""

import torch
from detectron2.structures import Instances
from torch.nn import functional as F


def mask_targets(proposals: list[Instances], side: int) -> torch.Tensor:
    """Ground-truth mask of each RoI, cut to the true (unrounded) RoI and resampled: Section 3.1, "the intersection
    between an RoI and its associated ground-truth mask".

    Args:
        proposals: Foreground proposals with `gt_masks` and `proposal_boxes`, one Instances per image.
        side: M.

    Returns:
        (R, M, M) bool, R counted over all images.
    """
    crops = [p.gt_masks.crop_and_resize(p.proposal_boxes.tensor, side) for p in proposals if len(p) > 0]
    return torch.cat(crops) if crops else torch.zeros((0, side, side), dtype=torch.bool)


def sigmoid_mask_loss(logits: torch.Tensor, targets: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Average binary cross-entropy on the mask of the true class only: masks do not compete (Section 3).

    Args:
        logits: (R, K, M, M), or (R, 1, M, M) for class-agnostic masks.
        targets: (R, M, M) bool.
        classes: (R,) long in [0, K).

    Returns:
        Scalar; 0, attached to `logits`, where R = 0. Zero logits give ln 2.
    """
    if len(logits) == 0:
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(_channel_of(logits, classes), targets.to(logits.dtype))


def softmax_mask_loss(logits: torch.Tensor, targets: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Per-pixel multinomial cross-entropy over K classes and background: masks compete (Section 4.2, as in FCN).

    A pixel's label is the RoI's class inside its own ground-truth mask and background elsewhere, other instances
    included.

    Args:
        logits: (R, K + 1, M, M), background last.
        targets: (R, M, M) bool.
        classes: (R,) long in [0, K).

    Returns:
        Scalar; 0, attached to `logits`, where R = 0. Uniform logits give ln (K + 1).

    Differs from the paper: it does not state the number of channels; K + 1 is what FCN uses.
    """
    if len(logits) == 0:
        return logits.sum() * 0
    background = logits.shape[1] - 1
    labels = torch.where(targets, classes[:, None, None], background)
    return F.cross_entropy(logits, labels)


def sigmoid_mask_probabilities(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """(R, M, M) probabilities of the mask of each RoI's predicted class, from (R, K or 1, M, M) logits."""
    return _channel_of(logits, classes).sigmoid()


def softmax_mask_probabilities(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """(R, M, M) probabilities of each RoI's predicted class among K classes and background.

    Args:
        logits: (R, K + 1, M, M).
        classes: (R,) long in [0, K), what the box branch predicts.
    """
    return _channel_of(logits.softmax(dim=1), classes)


def _channel_of(maps: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    if maps.shape[1] == 1:
        return maps[:, 0]
    return maps[torch.arange(len(maps), device=maps.device), classes]
