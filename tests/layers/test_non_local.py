"""The non-local operation: a slow loop in float64, gradients, limits."""

import torch
from torch.testing import assert_close

from mask_rcnn_paper.layers.non_local import non_local


def maps(channels: int, height: int, width: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, channels, height, width, generator=generator, dtype=torch.float64)


def slow_non_local(queries, keys, values):
    """One position at a time: equation 1 with a softmax over all positions."""
    result = torch.zeros_like(queries)
    for n in range(queries.shape[0]):
        for y in range(queries.shape[2]):
            for x in range(queries.shape[3]):
                products = torch.stack([queries[n, :, y, x] @ key for key in keys[n].flatten(1).T])
                weights = (products / keys.shape[1] ** 0.5).exp()
                weighted = [w * value for w, value in zip(weights, values[n].flatten(1).T, strict=True)]
                result[n, :, y, x] = sum(weighted) / weights.sum()
    return result


def test_it_is_that_of_a_slow_loop():
    """Queries, and fewer keys than there are queries."""
    inputs = maps(3, 4, 5, 0), maps(3, 2, 3, 1), maps(3, 2, 3, 2)
    assert_close(non_local(*inputs), slow_non_local(*inputs))


def test_gradients():
    """Of queries, keys and values, in float64."""
    inputs = [maps(2, 2, 3, seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(non_local, inputs)


def test_equal_keys_give_the_mean():
    """Positions that look alike weigh the same."""
    values = maps(3, 2, 3, 2)
    found = non_local(maps(3, 4, 5, 0), torch.ones(2, 3, 2, 3, dtype=torch.float64), values)
    assert_close(found, values.mean((2, 3), keepdim=True).expand_as(found))


def test_the_order_of_positions_does_not_count():
    """Keys and values that are shuffled together change nothing."""
    queries, keys, values = maps(3, 4, 5, 0), maps(3, 2, 3, 1), maps(3, 2, 3, 2)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    shuffled = (x.flatten(2)[..., order].view_as(x) for x in (keys, values))
    assert_close(non_local(queries, *shuffled), non_local(queries, keys, values))
