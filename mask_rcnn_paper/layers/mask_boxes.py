"""Tight boxes of masks.

Shape shorthand: N masks, (H, W) pixels.
"""

import torch


def tight_boxes(masks: torch.Tensor) -> torch.Tensor:
    """The smallest box around the pixels of each mask.

    All masks at once, on any device; detectron2's `BitMasks.get_bounding_boxes` takes them one by one.

    Args:
        masks: (N, H, W) bool, or what is not 0 in masks of another type.

    Returns:
        (N, 4) float32 XYXY in pixels, from the outer edges of the first and last row and column that have any: a mask
        of one pixel has a box of one pixel. An empty mask has an empty box, all 0.
    """
    masks = masks.bool()
    (left, right), (top, bottom) = (_ends(masks.any(dim=axis)) for axis in (1, 2))
    return torch.stack([left, top, right, bottom], dim=1).float()


def _ends(present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each row of (N, L) bool the index of the first True, and that behind the last; 0 and 0 where there is none."""
    # Counted from 1 up for the last and from L down for the first, so that one maximum serves each, also of none.
    length = present.shape[1]
    rising = torch.arange(1, length + 1, device=present.device)
    first = length - (present * rising.flip(0)).amax(1)
    last = (present * rising).amax(1)
    return torch.where(last > 0, first, 0), last
