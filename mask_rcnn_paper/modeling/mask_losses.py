"""Mask losses, as pure functions, and the registry of those that MODEL.ROI_MASK_HEAD.LOSS names.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "Mask Representation" and Section 4.2 "Multinomial vs. Independent
Masks" with Table 2b. Both losses are means over the pixels of the positive RoIs.

Shape shorthand: R RoIs, K classes, M mask side. Background is the last class, index K.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from detectron2.structures import Instances
from fvcore.common.registry import Registry
from torch.nn import functional as F

MASK_LOSS_REGISTRY = Registry("MASK_LOSS")
MASK_LOSS_REGISTRY.__doc__ = """
Registry of mask losses, which MODEL.ROI_MASK_HEAD.LOSS names.

The registered object will be called with `obj()` and must return a `MaskLoss`.
"""


@dataclass(frozen=True)
class MaskLoss:
    """A mask loss, and how masks that were trained with it are read.

    Attributes:
        loss: Called with logits (R, K, M, M), targets (R, M, M) bool, and classes (R,) long in [0, K) of the positive
            RoIs, R >= 1 (the head answers for R = 0); returns a scalar.
        probabilities: Called with such logits and classes, those that the box branch predicts, R >= 0; returns
            probabilities (R, M, M) of each RoI's mask.
        background: Whether logits have one more channel, for background: (R, K + 1, M, M). Without it they are
            (R, 1, M, M) under CLS_AGNOSTIC_MASK, which a loss with background cannot have.
    """

    loss: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    probabilities: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    background: bool = False


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
        Scalar. Zero logits give ln 2.
    """
    return F.binary_cross_entropy_with_logits(select_class(logits, classes), targets.to(logits.dtype))


def softmax_mask_loss(logits: torch.Tensor, targets: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Per-pixel multinomial cross-entropy over K classes and background: masks compete (Section 4.2, as in FCN).

    A pixel's label is the RoI's class inside its own ground-truth mask and background elsewhere, other instances
    included.

    Args:
        logits: (R, K + 1, M, M), background last.
        targets: (R, M, M) bool.
        classes: (R,) long in [0, K).

    Returns:
        Scalar. Uniform logits give ln (K + 1).

    Differs from the paper: it does not state the number of channels; K + 1 is what FCN uses.
    """
    background = logits.shape[1] - 1
    labels = torch.where(targets, classes[:, None, None], background)
    return F.cross_entropy(logits, labels)


def sigmoid_mask_probabilities(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """(R, M, M) probabilities of the mask of each RoI's predicted class, from (R, K or 1, M, M) logits."""
    return select_class(logits, classes).sigmoid()


def softmax_mask_probabilities(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """(R, M, M) probabilities of each RoI's predicted class among K classes and background.

    Args:
        logits: (R, K + 1, M, M).
        classes: (R,) long in [0, K), what the box branch predicts.
    """
    return select_class(logits.softmax(dim=1), classes)


def select_class(maps: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The channel of each RoI's class.

    Args:
        maps: (R, K or more, M, M), or (R, 1, M, M) for class-agnostic masks, which every class has.
        classes: (R,) long.

    Returns:
        (R, M, M).
    """
    if maps.shape[1] == 1:
        return maps[:, 0]
    return maps[torch.arange(len(maps), device=maps.device), classes]


@MASK_LOSS_REGISTRY.register()
def sigmoid() -> MaskLoss:
    """K independent binary masks, the paper's choice."""
    return MaskLoss(sigmoid_mask_loss, sigmoid_mask_probabilities)


@MASK_LOSS_REGISTRY.register()
def softmax() -> MaskLoss:
    """One multinomial over K classes and background."""
    return MaskLoss(softmax_mask_loss, softmax_mask_probabilities, background=True)
