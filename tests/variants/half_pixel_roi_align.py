"""An RoI layer of one's own, MODEL.ROI_POOLER.NAME "HalfPixelRoIAlign": RoIAlign with detectron2's half-pixel shift."""

import torch
from torchvision import ops

from mask_rcnn_paper.modeling import ROI_LAYER_REGISTRY, RoILayer


@ROI_LAYER_REGISTRY.register()
class HalfPixelRoIAlign(RoILayer):
    aggregations = ("ave",)

    def forward(self, features: torch.Tensor, rois: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) features and (R, 5) RoIs to (R, C, P, Q)."""
        size, scale, samples = self.output_size, self.spatial_scale, self.sampling_ratio
        return ops.roi_align(features, rois, size, scale, samples, aligned=True)
