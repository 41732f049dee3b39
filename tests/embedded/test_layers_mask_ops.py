"""Pasting masks."""

import pytest
import torch
from detectron2.layers import mask_ops, paste_masks_in_image
from detectron2.structures import Boxes


def slow_paste(mask, box, height, width):
    """Bilinear interpolation between cell centres, zeros beyond the grid, pixel by pixel in float64."""
    side, (x0, y0, x1, y1) = len(mask), box

    def cell(row, column):
        return mask[row][column] if 0 <= row < side and 0 <= column < side else 0.0

    out = torch.zeros(height, width, dtype=torch.float64)
    for i in range(height):
        for j in range(width):
            v = (i + 0.5 - y0) / (y1 - y0) * side - 0.5
            u = (j + 0.5 - x0) / (x1 - x0) * side - 0.5
            row, column = int(v // 1), int(u // 1)
            a, b = v - row, u - column
            top = (1 - b) * cell(row, column) + b * cell(row, column + 1)
            bottom = (1 - b) * cell(row + 1, column) + b * cell(row + 1, column + 1)
            out[i, j] = (1 - a) * top + a * bottom
    return out


def paste_in_chunks(masks, boxes, height, width):
    """The path for GPUs, on the CPU."""
    out = torch.zeros(len(masks), height, width, dtype=torch.bool)
    mask_ops._paste_in_chunks(out, masks, boxes, 0.5)
    return out


BOXES = torch.tensor([[2.3, 1.2, 9.8, 8.1], [-3.0, -2, 4.5, 20], [0.0, 0, 12, 10], [7.1, 3, 8, 4.2]])


def test_both_paths_equal_a_slow_reference(monkeypatch):
    """Bool masks equal the loop's, box by box, whole images at once, and whole images three at a time."""
    masks = torch.rand(4, 5, 5, generator=torch.Generator().manual_seed(0))
    pairs = zip(masks.double().tolist(), BOXES.double().tolist(), strict=True)
    expected = torch.stack([slow_paste(mask, box, 10, 12) for mask, box in pairs]) >= 0.5
    assert torch.equal(paste_masks_in_image(masks, BOXES, (10, 12)), expected)
    assert torch.equal(paste_in_chunks(masks, BOXES, 10, 12), expected)
    monkeypatch.setattr(mask_ops, "GPU_BYTES", 3 * 10 * 12 * 4 * 3)
    assert torch.equal(paste_in_chunks(masks, BOXES, 10, 12), expected)


def test_a_full_mask_fills_the_pixels_whose_centres_its_box_covers():
    """Half of a mask's border value is reached exactly at the border of the box."""
    boxes = Boxes(torch.tensor([[2.4, 1.6, 6.6, 5.4]]))
    out = paste_masks_in_image(torch.ones(1, 28, 28), boxes, (8, 8))
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:5, 2:7] = True
    assert torch.equal(out[0], expected)


def test_a_negative_threshold_keeps_soft_masks():
    """Probabilities times 255, uint8."""
    box = torch.tensor([[0.0, 0, 8, 8]])
    out = paste_masks_in_image(torch.full((1, 4, 4), 0.5), box, (8, 8), threshold=-1)
    assert out.dtype == torch.uint8
    assert out[0, 4, 4] == 127


@pytest.mark.parametrize("box", [[3.0, 3, 3, 6], [3.5] * 4, [50.0, 50, 60, 60], [-9.0, -9, -4, -4]])
def test_boxes_without_pixels_paste_nothing(box):
    """Without extent, or outside the image."""
    masks, boxes = torch.ones(1, 4, 4), torch.tensor([box])
    assert not paste_masks_in_image(masks, boxes, (8, 8)).any()
    assert not paste_in_chunks(masks, boxes, 8, 8).any()


def test_no_masks():
    """No masks give an empty result of the image's size."""
    assert paste_masks_in_image(torch.zeros(0, 28, 28), Boxes(torch.zeros(0, 4)), (5, 6)).shape == (0, 5, 6)


def test_wrong_shapes_are_named():
    """Masks are square, one per box."""
    with pytest.raises(ValueError, match=r"\(1, 4, 5\)"):
        paste_masks_in_image(torch.zeros(1, 4, 5), torch.zeros(1, 4), (8, 8))
    with pytest.raises(ValueError, match=r"\(2, 4\)"):
        paste_masks_in_image(torch.zeros(1, 4, 4), torch.zeros(2, 4), (8, 8))
