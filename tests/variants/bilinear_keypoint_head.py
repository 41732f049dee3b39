"""A keypoint head of one's own, MODEL.ROI_KEYPOINT_HEAD.NAME "BilinearKeypointHead": without a deconvolution.

Its loss is detectron2's, a softmax over positions; a subclass of PaperKeypointHead would have that of its key LOSS.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_KEYPOINT_HEAD_REGISTRY, BaseKeypointRCNNHead
from torch import nn


@ROI_KEYPOINT_HEAD_REGISTRY.register()
class BilinearKeypointHead(BaseKeypointRCNNHead):
    @configurable
    def __init__(self, input_shape: ShapeSpec, *, num_keypoints: int, conv_dim: int, **kwargs: Any) -> None:
        super().__init__(num_keypoints=num_keypoints, **kwargs)
        self.network = nn.Sequential(
            nn.Conv2d(input_shape.channels, conv_dim, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(conv_dim, num_keypoints, 1),
            nn.Upsample(scale_factor=4, mode="bilinear"),
        )

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        ret = super().from_config(cfg, input_shape)
        return {**ret, "input_shape": input_shape, "conv_dim": cfg.MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS[0]}

    def layers(self, x: torch.Tensor) -> torch.Tensor:
        """(R, C, H, W) RoI features to (R, K, 4 H, 4 W) logits."""
        return self.network(x)
