"""Box deltas, by hand and there and back."""

import math

import pytest
import torch
from detectron2.modeling.box_regression import Box2BoxTransform, dense_box_regression_loss
from detectron2.structures import Boxes
from torch.testing import assert_close


def test_deltas_by_hand():
    """A box twice as wide whose centre is half a width to the right: dx 0.5, dw ln 2, times the weights."""
    source = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    target = torch.tensor([[0.0, 0.0, 20.0, 20.0]])
    deltas = Box2BoxTransform((10.0, 10.0, 5.0, 5.0)).get_deltas(source, target)
    assert_close(deltas, torch.tensor([[5.0, 0.0, 5 * math.log(2), 0.0]]))


def test_applying_deltas_inverts_getting_them():
    """Boxes come back, for several boxes a source and for none too."""
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(2, 6, 2, generator=generator) * 50
    source, target = torch.cat([corners, corners + 1 + 20 * torch.rand(2, 6, 2, generator=generator)], dim=2)
    transform = Box2BoxTransform((10.0, 10.0, 5.0, 5.0))
    deltas = transform.get_deltas(source, target)
    assert_close(transform.apply_deltas(deltas, source), target)
    assert_close(transform.apply_deltas(deltas.repeat(1, 3), source), target.repeat(1, 3))
    assert transform.apply_deltas(torch.zeros(0, 12), source[:0]).shape == (0, 12)


def test_scale_is_clamped():
    """A huge dw scales by at most 1000 / 16; half precision is computed in float32."""
    boxes = torch.tensor([[0.0, 0.0, 16.0, 16.0]])
    transform = Box2BoxTransform((1.0, 1.0, 1.0, 1.0))
    scaled = transform.apply_deltas(torch.tensor([[0.0, 0.0, 50.0, 0.0]], dtype=torch.float16), boxes)
    assert scaled.dtype == torch.float32
    assert_close(scaled[:, 2] - scaled[:, 0], torch.tensor([1000.0]))


def test_empty_sources_are_refused():
    """Deltas to a box without width are not defined."""
    with pytest.raises(ValueError, match="positive width"):
        Box2BoxTransform((1.0, 1.0, 1.0, 1.0)).get_deltas(torch.zeros(1, 4), torch.ones(1, 4))


@pytest.mark.parametrize("beta, expected", [(0.0, 0.5), (1.0, 0.125)])
def test_dense_loss_counts_positives_only(beta, expected):
    """One positive anchor off by 0.5 in dx costs 0.5 (L1) or 0.5 * 0.5^2 (beta 1)."""
    anchors = [Boxes(torch.tensor([[0.0, 0.0, 10.0, 10.0]])), Boxes(torch.tensor([[0.0, 0.0, 4.0, 4.0]]))]
    gt = [torch.tensor([[5.0, 0.0, 15.0, 10.0], [0.0, 0.0, 0.0, 0.0]])]
    mask = torch.tensor([[True, False]])
    transform = Box2BoxTransform((1.0, 1.0, 1.0, 1.0))
    predicted = [torch.zeros(1, 1, 4), torch.full((1, 1, 4), 9.0)]
    loss = dense_box_regression_loss(anchors, transform, predicted, gt, mask, beta)
    assert_close(loss, torch.tensor(expected))
