"""Keypoint heads, their loss and their decoding."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_keypoint_head
from detectron2.modeling.roi_heads.keypoint_head import (
    keypoint_rcnn_inference,
    keypoint_rcnn_loss,
    select_proposals_with_visible_keypoints,
)
from detectron2.structures import Boxes, Instances, Keypoints
from detectron2.utils.events import EventStorage
from torch.testing import assert_close


def proposals(*points) -> Instances:
    """Proposals of 8 x 8 pixels, each with the same two keypoints."""
    boxes = torch.tensor([[0.0, 0.0, 8.0, 8.0]] * len(points)).reshape(-1, 4)
    x = Instances((8, 8), proposal_boxes=Boxes(boxes))
    x.gt_keypoints = Keypoints(torch.tensor([[p, p] for p in points]).reshape(-1, 2, 3))
    return x


def loss(logits, instances, normalizer=None):
    with EventStorage() as storage:
        return keypoint_rcnn_loss(logits, instances, normalizer), storage.latest()


@pytest.mark.parametrize("normalizer, expected", [(None, math.log(16)), (8.0, math.log(16) / 4)])
def test_uniform_logits_cost_the_log_of_the_cells(normalizer, expected):
    """Two visible keypoints of ln 16 each over 4 x 4 cells, divided by their number or by the normaliser."""
    x = proposals([2.0, 2.0, 2.0], [2.0, 2.0, 0.0])
    value, _ = loss(torch.zeros(2, 2, 4, 4), [x], normalizer)
    assert_close(value, torch.tensor(expected))


def test_right_cell_costs_nothing():
    """A heat map with all its mass in the keypoint's cell has no loss."""
    logits = torch.zeros(1, 2, 4, 4)
    logits[:, :, 1, 3] = 100.0
    assert_close(loss(logits, [proposals([7.0, 3.0, 2.0])])[0], torch.tensor(0.0))


@pytest.mark.parametrize("instances", [[], [proposals()], [proposals([1.0, 1.0, 0.0])]])
def test_nothing_visible_costs_nothing_and_is_counted(instances):
    """Without a visible keypoint the loss is 0, with a gradient, and the batch counts as skipped."""
    logits = torch.zeros(sum(map(len, instances)), 2, 4, 4, requires_grad=True)
    value, latest = loss(logits, instances)
    value.backward()
    assert value == 0
    assert latest["kpts_num_skipped_batches"][0] == 1


def test_selection_needs_a_labelled_keypoint_inside():
    """Unlabelled keypoints and those outside the box do not count; images without proposals are kept."""
    empty = Instances((8, 8), proposal_boxes=Boxes(torch.zeros(0, 4)))
    candidates = proposals([1.0, 1.0, 0.0], [9.0, 1.0, 2.0], [8.0, 8.0, 1.0])
    with EventStorage() as storage:
        kept, none = select_proposals_with_visible_keypoints([candidates, empty])
        assert storage.latest()["keypoint_head/num_fg_samples"][0] == 0.5
    assert len(none) == 0
    assert_close(kept.gt_keypoints.tensor[:, 0], torch.tensor([[8.0, 8.0, 1.0]]))


def test_peak_is_decoded_in_the_box():
    """Each image gets its keypoints at the peaks, with three columns, and its heat maps."""
    logits = torch.zeros(1, 2, 8, 8)
    logits[0, :, 2, 5] = 50.0
    images = [Instances((64, 64), pred_boxes=Boxes(torch.zeros(0, 4)))]
    images.append(Instances((64, 64), pred_boxes=Boxes(torch.tensor([[16.0, 0.0, 24.0, 8.0]]))))
    keypoint_rcnn_inference(logits, images)
    assert images[0].pred_keypoints.shape == (0, 2, 3)
    assert images[1].pred_keypoint_heatmaps.shape == (1, 2, 8, 8)
    x, y, score = images[1].pred_keypoints[0, 0].tolist()
    assert (x, y) == pytest.approx((21.5, 2.5), abs=0.5)
    assert 0 < score <= 1


def test_head_quadruples_the_resolution(make_cfg):
    """Convolutions, a deconvolution to 17 channels and bilinear upsampling; biases start at 0."""
    head = build_keypoint_head(make_cfg(), ShapeSpec(channels=4, height=14, width=14))
    assert [name for name, _ in head.named_children()] == ["conv_fcn1", "conv_fcn_relu1", "score_lowres"]
    assert head.layers(torch.zeros(2, 4, 14, 14)).shape == (2, 17, 56, 56)
    assert all((p == 0).all() for name, p in head.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize("visible, expected", [(True, "visible"), (False, 17 * 16 * 0.25)])
def test_normaliser_follows_the_configuration(make_cfg, visible, expected):
    """By visible keypoints, or by the most that a batch may hold."""
    options = {"MODEL.ROI_KEYPOINT_HEAD.NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS": visible}
    head = build_keypoint_head(make_cfg(options=options), ShapeSpec(channels=4))
    assert head.loss_normalizer == expected
    with EventStorage():
        x = Instances((8, 8), proposal_boxes=Boxes(torch.tensor([[0.0, 0.0, 8.0, 8.0]])))
        x.gt_keypoints = Keypoints(torch.full((1, 17, 3), 2.0))
        torch.nn.init.zeros_(head.score_lowres.weight)
        value = head(torch.zeros(1, 4, 2, 2), [x])["loss_keypoint"]
    assert_close(value, torch.tensor(math.log(64) * (1 if visible else 17 / expected)))


def test_unknown_head_is_named(make_cfg):
    """An unregistered name is an error that names the key."""
    cfg = make_cfg(options={"MODEL.ROI_KEYPOINT_HEAD.NAME": "NoHead"})
    with pytest.raises(KeyError, match="MODEL.ROI_KEYPOINT_HEAD.NAME='NoHead'"):
        build_keypoint_head(cfg, ShapeSpec(channels=4))
