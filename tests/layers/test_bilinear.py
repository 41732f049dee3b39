"""Interpolation matrices and their products."""

import torch
from torch.testing import assert_close

from mask_rcnn_paper.layers.bilinear import interpolation_matrix, sample_grids


def test_weights_of_points_between_cells_at_the_border_and_outside():
    """Hand-computed rows: between cells, on a cell, in the border strip, at its end, beyond it."""
    points = torch.tensor([[0.25, 2.0, -0.5, 3.0, -1.01, 3.01]])
    expected = torch.tensor([[[0.75, 0.25, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]])
    assert_close(interpolation_matrix(points, 3), expected)


def test_sample_grids_is_a_product_per_roi():
    """Each RoI gets rows @ map @ columns^T of its own image."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(3, 2, 4, 5, generator=generator)
    batch_index = torch.tensor([2, 0, 2])
    rows, columns = torch.rand(3, 6, 4, generator=generator), torch.rand(3, 7, 5, generator=generator)
    expected = torch.einsum("ryh,rchw,rxw->rcyx", rows, features[batch_index], columns)
    assert_close(sample_grids(features, batch_index, rows, columns), expected)
