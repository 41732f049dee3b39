"""RetinaNet's class and box subnets. Paper: arXiv:1708.02002, Sec. 4.

Shapes: N images, A anchors a cell, K classes.
"""

import math
from typing import Any

from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.anchor_generator import build_anchor_generator
from detectron2.modeling.choices import require
from torch import Tensor, nn


class RetinaNetHead(nn.Module):
    """Two towers of 3x3 convolutions, shared by all levels: one for classes, one for boxes.

    Args:
        input_shape: Shape of each feature map.
        num_classes: K.
        num_anchors: A.
        conv_dims: Channels of each convolution of a tower.
        norm: Only "".
        prior_prob: Score of every class before training.

    Raises:
        ValueError: no convolution, or levels with different numbers of anchors.
    """

    @configurable
    def __init__(
        self,
        *,
        input_shape: list[ShapeSpec],
        num_classes: int,
        num_anchors: int,
        conv_dims: list[int],
        norm: str = "",
        prior_prob: float = 0.01,
    ) -> None:
        super().__init__()
        require("MODEL.RETINANET.NORM", norm, ("",))
        if not conv_dims:
            raise ValueError("MODEL.RETINANET.NUM_CONVS=0: must be at least 1")
        self.cls_subnet = _tower(input_shape[0].channels, conv_dims)
        self.bbox_subnet = _tower(input_shape[0].channels, conv_dims)
        self.cls_score = nn.Conv2d(conv_dims[-1], num_anchors * num_classes, kernel_size=3, padding=1)
        self.bbox_pred = nn.Conv2d(conv_dims[-1], num_anchors * 4, kernel_size=3, padding=1)
        for part in (self.cls_subnet, self.bbox_subnet, self.cls_score, self.bbox_pred):
            for layer in part.modules():
                if isinstance(layer, nn.Conv2d):
                    nn.init.normal_(layer.weight, std=0.01)
                    nn.init.zeros_(layer.bias)
        nn.init.constant_(self.cls_score.bias, -math.log((1 - prior_prob) / prior_prob))

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: list[ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.RETINANET` and `MODEL.ANCHOR_GENERATOR`."""
        c = cfg.MODEL.RETINANET
        num_anchors = set(build_anchor_generator(cfg, input_shape).num_anchors)
        if len(num_anchors) > 1:
            found = f"MODEL.ANCHOR_GENERATOR has {sorted(num_anchors)} anchors a cell"
            raise ValueError(f"{found}: RetinaNet's levels share one head, and need as many each")
        return {
            "input_shape": input_shape,
            "num_classes": c.NUM_CLASSES,
            "num_anchors": num_anchors.pop(),
            "conv_dims": [input_shape[0].channels] * c.NUM_CONVS,
            "norm": c.NORM,
            "prior_prob": c.PRIOR_PROB,
        }

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Map feature maps (N, C, H, W) to logits (N, A * K, H, W) and deltas (N, A * 4, H, W) of each level."""
        logits = [self.cls_score(self.cls_subnet(x)) for x in features]
        return logits, [self.bbox_pred(self.bbox_subnet(x)) for x in features]


def _tower(channels: int, conv_dims: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip([channels, *conv_dims], conv_dims, strict=False):
        layers += [nn.Conv2d(before, after, kernel_size=3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)
