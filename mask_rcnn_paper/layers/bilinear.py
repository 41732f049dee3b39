"""Bilinear sampling of many RoIs on a grid, as products of small matrices.

The sampling points of one RoI form a grid, so bilinear sampling is separable: with A (y, H) and B (x, W) holding
the interpolation weights of the rows and columns of the grid, the samples of a feature map F (C, H, W) are
A F_c B^T. On small maps two batched matrix products are much faster than scattered reads and, backwards,
scattered additions; they are deterministic on every device too. Channels are the last axis of both products, so that
nothing is copied where they are the last in memory.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (Y, X) sampling grid.
"""

import torch


def clamp_points(points: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sampling points of one axis, moved to where they read, and whether they read at all.

    Cell i has its centre at coordinate i. A point outside [-1, size] reads nothing; one between -1 and 0, or between
    size - 1 and size, reads the border cell. These are the rules of RoIAlign's reference implementation.

    Args:
        points: (R, P) coordinates in cells.
        size: Number of cells of the axis.

    Returns:
        (R, P) points in [0, size - 1], and (R, P) bool.
    """
    return points.clamp(min=0, max=size - 1), (points >= -1) & (points <= size)


def interpolation_matrix(points: torch.Tensor, size: int) -> torch.Tensor:
    """Weights with which each sampling point reads the cells of one axis, by the rules of `clamp_points`.

    Args:
        points: (R, P) coordinates in cells.
        size: Number of cells of the axis.

    Returns:
        (R, P, size) weights; each row sums to 1, or to 0 where the point is outside.
    """
    clamped, inside = clamp_points(points, size)
    cells = torch.arange(size, device=points.device, dtype=points.dtype)
    weights = (1 - (clamped[..., None] - cells).abs()).clamp(min=0)
    return weights * inside[..., None]


def sample_grids(
    features: torch.Tensor, batch_index: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Apply one pair of row and column weights per RoI to the feature map of its image.

    Args:
        features: (N, C, H, W); fastest where channels are last in memory.
        batch_index: (R,) long, image of each RoI.
        rows: (R, Y, H) weights.
        columns: (R, X, W) weights.

    Returns:
        (R, C, Y, X), channels last in memory.
    """
    num_images, channels, height, width = features.shape
    num_y, num_x = rows.shape[1], columns.shape[1]
    # RoIs of an image together, so that its map is read by one product.
    order = batch_index.argsort(stable=True)
    counts = torch.bincount(batch_index, minlength=num_images).tolist()
    samples = []
    for feature, of_rows, of_columns in zip(
        features.permute(0, 2, 3, 1), rows[order].split(counts), columns[order].split(counts), strict=True
    ):
        by_columns = of_columns.reshape(-1, width) @ feature  # (H, r*X, C)
        by_columns = by_columns.view(height, len(of_rows), num_x * channels).transpose(0, 1)
        samples.append(of_rows @ by_columns)  # (r, Y, X*C)
    sampled = torch.cat(samples).view(-1, num_y, num_x, channels)
    return sampled[order.argsort()].permute(0, 3, 1, 2)
