"""A mask loss of one's own, MODEL.ROI_MASK_HEAD.LOSS "dice": 1 - the Dice coefficient (V-Net, arXiv:1606.04797)."""

import torch

from mask_rcnn_paper.modeling import MASK_LOSS_REGISTRY, MaskLoss
from mask_rcnn_paper.modeling.mask_losses import select_class, sigmoid_mask_probabilities


def dice_mask_loss(logits: torch.Tensor, targets: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Mean over RoIs, for logits (R, K, M, M), targets (R, M, M) bool and classes (R,)."""
    inside = select_class(logits, classes).sigmoid().flatten(1)
    wanted = targets.to(inside.dtype).flatten(1)
    return (1 - (2 * (inside * wanted).sum(1) + 1) / (inside.sum(1) + wanted.sum(1) + 1)).mean()


@MASK_LOSS_REGISTRY.register()
def dice() -> MaskLoss:
    return MaskLoss(dice_mask_loss, sigmoid_mask_probabilities)
