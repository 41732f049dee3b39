"""RoIAlign on a hand-computed grid."""

import pytest
import torch
from detectron2.layers import ROIAlign

GRID = torch.arange(25.0).view(1, 1, 5, 5)  # value 5 y + x at cell (y, x)


def plane(points):
    return torch.tensor([[5 * y + x for x, y in row] for row in points])


def test_aligned_cells_sample_a_plane_at_their_centres():
    """Feature values sit at +0.5: the RoI (1, 1, 3, 3) in 2 x 2 cells meets the values at (1..2, 1..2)."""
    out = ROIAlign((2, 2), 1.0, 0)(GRID, torch.tensor([[0.0, 1, 1, 3, 3]]))[0, 0]
    torch.testing.assert_close(out, plane([[(1, 1), (2, 1)], [(1, 2), (2, 2)]]).float())


def test_the_original_form_is_half_a_cell_off():
    """aligned=False has the plane's values half a cell further down and right."""
    rois = torch.tensor([[0.0, 1, 1, 3, 3]])
    aligned, original = (ROIAlign(2, 1.0, 2, aligned)(GRID, rois) for aligned in (True, False))
    torch.testing.assert_close(original - aligned, torch.full((1, 1, 2, 2), 0.5 * 5 + 0.5))


def test_spatial_scale_maps_the_image_to_features():
    """A RoI 16 times as large at scale 1/16 pools the same."""
    roi = torch.tensor([[0.0, 0.7, 1.1, 3.9, 4.2]])
    scaled = torch.cat([roi[:, :1], roi[:, 1:] * 16], dim=1)
    torch.testing.assert_close(ROIAlign(3, 1 / 16, 2)(GRID, scaled), ROIAlign(3, 1.0, 2)(GRID, roi))


def test_no_rois_half_precision_rois_and_wrong_shapes():
    """No RoIs give no cells; RoIs take the features' dtype; (R, 4) is refused."""
    layer = ROIAlign((3, 5), 0.25, 0)
    assert layer(GRID, torch.zeros(0, 5)).shape == (0, 1, 3, 5)
    assert layer(GRID, torch.ones(2, 5).half() * 0).dtype == torch.float32
    with pytest.raises(ValueError, match=r"\(2, 4\)"):
        layer(GRID, torch.zeros(2, 4))
    assert repr(layer) == "ROIAlign(output_size=(3, 5), spatial_scale=0.25, sampling_ratio=0, aligned=True)"
