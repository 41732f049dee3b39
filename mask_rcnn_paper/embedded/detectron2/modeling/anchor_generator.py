"""Anchor boxes on feature maps.

Paper: Faster R-CNN (arXiv:1506.01497), Sec. 3.1.1; with FPN one size a level (arXiv:1612.03144, Sec. 4.1).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.choices import lookup
from detectron2.structures import Boxes
from detectron2.utils.registry import Registry
from torch import Tensor, nn

ANCHOR_GENERATOR_REGISTRY = Registry("ANCHOR_GENERATOR")
"""Called as `obj(cfg, input_shape)` with a list of ShapeSpecs, one a level."""


def _per_level(name: str, values: Sequence, num_levels: int) -> list[list[float]]:
    """Expand `[a, b]` or `[[a, b]]` to one list a level."""
    if not isinstance(values[0], Sequence):
        values = [values]
    if len(values) == 1:
        values = list(values) * num_levels
    if len(values) != num_levels:
        raise ValueError(
            f"MODEL.ANCHOR_GENERATOR.{name}={list(values)}: give one list, or one for each of "
            f"the {num_levels} feature maps of MODEL.RPN.IN_FEATURES"
        )
    return [list(v) for v in values]


@ANCHOR_GENERATOR_REGISTRY.register()
class DefaultAnchorGenerator(nn.Module):
    """Places every combination of size and aspect ratio at every cell of a feature map.

    Args:
        sizes: Square roots of the anchors' areas in pixels, one list for all levels or one a level.
        aspect_ratios: Ratios height / width, likewise.
        strides: Stride of each level.
        offset: Position of the first anchor's centre, in strides, in [0, 1).

    Raises:
        ValueError: `offset` outside its range, or lists that fit no number of levels.
    """

    box_dim = 4

    @configurable
    def __init__(
        self,
        *,
        sizes: Sequence[Sequence[float]],
        aspect_ratios: Sequence[Sequence[float]],
        strides: Sequence[int],
        offset: float = 0.5,
    ) -> None:
        super().__init__()
        if not 0.0 <= offset < 1.0:
            raise ValueError(f"MODEL.ANCHOR_GENERATOR.OFFSET={offset}: choose a number in [0, 1)")
        self.strides = list(strides)
        self.offset = offset
        sizes = _per_level("SIZES", sizes, len(self.strides))
        ratios = _per_level("ASPECT_RATIOS", aspect_ratios, len(self.strides))
        for i, (s, r) in enumerate(zip(sizes, ratios, strict=True)):
            # Not in the state_dict: anchors come from the configuration, not from a checkpoint.
            self.register_buffer(f"cell_anchors_{i}", self.generate_cell_anchors(s, r), persistent=False)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: Sequence[ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.ANCHOR_GENERATOR` and the strides of `input_shape`."""
        return {
            "sizes": cfg.MODEL.ANCHOR_GENERATOR.SIZES,
            "aspect_ratios": cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS,
            "strides": [shape.stride for shape in input_shape],
            "offset": cfg.MODEL.ANCHOR_GENERATOR.OFFSET,
        }

    @property
    def cell_anchors(self) -> list[Tensor]:
        """Anchors (A, 4) of each level, centred on the origin."""
        return [getattr(self, f"cell_anchors_{i}") for i in range(len(self.strides))]

    @property
    def num_anchors(self) -> list[int]:
        """Anchors a cell, for each level."""
        return [len(anchors) for anchors in self.cell_anchors]

    def generate_cell_anchors(
        self, sizes: Sequence[float] = (32, 64, 128, 256, 512), aspect_ratios: Sequence[float] = (0.5, 1, 2)
    ) -> Tensor:
        """Anchors of one cell, centred on the origin.

        Args:
            sizes: Square roots of the areas, in pixels.
            aspect_ratios: Ratios height / width.

        Returns:
            XYXY, shape (sizes * ratios, 4); ratios run faster.
        """
        anchors = []
        for size in sizes:
            for ratio in aspect_ratios:
                width = size / math.sqrt(ratio)
                height = ratio * width
                anchors.append([-width / 2, -height / 2, width / 2, height / 2])
        return torch.tensor(anchors, dtype=torch.float32)

    def forward(self, features: Sequence[Tensor]) -> list[Boxes]:
        """Place anchors on feature maps.

        Args:
            features: One map (N, C, H, W) a level; only H and W matter.

        Returns:
            One Boxes of H * W * A anchors a level, ordered by row, column, anchor.
        """
        anchors = []
        for feature, stride, cell in zip(features, self.strides, self.cell_anchors, strict=True):
            height, width = feature.shape[-2:]
            ys = (torch.arange(height, dtype=cell.dtype, device=cell.device) + self.offset) * stride
            xs = (torch.arange(width, dtype=cell.dtype, device=cell.device) + self.offset) * stride
            y, x = torch.meshgrid(ys, xs, indexing="ij")
            shifts = torch.stack((x, y, x, y), dim=-1).reshape(-1, 1, 4)
            anchors.append(Boxes((shifts + cell).reshape(-1, 4)))
        return anchors


def build_anchor_generator(cfg: CfgNode, input_shape: Sequence[ShapeSpec]) -> nn.Module:
    """Build the anchor generator that `MODEL.ANCHOR_GENERATOR.NAME` names.

    Args:
        cfg: Full config.
        input_shape: Shape of each feature map, with its stride.

    Raises:
        KeyError: nothing of that name is registered.
    """
    name = cfg.MODEL.ANCHOR_GENERATOR.NAME
    return lookup(ANCHOR_GENERATOR_REGISTRY, "MODEL.ANCHOR_GENERATOR.NAME", name)(cfg, input_shape)
