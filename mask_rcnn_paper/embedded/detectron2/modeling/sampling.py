"""Draws a minibatch of positive and negative examples."""

import torch
from detectron2.layers import nonzero_tuple
from torch import Tensor


def subsample_labels(
    labels: Tensor, num_samples: int, positive_fraction: float, bg_label: int
) -> tuple[Tensor, Tensor]:
    """Draw at most `num_samples` examples without replacement.

    Positives fill at most the given fraction; negatives fill what positives leave.

    Args:
        labels: (L,) integers: -1 ignored, `bg_label` negative, all others positive.
        num_samples: How many to draw.
        positive_fraction: The largest fraction of positives, in [0, 1].
        bg_label: The label of negatives.

    Returns:
        Indices of the drawn positives and of the drawn negatives, in random order; fewer than
        `num_samples` together where there are not enough.
    """
    positive = nonzero_tuple((labels != -1) & (labels != bg_label))[0]
    negative = nonzero_tuple(labels == bg_label)[0]
    num_positive = min(positive.numel(), int(num_samples * positive_fraction))
    num_negative = min(negative.numel(), num_samples - num_positive)
    chosen_positive = torch.randperm(positive.numel(), device=labels.device)[:num_positive]
    chosen_negative = torch.randperm(negative.numel(), device=labels.device)[:num_negative]
    return positive[chosen_positive], negative[chosen_negative]
