"""The RoI layers that Table 2c compares as modules in detectron2's multi-level pooler, and their registry.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "RoIAlign", Tables 2c, 2d and 6.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (P, Q) pooled size.
"""

import torch
from detectron2.config import CfgNode
from detectron2.modeling.poolers import ROIPooler
from fvcore.common.registry import Registry
from torch import nn

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp
from mask_rcnn_paper.layers.roi_ops import AGGREGATIONS
from mask_rcnn_paper.modeling.registry import registered

ROI_LAYER_REGISTRY = Registry("ROI_LAYER")
ROI_LAYER_REGISTRY.__doc__ = """
Registry of RoI layers, which MODEL.ROI_POOLER.NAME names.

The registered object will be called with `obj(output_size, spatial_scale, sampling_ratio, aggregation)`, once for each
level, and must return a module that is called with features and RoIs: see `RoILayer`, its usual base.
"""


class RoILayer(nn.Module):
    """An RoI layer on one feature map; a subclass gives `forward`.

    `forward` takes features (N, C, H, W) and RoIs (R, 5), image index and XYXY in image pixels, and returns
    (R, C, P, Q), R >= 0. A layer that cannot aggregate in every way says so in `aggregations`.

    Args:
        output_size: (P, Q).
        spatial_scale: Feature cells per image pixel, 1 / stride.
        sampling_ratio: Samples per bin side, for a layer that has any.
        aggregation: How the values of a bin become one, of `aggregations`.

    Raises:
        ValueError: another aggregation.
    """

    aggregations = AGGREGATIONS

    def __init__(
        self, output_size: tuple[int, int], spatial_scale: float, sampling_ratio: int, aggregation: str
    ) -> None:
        super().__init__()
        if aggregation not in self.aggregations:
            raise ValueError(
                f"MODEL.ROI_POOLER.AGGREGATION={aggregation!r} with {type(self).__name__}: "
                f"choose from {', '.join(self.aggregations)}"
            )
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aggregation = sampling_ratio, aggregation

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        names = ("output_size", "spatial_scale", "sampling_ratio", "aggregation")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


@ROI_LAYER_REGISTRY.register()
class RoIPool(RoILayer):
    """`roi_pool`: no samples, whatever `sampling_ratio` says, and always the maximum."""

    aggregations = ("max",)

    def forward(self, features: torch.Tensor, rois: torch.Tensor) -> torch.Tensor:
        """As `RoILayer`."""
        return roi_pool(features, rois, self.output_size, self.spatial_scale)


@ROI_LAYER_REGISTRY.register()
class RoIWarp(RoILayer):
    """`roi_warp`."""

    def forward(self, features: torch.Tensor, rois: torch.Tensor) -> torch.Tensor:
        """As `RoILayer`."""
        return roi_warp(features, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aggregation)


@ROI_LAYER_REGISTRY.register()
class RoIAlign(RoILayer):
    """`roi_align`."""

    def forward(self, features: torch.Tensor, rois: torch.Tensor) -> torch.Tensor:
        """As `RoILayer`."""
        return roi_align(features, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aggregation)


def replace_roi_layers(pooler: ROIPooler, cfg: CfgNode, sampling_ratio: int) -> None:
    """Give a pooler, in place, the RoI layer and the level rule that MODEL.ROI_POOLER names.

    Where MODEL.ROI_POOLER.NAME is "" the pooler stays detectron2's. Else each of its layers is replaced by one of the
    same scale and output size, and boxes go to levels by CANONICAL_BOX_SIZE, which detectron2 has no key for.

    Args:
        pooler: Of one branch, as detectron2 built it, whatever its POOLER_TYPE.
        cfg: Whole config; reads MODEL.ROI_POOLER.
        sampling_ratio: POOLER_SAMPLING_RATIO of the branch, which not every layer of detectron2 keeps.

    Raises:
        ValueError: no such layer, or it has no such aggregation.
    """
    node = cfg.MODEL.ROI_POOLER
    if node.NAME == "":
        return
    layer = registered(ROI_LAYER_REGISTRY, "MODEL.ROI_POOLER.NAME", node.NAME, "'' for detectron2's")
    pooler.level_poolers = nn.ModuleList(
        layer(old.output_size, old.spatial_scale, sampling_ratio, node.AGGREGATION) for old in pooler.level_poolers
    )
    pooler.canonical_box_size = node.CANONICAL_BOX_SIZE
