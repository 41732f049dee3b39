"""FPN: levels, the top-down sum, and what it refuses."""

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import FPN, Backbone, build_backbone
from detectron2.modeling.backbone.fpn import LastLevelMaxPool
from torch import nn
from torch.testing import assert_close


class Pyramid(Backbone):
    """Two given maps of strides 4 and 8."""

    def __init__(self, strides=(4, 8)):
        super().__init__()
        self._out_features = ["fine", "coarse"]
        self._out_feature_channels = {"fine": 1, "coarse": 1}
        self._out_feature_strides = dict(zip(self._out_features, strides, strict=True))

    def forward(self, x):
        return {"fine": x, "coarse": x[..., ::2, ::2]}


def identity_fpn(**kwargs):
    """An FPN whose convolutions change nothing."""
    fpn = FPN(Pyramid(), ["fine", "coarse"], 1, **kwargs)
    for module in fpn.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.dirac_(module.weight)
    return fpn


@pytest.mark.parametrize("fuse_type, factor", [("sum", 1.0), ("avg", 0.5)])
def test_finer_level_is_lateral_plus_upsampled(fuse_type, factor):
    """With identity convolutions p2 is the fine map plus (or averaged with) the repeated coarse one."""
    x = torch.arange(16.0).view(1, 1, 4, 4)
    outputs = identity_fpn(fuse_type=fuse_type)(x)
    coarse = x[..., ::2, ::2]
    assert list(outputs) == ["p2", "p3"]
    assert_close(outputs["p3"], coarse)
    repeated = coarse.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert_close(outputs["p2"], factor * (x + repeated))


def test_max_pool_level_is_every_second_cell():
    """p6 keeps every second cell of p5."""
    x = torch.arange(16.0).view(1, 1, 4, 4)
    (p6,) = LastLevelMaxPool()(x)
    assert_close(p6, x[..., ::2, ::2])


def test_resnet_fpn_has_five_levels(make_cfg):
    """p2 to p6 have FPN.OUT_CHANNELS channels and strides 4 to 64; sides are padded to 32."""
    backbone = build_backbone(make_cfg("fpn"))
    assert backbone.size_divisibility == 32
    assert backbone.padding_constraints == {"square_size": 0}
    expected = {f"p{k}": ShapeSpec(channels=8, stride=2**k) for k in range(2, 7)}
    assert backbone.output_shape() == expected
    outputs = backbone(torch.zeros(1, 3, 64, 128))
    assert {k: tuple(v.shape[1:]) for k, v in outputs.items()} == {
        "p2": (8, 16, 32),
        "p3": (8, 8, 16),
        "p4": (8, 4, 8),
        "p5": (8, 2, 4),
        "p6": (8, 1, 2),
    }


def test_refuses_gaps_and_unknown_options():
    """Strides that do not double, unknown maps and unknown fusions are errors that name the key."""
    with pytest.raises(ValueError, match="FPN.IN_FEATURES.*twice"):
        FPN(Pyramid(strides=(4, 16)), ["fine", "coarse"], 1)
    with pytest.raises(ValueError, match="FPN.IN_FEATURES.*fine, coarse"):
        FPN(Pyramid(), ["res2"], 1)
    with pytest.raises(ValueError, match="MODEL.FPN.FUSE_TYPE='max'.*sum"):
        identity_fpn(fuse_type="max")
