"""Axis-aligned boxes: XYXY, absolute continuous pixels, width = x2 - x1."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, unique
from typing import Any

import numpy as np
import torch
from torch import Tensor


@unique
class BoxMode(IntEnum):
    """How four numbers describe a box; `bbox_mode` in dataset dicts. The values may be written to files."""

    XYXY_ABS = 0
    XYWH_ABS = 1
    XYXY_REL = 2  # relative to the image size; not supported, nor is XYWH_REL
    XYWH_REL = 3
    XYWHA_ABS = 4  # rotated; only in detectron2 itself

    @staticmethod
    def convert(box: Any, from_mode: BoxMode, to_mode: BoxMode) -> Any:
        """Convert between XYXY_ABS and XYWH_ABS.

        Args:
            box: A list or tuple of 4 numbers, or an array or tensor of shape (4,) or (N, 4).
            from_mode: Mode of `box`.
            to_mode: Mode of the result.

        Returns:
            The box or boxes in the type and shape of `box`; `box` itself if the modes are equal.

        Raises:
            ValueError: another number of coordinates than 4.
            NotImplementedError: another mode.
        """
        if from_mode == to_mode:
            return box
        for mode in (from_mode, to_mode):
            if mode not in (BoxMode.XYXY_ABS, BoxMode.XYWH_ABS):
                cure = "use XYXY_ABS or XYWH_ABS, or install detectron2"
                raise NotImplementedError(f"bbox_mode {BoxMode(mode).name}: {cure}")
        is_sequence = isinstance(box, (list, tuple))
        coords = np.array(box) if is_sequence else box
        if coords.shape[-1:] != (4,):
            raise ValueError(f"box {box!r}: need 4 coordinates")
        out = coords.clone() if isinstance(coords, Tensor) else coords.copy()
        if to_mode == BoxMode.XYWH_ABS:
            out[..., 2:] -= out[..., :2]
        else:
            out[..., 2:] += out[..., :2]
        return type(box)(out.tolist()) if is_sequence else out


class Boxes:
    """N boxes; indexing selects boxes.

    Args:
        tensor: XYXY, shape (N, 4), or anything empty; lists and arrays are converted.

    Attributes:
        tensor: Float32, shape (N, 4).

    Raises:
        ValueError: another shape.
    """

    def __init__(self, tensor: Tensor) -> None:
        tensor = torch.as_tensor(tensor).to(torch.float32)
        if tensor.numel() == 0:
            tensor = tensor.reshape(-1, 4)
        if tensor.dim() != 2 or tensor.size(1) != 4:
            raise ValueError(f"boxes of shape {tuple(tensor.shape)}: need (N, 4)")
        self.tensor = tensor

    def clone(self) -> Boxes:
        """A copy with its own memory."""
        return Boxes(self.tensor.clone())

    def to(self, device: torch.device | str) -> Boxes:
        """The boxes on another device."""
        return Boxes(self.tensor.to(device=device))

    def area(self) -> Tensor:
        """Area of each box in pixels, shape (N,)."""
        return (self.tensor[:, 2:] - self.tensor[:, :2]).prod(dim=1)

    def clip(self, box_size: tuple[int, int]) -> None:
        """Limit the coordinates, in place, to x in [0, width] and y in [0, height].

        Args:
            box_size: (height, width).

        Raises:
            ValueError: a coordinate is infinite or not a number.
        """
        if not torch.isfinite(self.tensor).all():
            raise ValueError("cannot clip boxes with infinite or NaN coordinates")
        height, width = box_size
        x1, y1, x2, y2 = self.tensor.unbind(dim=1)
        self.tensor = torch.stack(
            [x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], dim=1
        )

    def nonempty(self, threshold: float = 0.0) -> Tensor:
        """Whether both sides are longer than `threshold`, bool, shape (N,)."""
        return ((self.tensor[:, 2:] - self.tensor[:, :2]) > threshold).all(dim=1)

    def inside_box(self, box_size: tuple[int, int], boundary_threshold: int = 0) -> Tensor:
        """Whether each box lies in an image, or leaves it by less than `boundary_threshold` on every side.

        Args:
            box_size: (height, width).
            boundary_threshold: Pixels.

        Returns:
            Bool, shape (N,).
        """
        height, width = box_size
        x1, y1, x2, y2 = self.tensor.unbind(dim=1)
        top_left = (x1 >= -boundary_threshold) & (y1 >= -boundary_threshold)
        return top_left & (x2 < width + boundary_threshold) & (y2 < height + boundary_threshold)

    def scale(self, scale_x: float, scale_y: float) -> None:
        """Multiply the coordinates, in place.

        Args:
            scale_x: Factor of x1 and x2.
            scale_y: Factor of y1 and y2.
        """
        self.tensor[:, 0::2] *= scale_x
        self.tensor[:, 1::2] *= scale_y

    @classmethod
    def cat(cls, boxes_list: list[Boxes]) -> Boxes:
        """All boxes of the list; the result never shares memory with them."""
        if not boxes_list:
            return cls(torch.empty(0))
        return cls(torch.cat([boxes.tensor for boxes in boxes_list], dim=0))

    @property
    def device(self) -> torch.device:
        """Where the coordinates are."""
        return self.tensor.device

    def __getitem__(self, item: int | slice | Tensor) -> Boxes:
        """Select boxes by an integer, a slice, or a tensor of indices or bools; always gives `Boxes`."""
        if isinstance(item, int):
            return Boxes(self.tensor[item].view(1, 4))
        return Boxes(self.tensor[item])

    def __len__(self) -> int:
        return self.tensor.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        """One box at a time, as a tensor of shape (4,)."""
        yield from self.tensor

    def __repr__(self) -> str:
        return f"Boxes({self.tensor})"


def pairwise_intersection(boxes1: Boxes, boxes2: Boxes) -> Tensor:
    """Area that each box of one set shares with each of another.

    Args:
        boxes1: N boxes.
        boxes2: M boxes.

    Returns:
        In pixels, shape (N, M).
    """
    first, second = boxes1.tensor[:, None], boxes2.tensor[None]
    sides = torch.min(first[..., 2:], second[..., 2:]) - torch.max(first[..., :2], second[..., :2])
    return sides.clamp(min=0).prod(dim=2)


def pairwise_iou(boxes1: Boxes, boxes2: Boxes) -> Tensor:
    """Intersection over union of each box of one set with each of another.

    Args:
        boxes1: N boxes.
        boxes2: M boxes.

    Returns:
        In [0, 1], shape (N, M).
    """
    shared = pairwise_intersection(boxes1, boxes2)
    union = boxes1.area()[:, None] + boxes2.area()[None] - shared
    # Boxes without area have a union of 0; they overlap nothing.
    return torch.where(shared > 0, shared / union, torch.zeros_like(shared))
