"""ResNet and ResNeXt backbones of bottleneck blocks.

Papers: Deep Residual Learning (arXiv:1512.03385); Aggregated Residual Transformations (arXiv:1611.05431).
Shapes: N images, C channels, H x W the spatial size of the block's input, s its stride.
"""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from detectron2.config import CfgNode
from detectron2.layers import CNNBlockBase, Conv2d, ShapeSpec, get_norm
from detectron2.modeling.backbone.backbone import Backbone
from detectron2.modeling.backbone.build import BACKBONE_REGISTRY
from detectron2.modeling.choices import require
from fvcore.nn.weight_init import c2_msra_fill
from torch import Tensor, nn

BLOCKS_PER_STAGE = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def _conv_norm(in_channels: int, out_channels: int, kernel: int, norm: str, **kwargs: Any) -> Conv2d:
    return Conv2d(
        in_channels, out_channels, kernel_size=kernel, bias=False, norm=get_norm(norm, out_channels), **kwargs
    )


class BasicStem(CNNBlockBase):
    """7x7 convolution of stride 2, then 3x3 max pooling of stride 2."""

    def __init__(self, in_channels: int = 3, out_channels: int = 64, norm: str = "BN") -> None:
        super().__init__(in_channels, out_channels, 4)
        self.conv1 = _conv_norm(in_channels, out_channels, 7, norm, stride=2, padding=3)
        c2_msra_fill(self.conv1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / 4, W / 4)."""
        return F.max_pool2d(F.relu_(self.conv1(x)), kernel_size=3, stride=2, padding=1)


class BottleneckBlock(CNNBlockBase):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; the shortcut is a projection where they differ.
        bottleneck_channels: Channels of the 3x3 convolution, over all groups.
        stride: Stride of the block.
        num_groups: Groups of the 3x3 convolution (ResNeXt's cardinality).
        norm: Normalisation, see `get_norm`.
        stride_in_1x1: Puts the stride in the first 1x1 convolution, as the original ImageNet
            weights have it, instead of the 3x3 one.
        dilation: Dilation of the 3x3 convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        bottleneck_channels: int,
        stride: int = 1,
        num_groups: int = 1,
        norm: str = "BN",
        stride_in_1x1: bool = False,
        dilation: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, stride)
        first, middle = (stride, 1) if stride_in_1x1 else (1, stride)
        self.shortcut = None
        if in_channels != out_channels:
            self.shortcut = _conv_norm(in_channels, out_channels, 1, norm, stride=stride)
        self.conv1 = _conv_norm(in_channels, bottleneck_channels, 1, norm, stride=first)
        self.conv2 = _conv_norm(
            bottleneck_channels,
            bottleneck_channels,
            3,
            norm,
            stride=middle,
            padding=dilation,
            dilation=dilation,
            groups=num_groups,
        )
        self.conv3 = _conv_norm(bottleneck_channels, out_channels, 1, norm)
        # In detectron2's order, here and elsewhere, so that a seed gives the same initial weights.
        for conv in filter(None, (self.conv1, self.conv2, self.conv3, self.shortcut)):
            c2_msra_fill(conv)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / s, W / s)."""
        out = F.relu_(self.conv1(x))
        out = F.relu_(self.conv2(out))
        out = self.conv3(out)
        return F.relu_(out + (x if self.shortcut is None else self.shortcut(x)))


class ResNet(Backbone):
    """A stem and stages `res2`, `res3`, ..., optionally with a classifier.

    Args:
        stem: The first layers, with attributes `stride` and `out_channels`.
        stages: The blocks of each stage; stages after the last output are dropped.
        num_classes: Adds average pooling and a linear layer, whose output is named `linear`.
        out_features: Which of `stem`, `res2`, ..., `linear` to return; by default the last.
        freeze_at: See `freeze`.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Sequence[Sequence[CNNBlockBase]],
        num_classes: int | None = None,
        out_features: Sequence[str] | None = None,
        freeze_at: int = 0,
    ) -> None:
        super().__init__()
        names = [f"res{i}" for i in range(2, 2 + len(stages))]
        if out_features is None:
            out_features = [names[-1] if num_classes is None else "linear"]
        legal = ["stem", *names] + (["linear"] if num_classes is not None else [])
        if not out_features or not set(out_features) <= set(legal):
            raise ValueError(f"out_features={list(out_features)}: choose from {', '.join(legal)}")
        if "linear" not in out_features:
            needed = max(legal.index(name) for name in out_features)
            names, stages, num_classes = names[:needed], stages[:needed], None

        self.stem = stem
        self.stage_names = tuple(names)
        channels, stride = stem.out_channels, stem.stride
        self._out_features = list(out_features)
        self._out_feature_channels = {"stem": channels}
        self._out_feature_strides = {"stem": stride}
        for name, blocks in zip(names, stages, strict=True):
            self.add_module(name, nn.Sequential(*blocks))
            for block in blocks:
                stride *= block.stride
            channels = blocks[-1].out_channels
            self._out_feature_channels[name] = channels
            self._out_feature_strides[name] = stride
        self.num_classes = num_classes
        if num_classes is not None:
            self.linear = nn.Linear(channels, num_classes)
            nn.init.normal_(self.linear.weight, std=0.01)
        self.freeze(freeze_at)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map images (N, C, H, W) to the requested outputs by name; `linear` is (N, num_classes)."""
        outputs = {"stem": self.stem(x)}
        x = outputs["stem"]
        for name in self.stage_names:
            x = outputs[name] = getattr(self, name)(x)
        if self.num_classes is not None:
            outputs["linear"] = self.linear(x.mean(dim=(2, 3)))
        return {name: outputs[name] for name in self._out_features}

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Channels and stride of each output, by name; `linear` has no stride."""
        return {
            name: ShapeSpec(channels=self.num_classes)
            if name == "linear"
            else ShapeSpec(channels=self._out_feature_channels[name], stride=self._out_feature_strides[name])
            for name in self._out_features
        }

    def freeze(self, freeze_at: int = 0) -> "ResNet":
        """Freeze the first stages: 0 none, 1 the stem, 2 the stem and `res2`, and so on; returns itself."""
        if freeze_at >= 1:
            self.stem.freeze()
        for index, name in enumerate(self.stage_names, start=2):
            if freeze_at >= index:
                for block in getattr(self, name):
                    block.freeze()
        return self

    @staticmethod
    def make_stage(
        block_class: type[CNNBlockBase], num_blocks: int, *, in_channels: int, out_channels: int, **kwargs: Any
    ) -> list[CNNBlockBase]:
        """Make the blocks of one stage.

        Args:
            block_class: The kind of block.
            num_blocks: How many.
            in_channels: Channels of the stage's input.
            out_channels: Channels of every block's output.
            **kwargs: Further arguments of the block; `<name>_per_block` is a list with one value of
                `<name>` per block.

        Raises:
            ValueError: such a list has another length than `num_blocks`.
        """
        blocks = []
        for i in range(num_blocks):
            arguments = {}
            for key, value in kwargs.items():
                name = key.removesuffix("_per_block")
                if name != key and len(value) != num_blocks:
                    raise ValueError(f"{key}={list(value)}: give one value for each of the {num_blocks} blocks")
                arguments[name] = value if name == key else value[i]
            blocks.append(block_class(in_channels if i == 0 else out_channels, out_channels, **arguments))
        return blocks


def _make_stages(
    depth: int,
    block_class: type[CNNBlockBase],
    *,
    in_channels: int,
    bottleneck_channels: int,
    out_channels: int,
    res5_dilation: int = 1,
    **kwargs: Any,
) -> list[list[CNNBlockBase]]:
    """Make `res2` to `res5`; the given channels are those of `res2` and double with each stage."""
    require("MODEL.RESNETS.DEPTH", depth, BLOCKS_PER_STAGE)
    stages = []
    for index, num_blocks in enumerate(BLOCKS_PER_STAGE[depth], start=2):
        dilation = {"dilation": 2} if index == 5 and res5_dilation == 2 else {}
        stride = 1 if index == 2 or dilation else 2
        stages.append(
            ResNet.make_stage(
                block_class,
                num_blocks,
                stride_per_block=[stride] + [1] * (num_blocks - 1),
                in_channels=in_channels,
                bottleneck_channels=bottleneck_channels,
                out_channels=out_channels,
                **dilation,
                **kwargs,
            )
        )
        in_channels = out_channels
        bottleneck_channels, out_channels = 2 * bottleneck_channels, 2 * out_channels
    return stages


@BACKBONE_REGISTRY.register()
def build_resnet_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> ResNet:
    """Build the ResNet that `MODEL.RESNETS` describes, without the stages that no output needs.

    Args:
        cfg: Full config.
        input_shape: The image's channels.

    Raises:
        ValueError: a value that the embedded core does not implement.
    """
    c = cfg.MODEL.RESNETS
    require("MODEL.RESNETS.RES5_DILATION", c.RES5_DILATION, (1, 2))
    names = ["stem", "res2", "res3", "res4", "res5"]
    if not c.OUT_FEATURES or not set(c.OUT_FEATURES) <= set(names):
        raise ValueError(f"MODEL.RESNETS.OUT_FEATURES={list(c.OUT_FEATURES)}: choose from {', '.join(names)}")
    stem = BasicStem(input_shape.channels, c.STEM_OUT_CHANNELS, c.NORM)
    # All of them, also those that ResNet drops: they take their share of random numbers in detectron2 too.
    stages = _make_stages(
        c.DEPTH,
        BottleneckBlock,
        in_channels=c.STEM_OUT_CHANNELS,
        bottleneck_channels=c.NUM_GROUPS * c.WIDTH_PER_GROUP,
        out_channels=c.RES2_OUT_CHANNELS,
        res5_dilation=c.RES5_DILATION,
        num_groups=c.NUM_GROUPS,
        norm=c.NORM,
        stride_in_1x1=c.STRIDE_IN_1X1,
    )
    return ResNet(stem, stages, out_features=c.OUT_FEATURES, freeze_at=cfg.MODEL.BACKBONE.FREEZE_AT)
