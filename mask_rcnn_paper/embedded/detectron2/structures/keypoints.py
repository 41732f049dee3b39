"""Keypoints, and their coding as the cells of a heat map (Mask R-CNN, Sec. 5).

Shape shorthand: N instances, K keypoints, heat maps of side S.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


class Keypoints:
    """K keypoints of N instances; indexing selects instances.

    Args:
        keypoints: Tensor, array or nested list of shape (N, K, 3).

    Attributes:
        tensor: X, y in continuous pixels and visibility (0 unlabelled, 1 hidden, 2 visible), shape (N, K, 3).

    Raises:
        ValueError: another shape.
    """

    def __init__(self, keypoints: Any) -> None:
        tensor = torch.as_tensor(keypoints, dtype=torch.float32)
        if tensor.dim() != 3 or tensor.shape[2] != 3:
            raise ValueError(f"keypoints of shape {tuple(tensor.shape)}: need (N, K, 3)")
        self.tensor = tensor

    def __len__(self) -> int:
        return self.tensor.size(0)

    def to(self, *args: Any, **kwargs: Any) -> Keypoints:
        """The keypoints on another device."""
        return Keypoints(self.tensor.to(*args, **kwargs))

    @property
    def device(self) -> torch.device:
        """Where the keypoints are."""
        return self.tensor.device

    def to_heatmap(self, boxes: Tensor, heatmap_size: int) -> tuple[Tensor, Tensor]:
        """Training targets: which cell of an S x S grid laid over its box each keypoint is in.

        Args:
            boxes: XYXY, one per instance, shape (N, 4).
            heatmap_size: S.

        Returns:
            Cell index y * S + x, int64, shape (N, K), 0 where not valid; and whether the keypoint is labelled
            and inside its box, int64 0 or 1, shape (N, K).
        """
        size = heatmap_size
        x, y, visibility = self.tensor.unbind(dim=2)
        columns = _cells(x, boxes[:, 0], boxes[:, 2], size)
        rows = _cells(y, boxes[:, 1], boxes[:, 3], size)
        inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
        valid = (inside & (visibility > 0)).long()
        return (rows * size + columns) * valid, valid

    def __getitem__(self, item: int | slice | Tensor) -> Keypoints:
        """Select by an integer, a slice, or a tensor of indices or bools; always gives `Keypoints`."""
        return Keypoints(self.tensor[[item]] if isinstance(item, int) else self.tensor[item])

    def __iter__(self) -> Iterator[Tensor]:
        """One instance at a time, as a tensor of shape (K, 3)."""
        yield from self.tensor

    def __repr__(self) -> str:
        return f"Keypoints(num_instances={len(self)}, num_keypoints={self.tensor.shape[1]})"

    @staticmethod
    def cat(keypoints_list: list[Keypoints]) -> Keypoints:
        """All instances of a list that is not empty."""
        return Keypoints(torch.cat([keypoints.tensor for keypoints in keypoints_list], dim=0))


def _cells(coords: Tensor, low: Tensor, high: Tensor, size: int) -> Tensor:
    """Cell along one axis of coordinates (N, K); the far edge of the box (N,) belongs to the last cell."""
    low, high = low[:, None], high[:, None]
    cells = ((coords - low) * (size / (high - low))).floor().long()
    return torch.where(coords == high, torch.full_like(cells, size - 1), cells)


@torch.no_grad()
def heatmaps_to_keypoints(maps: Tensor, rois: Tensor) -> Tensor:
    """Place each keypoint at the highest logit after resizing its heat map to its box.

    Args:
        maps: Logits, shape (N, K, S, S).
        rois: XYXY in pixels, shape (N, 4); sides below one pixel count as one.

    Returns:
        X, y, logit and score of each keypoint, shape (N, K, 4). x and y are the centre of the best pixel. The
        score is the softmax of the resized map at that pixel, but normalised by the sum over the S x S cells,
        so that the size of the box does not matter.
    """
    keypoints = maps.new_zeros(*maps.shape[:2], 4)
    sides = (rois[:, 2:] - rois[:, :2]).clamp(min=1)
    pixels = sides.ceil().long().tolist()
    # Boxes differ in size, so they are resized one by one, bicubically as in detectron2.
    for i, (width, height) in enumerate(pixels):
        resized = F.interpolate(maps[i : i + 1], size=(height, width), mode="bicubic", align_corners=False)[0]
        best, position = resized.flatten(1).max(dim=1)
        normaliser = (maps[i] - best[:, None, None]).exp().sum(dim=(1, 2))
        scale_x, scale_y = sides[i, 0] / width, sides[i, 1] / height
        keypoints[i, :, 0] = rois[i, 0] + (position % width + 0.5) * scale_x
        keypoints[i, :, 1] = rois[i, 1] + (position // width + 0.5) * scale_y
        keypoints[i, :, 2] = best
        keypoints[i, :, 3] = normaliser.reciprocal()
    return keypoints
