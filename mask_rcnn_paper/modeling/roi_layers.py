"""The RoI layers that Table 2c compares as modules, and the registry of those that MODEL.ROI_POOLER.NAME names.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "RoIAlign", Tables 2c, 2d and 6.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (P, Q) pooled size.
"""

import torch
from fvcore.common.registry import Registry
from torch import nn

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp

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

    aggregations = ("ave", "max")

    def __init__(
        self, output_size: tuple[int, int], spatial_scale: float, sampling_ratio: int, aggregation: str
    ) -> None:
        super().__init__()
        if aggregation not in self.aggregations:
            raise ValueError(
                f"MODEL.ROI_POOLER.AGGREGATION={aggregation!r} with {type(self).__name__}: "
                f"choose from {', '.join(self.aggregations)}"
            )
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aggregation = aggregation

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        return (
            f"output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aggregation={self.aggregation!r}"
        )


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
