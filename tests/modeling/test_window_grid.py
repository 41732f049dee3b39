"""Windows and their places on the maps."""

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.anchor_generator import build_anchor_generator

from mask_rcnn_paper.modeling.window_grid import WindowGrid, window_sides
from mask_rcnn_paper.scales import load_cfg

MAPS = [torch.zeros(2, 1, 3, 5), torch.zeros(2, 1, 2, 3)]


@pytest.fixture(scope="module")
def grid():
    """Of the first two levels of the rows."""
    cfg = load_cfg("tableTM-4/tensormask.yaml", opts=["MODEL.ANCHOR_GENERATOR.SIZES", "[[44, 60], [88, 120]]"])
    return WindowGrid.of_maps(build_anchor_generator(cfg, [ShapeSpec(stride=4), ShapeSpec(stride=8)])(MAPS), MAPS)


def test_every_window_is_about_its_cell(grid):
    """The coordinate of cell (y, x) of a level is that times its stride, as `align2nat` has it."""
    assert len(grid) == 2 * (3 * 5 + 2 * 3)
    stride = 4 * 2**grid.level
    middles = (grid.boxes[:, :2] + grid.boxes[:, 2:]) / 2
    assert torch.equal(middles, torch.stack([grid.x, grid.y], dim=1) * stride[:, None].float())
    sides = torch.tensor([11, 15])[grid.size] * stride
    assert torch.equal(grid.boxes[:, 2:] - grid.boxes[:, :2], sides[:, None].expand(-1, 2).float())


def test_windows_are_selected_together(grid):
    """Of images of a batch, and lists of them."""
    chosen = grid.of_images(torch.tensor([1, 0]), torch.tensor([29, 31]))
    assert (chosen.image.tolist(), chosen.level.tolist(), chosen.size.tolist()) == ([1, 0], [0, 1], [1, 1])
    both = WindowGrid.cat([chosen, chosen[torch.tensor([1])]])
    assert both.image.tolist() == [1, 0, 0]
    assert torch.equal(both.boxes[1:], grid.boxes[[31, 31]])


def test_sides_of_the_rows():
    """11 and 15 steps on every level."""
    cfg = load_cfg("tableTM-4/tensormask.yaml")
    assert window_sides(cfg.MODEL.ANCHOR_GENERATOR.SIZES, [4, 8, 16, 32, 64, 128]) == (11, 15)


@pytest.mark.parametrize(
    "sizes, strides, message",
    [
        ([[44], [80]], [4, 8], r"SIZES=\[\[44\], \[80\]\].* the same whole numbers of strides, such as \[44, 60\]"),
        ([[42]], [4], "whole numbers of strides"),
        ([[44], [88]], [4, 16], "twice the stride of the one before"),
        ([[44]], [4, 8], "give the sides of each level's windows, 2 lists"),
    ],
)
def test_windows_that_no_bipyramid_has_are_refused(sizes, strides, message):
    """With key and cure."""
    with pytest.raises(ValueError, match=message):
        window_sides(sizes, strides)
