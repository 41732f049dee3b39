"""The RPN: head, labels, losses, proposals."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_proposal_generator
from detectron2.modeling.proposal_generator import StandardRPNHead
from detectron2.modeling.proposal_generator.proposal_utils import (
    add_ground_truth_to_proposals,
    find_top_rpn_proposals,
)
from detectron2.structures import Boxes, ImageList, Instances
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

SHAPES = {"res4": ShapeSpec(channels=4, stride=16)}


def ground_truth(*boxes) -> Instances:
    return Instances((64, 64), gt_boxes=Boxes(torch.tensor(boxes).reshape(-1, 4)))


def make_rpn(make_cfg, **options):
    sizes = {"MODEL.ANCHOR_GENERATOR.SIZES": [[16, 32]]}
    torch.manual_seed(0)
    return build_proposal_generator(make_cfg(options={**sizes, **options}), SHAPES)


def run(rpn, gt):
    images = ImageList(torch.zeros(len(gt), 3, 64, 64), [(64, 64)] * len(gt))
    features = {"res4": torch.randn(len(gt), 4, 4, 4, generator=torch.Generator().manual_seed(0))}
    with EventStorage() as storage:
        return *rpn(images, features, gt), storage.latest()


@pytest.mark.parametrize(
    "conv_dims, names", [([-1], ["conv.weight"]), ([6, -1], ["conv.conv0.weight", "conv.conv1.weight"])]
)
def test_conv_dims_name_the_convolutions(conv_dims, names):
    """One convolution is `conv`, several are numbered; -1 keeps the channels."""
    head = StandardRPNHead(in_channels=4, num_anchors=3, conv_dims=conv_dims)
    assert [name for name, _ in head.named_parameters() if "conv" in name and "weight" in name] == names
    logits, deltas = head([torch.zeros(2, 4, 5, 6)])
    assert (logits[0].shape, deltas[0].shape) == ((2, 3, 5, 6), (2, 12, 5, 6))


def test_losses_by_hand(make_cfg):
    """With zero predictions every sampled anchor costs ln 2; both losses are over the nominal batch."""
    rpn = make_rpn(make_cfg, **{"MODEL.RPN.BATCH_SIZE_PER_IMAGE": 8})
    for layer in (rpn.rpn_head.objectness_logits, rpn.rpn_head.anchor_deltas):
        torch.nn.init.zeros_(layer.weight)
    # The anchor of size 16 and ratio 1 at the second cell, moved by a quarter of its width.
    _, losses, latest = run(rpn, [ground_truth([12.0, 8.0, 28.0, 24.0])])
    positive, negative = latest["rpn/num_pos_anchors"][0], latest["rpn/num_neg_anchors"][0]
    assert (positive, negative) == (1, 7)
    assert_close(losses["loss_rpn_cls"], torch.tensor(math.log(2)))
    assert_close(losses["loss_rpn_loc"], torch.tensor(0.25 / 8))


def test_image_without_ground_truth_trains_background_only(make_cfg):
    """No boxes: no localisation loss, a finite classification loss, and gradients that exist."""
    rpn = make_rpn(make_cfg)
    _, losses, latest = run(rpn, [ground_truth()])
    sum(losses.values()).backward()
    assert latest["rpn/num_pos_anchors"][0] == 0
    assert losses["loss_rpn_loc"] == 0
    assert losses["loss_rpn_cls"] > 0
    assert rpn.rpn_head.anchor_deltas.weight.grad.abs().sum() == 0


def test_boundary_threshold_ignores_anchors_outside(make_cfg):
    """With BOUNDARY_THRESH 0 only anchors inside the image are trained."""
    rpn = make_rpn(make_cfg, **{"MODEL.RPN.BOUNDARY_THRESH": 0})
    anchors = rpn.anchor_generator([torch.zeros(1, 4, 4, 4)])
    (labels,), _ = rpn.label_and_sample_anchors(anchors, [ground_truth([0.0, 0.0, 16.0, 16.0])])
    inside = anchors[0].inside_box((64, 64))
    assert (labels[~inside] == -1).all()
    assert (labels[inside] >= 0).any()


def test_evaluation_gives_sorted_proposals_and_no_losses(make_cfg):
    """At most POST_NMS_TOPK_TEST proposals inside the image, best first."""
    rpn = make_rpn(make_cfg, **{"MODEL.RPN.POST_NMS_TOPK_TEST": 5}).eval()
    (proposals, _), losses, _ = run(rpn, [None, None])
    assert losses == {}
    assert len(proposals) == 5
    logits, boxes = proposals.objectness_logits, proposals.proposal_boxes.tensor
    assert_close(logits, logits.sort(descending=True).values)
    assert not boxes.requires_grad
    assert boxes.min() >= 0
    assert boxes.max() <= 64


def find(boxes, logits, training=False, **options):
    arguments = {"nms_thresh": 0.5, "pre_nms_topk": 10, "post_nms_topk": 10, "min_box_size": 0.0, **options}
    (result,) = find_top_rpn_proposals(
        [torch.tensor([b]) for b in boxes],
        [torch.tensor([s]) for s in logits],
        [(20, 20)],
        training=training,
        **arguments,
    )
    return result.objectness_logits.tolist()


def test_suppression_is_within_a_level():
    """Equal boxes suppress each other on one level, not across levels; top-k counts a level, then all."""
    box, other = [0.0, 0.0, 10.0, 10.0], [12.0, 12.0, 18.0, 18.0]
    assert find([[box, box, other]], [[1.0, 2.0, 0.0]]) == [2.0, 0.0]
    assert find([[box], [box]], [[1.0], [2.0]]) == [2.0, 1.0]
    assert find([[box, other], [box]], [[1.0, 0.0], [2.0]], pre_nms_topk=1) == [2.0, 1.0]
    assert find([[box], [box]], [[1.0], [2.0]], post_nms_topk=1) == [2.0]


def test_small_and_outside_boxes_are_dropped():
    """Sides count after clipping, and must be greater than the least size."""
    boxes = [[-9.0, 0.0, 3.0, 9.0], [30.0, 0.0, 40.0, 9.0], [10.0, 10.0, 14.0, 14.0]]
    assert find([boxes], [[3.0, 2.0, 1.0]]) == [3.0, 1.0]
    assert find([boxes], [[3.0, 2.0, 1.0]], min_box_size=3.0) == [1.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_non_finite_predictions(bad):
    """They stop training, and are dropped in testing."""
    boxes = [[[0.0, 0.0, bad, 9.0], [10.0, 10.0, 14.0, 14.0]]]
    assert find(boxes, [[3.0, 1.0]]) == [1.0]
    with pytest.raises(FloatingPointError, match="BASE_LR"):
        find(boxes, [[3.0, 1.0]], training=True)


def test_ground_truth_joins_proposals():
    """Boxes are appended with a logit near that of probability 1; a field that they lack is an error."""
    proposals = Instances((64, 64), proposal_boxes=Boxes(torch.zeros(1, 4)), objectness_logits=torch.zeros(1))
    (joined,) = add_ground_truth_to_proposals([ground_truth([1.0, 2.0, 3.0, 4.0])], [proposals])
    assert_close(joined.proposal_boxes.tensor[1], torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert joined.objectness_logits[1] > 20
    proposals.extra = torch.zeros(1)
    with pytest.raises(ValueError, match="extra"):
        add_ground_truth_to_proposals([Boxes(torch.zeros(0, 4))], [proposals])


def test_precomputed_proposals_need_no_generator(make_cfg):
    """MODEL.PROPOSAL_GENERATOR.NAME PrecomputedProposals builds nothing."""
    cfg = make_cfg(options={"MODEL.PROPOSAL_GENERATOR.NAME": "PrecomputedProposals"})
    assert build_proposal_generator(cfg, SHAPES) is None


@pytest.mark.parametrize(
    "key, value, error",
    [
        ("MODEL.RPN.BBOX_REG_LOSS_TYPE", "giou", ValueError),
        ("MODEL.RPN.IN_FEATURES", ["p2"], ValueError),
        ("MODEL.RPN.CONV_DIMS", [0], ValueError),
        ("MODEL.RPN.HEAD_NAME", "NoHead", KeyError),
        ("MODEL.PROPOSAL_GENERATOR.NAME", "RRPN", KeyError),
    ],
)
def test_refused_values_are_named(make_cfg, key, value, error):
    """Values of detectron2 that the core lacks, and wrong ones, are named with their key."""
    with pytest.raises(error, match=key):
        make_rpn(make_cfg, **{key: value})
