"""Box voting: a slow loop, hand-computed cases, limits."""

import pytest
import torch
from torch.testing import assert_close
from torchvision.ops import box_iou

from mask_rcnn_paper.layers.box_voting import box_voting


def random_boxes(count: int, seed: int) -> torch.Tensor:
    """Many of them overlap much."""
    generator = torch.Generator().manual_seed(seed)
    corner = 4 * torch.rand(count, 2, generator=generator, dtype=torch.float64)
    side = 20 + 4 * torch.rand(count, 2, generator=generator, dtype=torch.float64)
    return torch.cat([corner, corner + side], dim=1)


def slow_voting(boxes, classes, candidates, scores, labels, min_iou):
    """One detection and one candidate at a time."""
    voted, means = [], []
    for box, label in zip(boxes, classes, strict=True):
        place, total, voters = torch.zeros(4, dtype=torch.float64), 0.0, 0
        for candidate, score, other in zip(candidates, scores, labels, strict=True):
            if other == label and box_iou(box[None], candidate[None]) >= min_iou:
                place, total, voters = place + score * candidate, total + score, voters + 1
        voted.append(place / total if voters else box)
        means.append(total / voters if voters else torch.tensor(float("nan"), dtype=torch.float64))
    return torch.stack(voted), torch.stack(means)


@pytest.mark.parametrize("min_iou", [0.3, 0.7, 0.9])
def test_voting_is_that_of_a_slow_loop(min_iou):
    """For three classes, detections with and without voters."""
    boxes, candidates = random_boxes(8, 0), random_boxes(60, 1)
    generator = torch.Generator().manual_seed(2)
    classes = torch.randint(3, (8,), generator=generator)
    labels = torch.randint(3, (60,), generator=generator)
    scores = 0.05 + 0.95 * torch.rand(60, generator=generator, dtype=torch.float64)
    given = boxes.clone()
    found = box_voting(boxes, classes, candidates, scores, labels, min_iou)
    expected = slow_voting(boxes, classes, candidates, scores, labels, min_iou)
    for result, wanted in zip(found, expected, strict=True):
        assert_close(result, wanted, equal_nan=True)
    assert torch.equal(boxes, given)


def test_weights_are_scores():
    """Two voters of 0.9 and 0.3: three quarters of the way to the first; another class does not vote."""
    candidates = torch.tensor([[0.0, 0.0, 100.0, 100.0], [4.0, 0.0, 104.0, 100.0], [2.0, 0.0, 102.0, 100.0]])
    scores, labels = torch.tensor([0.9, 0.3, 0.8]), torch.tensor([1, 1, 0])
    boxes, means = box_voting(candidates[:1], torch.tensor([1]), candidates, scores, labels, 0.9)
    assert_close(boxes, torch.tensor([[1.0, 0.0, 101.0, 100.0]]))
    assert_close(means, torch.tensor([0.6]))


def test_a_detection_alone_keeps_its_box():
    """Whether it votes for itself or nobody does."""
    box, label = torch.tensor([[3.0, 5.0, 30.0, 50.0]]), torch.tensor([0])
    assert_close(box_voting(box, label, box, torch.tensor([0.7]), label, 1.0)[0], box)
    far = torch.tensor([[300.0, 5.0, 330.0, 50.0]])
    voted, mean = box_voting(box, label, far, torch.tensor([0.7]), label, 0.9)
    assert torch.equal(voted, box)
    assert mean.isnan().all()


def test_nothing_is_voted_on():
    """No detections, with candidates or without."""
    none, labels = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    for candidates in (none, torch.tensor([[0.0, 0.0, 1.0, 1.0]])):
        count = len(candidates)
        boxes, means = box_voting(none, labels, candidates, torch.ones(count), torch.zeros(count), 0.9)
        assert boxes.shape == (0, 4)
        assert means.shape == (0,)
