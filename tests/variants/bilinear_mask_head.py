"""A mask head of one's own, MODEL.ROI_MASK_HEAD.NAME "BilinearMaskHead": it upscales without a deconvolution.

Its loss is that of MODEL.ROI_MASK_HEAD.LOSS, as for the plugin's own heads.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_MASK_HEAD_REGISTRY
from torch import nn

from mask_rcnn_paper.modeling import NamedLossMaskHead


@ROI_MASK_HEAD_REGISTRY.register()
class BilinearMaskHead(NamedLossMaskHead):
    @configurable
    def __init__(self, input_shape: ShapeSpec, *, num_classes: int, conv_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.network = nn.Sequential(
            nn.Conv2d(input_shape.channels, conv_dim, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Conv2d(conv_dim, num_classes, 1),
        )

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        ret = super().from_config(cfg, input_shape)
        return {**ret, "input_shape": input_shape, "conv_dim": cfg.MODEL.ROI_MASK_HEAD.CONV_DIM}

    def layers(self, x: torch.Tensor) -> torch.Tensor:
        """(R, C, H, W) RoI features to (R, num_classes, 2 H, 2 W) logits."""
        return self.network(x)
