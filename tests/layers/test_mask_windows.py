"""Wanted windows of a bipyramid's level, against those of the whole level."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from mask_rcnn_paper.layers import mask_windows, swap_align2nat
from mask_rcnn_paper.layers.mask_windows import natural_windows


def level(window: tuple[int, int], size: tuple[int, int], channels: int = 3, images: int = 2):
    """Features, weight and bias in float64."""
    generator = torch.Generator().manual_seed(sum(window) + sum(size))
    shapes = (images, channels, *size), (*window, channels), window
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def every_cell(size: tuple[int, int], factor: int, images: int = 2) -> torch.Tensor:
    """(3, R) image, row and column of all windows of a level."""
    rows, columns = (-(-side // factor) for side in size)
    return torch.cartesian_prod(torch.arange(images), torch.arange(rows), torch.arange(columns)).T


def whole_level(features, weight, bias, factor, cells, outside=-6.0):
    """As published: the convolution, the transform of all of it, and then the wanted windows."""
    aligned = F.conv2d(features, weight.flatten(0, 1)[:, :, None, None], bias.flatten())
    natural = swap_align2nat(aligned.unflatten(1, weight.shape[:2]), factor, outside)
    image, y, x = cells
    return natural[image, :, :, y, x]


@pytest.mark.parametrize("window", [(5, 5), (4, 4), (3, 4), (1, 1)])
@pytest.mark.parametrize("size", [(7, 9), (8, 8), (1, 2)])
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_windows_are_those_of_the_whole_level(window, size, factor):
    """Every window, inside the map and beyond its edges, for odd and even sides and factors."""
    parts, cells = level(window, size), every_cell(size, factor)
    assert_close(natural_windows(*parts, factor, *cells), whole_level(*parts, factor, cells))
    assert_close(natural_windows(*parts, factor, *cells, outside=2.5), whole_level(*parts, factor, cells, outside=2.5))


@pytest.mark.parametrize("factor", [1, 2])
def test_gradients_are_those_of_the_whole_level(factor):
    """Of features, weights and biases, where a window is wanted twice too."""
    cells = torch.tensor([[0, 1, 1], [1, 0, 0], [0, 1, 1]])
    found = []
    for function in (natural_windows, lambda *a: whole_level(*a[:4], torch.stack(a[4:]))):
        parts = [part.requires_grad_() for part in level((3, 3), (4, 6))]
        values = function(*parts, factor, *cells)
        found.append(torch.autograd.grad((values * torch.arange(values.numel()).view_as(values)).sum(), parts))
    assert_close(*found)


def test_gradients_are_right():
    """By differences."""
    parts = [part.requires_grad_() for part in level((2, 3), (3, 4), channels=2, images=1)]
    cells = torch.tensor([[0, 0], [0, 1], [1, 0]])
    assert torch.autograd.gradcheck(lambda *a: natural_windows(*a, 2, *cells), parts)


@pytest.mark.parametrize("factor", [1, 2])
def test_no_window_is_no_mask(factor):
    """Still with gradients, of zeros, so that every process of a distributed training has them."""
    parts = [part.requires_grad_() for part in level((3, 3), (4, 4))]
    empty = torch.zeros(0, dtype=torch.int64)
    masks = natural_windows(*parts, factor, empty, empty, empty)
    assert masks.shape == (0, 3 * factor, 3 * factor)
    assert all(not gradient.any() for gradient in torch.autograd.grad(masks.sum(), parts))


@torch.no_grad()
def test_windows_do_not_depend_on_how_many_are_read_at_once(monkeypatch):
    """One at a time, or all."""
    parts, cells = level((5, 5), (6, 6)), every_cell((6, 6), 2)
    together = natural_windows(*parts, 2, *cells)
    monkeypatch.setattr(mask_windows, "_READ_AT_ONCE", 1)
    assert_close(natural_windows(*parts, 2, *cells), together)


def test_reduced_precision_is_computed_in_float32():
    """Under autocast too."""
    parts, cells = [part.float() for part in level((3, 3), (4, 4))], every_cell((4, 4), 2)
    with torch.autocast("cpu", torch.bfloat16):
        found = natural_windows(parts[0].bfloat16(), *parts[1:], 2, *cells)
    assert found.dtype == torch.float32
    assert_close(found, natural_windows(parts[0].bfloat16().float(), *parts[1:], 2, *cells))
