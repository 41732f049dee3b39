"""Frozen batch normalisation and get_norm."""

import pytest
import torch
from detectron2.layers import FrozenBatchNorm2d, get_norm
from torch import nn


def random_batch_norm(cls=nn.BatchNorm2d):
    torch.manual_seed(0)
    norm = cls(5, eps=1e-3)
    for tensor in (norm.weight.data, norm.bias.data, norm.running_mean):
        tensor.normal_()
    norm.running_var.uniform_(0.5, 2)
    return norm.eval()


def test_it_starts_as_the_identity():
    """The initial variance makes up for eps."""
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(FrozenBatchNorm2d(3, eps=0.1)(x), x)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_it_is_batch_norm_at_test_time_even_in_training(requires_grad):
    """Values and input gradients equal BatchNorm2d.eval(); buffers do not change."""
    norm = random_batch_norm()
    frozen = FrozenBatchNorm2d.convert_frozen_batchnorm(norm).train()
    before = {k: v.clone() for k, v in frozen.state_dict().items()}
    x = torch.randn(2, 5, 3, 4, requires_grad=requires_grad)
    torch.testing.assert_close(frozen(x), norm(x))
    if requires_grad:
        upward = torch.randn(2, 5, 3, 4)
        grads = [torch.autograd.grad(layer(x), x, upward)[0] for layer in (frozen, norm)]
        torch.testing.assert_close(*grads)
    assert all(torch.equal(v, before[k]) for k, v in frozen.state_dict().items())


def test_state_has_the_names_of_batch_norm_and_no_parameters():
    """weight, bias, running_mean and running_var, all buffers."""
    frozen = FrozenBatchNorm2d(4)
    assert set(frozen.state_dict()) == {"weight", "bias", "running_mean", "running_var"}
    assert not list(frozen.parameters())
    assert repr(frozen) == "FrozenBatchNorm2d(num_features=4, eps=1e-05)"


def test_conversion_is_deep_and_keeps_everything_else():
    """BatchNorm2d and SyncBatchNorm at any depth are replaced, other layers are the same objects."""
    norms = nn.Sequential(random_batch_norm(), random_batch_norm(nn.SyncBatchNorm))
    net = nn.Sequential(nn.Conv2d(3, 5, 1), norms)
    conv = net[0]
    assert FrozenBatchNorm2d.convert_frozen_batchnorm(net) is net
    assert net[0] is conv
    assert all(isinstance(norm, FrozenBatchNorm2d) and norm.eps == 1e-3 for norm in net[1])


def test_conversion_of_norms_without_affine_parameters():
    """weight 1 and bias 0 stand in."""
    frozen = FrozenBatchNorm2d.convert_frozen_batchnorm(nn.BatchNorm2d(3, affine=False))
    assert frozen.weight.tolist() == [1, 1, 1]
    assert frozen.bias.tolist() == [0, 0, 0]


def test_norms_by_name():
    """Every legal name, none, and a callable."""
    assert get_norm("", 32) is None
    assert get_norm(None, 32) is None
    kinds = {"BN": nn.BatchNorm2d, "SyncBN": nn.SyncBatchNorm, "FrozenBN": FrozenBatchNorm2d}
    for name, kind in kinds.items():
        layer = get_norm(name, 64)
        assert type(layer) is kind
        assert layer.num_features == 64
    group_norm = get_norm("GN", 64)
    assert (group_norm.num_groups, group_norm.num_channels) == (32, 64)
    assert isinstance(get_norm(nn.InstanceNorm2d, 8), nn.InstanceNorm2d)


def test_an_unknown_norm_is_named():
    """The value, the legal ones and the cure."""
    with pytest.raises(ValueError, match="'LN'.*BN, SyncBN, FrozenBN, GN.*install detectron2"):
        get_norm("LN", 8)


def test_a_file_of_folded_statistics_leaves_the_identitys():
    """Weight and bias alone load without a missing key and reset the statistics; half of them is still reported."""
    frozen = FrozenBatchNorm2d.convert_frozen_batchnorm(random_batch_norm())
    affine = {"weight": torch.full((5,), 2.0), "bias": torch.ones(5)}
    assert frozen.load_state_dict(affine, strict=False).missing_keys == []
    x = torch.randn(1, 5, 2, 2)
    torch.testing.assert_close(frozen(x), 2 * x + 1)
    half = affine | {"running_mean": torch.ones(5)}
    assert frozen.load_state_dict(half, strict=False).missing_keys == ["running_var"]
