"""Non-maximum suppression by groups."""

import torch
from detectron2.layers import batched_nms
from detectron2.structures import Boxes, pairwise_iou


def slow_nms(boxes, scores, groups, threshold):
    """Greedy, one box at a time."""
    iou, kept = pairwise_iou(Boxes(boxes), Boxes(boxes)), []
    for i in scores.argsort(descending=True).tolist():
        if all(groups[i] != groups[j] or iou[i, j] <= threshold for j in kept):
            kept.append(i)
    return kept


def test_against_a_loop():
    """The kept boxes, best first, equal those of the greedy loop."""
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(60, 4, generator=generator) * 20
    boxes[:, 2:] += boxes[:, :2] + 5
    scores = torch.rand(60, generator=generator)
    groups = torch.randint(0, 3, (60,), generator=generator)
    for threshold in (0.3, 0.7):
        kept = batched_nms(boxes, scores, groups, threshold).tolist()
        assert kept == slow_nms(boxes, scores, groups, threshold)


def test_groups_do_not_suppress_each_other():
    """Equal boxes of different groups both stay; of one group only the better."""
    boxes, scores = torch.tensor([[0.0, 0, 9, 9]] * 2), torch.tensor([0.5, 0.9])
    assert batched_nms(boxes, scores, torch.tensor([0, 1]), 0.5).tolist() == [1, 0]
    assert batched_nms(boxes, scores, torch.tensor([0, 0]), 0.5).tolist() == [1]


def test_half_precision_boxes_and_no_boxes():
    """Half precision is computed in single; nothing in, nothing out."""
    boxes = torch.tensor([[0.0, 0, 8, 8], [0.0, 0, 8, 9]]).half()
    group = torch.zeros(2, dtype=torch.int64)
    assert batched_nms(boxes, torch.tensor([0.9, 0.5]), group, 0.5).tolist() == [0]
    assert batched_nms(torch.zeros(0, 4), torch.zeros(0), group[:0], 0.5).shape == (0,)
