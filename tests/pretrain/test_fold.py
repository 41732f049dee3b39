"""Function-preserving changes of pre-trained weights."""

import numpy as np
import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone.resnet import build_resnet_backbone
from torch.testing import assert_close

from mask_rcnn_paper.pretrain.fold import fold_batch_norm, scale_last_stage
from mask_rcnn_paper.scales import load_cfg

TINY = ["MODEL.RESNETS.STEM_OUT_CHANNELS", "4", "MODEL.RESNETS.RES2_OUT_CHANNELS", "8", "MODEL.DEVICE", "cpu"]
TINY += ["MODEL.RESNETS.WIDTH_PER_GROUP", "4", "MODEL.RESNETS.OUT_FEATURES", "['res4', 'res5']"]


@pytest.fixture
def network() -> torch.nn.Module:
    """A frozen ResNet-50 with random normalisations."""
    torch.manual_seed(0)
    model = build_resnet_backbone(load_cfg("table2b/sigmoid.yaml", "paper", TINY), ShapeSpec(channels=3)).eval()
    for name, value in model.named_buffers():
        if name.endswith("running_var") or name.endswith("norm.weight"):
            value.uniform_(0.5, 2.0)
        elif "norm" in name:
            value.normal_(std=0.1)
    return model


def outputs_with(model: torch.nn.Module, weights: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    with torch.no_grad():
        return model(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)))


def weights_of(model: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.clone().numpy() for name, value in model.state_dict().items()}


def test_folding_changes_nothing_that_the_network_computes(network):
    """The folded network has the same features, and normalisations that only add a bias."""
    before = weights_of(network)
    expected, folded = outputs_with(network, before), fold_batch_norm(before)
    assert (folded["res3.1.conv2.norm.weight"] == 1).all()
    assert (folded["res3.1.conv2.norm.running_mean"] == 0).all()
    for name, feature in outputs_with(network, folded).items():
        assert_close(feature, expected[name], rtol=1e-4, atol=1e-4 * float(expected[name].max()))


def test_scaling_multiplies_res5_and_nothing_else(network):
    """The output of res5 is multiplied by the factor; res4 stays."""
    folded = fold_batch_norm(weights_of(network))
    expected, scaled = outputs_with(network, folded), outputs_with(network, scale_last_stage(folded, 3.0))
    assert_close(scaled["res4"], expected["res4"])
    assert_close(scaled["res5"], 3 * expected["res5"], rtol=1e-4, atol=1e-4 * float(expected["res5"].max()))


def test_dtypes_stay(network):
    """float32 weights stay float32."""
    weights = scale_last_stage(fold_batch_norm(weights_of(network)), 0.37)
    assert {value.dtype for value in weights.values()} == {np.dtype("float32")}
