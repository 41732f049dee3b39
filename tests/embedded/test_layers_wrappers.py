"""Convolution with norm and activation, and empty-safe functions."""

import math

import torch
from detectron2.layers import (
    Conv2d,
    ConvTranspose2d,
    cat,
    cross_entropy,
    get_norm,
    interpolate,
    nonzero_tuple,
)
from torch.nn import functional as F


def test_conv_then_norm_then_activation():
    """The three steps in that order; the norm's parameters are named `norm.*`."""
    torch.manual_seed(0)
    conv = Conv2d(3, 32, 3, padding=1, bias=False, norm=get_norm("GN", 32), activation=F.relu)
    x = torch.randn(2, 3, 6, 6)
    expected = F.relu(F.group_norm(F.conv2d(x, conv.weight, padding=1), 32, conv.norm.weight, conv.norm.bias))
    torch.testing.assert_close(conv(x), expected)
    assert set(conv.state_dict()) == {"weight", "norm.weight", "norm.bias"}


def test_no_images_go_through_with_zero_gradients():
    """A batch of no RoIs has a shape and zero gradients, whatever the norm."""
    for norm in ("", "BN", "GN"):
        conv = Conv2d(4, 32, 3, stride=2, padding=1, norm=get_norm(norm, 32), activation=F.relu)
        out = interpolate(ConvTranspose2d(32, 2, 2, stride=2)(conv(torch.zeros(0, 4, 8, 8))), scale_factor=2)
        assert out.shape == (0, 2, 16, 16)
        out.sum().backward()
        assert conv.weight.grad.abs().sum() == 0


def test_cross_entropy_of_uniform_logits_and_of_nothing():
    """ln K for uniform logits; 0 with zero gradients, not NaN, for no samples."""
    assert math.isclose(cross_entropy(torch.zeros(5, 81), torch.arange(5)).item(), math.log(81), rel_tol=1e-6)
    logits = torch.zeros(0, 81, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.shape == (0, 81)
    assert cross_entropy(logits, torch.zeros(0, dtype=torch.int64), reduction="sum").item() == 0
    assert cross_entropy(torch.zeros(5, 3), torch.zeros(5, dtype=torch.int64), reduction="none").shape == (5,)


def test_cat_of_one_does_not_copy():
    """A single tensor is returned as it is."""
    x = torch.ones(2, 3)
    assert cat([x]) is x
    assert cat((x, x), dim=1).shape == (2, 6)


def test_nonzero_tuple():
    """One index tensor per dimension, usable as an index."""
    x = torch.tensor([[0, 3], [5, 0]])
    rows, columns = nonzero_tuple(x)
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [1, 0]
    assert x[rows, columns].tolist() == [3, 5]
