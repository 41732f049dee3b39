"""Bilinear sampling of many RoIs on a grid, as products of small matrices.

The sampling points of one RoI form a grid, so bilinear sampling is separable: with A (y, H) and B (x, W) holding
the interpolation weights of the rows and columns of the grid, the samples of a feature map F (C, H, W) are
A F_c B^T. On small maps two batched matrix products are much faster than scattered reads and, backwards,
scattered additions; they are deterministic on every device too.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (Y, X) sampling grid.
"""

import torch


def interpolation_matrix(points: torch.Tensor, size: int) -> torch.Tensor:
    """Weights with which each sampling point reads the cells of one axis.

    Cell i has its centre at coordinate i. A point outside [-1, size] reads nothing (a row of zeros); one between
    -1 and 0, or between size - 1 and size, reads the border cell. These are the rules of RoIAlign's reference
    implementation.

    Args:
        points: (R, P) coordinates in cells.
        size: Number of cells of the axis.

    Returns:
        (R, P, size) weights; each row sums to 1, or to 0 where the point is outside.
    """
    inside = (points >= -1) & (points <= size)
    clamped = points.clamp(min=0, max=size - 1)
    cells = torch.arange(size, device=points.device, dtype=points.dtype)
    weights = (1 - (clamped[..., None] - cells).abs()).clamp(min=0)
    return weights * inside[..., None]


def sample_grids(
    features: torch.Tensor, batch_index: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Apply one pair of row and column weights per RoI to the feature map of its image.

    Args:
        features: (N, C, H, W).
        batch_index: (R,) long, image of each RoI.
        rows: (R, Y, H) weights.
        columns: (R, X, W) weights.

    Returns:
        (R, C, Y, X).
    """
    channels, height, width = features.shape[1:]
    num_y, num_x = rows.shape[1], columns.shape[1]
    samples, order = [features.new_zeros((0, channels, num_y, num_x))], []
    for image, feature in enumerate(features):
        index = (batch_index == image).nonzero().squeeze(1)
        by_columns = feature.reshape(channels * height, width) @ columns[index].reshape(-1, width).T  # (C*H, r*X)
        by_columns = by_columns.reshape(channels, height, len(index), num_x).permute(2, 1, 0, 3)  # (r, H, C, X)
        by_both = rows[index] @ by_columns.reshape(len(index), height, channels * num_x)  # (r, Y, C*X)
        samples.append(by_both.reshape(len(index), num_y, channels, num_x).transpose(1, 2))
        order.append(index)
    return torch.cat(samples)[torch.cat(order).argsort()]
