"""Bins as weighted sums of cells."""

import torch
from torch.testing import assert_close

from mask_rcnn_paper.layers.bilinear import interpolation_matrix
from mask_rcnn_paper.layers.weighted_cells import cells_of_bins, sum_cells


def test_cells_and_weights_are_those_of_the_interpolation_matrix():
    """Between cells, on a cell, on the last one, in the border strips and beyond; two points a bin."""
    points = torch.tensor([[0.25, 1.0, 2.0, -0.5, 3.0, -1.01, 3.01, 1.5]])
    cells, weights = cells_of_bins(points, 4, 3)
    found = torch.zeros(1, 4, 3).scatter_add_(2, cells, weights)
    assert_close(found, interpolation_matrix(points, 3).view(1, 4, 2, 3).mean(2))
    assert cells.shape == weights.shape == (1, 4, 4)


def test_bins_are_sums_over_rows_and_columns_of_their_own_image():
    """Against a slow loop, on maps whose channels are last in memory or not."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(3, 2, 4, 5, dtype=torch.float64, generator=generator)
    batch_index = torch.tensor([2, 0])
    sides = ((3, 4), (2, 5))  # bins, and cells to choose from
    (rows, columns) = (
        (
            torch.randint(0, size, (2, bins, 2), generator=generator),
            torch.rand(2, bins, 2, generator=generator).double(),
        )
        for bins, size in sides
    )
    expected = torch.zeros(2, 2, 3, 2, dtype=torch.float64)
    for roi, y, x, i, j in torch.cartesian_prod(*(torch.arange(n) for n in (2, 3, 2, 2, 2))).tolist():
        cell = features[batch_index[roi], :, rows[0][roi, y, i], columns[0][roi, x, j]]
        expected[roi, :, y, x] += rows[1][roi, y, i] * columns[1][roi, x, j] * cell
    for memory_format in (torch.contiguous_format, torch.channels_last):
        found = sum_cells(features.contiguous(memory_format=memory_format), batch_index, rows, columns)
        assert_close(found, expected)


def test_gradients_reach_every_cell_that_is_read():
    """Numerically, in float64."""
    features = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    cells = torch.tensor([[[0, 1], [1, 2]]]), torch.rand(1, 2, 2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda maps: sum_cells(maps, torch.tensor([0]), cells, cells), features)


def test_no_rois_give_no_bins():
    """An empty result of the right shape."""
    nothing = torch.empty(0, 7, 4, dtype=torch.long), torch.empty(0, 7, 4)
    assert sum_cells(torch.randn(2, 3, 5, 5), torch.empty(0, dtype=torch.long), nothing, nothing).shape == (0, 3, 7, 7)
