"""Bilinear sampling of many RoIs on large maps, as weighted sums of cells.

An average over sampling points is a sum over the cells around them: with s points along a bin's side it has 2 s rows
and 2 s columns of cells. PyTorch's `embedding_bag` sums weighted rows of a table, here the cells of all maps with their
channels side by side. On a CPU that takes a fifth of the time of torchvision's operator, which reads channel by channel
(benchmarks/README.md). On maps that are small beside their RoIs the products of bilinear.py are faster backwards.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (P, Q) bins, K cells of a bin along an axis.
"""

import torch
from torch.nn import functional as F

from mask_rcnn_paper.layers.bilinear import clamp_points


def cells_of_bins(points: torch.Tensor, bins: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The cells that the mean of a bin's sampling points reads along one axis, by the rules of `clamp_points`.

    Args:
        points: (R, bins * s) coordinates in cells, those of a bin together.
        bins: Number of bins.
        size: Number of cells of the axis.

    Returns:
        (R, bins, 2 s) numbers of cells, and their weights.
    """
    clamped, inside = clamp_points(points, size)
    before = clamped.floor()
    after = (before + 1).clamp(max=size - 1)
    share = clamped - before
    cells = torch.stack([before, after], dim=2).long()
    weights = torch.stack([1 - share, share], dim=2) * inside[..., None]
    samples = points.shape[1] // bins
    shape = (len(points), bins, 2 * samples)
    return cells.view(shape), weights.view(shape) / samples


def sum_cells(
    features: torch.Tensor,
    batch_index: torch.Tensor,
    rows: tuple[torch.Tensor, torch.Tensor],
    columns: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """The bins of each RoI: sums of cells of its image's map, each with the product of its row's and column's weight.

    Args:
        features: (N, C, H, W); nothing is copied where channels are last in memory.
        batch_index: (R,) long, image of each RoI.
        rows: (R, P, K) numbers of rows, and their weights.
        columns: (R, Q, K) numbers of columns, and their weights.

    Returns:
        (R, C, P, Q), channels last in memory.
    """
    _, channels, height, width = features.shape
    (row, of_row), (column, of_column) = rows, columns
    first = (batch_index * height * width)[:, None, None, None, None]
    cells = first + row[:, :, None, :, None] * width + column[:, None, :, None, :]
    weights = of_row[:, :, None, :, None] * of_column[:, None, :, None, :]
    bins, table = cells.shape[:3], features.permute(0, 2, 3, 1).reshape(-1, channels)
    cells, weights = (of_bins.reshape(-1, row.shape[2] * column.shape[2]) for of_bins in (cells, weights))
    summed = F.embedding_bag(cells, table, per_sample_weights=weights, mode="sum")
    return summed.view(*bins, channels).permute(0, 3, 1, 2)
