"""Detections from the boxes of several views."""

import dataclasses

import pytest
import torch
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
from torch.testing import assert_close

from mask_rcnn_paper.modeling.merged_detections import Merging

SIZE = (100, 100)
RULE = Merging(score_threshold=0.05, nms_threshold=0.5, limit=100, vote_iou=0.9, vote_scores="keep")
# Two views of an object, and something else.
BOXES = torch.tensor([[10.0, 10.0, 60.0, 60.0], [10.0, 10.0, 62.0, 60.0], [70.0, 70.0, 95.0, 110.0]])
SCORES = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.01, 0.04, 0.95]])


def test_without_voting_it_is_fast_rcnns():
    """Threshold, NMS and limit are detectron2's."""
    generator = torch.Generator().manual_seed(0)
    corner = 50 * torch.rand(40, 2, 2, generator=generator)
    boxes = torch.cat([corner, corner + 10 + 60 * torch.rand(40, 2, 2, generator=generator)], dim=2).flatten(1)
    scores = torch.rand(40, 3, generator=generator)
    found = dataclasses.replace(RULE, vote_iou=0, limit=20).detections(boxes, scores, SIZE)
    (expected,), _ = fast_rcnn_inference([boxes.clone()], [scores], [SIZE], 0.05, 0.5, 20)
    for name in ("scores", "pred_classes"):
        assert torch.equal(found.get(name), expected.get(name))
    assert torch.equal(found.pred_boxes.tensor, expected.pred_boxes.tensor)


def test_boxes_vote_in_their_class():
    """Of each class one box of the two is left; its place is their mean, its score its own."""
    found = RULE.detections(BOXES, SCORES, SIZE)
    assert found.pred_classes.tolist() == [1, 0]
    assert_close(found.scores, torch.tensor([0.7, 0.6]))
    right = torch.tensor([(0.3 * 60 + 0.7 * 62) / 1.0, (0.6 * 60 + 0.2 * 62) / 0.8])
    assert_close(found.pred_boxes.tensor[:, 2], right)


def test_scores_can_be_averaged():
    """Those of the voters; what is best may then change."""
    found = dataclasses.replace(RULE, vote_scores="average").detections(BOXES, SCORES, SIZE)
    assert_close(found.scores, torch.tensor([0.5, 0.4]))
    assert found.pred_classes.tolist() == [1, 0]


def test_nothing_above_the_threshold():
    """No detection, with all fields."""
    found = RULE.detections(BOXES, torch.zeros(3, 3), SIZE)
    assert len(found) == 0
    assert set(found.get_fields()) == {"pred_boxes", "scores", "pred_classes"}


def test_numbers_that_are_not_finite_do_not_vote():
    """A diverged proposal is left out, as without augmentation."""
    boxes = torch.cat([BOXES, torch.full((1, 4), float("nan"))])
    found = RULE.detections(boxes, torch.cat([SCORES, torch.ones(1, 3)]), SIZE)
    assert found.pred_boxes.tensor.isfinite().all()
    assert_close(found.scores, torch.tensor([0.7, 0.6]))


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"vote_iou": 1.5}, "VOTE_IOU=1.5: choose from 0"),
        ({"vote_scores": "max"}, "VOTE_SCORES='max': choose from keep"),
    ],
)
def test_odd_rules_are_errors(wrong, message):
    """They name the key and what is legal."""
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(RULE, **wrong)
