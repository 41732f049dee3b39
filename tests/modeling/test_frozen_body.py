"""A body that training leaves as it is."""

import pytest
import torch
from detectron2.modeling import build_backbone

from mask_rcnn_paper.scales import load_cfg

FROZEN, TRAINED = "text/r101_fpn_shared.yaml", "table2a/r101_fpn.yaml"
SMALL = ("MODEL.RESNETS.DEPTH", "50", "MODEL.RESNETS.NORM", "BN", "MODEL.DEVICE", "cpu")


def body(config):
    """Body of a row at mini scale, with statistics that training would change."""
    torch.manual_seed(0)
    return build_backbone(load_cfg(config, "mini", SMALL))


def test_neither_weights_nor_statistics_are_trained():
    """Of ResNet and FPN: no gradient reaches them, and a pass in training changes nothing."""
    frozen = body(FROZEN).train()
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    maps = frozen(torch.randn(2, 3, 64, 64))
    assert not any(levels.requires_grad for levels in maps.values())
    assert all(torch.equal(value, before[name]) for name, value in frozen.state_dict().items())
    assert not any(weight.requires_grad for weight in frozen.parameters())


def test_the_trained_body_loads():
    """Same names and shapes, but for the count of batches, and the same maps."""
    frozen, trained = body(FROZEN), body(TRAINED).eval()
    missing, unexpected = frozen.load_state_dict(trained.state_dict(), strict=False)
    assert missing == []
    assert all(name.endswith("num_batches_tracked") for name in unexpected)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(frozen(image), trained(image))


@pytest.mark.parametrize("config", ["rpn/r101_fpn_shared.yaml", FROZEN])
def test_the_third_and_fourth_step_have_it(config):
    """Section 4.4: both start from the detector of the second step."""
    cfg = load_cfg(config)
    assert cfg.MODEL.BACKBONE.NAME == "build_frozen_resnet_fpn_backbone"
    assert (cfg.STAGES.DETECTOR, cfg.MODEL.WEIGHTS) == (TRAINED, "")
