"""Random weights that do the work of trained ones."""

import pytest
import torch
from detectron2.layers import FrozenBatchNorm2d
from detectron2.modeling import build_model

from mask_rcnn_paper.generated.scene import SceneSpec
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.timing.calibrate import calibrate
from mask_rcnn_paper.timing.networks import as_one_network
from mask_rcnn_paper.timing.scenes import training_batch


def calibrated(config, detections):
    """A row at mini scale with its RPN, calibrated on an image, and that image."""
    cfg = load_cfg(config, "mini", ["MODEL.DEVICE", "cpu", "TEST.DETECTIONS_PER_IMAGE", str(detections)])
    as_one_network(cfg)
    torch.manual_seed(0)
    model = build_model(cfg)
    batch = training_batch(SceneSpec(height=96, width=96), 1, 10)
    calibrate(model, batch, detections)
    return model, batch


@pytest.mark.parametrize("config", ["table2b/sigmoid.yaml", "table2a/r101_fpn.yaml", "table4/keypoint_only.yaml"])
def test_every_image_has_its_full_number_of_detections(config):
    """Of C4, of a deep FPN, and of one class; the second pass finds what the first has set."""
    model, batch = calibrated(config, 15)
    with torch.no_grad():
        (found,) = model(batch)
    assert len(found["instances"]) == 15
    assert torch.isfinite(found["instances"].scores).all()


def test_classes_are_even():
    """So that suppression within a class does not leave a few."""
    model, batch = calibrated("table2a/r50_fpn.yaml", 30)
    with torch.no_grad():
        (found,) = model(batch)
    assert len(found["instances"].pred_classes.unique()) > 4


def test_normalisation_is_that_of_what_a_layer_sees():
    """Mean 0 and variance 1 of each channel on the same image, in the first layer and in the last."""
    model, batch = calibrated("table2a/r50_fpn.yaml", 15)
    seen = {}
    norms = [layer for layer in model.backbone.modules() if isinstance(layer, FrozenBatchNorm2d)]
    for layer in (norms[0], norms[-1]):
        layer.register_forward_hook(lambda layer, _, output: seen.update({layer: output.clone()}))
    with torch.no_grad():
        model(batch)
    for output in seen.values():
        torch.testing.assert_close(output.mean(dim=(0, 2, 3)), torch.zeros(output.shape[1]), atol=1e-3, rtol=0)
        variance = output.var(dim=(0, 2, 3), unbiased=False)
        torch.testing.assert_close(variance, torch.ones_like(variance), atol=1e-2, rtol=0)


def test_nothing_watches_the_model_afterwards():
    """Its hooks are gone."""
    model, _ = calibrated("table2a/r50_fpn.yaml", 15)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())
