"""TensorMask's losses, as sums over windows.

Paper: TensorMask (Chen et al., ICCV 2019), Section 6.1; the weights in it are the config's MODEL.TENSOR_MASK. Each is
divided by the number of positive windows of a batch.

Shape shorthand: W windows, P positive ones, K classes, (V, U) mask.
"""

import torch
from fvcore.nn import sigmoid_focal_loss_star
from torch.nn import functional as F


def class_loss(logits: torch.Tensor, classes: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """FL*, the variant of the focal loss in the appendix of RetinaNet (arXiv:1708.02002).

    Args:
        logits: (W, K).
        classes: (W,) long, -1 for background.
        alpha: Weight of positives; 1 minus it is that of negatives.
        gamma: Steepness.
    """
    wanted = classes[:, None] == torch.arange(logits.shape[1], device=classes.device)
    return sigmoid_focal_loss_star(logits, wanted.to(logits.dtype), alpha, gamma, reduction="sum")


def box_loss(deltas: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """L1 of the deltas (P, 4) of positive windows."""
    return F.l1_loss(deltas, targets, reduction="sum")


def mask_loss(logits: torch.Tensor, targets: torch.Tensor, positive_weight: float) -> torch.Tensor:
    """Binary cross-entropy of each mask, as a mean over its pixels, so that large windows weigh no more.

    Args:
        logits: (P, V, U).
        targets: (P, V, U) bool, the object in each window.
        positive_weight: Factor of the pixels of objects.
    """
    weight = logits.new_tensor(positive_weight)
    return F.binary_cross_entropy_with_logits(
        logits, targets.to(logits.dtype), pos_weight=weight, reduction="sum"
    ) / max(1, targets.shape[1] * targets.shape[2])
