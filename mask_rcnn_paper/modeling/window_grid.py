"""The windows of TensorMask's levels: where each is, and which value of which map predicts it.

Paper: TensorMask (Chen et al., ICCV 2019), Section 5.2: level k has windows of V x U steps of its own stride, in the
appendix's models of two sizes.

Shape shorthand: W windows of an image over all levels; ordered by level, row, column, size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from detectron2.structures import Boxes


@dataclass(frozen=True)
class WindowGrid:
    """Windows, one an entry of each tensor; selected together.

    Attributes:
        boxes: (W, 4) XYXY in pixels.
        level: (W,) long, 0 for the finest.
        y: (W,) long, row of the level's map.
        x: (W,) long, column.
        size: (W,) long, which of the window sizes of a level.
        image: (W,) long, which image of a batch.
    """

    boxes: torch.Tensor
    level: torch.Tensor
    y: torch.Tensor
    x: torch.Tensor
    size: torch.Tensor
    image: torch.Tensor

    @classmethod
    def of_maps(cls, boxes: Sequence[Boxes], maps: Sequence[torch.Tensor]) -> WindowGrid:
        """All windows of one image.

        Args:
            boxes: Of each level, by row, column, and size, as detectron2's anchor generators give them.
            maps: Feature maps (N, C, H, W) of the levels.
        """
        places = []
        for level, (windows, found) in enumerate(zip(boxes, maps, strict=True)):
            height, width = found.shape[-2:]
            numbers = height, width, len(windows) // (height * width)
            axes = (torch.arange(number, device=found.device) for number in numbers)
            y, x, size = (axis.flatten() for axis in torch.meshgrid(*axes, indexing="ij"))
            places.append((torch.full_like(y, level), y, x, size))
        level, y, x, size = (torch.cat(column) for column in zip(*places, strict=True))
        return cls(Boxes.cat(list(boxes)).tensor, level, y, x, size, torch.zeros_like(level))

    def __len__(self) -> int:
        return len(self.level)

    def __getitem__(self, item: torch.Tensor) -> WindowGrid:
        """Those that a tensor of indices or bools selects."""
        return WindowGrid(*(getattr(self, each.name)[item] for each in fields(self)))

    @classmethod
    def cat(cls, grids: Sequence[WindowGrid]) -> WindowGrid:
        """All windows of a list that is not empty."""
        return cls(*(torch.cat([getattr(grid, each.name) for grid in grids]) for each in fields(cls)))

    def of_images(self, image: torch.Tensor, window: torch.Tensor) -> WindowGrid:
        """Windows (R,) of images (R,) of a batch, both long."""
        chosen = self[window]
        return WindowGrid(chosen.boxes, chosen.level, chosen.y, chosen.x, chosen.size, image)


def window_sides(sizes: Sequence[Sequence[float]], strides: Sequence[int]) -> tuple[int, ...]:
    """V = U of each window size on the finest level, in its steps; coarser levels have as many of theirs.

    Args:
        sizes: Sides of the windows of each level in pixels, MODEL.ANCHOR_GENERATOR.SIZES.
        strides: Of the levels.

    Raises:
        ValueError: the levels do not have the same whole numbers of steps, or each stride is not twice the one before.
    """
    found = f"MODEL.ANCHOR_GENERATOR.SIZES={[list(level) for level in sizes]} with strides {list(strides)}"
    if any(after != 2 * before for before, after in zip(strides, strides[1:], strict=False)):
        raise ValueError(f"{found}: levels of TensorMask have twice the stride of the one before: name them in order")
    if len(sizes) != len(strides):
        raise ValueError(f"{found}: give the sides of each level's windows, {len(strides)} lists")
    sides = {tuple(side / stride for side in level) for level, stride in zip(sizes, strides, strict=True)}
    if len(sides) > 1 or any(side != int(side) or side < 1 for side in next(iter(sides))):
        cure = "on every level windows need the same whole numbers of strides, such as [44, 60], [88, 120], ..."
        raise ValueError(f"{found}: {cure}")
    return tuple(int(side) for side in sides.pop())
