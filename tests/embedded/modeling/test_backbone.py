"""ResNet: shapes, strides, freezing, and what it refuses."""

import pytest
import torch
from detectron2.layers import FrozenBatchNorm2d, ShapeSpec
from detectron2.modeling import ResNet, build_backbone
from detectron2.modeling.backbone import BasicStem, BottleneckBlock


def test_stages_have_the_channels_and_strides_that_they_state(make_cfg):
    """Outputs match output_shape(): channels double and maps halve with each stage."""
    cfg = make_cfg(options={"MODEL.RESNETS.OUT_FEATURES": ["stem", "res2", "res3", "res4", "res5"]})
    backbone = build_backbone(cfg)
    outputs = backbone(torch.zeros(1, 3, 64, 96))
    assert {k: v.shape[1] for k, v in outputs.items()} == {
        "stem": 4,
        "res2": 16,
        "res3": 32,
        "res4": 64,
        "res5": 128,
    }
    for name, shape in backbone.output_shape().items():
        assert outputs[name].shape == (1, shape.channels, 64 // shape.stride, 96 // shape.stride)


@pytest.mark.parametrize("depth, blocks", [(50, (3, 4, 6)), (101, (3, 4, 23)), (152, (3, 8, 36))])
def test_depth_gives_the_blocks_and_unused_stages_are_not_built(make_cfg, depth, blocks):
    """C4 has the blocks of ResNet's Table 1 without res5."""
    backbone = build_backbone(make_cfg(options={"MODEL.RESNETS.DEPTH": depth}))
    assert backbone.stage_names == ("res2", "res3", "res4")
    assert tuple(len(getattr(backbone, name)) for name in backbone.stage_names) == blocks


def test_dilated_res5_keeps_the_resolution(make_cfg):
    """RES5_DILATION 2 trades the last stride for dilation."""
    options = {"MODEL.RESNETS.OUT_FEATURES": ["res5"], "MODEL.RESNETS.RES5_DILATION": 2}
    backbone = build_backbone(make_cfg(options=options))
    assert backbone.output_shape()["res5"] == ShapeSpec(channels=128, stride=16)
    assert backbone(torch.zeros(1, 3, 64, 64))["res5"].shape == (1, 128, 4, 4)


def test_stride_and_groups_go_where_they_are_told():
    """The stride is in the 1x1 or in the 3x3 convolution; groups are those of the 3x3 convolution."""
    block = BottleneckBlock(8, 16, bottleneck_channels=8, stride=2, num_groups=4, stride_in_1x1=True)
    assert (block.conv1.stride, block.conv2.stride, block.conv2.groups) == ((2, 2), (1, 1), 4)
    block = BottleneckBlock(8, 16, bottleneck_channels=8, stride=2)
    assert (block.conv1.stride, block.conv2.stride) == ((1, 1), (2, 2))


@pytest.mark.parametrize("freeze_at, frozen", [(0, []), (1, ["stem"]), (2, ["stem", "res2"])])
def test_freeze_at_fixes_the_first_stages(freeze_at, frozen):
    """Frozen stages have no trainable parameter and no batch norm that learns; the others have."""
    stages = [[BottleneckBlock(4, 8, bottleneck_channels=4)], [BottleneckBlock(8, 8, bottleneck_channels=4)]]
    net = ResNet(BasicStem(3, 4), stages, freeze_at=freeze_at)
    for name in ("stem", "res2", "res3"):
        part = getattr(net, name)
        assert any(p.requires_grad for p in part.parameters()) == (name not in frozen)
        assert any(isinstance(m, FrozenBatchNorm2d) for m in part.modules()) == (name in frozen)


def test_classifier_returns_logits():
    """num_classes adds pooling and a linear layer, the output by default."""
    net = ResNet(BasicStem(3, 4), [[BottleneckBlock(4, 8, bottleneck_channels=4)]], num_classes=5)
    assert net.output_shape() == {"linear": ShapeSpec(channels=5)}
    assert net(torch.zeros(2, 3, 32, 32))["linear"].shape == (2, 5)


def test_make_stage_wants_a_value_for_each_block():
    """A list of the wrong length is refused."""
    with pytest.raises(ValueError, match="each of the 2 blocks"):
        ResNet.make_stage(
            BottleneckBlock, 2, in_channels=4, out_channels=8, bottleneck_channels=4, stride_per_block=[1]
        )


@pytest.mark.parametrize(
    "key, value, error",
    [
        ("MODEL.RESNETS.DEPTH", 18, ValueError),
        ("MODEL.RESNETS.OUT_FEATURES", ["res6"], ValueError),
        ("MODEL.BACKBONE.NAME", "build_mnasnet_backbone", KeyError),
    ],
)
def test_refused_values_are_named(make_cfg, key, value, error):
    """Values of detectron2 that the core lacks, and wrong ones, are named with their key."""
    with pytest.raises(error, match=key):
        build_backbone(make_cfg(options={key: value}))
