"""Mask losses in their limiting cases and against slow loops."""

import math

import pytest
import torch
from detectron2.structures import BitMasks, Boxes, Instances
from torch.testing import assert_close

from mask_rcnn_paper.modeling.mask_losses import (
    MASK_LOSS_REGISTRY,
    mask_targets,
    select_class,
    sigmoid_mask_loss,
    sigmoid_mask_probabilities,
    softmax_mask_loss,
    softmax_mask_probabilities,
)

NUM_ROIS, NUM_CLASSES, SIDE = 4, 80, 14


@pytest.fixture
def targets() -> torch.Tensor:
    return torch.rand(NUM_ROIS, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) > 0.6


@pytest.fixture
def classes() -> torch.Tensor:
    return torch.tensor([0, 79, 7, 7])


def random_logits(channels: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(channels)
    return torch.randn(NUM_ROIS, channels, SIDE, SIDE, dtype=torch.float64, generator=generator, requires_grad=True)


def test_zero_logits_cost_ln_2_under_sigmoid(targets, classes):
    """A coin flip per pixel costs ln 2, whatever the target."""
    loss = sigmoid_mask_loss(torch.zeros(NUM_ROIS, NUM_CLASSES, SIDE, SIDE).double(), targets, classes)
    assert_close(loss.item(), math.log(2))


def test_uniform_logits_cost_ln_81_under_softmax(targets, classes):
    """80 classes and background, all equally likely, cost ln 81, whatever the target."""
    loss = softmax_mask_loss(
        torch.full((NUM_ROIS, NUM_CLASSES + 1, SIDE, SIDE), 3.0, dtype=torch.float64), targets, classes
    )
    assert_close(loss.item(), math.log(81))


def test_sigmoid_loss_equals_the_loop(targets, classes):
    """Mean over RoIs and pixels of the binary cross-entropy of the class's own channel."""
    logits = random_logits(NUM_CLASSES)
    total = 0.0
    for r in range(NUM_ROIS):
        for y in range(SIDE):
            for x in range(SIDE):
                p = 1 / (1 + math.exp(-logits[r, classes[r], y, x].item()))
                total -= math.log(p if targets[r, y, x] else 1 - p)
    assert_close(sigmoid_mask_loss(logits, targets, classes).item(), total / (NUM_ROIS * SIDE**2))


def test_softmax_loss_equals_the_loop(targets, classes):
    """Mean over RoIs and pixels of -log softmax at the class inside the mask, at background outside."""
    logits = random_logits(NUM_CLASSES + 1)
    total = 0.0
    for r in range(NUM_ROIS):
        for y in range(SIDE):
            for x in range(SIDE):
                label = int(classes[r]) if targets[r, y, x] else NUM_CLASSES
                pixel = logits[r, :, y, x].tolist()
                total -= pixel[label] - math.log(sum(math.exp(v) for v in pixel))
    assert_close(softmax_mask_loss(logits, targets, classes).item(), total / (NUM_ROIS * SIDE**2))


def test_perfect_logits_cost_nothing(targets, classes):
    """Both losses vanish on sure and right logits."""
    sure = torch.full((NUM_ROIS, NUM_CLASSES + 1, SIDE, SIDE), -50.0)
    sure[torch.arange(NUM_ROIS), classes] = torch.where(targets, 50.0, -50.0)
    sure[:, NUM_CLASSES] = torch.where(targets, -50.0, 50.0)
    assert sigmoid_mask_loss(sure[:, :NUM_CLASSES], targets, classes) < 1e-6
    assert softmax_mask_loss(sure, targets, classes) < 1e-6


def test_sigmoid_masks_do_not_compete(targets, classes):
    """Only the true class's channel has a gradient."""
    logits = random_logits(NUM_CLASSES)
    sigmoid_mask_loss(logits, targets, classes).backward()
    touched = logits.grad.abs().sum((2, 3)) > 0
    expected = torch.zeros(NUM_ROIS, NUM_CLASSES, dtype=torch.bool)
    expected[torch.arange(NUM_ROIS), classes] = True
    assert_close(touched, expected)


def test_softmax_masks_compete(targets, classes):
    """Every channel has a gradient, and at each pixel the gradients cancel."""
    logits = random_logits(NUM_CLASSES + 1)
    softmax_mask_loss(logits, targets, classes).backward()
    assert (logits.grad.abs().sum((2, 3)) > 0).all()
    assert_close(logits.grad.sum(1), torch.zeros_like(logits.grad[:, 0]))


def test_class_agnostic_logits_ignore_the_class(targets, classes):
    """One channel serves every class."""
    logits = random_logits(1)
    assert_close(sigmoid_mask_loss(logits, targets, classes), sigmoid_mask_loss(logits, targets, classes * 0))


def test_softmax_probabilities_sum_to_one_over_classes_and_background(classes):
    """Masks of all 81 channels of an RoI sum to 1 per pixel."""
    logits = random_logits(NUM_CLASSES + 1)
    per_class = [softmax_mask_probabilities(logits, torch.full((NUM_ROIS,), k)) for k in range(NUM_CLASSES + 1)]
    assert_close(torch.stack(per_class).sum(0), torch.ones(NUM_ROIS, SIDE, SIDE, dtype=torch.float64))


def test_sigmoid_probabilities_are_those_of_the_predicted_class(classes):
    """The mask of an RoI is the sigmoid of its predicted class's channel."""
    logits = random_logits(NUM_CLASSES)
    expected = torch.stack([logits[r, k].sigmoid() for r, k in enumerate(classes.tolist())])
    assert_close(sigmoid_mask_probabilities(logits, classes), expected)


def test_the_channel_of_each_roi_is_its_class(classes):
    """By hand, and the only channel where there is one."""
    maps = random_logits(NUM_CLASSES)
    assert_close(select_class(maps, classes), torch.stack([maps[0, 0], maps[1, 79], maps[2, 7], maps[3, 7]]))
    assert_close(select_class(maps[:, :1], classes), maps[:, 0])


@pytest.mark.parametrize("name, build", list(MASK_LOSS_REGISTRY))
def test_every_registered_loss_keeps_the_contract(name, build, targets, classes):
    """A finite scalar with a gradient, and probabilities of the masks' shape, for no RoI too."""
    mask_loss = build()
    logits = random_logits(NUM_CLASSES + mask_loss.background)
    loss = mask_loss.loss(logits, targets, classes)
    loss.backward()
    assert loss.shape == ()
    assert torch.isfinite(loss)
    assert logits.grad.abs().sum() > 0
    probabilities = mask_loss.probabilities(logits, classes)
    assert probabilities.shape == targets.shape
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert mask_loss.probabilities(logits[:0], classes[:0]).shape == (0, SIDE, SIDE)


def instances_with_masks(boxes: list[list[float]]) -> Instances:
    """Proposals on an 8x8 image whose left half is the object."""
    masks = torch.zeros(len(boxes), 8, 8, dtype=torch.bool)
    masks[:, :, :4] = True
    return Instances((8, 8), proposal_boxes=Boxes(torch.tensor(boxes).reshape(-1, 4)), gt_masks=BitMasks(masks))


def test_targets_are_cut_to_the_unrounded_box():
    """A box from x = 2 to 6 sees the object in its left half, one from 0 to 4 everywhere."""
    targets = mask_targets([instances_with_masks([[2.0, 0.0, 6.0, 8.0], [0.0, 0.0, 4.0, 8.0]])], 4)
    assert_close(targets[0], torch.tensor([[True, True, False, False]]).expand(4, 4))
    assert targets[1].all()


def test_targets_of_images_without_foreground():
    """Images without proposals are left out; none at all give an empty tensor."""
    empty, one = instances_with_masks([]), instances_with_masks([[0.0, 0.0, 8.0, 8.0]])
    assert mask_targets([empty, one, empty], 6).shape == (1, 6, 6)
    assert mask_targets([empty], 6).shape == (0, 6, 6)
