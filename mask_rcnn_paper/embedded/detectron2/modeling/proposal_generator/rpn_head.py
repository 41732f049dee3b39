"""The RPN's convolutional head. Paper: Faster R-CNN (arXiv:1506.01497), Sec. 3.1."""

from collections.abc import Sequence
from typing import Any

from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ShapeSpec
from detectron2.modeling.anchor_generator import build_anchor_generator
from detectron2.modeling.choices import lookup
from detectron2.utils.registry import Registry
from torch import Tensor, nn

RPN_HEAD_REGISTRY = Registry("RPN_HEAD")
"""Called as `obj(cfg, input_shape)` with a list of ShapeSpecs, one a level. Returns a module that maps a
list of features to lists of objectness logits (N, A, H, W) and deltas (N, A * 4, H, W)."""


def build_rpn_head(cfg: CfgNode, input_shape: list[ShapeSpec]) -> nn.Module:
    """Build the head that `MODEL.RPN.HEAD_NAME` names.

    Args:
        cfg: Full config.
        input_shape: Shape of each feature map.

    Raises:
        KeyError: nothing of that name is registered.
    """
    return lookup(RPN_HEAD_REGISTRY, "MODEL.RPN.HEAD_NAME", cfg.MODEL.RPN.HEAD_NAME)(cfg, input_shape)


@RPN_HEAD_REGISTRY.register()
class StandardRPNHead(nn.Module):
    """3x3 convolutions, then a 1x1 convolution for objectness and one for deltas, shared by all levels.

    Args:
        in_channels: Channels of every level.
        num_anchors: Anchors a cell.
        box_dim: Numbers that encode a box.
        conv_dims: Channels of each 3x3 convolution; -1 keeps the number of its input.

    Raises:
        ValueError: `conv_dims` is empty or holds another number below 1.
    """

    @configurable
    def __init__(
        self, *, in_channels: int, num_anchors: int, box_dim: int = 4, conv_dims: Sequence[int] = (-1,)
    ) -> None:
        super().__init__()
        if not conv_dims or any(dim < 1 and dim != -1 for dim in conv_dims):
            raise ValueError(f"MODEL.RPN.CONV_DIMS={list(conv_dims)}: give at least one of -1 or a positive number")
        convs = []
        channels = in_channels
        for dim in conv_dims:
            out_channels = channels if dim == -1 else dim
            convs.append(Conv2d(channels, out_channels, kernel_size=3, padding=1, activation=nn.ReLU()))
            channels = out_channels
        # One convolution is named ``conv``, several ``conv.conv0``, ...: the names that checkpoints have.
        self.conv = convs[0]
        if len(convs) > 1:
            self.conv = nn.Sequential()
            for i, conv in enumerate(convs):
                self.conv.add_module(f"conv{i}", conv)
        self.objectness_logits = nn.Conv2d(channels, num_anchors, kernel_size=1)
        self.anchor_deltas = nn.Conv2d(channels, num_anchors * box_dim, kernel_size=1)
        for layer in [*convs, self.objectness_logits, self.anchor_deltas]:
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: list[ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.RPN` and the anchors.

        Raises:
            ValueError: levels differ in channels or in anchors a cell.
        """
        anchor_generator = build_anchor_generator(cfg, input_shape)
        channels = {shape.channels for shape in input_shape}
        num_anchors = set(anchor_generator.num_anchors)
        if len(channels) != 1 or len(num_anchors) != 1:
            found = f"{sorted(channels)} channels and {sorted(num_anchors)} anchors a cell"
            names = list(cfg.MODEL.RPN.IN_FEATURES)
            raise ValueError(f"MODEL.RPN.IN_FEATURES={names} have {found}: they share a head, so must agree")
        return {
            "in_channels": channels.pop(),
            "num_anchors": num_anchors.pop(),
            "box_dim": anchor_generator.box_dim,
            "conv_dims": cfg.MODEL.RPN.CONV_DIMS,
        }

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Map L features (N, C, H, W) to L logits (N, A, H, W) and L deltas (N, A * box_dim, H, W)."""
        hidden = [self.conv(x) for x in features]
        return [self.objectness_logits(x) for x in hidden], [self.anchor_deltas(x) for x in hidden]
