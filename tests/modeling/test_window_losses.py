"""TensorMask's losses."""

import math

import pytest
import torch
from torch.testing import assert_close

from mask_rcnn_paper.modeling.window_losses import box_loss, class_loss, mask_loss


def test_class_loss_against_a_slow_loop():
    """FL*: -w log sigmoid(gamma x) / gamma, where x is the logit of the truth and w is alpha or 1 - alpha."""
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    classes = torch.tensor([0, -1, 2, 1, -1, -1])
    total = 0.0
    for row, true_class in zip(logits.tolist(), classes.tolist(), strict=True):
        for k, logit in enumerate(row):
            x, weight = (logit, 0.3) if k == true_class else (-logit, 0.7)
            total += weight * math.log1p(math.exp(-3 * x)) / 3
    assert class_loss(logits, classes, 0.3, 3.0).item() == pytest.approx(total, rel=1e-6)


def test_class_loss_of_gamma_1_is_weighted_cross_entropy():
    """The limiting case."""
    logits = torch.randn(5, 2, generator=torch.Generator().manual_seed(1))
    wanted = torch.eye(2)[torch.tensor([0, 1, 1, 0, 0])]
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")
    assert_close(class_loss(logits, wanted.argmax(1), 0.5, 1.0), 0.5 * entropy)


def test_box_loss_is_the_sum_of_differences():
    """Without a quadratic part."""
    assert box_loss(torch.tensor([[1.0, -2, 0, 0.5]]), torch.zeros(1, 4)).item() == 3.5


def test_mask_loss_counts_masks_and_not_pixels():
    """ln 2 for an untrained mask of background, whatever its side, and 1.5 times that for one of an object."""
    for side in (3, 60):
        logits, nothing = torch.zeros(2, side, side), torch.zeros(2, side, side, dtype=torch.bool)
        assert mask_loss(logits, nothing, 1.5).item() == pytest.approx(2 * math.log(2), rel=1e-5)
        assert mask_loss(logits, ~nothing, 1.5).item() == pytest.approx(3 * math.log(2), rel=1e-5)


@pytest.mark.parametrize("loss", [class_loss, mask_loss, box_loss])
def test_no_window_is_no_loss(loss):
    """0, with gradients."""
    logits = torch.zeros(0, 4, 4, requires_grad=True) if loss is mask_loss else torch.zeros(0, 4, requires_grad=True)
    rest = {class_loss: (torch.zeros(0).long(), 0.3, 3.0), mask_loss: (torch.zeros(0, 4, 4), 1.5)}
    value = loss(logits, *rest.get(loss, (torch.zeros(0, 4),)))
    assert value.item() == 0
    value.backward()
