"""A seed gives the same initial weights on both providers: layers are made first, then filled, in one order."""

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone import FPN, build_resnet_backbone
from detectron2.modeling.backbone.resnet import BasicStem, BottleneckBlock, ResNet
from detectron2.modeling.roi_heads import FastRCNNConvFCHead, MaskRCNNConvUpsampleHead
from fvcore.nn.weight_init import c2_msra_fill, c2_xavier_fill
from torch import nn

IN = ShapeSpec(channels=3, height=2, width=2)


def block():
    return BottleneckBlock(3, 5, bottleneck_channels=2)


def box_head():
    return FastRCNNConvFCHead(IN, conv_dims=[4], fc_dims=[5, 6])


def mask_head():
    return MaskRCNNConvUpsampleHead(IN, num_classes=2, conv_dims=[4, 5])


def normal(layer):
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.zeros_(layer.bias)


def plain(kind, *args, **kwargs):
    return lambda: kind(*args, **kwargs)


# Layers in the order in which they are made, and how they are filled, in that order.
LAYERS = {
    block: {
        "shortcut": plain(nn.Conv2d, 3, 5, 1, bias=False),
        "conv1": plain(nn.Conv2d, 3, 2, 1, bias=False),
        "conv2": plain(nn.Conv2d, 2, 2, 3, bias=False),
        "conv3": plain(nn.Conv2d, 2, 5, 1, bias=False),
    },
    box_head: {
        "conv1": plain(nn.Conv2d, 3, 4, 3),
        "fc1": plain(nn.Linear, 16, 5),
        "fc2": plain(nn.Linear, 5, 6),
    },
    mask_head: {
        "mask_fcn1": plain(nn.Conv2d, 3, 4, 3),
        "deconv": plain(nn.ConvTranspose2d, 4, 5, 2),
        "predictor": plain(nn.Conv2d, 5, 2, 1),
    },
}
FILLS = {
    block: [("conv1", c2_msra_fill), ("conv2", c2_msra_fill), ("conv3", c2_msra_fill), ("shortcut", c2_msra_fill)],
    box_head: [("conv1", c2_msra_fill), ("fc1", c2_xavier_fill), ("fc2", c2_xavier_fill)],
    mask_head: [("mask_fcn1", c2_msra_fill), ("deconv", c2_msra_fill), ("predictor", normal)],
}


@pytest.mark.parametrize("build", LAYERS)
def test_layers_are_filled_after_all_are_made(build):
    """Layer by layer the weights of the same draws in the documented order, and nothing more is drawn."""
    torch.manual_seed(0)
    found = build().state_dict()
    state = torch.get_rng_state()
    torch.manual_seed(0)
    layers = {name: make() for name, make in LAYERS[build].items()}
    for name, fill in FILLS[build]:
        fill(layers[name])
    assert torch.equal(torch.get_rng_state(), state)
    for name, layer in layers.items():
        torch.testing.assert_close(found[f"{name}.weight"], layer.weight.detach(), rtol=0, atol=0)


def test_levels_of_a_pyramid():
    """Level by level: both layers are made, then first the lateral and then the output layer is filled."""
    stages = [
        ResNet.make_stage(BottleneckBlock, 1, in_channels=c, out_channels=2 * c, bottleneck_channels=2, **stride)
        for c, stride in ((2, {}), (4, {"stride_per_block": [2]}))
    ]
    bottom_up = ResNet(BasicStem(3, 2), stages, out_features=["res2", "res3"])
    torch.manual_seed(0)
    found = FPN(bottom_up, ["res2", "res3"], 3).state_dict()
    torch.manual_seed(0)
    for level, channels in ((2, 4), (3, 8)):
        lateral, output = nn.Conv2d(channels, 3, 1), nn.Conv2d(3, 3, 3)
        c2_xavier_fill(lateral)
        c2_xavier_fill(output)
        torch.testing.assert_close(found[f"fpn_lateral{level}.weight"], lateral.weight.detach(), rtol=0, atol=0)
        torch.testing.assert_close(found[f"fpn_output{level}.weight"], output.weight.detach(), rtol=0, atol=0)


def test_a_backbone_draws_for_the_stages_that_it_drops():
    """A ResNet that ends at res4 leaves the generator where one that ends at res5 does, and shares its weights."""
    states, weights = [], []
    for last in ("res4", "res5"):
        cfg = get_cfg()
        cfg.merge_from_list(["MODEL.RESNETS.WIDTH_PER_GROUP", 2, "MODEL.RESNETS.RES2_OUT_CHANNELS", 8])
        cfg.merge_from_list(["MODEL.RESNETS.STEM_OUT_CHANNELS", 4, "MODEL.RESNETS.OUT_FEATURES", [last]])
        torch.manual_seed(0)
        weights.append(build_resnet_backbone(cfg, ShapeSpec(channels=3)).state_dict())
        states.append(torch.get_rng_state())
    assert torch.equal(*states)
    assert len(weights[0]) < len(weights[1])
    torch.testing.assert_close(weights[0], {k: weights[1][k] for k in weights[0]}, rtol=0, atol=0)
