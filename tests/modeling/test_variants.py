"""Components of a user's own files, tests/variants/: each is named by a config key, trains, and detects."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import Boxes
from torch.testing import assert_close

from mask_rcnn_paper.modeling import MASK_LOSS_REGISTRY, ROI_LAYER_REGISTRY
from tests.modeling.test_rows_train import SIZE, assert_gradients_are_finite, losses_of, model_of, sample
from tests.variants import bilinear_keypoint_head, bilinear_mask_head, dice_mask_loss, half_pixel_roi_align

# The row that each file is tried in, and the keys that name what it registers.
VARIANTS = {
    dice_mask_loss: ("table2d/roialign.yaml", ["MODEL.ROI_MASK_HEAD.LOSS", "dice"]),
    half_pixel_roi_align: ("table4/keypoint_and_mask.yaml", ["MODEL.ROI_POOLER.NAME", "HalfPixelRoIAlign"]),
    bilinear_mask_head: ("table5/mask_only.yaml", ["MODEL.ROI_MASK_HEAD.NAME", "BilinearMaskHead"]),
    bilinear_keypoint_head: ("table6/roialign.yaml", ["MODEL.ROI_KEYPOINT_HEAD.NAME", "BilinearKeypointHead"]),
}
ROWS = pytest.mark.parametrize("row, opts", VARIANTS.values(), ids=[Path(module.__file__).stem for module in VARIANTS])


def test_every_variant_is_tried():
    """No file escapes the tests below."""
    tried = {Path(module.__file__) for module in VARIANTS}
    assert tried == set(Path(dice_mask_loss.__file__).parent.glob("*.py"))


@ROWS
def test_a_step_of_training_and_a_detection(row, opts):
    """Losses are finite, their gradients reach every parameter, and detections have the branch's output."""
    model = model_of(row, *opts)
    losses = losses_of(model, sample(2), sample(0))
    sum(losses.values()).backward()
    for name, loss in losses.items():
        assert torch.isfinite(loss), name
        assert loss > 0, name
    assert_gradients_are_finite(model)
    with torch.no_grad():
        found = model.eval()([sample(2)])[0]["instances"]
    assert len(found) > 0
    if "loss_mask" in losses:
        assert found.pred_masks.shape[1:] == (SIZE, SIZE)
    if "loss_keypoint" in losses:
        assert found.pred_keypoints.shape[1:] == (17, 3)


@ROWS
def test_no_positive_roi_in_the_batch(row, opts):
    """Losses are finite, 0 but for classification, and every parameter has a gradient, if only of zeros."""
    model = model_of(row, *opts)
    losses = losses_of(model, sample(0), sample(0))
    sum(losses.values()).backward()
    assert losses.pop("loss_cls") > 0
    assert {name: loss.item() for name, loss in losses.items()} == dict.fromkeys(losses, 0.0)
    assert_gradients_are_finite(model)


def test_they_are_registered_beside_the_papers():
    """A misspelt name would list them."""
    assert "dice" in MASK_LOSS_REGISTRY
    assert "sigmoid" in MASK_LOSS_REGISTRY
    assert "HalfPixelRoIAlign" in ROI_LAYER_REGISTRY
    assert "RoIAlign" in ROI_LAYER_REGISTRY


def test_the_dice_loss_in_its_limits():
    """0 for masks that are right and sure, near 1 for masks that are everywhere wrong."""
    loss = dice_mask_loss.dice_mask_loss
    targets = torch.zeros(2, 28, 28, dtype=torch.bool)
    targets[:, :14] = True
    right = torch.where(targets, 50.0, -50.0)[:, None]
    classes = torch.zeros(2, dtype=torch.int64)
    assert loss(right, targets, classes) < 1e-6
    assert loss(-right, targets, classes) > 0.99


def test_the_half_pixel_layer_is_detectron2s():
    """POOLER_TYPE ROIAlignV2, on one level."""
    features = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    box = torch.tensor([[10.0, 12.0, 60.0, 71.0]])
    layer = half_pixel_roi_align.HalfPixelRoIAlign((7, 7), 1 / 4, 2, "ave")
    expected = ROIPooler(7, [1 / 4], 2, "ROIAlignV2")([features], [Boxes(box)])
    assert_close(layer(features, torch.nn.functional.pad(box, (1, 0))), expected)
