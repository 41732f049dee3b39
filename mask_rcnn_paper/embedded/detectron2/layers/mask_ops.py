"""Pasting masks predicted for boxes into the image (Mask R-CNN, Sec. 3.1: resized and binarised at 0.5).

Shape shorthand: N masks of side M, an image of H x W pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

GPU_BYTES = 1 << 30
"""Float32 pixels that one chunk may take when whole images are sampled."""


def paste_masks_in_image(masks: Tensor, boxes: Any, image_shape: tuple[int, int], threshold: float = 0.5) -> Tensor:
    """Resample each mask bilinearly to its box and place it in an empty image.

    Mask cells and pixels have their values at their centres. Outside its grid of centres a mask fades to 0.

    Args:
        masks: Probabilities in [0, 1], shape (N, M, M).
        boxes: `Boxes`, or XYXY in pixels, shape (N, 4).
        image_shape: Height and width.
        threshold: Pixels of at least this value are foreground; negative keeps soft masks.

    Returns:
        Shape (N, H, W): bool, or uint8 with the probabilities times 255 if `threshold` is negative.

    Raises:
        ValueError: masks are not square, or not as many as boxes.
    """
    boxes = getattr(boxes, "tensor", boxes)
    if masks.dim() != 3 or masks.shape[1] != masks.shape[2] or len(boxes) != len(masks):
        shapes = f"masks {tuple(masks.shape)} with boxes {tuple(boxes.shape)}"
        raise ValueError(f"{shapes}: need (N, M, M) and (N, 4)")
    height, width = (int(side) for side in image_shape)
    dtype = torch.bool if threshold >= 0 else torch.uint8
    image_masks = torch.zeros(len(masks), height, width, dtype=dtype, device=masks.device)
    paste = _paste_one_by_one if masks.device.type == "cpu" else _paste_in_chunks
    if len(masks):
        paste(image_masks, masks.float(), boxes.to(masks.device).float(), threshold)
    return image_masks


def _paste_one_by_one(out: Tensor, masks: Tensor, boxes: Tensor, threshold: float) -> None:
    """Sample each mask where its box is only: least work and memory, many small kernels."""
    height, width = out.shape[1:]
    # Outside its box a mask is below half its border value: with a margin of one pixel 0.5 loses nothing.
    x0, y0 = ((boxes[:, i].floor() - 1).clamp(min=0).long().tolist() for i in (0, 1))
    ends = ((boxes[:, 2], width), (boxes[:, 3], height))
    x1, y1 = ((end.ceil() + 1).clamp(max=side).long().tolist() for end, side in ends)
    for i in range(len(masks)):
        if x0[i] < x1[i] and y0[i] < y1[i]:
            region = (y0[i], y1[i], x0[i], x1[i])
            soft = _sample(masks[i : i + 1], boxes[i : i + 1], region)
            out[i, y0[i] : y1[i], x0[i] : x1[i]] = _finish(soft[0], threshold)


def _paste_in_chunks(out: Tensor, masks: Tensor, boxes: Tensor, threshold: float) -> None:
    """Sample whole images, as many at once as fit `GPU_BYTES`: more work, few large kernels."""
    height, width = out.shape[1:]
    # The sampling grid has two floats for every pixel of the result.
    at_once = max(1, GPU_BYTES // (height * width * 4 * 3))
    for start in range(0, len(masks), at_once):
        chunk = slice(start, start + at_once)
        out[chunk] = _finish(_sample(masks[chunk], boxes[chunk], (0, height, 0, width)), threshold)


def _sample(masks: Tensor, boxes: Tensor, region: tuple[int, int, int, int]) -> Tensor:
    """Values of n masks at the pixel centres of rows [y0, y1), columns [x0, x1): shape (n, rows, columns)."""
    y0, y1, x0, x1 = region
    ys = _relative_centres(y0, y1, boxes[:, 1], boxes[:, 3])
    xs = _relative_centres(x0, x1, boxes[:, 0], boxes[:, 2])
    shape = (len(masks), y1 - y0, x1 - x0)
    grid = torch.stack([xs[:, None, :].expand(shape), ys[:, :, None].expand(shape)], dim=3)
    return F.grid_sample(masks[:, None], grid, align_corners=False)[:, 0]


def _relative_centres(start: int, end: int, low: Tensor, high: Tensor) -> Tensor:
    """Pixel centres of [start, end) on the scale where a box spans [-1, 1], shape (n, end - start)."""
    centres = torch.arange(start, end, device=low.device, dtype=torch.float32) + 0.5
    relative = (centres - low[:, None]) / (high - low)[:, None] * 2 - 1
    # A box without extent covers no pixel: any place outside the mask will do.
    return torch.where(relative.isfinite(), relative, torch.full_like(relative, 3.0))


def _finish(soft: Tensor, threshold: float) -> Tensor:
    return soft >= threshold if threshold >= 0 else (soft * 255).to(torch.uint8)
