"""The transform that is timed."""

import pytest
import torch
from torch.testing import assert_close

from benchmarks import dense_masks
from mask_rcnn_paper.layers import swap_align2nat


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_gather_computes_the_same(factor):
    """Odd and even windows, maps that the factor divides and others: else the times would compare different things."""
    masks = torch.randn(2, 3, 4, 7, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    ours, theirs = swap_align2nat(masks, factor), dense_masks.gathered(masks, factor)
    assert_close(ours, theirs)
    assert_close(*(torch.autograd.grad(found.square().sum(), masks)[0] for found in (ours, theirs)))


def test_the_gather_is_the_reference():
    """Ratios are to it."""
    found = dense_masks.measure(dense_masks.Shapes("tiny", (1, 3, 3, 4, 4), 2), "cpu", 3)
    assert list(found) == [dense_masks.GATHER, dense_masks.OURS]
    assert found[dense_masks.GATHER].ratio == 1
