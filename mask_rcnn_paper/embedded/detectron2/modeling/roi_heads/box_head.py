"""Box heads: from pooled features to a vector. Paper: FPN (arXiv:1612.03144), Sec. 4.2."""

from typing import Any

from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ShapeSpec, get_norm
from detectron2.modeling.choices import lookup
from detectron2.utils.registry import Registry
from fvcore.nn.weight_init import c2_msra_fill, c2_xavier_fill
from torch import Tensor, nn

ROI_BOX_HEAD_REGISTRY = Registry("ROI_BOX_HEAD")
"""Called as `obj(cfg, input_shape)` with the pooled features' ShapeSpec. Returns a module that maps them
to box features, and tells their shape in `output_shape`."""


def build_box_head(cfg: CfgNode, input_shape: ShapeSpec) -> nn.Module:
    """Build the head that `MODEL.ROI_BOX_HEAD.NAME` names.

    Args:
        cfg: Full config.
        input_shape: Channels, height and width of the pooled features.

    Raises:
        KeyError: nothing of that name is registered.
    """
    name = cfg.MODEL.ROI_BOX_HEAD.NAME
    return lookup(ROI_BOX_HEAD_REGISTRY, "MODEL.ROI_BOX_HEAD.NAME", name)(cfg, input_shape)


@ROI_BOX_HEAD_REGISTRY.register()
class FastRCNNConvFCHead(nn.Sequential):
    """3x3 convolutions `conv1`, ..., then fully connected layers `fc1`, ..., each followed by a ReLU.

    Args:
        input_shape: Channels, height and width of the input.
        conv_dims: Channels of each convolution.
        fc_dims: Width of each fully connected layer.
        conv_norm: Normalisation of the convolutions, see `get_norm`.

    Raises:
        ValueError: no layer at all.
    """

    @configurable
    def __init__(
        self, input_shape: ShapeSpec, *, conv_dims: list[int], fc_dims: list[int], conv_norm: str = ""
    ) -> None:
        super().__init__()
        if not conv_dims and not fc_dims:
            raise ValueError("MODEL.ROI_BOX_HEAD.NUM_CONV=0 and NUM_FC=0: the box head needs at least one layer")
        channels, height, width = input_shape.channels, input_shape.height, input_shape.width
        for k, dim in enumerate(conv_dims, start=1):
            norm = get_norm(conv_norm, dim)
            conv = Conv2d(channels, dim, 3, padding=1, bias=not conv_norm, norm=norm, activation=nn.ReLU())
            self.add_module(f"conv{k}", conv)
            channels = dim
        self._output_shape = ShapeSpec(channels=channels, height=height, width=width)
        if fc_dims:
            self.add_module("flatten", nn.Flatten())
            channels = channels * height * width
            self._output_shape = ShapeSpec(channels=fc_dims[-1])
        for k, dim in enumerate(fc_dims, start=1):
            fc = nn.Linear(channels, dim)
            self.add_module(f"fc{k}", fc)
            self.add_module(f"fc_relu{k}", nn.ReLU())
            channels = dim
        for layer in self:
            if isinstance(layer, Conv2d):
                c2_msra_fill(layer)
            elif isinstance(layer, nn.Linear):
                c2_xavier_fill(layer)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_BOX_HEAD`."""
        c = cfg.MODEL.ROI_BOX_HEAD
        return {
            "input_shape": input_shape,
            "conv_dims": [c.CONV_DIM] * c.NUM_CONV,
            "fc_dims": [c.FC_DIM] * c.NUM_FC,
            "conv_norm": c.NORM,
        }

    @property
    def output_shape(self) -> ShapeSpec:
        """Channels of the output; also height and width where the last layer is a convolution."""
        return self._output_shape

    def forward(self, x: Tensor) -> Tensor:
        """Map (M, C, H, W) to (M, fc_dims[-1]), or to (M, conv_dims[-1], H, W) without such layers."""
        return super().forward(x)
