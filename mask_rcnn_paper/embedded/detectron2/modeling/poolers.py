"""Pools RoIs from one or several feature maps.

Papers: Mask R-CNN, Sec. 3 (RoIAlign); FPN (arXiv:1612.03144), Eq. 1 (which level an RoI is pooled from).
Shapes: N images, L levels, M boxes over all images, C channels.
"""

import math
from collections.abc import Sequence

import torch
from detectron2.layers import ROIAlign, cat, nonzero_tuple
from detectron2.modeling.choices import require
from detectron2.structures import Boxes
from torch import Tensor, nn
from torchvision.ops import RoIPool


def assign_boxes_to_levels(
    box_lists: list[Boxes], min_level: int, max_level: int, canonical_box_size: int, canonical_level: int
) -> Tensor:
    """Map each box to a level by its size: floor(canonical_level + log2(sqrt(area) / canonical_box_size)).

    Args:
        box_lists: The boxes of each of N images, M in all.
        min_level: Smallest level, log2 of its stride.
        max_level: Largest level.
        canonical_box_size: Side in pixels of a square box that is mapped to `canonical_level`.
        canonical_level: See there.

    Returns:
        (M,) int64, the level of each box minus `min_level`.
    """
    sizes = torch.sqrt(cat([boxes.area() for boxes in box_lists]))
    # 1e-8 keeps empty boxes finite; the same value as in detectron2, since it decides ties.
    levels = torch.floor(canonical_level + torch.log2(sizes / canonical_box_size + 1e-8))
    return levels.clamp(min=min_level, max=max_level).to(torch.int64) - min_level


def convert_boxes_to_pooler_format(box_lists: list[Boxes]) -> Tensor:
    """Return (M, 5): for each box the index of its image in the batch, then its corners."""
    boxes = torch.cat([b.tensor for b in box_lists], dim=0)
    sizes = torch.tensor([len(b) for b in box_lists], device=boxes.device)
    index = torch.arange(len(box_lists), dtype=boxes.dtype, device=boxes.device)
    return cat([index.repeat_interleave(sizes, output_size=len(boxes)).unsqueeze(1), boxes], dim=1)


def _make_level_pooler(pooler_type: str, output_size: tuple[int, int], scale: float, sampling_ratio: int) -> nn.Module:
    if pooler_type == "ROIPool":
        return RoIPool(output_size, spatial_scale=scale)
    return ROIAlign(
        output_size, spatial_scale=scale, sampling_ratio=sampling_ratio, aligned=pooler_type == "ROIAlignV2"
    )


class ROIPooler(nn.Module):
    """Pools every RoI from the level that fits its size; `level_poolers` holds one layer a level.

    Args:
        output_size: The pooled side, or height and width.
        scales: 1 / stride of each level, fine to coarse, consecutive powers of 2.
        sampling_ratio: Sampling points a bin and axis of RoIAlign; 0 takes as many as the bin has pixels.
        pooler_type: `ROIPool`, `ROIAlign` (not shifted by half a pixel) or `ROIAlignV2` (aligned).
        canonical_box_size: See `assign_boxes_to_levels`.
        canonical_level: See there.

    Raises:
        ValueError: an unknown type, or scales that are no consecutive powers of 2.
    """

    def __init__(
        self,
        output_size: int | tuple[int, int],
        scales: Sequence[float],
        sampling_ratio: int,
        pooler_type: str,
        canonical_box_size: int = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        require("POOLER_TYPE", pooler_type, ("ROIAlign", "ROIAlignV2", "ROIPool"))
        levels = [-math.log2(scale) for scale in scales]
        if not levels or levels != [int(levels[0]) + i for i in range(len(levels))]:
            raise ValueError(f"RoIs are pooled from maps of scales {list(scales)}: give consecutive powers of 2")
        self.output_size = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
        self.level_poolers = nn.ModuleList(
            _make_level_pooler(pooler_type, self.output_size, scale, sampling_ratio) for scale in scales
        )
        self.min_level, self.max_level = int(levels[0]), int(levels[-1])
        self.canonical_box_size = canonical_box_size
        self.canonical_level = canonical_level

    def forward(self, x: list[Tensor], box_lists: list[Boxes]) -> Tensor:
        """Pool all boxes.

        Args:
            x: L maps (N, C, H / stride, W / stride).
            box_lists: The boxes of each of N images, in image pixels.

        Returns:
            (M, C, output height, output width), in the order of the boxes.

        Raises:
            ValueError: the numbers of maps or images do not fit.
        """
        if len(x) != len(self.level_poolers) or len(box_lists) != len(x[0]):
            raise ValueError(
                f"{len(x)} maps of {len(x[0])} images and boxes of {len(box_lists)} images: the pooler has "
                f"{len(self.level_poolers)} levels and needs one Boxes an image"
            )
        rois = convert_boxes_to_pooler_format(box_lists)
        if len(rois) == 0:
            return x[0].new_zeros((0, x[0].shape[1], *self.output_size))
        if len(self.level_poolers) == 1:
            return self.level_poolers[0](x[0], rois)
        levels = assign_boxes_to_levels(
            box_lists, self.min_level, self.max_level, self.canonical_box_size, self.canonical_level
        )
        pooled = x[0].new_zeros((len(rois), x[0].shape[1], *self.output_size))
        for level, (feature, pooler) in enumerate(zip(x, self.level_poolers, strict=True)):
            (index,) = nonzero_tuple(levels == level)
            # Also for no boxes: every map takes part in the graph, as distributed training demands.
            pooled.index_put_((index,), pooler(feature, rois[index]).to(pooled.dtype))
        return pooled
