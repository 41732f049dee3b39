"""The transform of a level of TensorMask's bipyramid forward and backward, beside a gather of its corners.

The gather is what equation 5 says, one read for each value and corner, as the public project's operator for GPUs does.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import torch

from mask_rcnn_paper.layers import swap_align2nat
from mask_rcnn_paper.layers.align2nat import OUTSIDE
from mask_rcnn_paper.timing.turns import Measured, clock_of, side_by_side

GATHER, OURS = "gather", "ours"


class Shapes(NamedTuple):
    """Of an aligned representation: (N, V, U, H, W), and lambda."""

    name: str
    size: tuple[int, int, int, int, int]
    factor: int


# Level 0 shifts by whole cells, others interpolate. At paper scale windows of 15 x 15 on the map of stride 4.
MINI = (Shapes("lambda 1", (4, 15, 15, 48, 48), 1), Shapes("lambda 4", (4, 15, 15, 48, 48), 4))
PAPER = (Shapes("lambda 1", (1, 15, 15, 200, 304), 1), Shapes("lambda 4", (1, 15, 15, 200, 304), 4))


def measure(shape: Shapes, device: str, rounds: int) -> dict[str, Measured]:
    """Times of a gather and of ours."""
    masks = torch.randn(shape.size, generator=torch.Generator().manual_seed(0)).to(device)
    cases = {GATHER: _turn(gathered, masks, shape.factor), OURS: _turn(swap_align2nat, masks, shape.factor)}
    return side_by_side(cases, rounds, clock_of(device))


def gathered(aligned: torch.Tensor, factor: int) -> torch.Tensor:
    """`swap_align2nat` by reading every corner of every value by its own index."""
    vertical = _corners(aligned.shape[1], aligned.shape[3], factor, aligned)
    horizontal = _corners(aligned.shape[2], aligned.shape[4], factor, aligned)
    natural = 0
    for (v, y, row_weight, row_inside), (u, x, column_weight, column_inside) in itertools.product(vertical, horizontal):
        read = aligned[:, v[:, None, :, None], u[:, None, :], y[:, None, :, None], x[:, None, :]]
        inside = row_inside[:, None, :, None] & column_inside[:, None, :]
        weight = row_weight[:, None, :, None] * column_weight[:, None, :]
        natural = natural + weight * torch.where(inside, read, OUTSIDE)
    return natural


def _corners(steps: int, cells: int, factor: int, like: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    """Of each corner of every (v, y) in one direction: index of v and of y, weight, and whether it is inside."""
    v = torch.arange(steps * factor, device=like.device, dtype=like.dtype)[:, None]
    y = torch.arange(-(-cells // factor), device=like.device, dtype=like.dtype)
    step = ((v + 0.5) / factor - 0.5).expand(-1, len(y))
    cell = factor * y + v - steps * factor / 2 + 0.5
    found = []
    for high_step, high_cell in itertools.product((0, 1), repeat=2):
        a, b = step.floor() + high_step, cell.floor() + high_cell
        inside = (a >= 0) & (a < steps) & (b >= 0) & (b < cells)
        weight = (1 - (step - a).abs()) * (1 - (cell - b).abs())
        if weight.any():  # a shift by whole cells has one corner of four
            found.append((a.clamp(0, steps - 1).long(), b.clamp(0, cells - 1).long(), weight, inside))
    return found


def _turn(transform: Callable[[torch.Tensor, int], torch.Tensor], masks: torch.Tensor, factor: int) -> Callable:
    leaf = masks.detach().requires_grad_()

    def forward_and_backward() -> None:
        torch.autograd.grad(transform(leaf, factor).sum(), leaf)

    return forward_and_backward
