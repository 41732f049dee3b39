"""Tight boxes of masks."""

import pytest
import torch
from detectron2.structures import Boxes

from mask_rcnn_paper.layers.mask_boxes import tight_boxes


def slow_box(mask: torch.Tensor) -> list[float]:
    """Pixel by pixel."""
    pixels = mask.nonzero().tolist()
    if not pixels:
        return [0, 0, 0, 0]
    rows, columns = zip(*pixels, strict=True)
    return [min(columns), min(rows), max(columns) + 1, max(rows) + 1]


@pytest.mark.parametrize("density", [0.0, 0.005, 0.05, 0.9, 1.0])
def test_boxes_equal_the_loop(density):
    """Masks of few scattered pixels, of many, of all and of none, in images that are not square."""
    masks = torch.rand(30, 13, 19, generator=torch.Generator().manual_seed(0)) < density
    assert tight_boxes(masks).tolist() == [slow_box(mask) for mask in masks]


def test_boxes_by_hand():
    """One pixel; two far apart; none, between others; a corner."""
    masks = torch.zeros(4, 5, 7, dtype=torch.bool)
    masks[0, 2, 3] = masks[1, 0, 6] = masks[1, 4, 1] = masks[3, 4, 6] = True
    assert tight_boxes(masks).tolist() == [[3, 2, 4, 3], [1, 0, 7, 5], [0, 0, 0, 0], [6, 4, 7, 5]]


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32])
def test_any_type_of_mask(dtype):
    """What is not 0 is a pixel; boxes are float32, which detectron2's Boxes take."""
    masks = torch.zeros(1, 4, 4, dtype=dtype)
    masks[0, 1:3, 2] = 1
    boxes = tight_boxes(masks)
    assert boxes.dtype == torch.float32
    assert Boxes(boxes).area().tolist() == [2]


def test_a_box_moves_and_mirrors_with_its_mask():
    """Shifts of the mask shift the box; turning x into y turns the box."""
    mask = torch.rand(1, 9, 9, generator=torch.Generator().manual_seed(1)) < 0.3
    padded = torch.nn.functional.pad(mask, (4, 2, 3, 5))
    assert torch.equal(tight_boxes(padded), tight_boxes(mask) + torch.tensor([4.0, 3.0, 4.0, 3.0]))
    assert torch.equal(tight_boxes(mask.transpose(1, 2)), tight_boxes(mask)[:, [1, 0, 3, 2]])


def test_no_masks():
    """(0, 4)."""
    assert tight_boxes(torch.zeros(0, 5, 6, dtype=torch.bool)).shape == (0, 4)
