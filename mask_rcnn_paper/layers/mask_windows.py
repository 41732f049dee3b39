"""Masks of some windows of a level of the tensor bipyramid, without those of all others.

Paper: TensorMask (Chen et al., ICCV 2019), Section 5.2, and Appendix A.1. A level predicts its windows in the aligned
representation, by a 1x1 convolution of a fine map, and `swap_align2nat` makes them natural. Both are linear, so a value
of a window is a product of interpolated weights and an interpolated feature: whoever wants the windows of objects or of
detections, some hundreds of many thousands, need not compute the others.

Shape shorthand: N images, C channels, (H, W) fine map, (V, U) coarse window, R wanted windows.
"""

import torch
from torch.nn import functional as F

from mask_rcnn_paper.layers.align2nat import OUTSIDE

# Features read at once where no gradient is wanted: 256 MB.
_READ_AT_ONCE = 2**26


def natural_windows(
    features: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    factor: int,
    image: torch.Tensor,
    y: torch.Tensor,
    x: torch.Tensor,
    outside: float = OUTSIDE,
) -> torch.Tensor:
    """`swap_align2nat` of a 1x1 convolution at some cells: equal to swap_align2nat(aligned, factor)[image, :, :, y, x].

    There `aligned` (N, V, U, H, W) is the convolution of `features` by `weight` and `bias`. Its cost grows with the
    pixels of the wanted windows and not with the map; so does its memory, C numbers for each of them in training.

    Args:
        features: (N, C, H, W).
        weight: (V, U, C).
        bias: (V, U).
        factor: lambda, at least 1.
        image: (R,) long, image of each window.
        y: (R,) long, its row on the coarse map of ceil(H / factor) rows.
        x: (R,) long, its column there.
        outside: As in `swap_align2nat`.

    Returns:
        (R, factor V, factor U) float32, or float64 where `features` are.
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    with torch.autocast(features.device.type, enabled=False):
        features, weight, bias = (tensor.to(dtype) for tensor in (features, weight, bias))
        return _windows(features, weight, bias, factor, torch.stack([image, y, x]), outside)


def _windows(
    features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, factor: int, cells: torch.Tensor, outside: float
) -> torch.Tensor:
    rows, columns = (_interpolation(steps, factor, weight) for steps in weight.shape[:2])
    size = len(rows), len(columns)
    table, shift = _read_cells(features, size)
    weight = torch.einsum("va,ub,abc->vuc", rows, columns, weight).flatten(0, 1)[:, :, None]
    bias = rows @ bias @ columns.T
    steps_inside = rows.sum(1)[:, None] * columns.sum(1)
    pixels = size[0] * size[1] * features.shape[1]
    at_once = cells.shape[1] if torch.is_grad_enabled() else max(1, _READ_AT_ONCE // pixels)
    found = []
    for image, y, x in cells.split(max(1, at_once), dim=1):
        vertical, row_inside = _places(y, size[0], factor, features.shape[2], shift[0])
        horizontal, column_inside = _places(x, size[1], factor, features.shape[3], shift[1])
        index = (image * table.shape[1] + vertical[:, None]) * table.shape[2] + horizontal
        read = F.embedding(index.flatten(0, 1), table.flatten(0, 2))  # (V U, R, C)
        values = (read @ weight).view(*size, -1).permute(2, 0, 1)
        inside = row_inside.T[:, :, None] * column_inside.T[:, None]
        found.append(values + bias * inside + outside * (1 - steps_inside * inside))
    return torch.cat(found)


def _interpolation(steps: int, factor: int, like: torch.Tensor) -> torch.Tensor:
    """(factor * steps, steps) linear weights of a window's steps for those of a finer one; 0 outside."""
    fine = (torch.arange(factor * steps, dtype=like.dtype, device=like.device) + 0.5) / factor - 0.5
    coarse = torch.arange(steps, dtype=like.dtype, device=like.device)
    return (1 - (fine[:, None] - coarse).abs()).clamp(min=0)


def _read_cells(features: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, tuple[int, int]]:
    """What windows of a size read: (N, H', W', C) with a border of zeros, and by how many halves of a cell it is moved.

    The middle of a window of even side lies between two cells, whose mean is read.
    """
    shift = tuple((side + 1) % 2 for side in size)
    mean = F.avg_pool2d(F.pad(features, (shift[1], shift[1], shift[0], shift[0])), (1 + shift[0], 1 + shift[1]), 1)
    return F.pad(mean, (1, 1, 1, 1)).permute(0, 2, 3, 1), shift


def _places(cell: torch.Tensor, steps: int, factor: int, cells: int, shift: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Of windows at `cell` (R,): index (steps, R) of what `_read_cells` gives, and how much of it is inside the map."""
    step = torch.arange(steps, device=cell.device)[:, None]
    first = factor * cell + step - steps // 2  # with a shift the lower of two cells
    index = (first + 1 + shift).clamp(0, cells + 1 + shift)
    read = [first + ahead for ahead in range(1 + shift)]
    inside = sum(((at >= 0) & (at < cells)).float() for at in read) / len(read)
    return index, inside
