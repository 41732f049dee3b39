"""Mask heads, their loss and their masks."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_mask_head
from detectron2.modeling.roi_heads.mask_head import (
    MaskRCNNConvUpsampleHead,
    mask_rcnn_inference,
    mask_rcnn_loss,
)
from detectron2.structures import Boxes, Instances, PolygonMasks
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

HALF = [0.0, 0.0, 4.0, 0.0, 4.0, 8.0, 0.0, 8.0]


def foreground(*classes: int) -> Instances:
    """Proposals of 8 x 8 pixels whose mask is their left half."""
    num = len(classes)
    x = Instances((8, 8), proposal_boxes=Boxes(torch.tensor([[0.0, 0.0, 8.0, 8.0]] * num).reshape(-1, 4)))
    x.gt_classes = torch.tensor(classes, dtype=torch.int64)
    x.gt_masks = PolygonMasks([[HALF]] * num)
    return x


def loss(logits, *instances):
    with EventStorage() as storage:
        value = mask_rcnn_loss(logits, list(instances))
        return value, {name: v for name, (v, _) in storage.latest().items()}


def test_uniform_logits_cost_ln_2():
    """Logits of 0 give a binary cross-entropy of ln 2, whatever the mask."""
    value, _ = loss(torch.zeros(2, 3, 4, 4), foreground(0, 2))
    assert_close(value, torch.tensor(math.log(2)))


def test_only_the_true_class_is_trained():
    """Masks do not compete: other classes get no gradient."""
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    loss(logits, foreground(1))[0].backward()
    assert [bool((g != 0).any()) for g in logits.grad[0]] == [False, True, False]


@pytest.mark.parametrize("channels", [1, 3])
def test_scalars_count_wrong_cells(channels):
    """All foreground predicted on a half mask: half of the cells are wrong, all of them false positives."""
    value, scalars = loss(torch.full((1, channels, 4, 4), 20.0), foreground(1))
    assert_close(value, torch.tensor(10.0))
    assert scalars == {
        "mask_rcnn/accuracy": 0.5,
        "mask_rcnn/false_positive": 1.0,
        "mask_rcnn/false_negative": 0.0,
    }


def test_no_foreground_costs_nothing():
    """Without proposals the loss is 0, with a gradient, also where an image lacks the fields."""
    logits = torch.zeros(0, 3, 4, 4, requires_grad=True)
    empty = Instances((8, 8), proposal_boxes=Boxes(torch.zeros(0, 4)))
    value, _ = loss(logits, empty, foreground())
    value.backward()
    assert value == 0
    assert_close(loss(torch.zeros(1, 3, 4, 4), empty, foreground(1))[0], torch.tensor(math.log(2)))


def test_masks_are_those_of_the_predicted_class():
    """Each image gets the probabilities of its detections' classes; images without any get none."""
    logits = torch.zeros(2, 3, 4, 4)
    logits[0, 2], logits[1, 1] = 100.0, -100.0
    images = [Instances((8, 8), pred_classes=torch.tensor(c, dtype=torch.int64)) for c in ([2], [], [1])]
    mask_rcnn_inference(logits, images)
    assert [x.pred_masks.shape for x in images] == [(1, 1, 4, 4), (0, 1, 4, 4), (1, 1, 4, 4)]
    assert (images[0].pred_masks == 1).all()
    assert (images[2].pred_masks == 0).all()


@pytest.mark.parametrize("agnostic, classes", [(False, 3), (True, 1)])
def test_head_doubles_the_resolution(make_cfg, agnostic, classes):
    """NUM_CONV convolutions, a deconvolution and a predictor of K channels or 1."""
    options = {"MODEL.ROI_MASK_HEAD.NUM_CONV": 2, "MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK": agnostic}
    head = build_mask_head(make_cfg(options=options), ShapeSpec(channels=4, height=7, width=7))
    assert [name for name, _ in head.named_children()] == [
        "mask_fcn1",
        "mask_fcn2",
        "deconv",
        "deconv_relu",
        "predictor",
    ]
    assert head.layers(torch.zeros(2, 4, 7, 7)).shape == (2, classes, 14, 14)
    assert head.layers(torch.zeros(0, 4, 7, 7)).shape == (0, classes, 14, 14)


def test_loss_weight_scales_the_loss():
    """loss_mask is the loss times the weight."""
    head = MaskRCNNConvUpsampleHead(ShapeSpec(channels=4), num_classes=3, conv_dims=[4], loss_weight=2.0)
    torch.nn.init.zeros_(head.predictor.weight)
    with EventStorage():
        losses = head(torch.zeros(1, 4, 2, 2), [foreground(0)])
    assert_close(losses["loss_mask"], torch.tensor(2 * math.log(2)))


def test_refused_values_are_named(make_cfg):
    """Images for visualisation and unknown heads are errors that name the key."""
    with pytest.raises(ValueError, match="VIS_PERIOD=5.*install detectron2"):
        build_mask_head(make_cfg(options={"VIS_PERIOD": 5}), ShapeSpec(channels=4))
    with pytest.raises(KeyError, match="MODEL.ROI_MASK_HEAD.NAME='PointRendMaskHead'"):
        cfg = make_cfg(options={"MODEL.ROI_MASK_HEAD.NAME": "PointRendMaskHead"})
        build_mask_head(cfg, ShapeSpec(channels=4))
