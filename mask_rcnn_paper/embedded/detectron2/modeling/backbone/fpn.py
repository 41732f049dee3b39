"""Feature pyramid network on a backbone.

Paper: Feature Pyramid Networks for Object Detection (arXiv:1612.03144), Sec. 3.
"""

import math
from collections.abc import Sequence

import torch.nn.functional as F
from detectron2.config import CfgNode
from detectron2.layers import Conv2d, ShapeSpec, get_norm
from detectron2.modeling.backbone.backbone import Backbone
from detectron2.modeling.backbone.build import BACKBONE_REGISTRY
from detectron2.modeling.backbone.resnet import build_resnet_backbone
from detectron2.modeling.choices import require, select_shapes
from fvcore.nn.weight_init import c2_xavier_fill
from torch import Tensor, nn


class LastLevelMaxPool(nn.Module):
    """Subsamples `p5` by 2, which gives `p6` for the RPN's largest anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.num_levels = 1
        self.in_feature = "p5"

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N, C, H, W) to a list of one (N, C, ceil(H / 2), ceil(W / 2))."""
        return [F.max_pool2d(x, kernel_size=1, stride=2)]


class LastLevelP6P7(nn.Module):
    """Makes `p6` from the backbone's last map by a convolution of stride 2, and `p7` likewise from `p6`.

    Paper: RetinaNet (arXiv:1708.02002), Sec. 4, footnote 2.

    Args:
        in_channels: Channels of the map `in_feature`.
        out_channels: Channels of both outputs.
        in_feature: Its name.
    """

    def __init__(self, in_channels: int, out_channels: int, in_feature: str = "res5") -> None:
        super().__init__()
        self.num_levels = 2
        self.in_feature = in_feature
        self.p6 = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=2, padding=1)
        self.p7 = nn.Conv2d(out_channels, out_channels, kernel_size=3, stride=2, padding=1)
        for layer in (self.p6, self.p7):
            c2_xavier_fill(layer)

    def forward(self, c5: Tensor) -> list[Tensor]:
        """Map (N, in_channels, H, W) to a list of two maps, of a half and a quarter of the size."""
        p6 = self.p6(c5)
        return [p6, self.p7(F.relu(p6))]


def _conv(in_channels: int, out_channels: int, kernel: int, norm: str) -> Conv2d:
    layer = get_norm(norm, out_channels)
    return Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=layer is None, norm=layer)


class FPN(Backbone):
    """Merges a backbone's maps top-down; the output of stride 2^k is named `p<k>`.

    Args:
        bottom_up: The backbone whose maps are merged.
        in_features: Names of these maps, fine to coarse, each of twice the stride of the one before.
        out_channels: Channels of every output.
        norm: Normalisation of the lateral and output convolutions, see `get_norm`.
        top_block: Makes `num_levels` coarser maps from the map `in_feature`.
        fuse_type: `sum` or `avg`, how a lateral and a top-down map are merged.
        square_pad: Side of the square that images are padded to; 0 for none.

    Raises:
        ValueError: strides are not consecutive powers of 2, or an unknown `fuse_type`.
    """

    def __init__(
        self,
        bottom_up: Backbone,
        in_features: Sequence[str],
        out_channels: int,
        norm: str = "",
        top_block: nn.Module | None = None,
        fuse_type: str = "sum",
        square_pad: int = 0,
    ) -> None:
        super().__init__()
        require("MODEL.FPN.FUSE_TYPE", fuse_type, ("sum", "avg"))
        shapes = select_shapes("MODEL.FPN.IN_FEATURES", in_features, bottom_up.output_shape())
        strides = [shape.stride for shape in shapes]
        levels = [int(math.log2(stride)) for stride in strides]
        if strides != [2 ** (levels[0] + i) for i in range(len(levels))]:
            found = f"MODEL.FPN.IN_FEATURES={list(in_features)} of strides {strides}"
            raise ValueError(f"{found}: each stride must be twice the one before")
        for shape, level in zip(shapes, levels, strict=True):
            convs = {"lateral": _conv(shape.channels, out_channels, 1, norm)}
            convs["output"] = _conv(out_channels, out_channels, 3, norm)
            for kind, conv in convs.items():
                c2_xavier_fill(conv)
                self.add_module(f"fpn_{kind}{level}", conv)

        self.bottom_up = bottom_up
        self.top_block = top_block
        self.in_features = tuple(in_features)
        self._levels = tuple(levels)
        self._fuse_type = fuse_type
        self._square_pad = square_pad
        self._size_divisibility = strides[-1]
        extra = top_block.num_levels if top_block is not None else 0
        all_levels = range(levels[0], levels[-1] + 1 + extra)
        self._out_features = [f"p{level}" for level in all_levels]
        self._out_feature_strides = {f"p{level}": 2**level for level in all_levels}
        self._out_feature_channels = dict.fromkeys(self._out_features, out_channels)

    @property
    def size_divisibility(self) -> int:
        """The stride of the coarsest map, so that each map is exactly twice the next."""
        return self._size_divisibility

    @property
    def padding_constraints(self) -> dict[str, int]:
        """The square that images are padded to."""
        return {"square_size": self._square_pad}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map images (N, C, H, W) to maps `p<k>` (N, out_channels, H / 2^k, W / 2^k), fine to coarse."""
        bottom_up = self.bottom_up(x)
        outputs, merged = {}, None
        for name, level in reversed(list(zip(self.in_features, self._levels, strict=True))):
            lateral = getattr(self, f"fpn_lateral{level}")(bottom_up[name])
            if merged is None:
                merged = lateral
            else:
                merged = lateral + F.interpolate(merged, scale_factor=2.0, mode="nearest")
                if self._fuse_type == "avg":
                    merged = merged / 2
            outputs[f"p{level}"] = getattr(self, f"fpn_output{level}")(merged)
        if self.top_block is not None:
            name = self.top_block.in_feature
            top = self.top_block(bottom_up[name] if name in bottom_up else outputs[name])
            outputs.update(zip(self._out_features[len(self._levels) :], top, strict=True))
        return {name: outputs[name] for name in self._out_features}


@BACKBONE_REGISTRY.register()
def build_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> FPN:
    """Build an FPN on the ResNet that `MODEL.RESNETS` describes, with `p6` from max pooling.

    Args:
        cfg: Full config.
        input_shape: The image's channels.
    """
    return _resnet_fpn(cfg, build_resnet_backbone(cfg, input_shape), LastLevelMaxPool())


@BACKBONE_REGISTRY.register()
def build_retinanet_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> FPN:
    """Build an FPN on the ResNet that `MODEL.RESNETS` describes, with `p6` and `p7` from convolutions of `res5`.

    Args:
        cfg: Full config.
        input_shape: The image's channels.
    """
    resnet = build_resnet_backbone(cfg, input_shape)
    (last,) = select_shapes("MODEL.RESNETS.OUT_FEATURES", ["res5"], resnet.output_shape())
    return _resnet_fpn(cfg, resnet, LastLevelP6P7(last.channels, cfg.MODEL.FPN.OUT_CHANNELS))


def _resnet_fpn(cfg: CfgNode, resnet: Backbone, top_block: nn.Module) -> FPN:
    return FPN(
        bottom_up=resnet,
        in_features=cfg.MODEL.FPN.IN_FEATURES,
        out_channels=cfg.MODEL.FPN.OUT_CHANNELS,
        norm=cfg.MODEL.FPN.NORM,
        top_block=top_block,
        fuse_type=cfg.MODEL.FPN.FUSE_TYPE,
    )
