"""Boxes and box modes."""

import copy

import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, BoxMode, pairwise_iou

BOXES = [[0.0, 0.0, 10.0, 20.0], [5.0, 5.0, 5.0, 9.0], [-3.0, 2.0, 40.0, 60.0]]


def test_area_and_nonempty_by_hand():
    """Width is x2 - x1, without a 1 added; a box of no width is empty."""
    boxes = Boxes(torch.tensor(BOXES))
    assert boxes.area().tolist() == [200.0, 0.0, 43.0 * 58.0]
    assert boxes.nonempty().tolist() == [True, False, True]
    assert boxes.nonempty(threshold=10.0).tolist() == [False, False, True]


def test_clip_and_scale_act_in_place():
    """clip limits to (height, width); scale multiplies x and y."""
    boxes = Boxes(torch.tensor(BOXES))
    boxes.clip((30, 20))
    assert boxes.tensor[2].tolist() == [0.0, 2.0, 20.0, 30.0]
    boxes.scale(2.0, 0.5)
    assert boxes.tensor[2].tolist() == [0.0, 1.0, 40.0, 15.0]


def test_clip_refuses_nan():
    """A box that is not a number cannot be clipped silently."""
    with pytest.raises(ValueError, match="NaN"):
        Boxes(torch.tensor([[0.0, 0.0, float("nan"), 1.0]])).clip((5, 5))


def test_inside_box_with_a_margin():
    """The far border is outside; a margin admits boxes that leave the image by less."""
    boxes = Boxes(torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 10.0, 9.0], [-1.0, 0.0, 9.0, 9.0]]))
    assert boxes.inside_box((10, 10)).tolist() == [True, False, False]
    assert boxes.inside_box((10, 10), boundary_threshold=1).tolist() == [True, True, True]


@pytest.mark.parametrize("empty", [[], torch.zeros(0), torch.zeros(0, 4), np.zeros((0, 4))])
def test_empty_boxes(empty):
    """Anything empty makes boxes of shape (0, 4)."""
    boxes = Boxes(empty)
    assert boxes.tensor.shape == (0, 4)
    assert len(boxes) == 0
    assert boxes.area().shape == (0,)
    assert pairwise_iou(boxes, Boxes(torch.tensor(BOXES))).shape == (0, 3)


def test_a_wrong_shape_is_named():
    """Boxes of five numbers are refused."""
    with pytest.raises(ValueError, match=r"\(2, 5\)"):
        Boxes(torch.zeros(2, 5))


def test_indexing_iterating_and_cat():
    """Indexing gives Boxes, iterating gives tensors of 4, cat copies."""
    boxes = Boxes(torch.tensor(BOXES))
    assert boxes[1].tensor.shape == (1, 4)
    assert boxes[-1].tensor.tolist() == [BOXES[2]]
    assert boxes[torch.tensor([True, False, True])].tensor.tolist() == [BOXES[0], BOXES[2]]
    assert [box.tolist() for box in boxes] == BOXES
    joined = Boxes.cat([boxes, boxes[:1]])
    joined.scale(0, 0)
    assert len(joined) == 4
    assert boxes.tensor.tolist() == BOXES
    assert len(Boxes.cat([])) == 0
    assert boxes.clone().tensor.data_ptr() != boxes.tensor.data_ptr()
    assert boxes.to("cpu").device == torch.device("cpu")
    assert repr(boxes).startswith("Boxes(tensor(")


def test_iou_against_a_loop():
    """pairwise_iou equals a loop in float64; boxes without area have IoU 0."""
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(7, 4, generator=generator) * 20 for _ in range(2))
    first[:, 2:] += first[:, :2]
    second[:, 2:] += second[:, :2]
    first[0, 2:] = first[0, :2]
    expected = torch.zeros(7, 7, dtype=torch.float64)
    for i, (ax, ay, bx, by) in enumerate(first.double().tolist()):
        for j, (cx, cy, dx, dy) in enumerate(second.double().tolist()):
            shared = max(min(bx, dx) - max(ax, cx), 0) * max(min(by, dy) - max(ay, cy), 0)
            expected[i, j] = shared / ((bx - ax) * (by - ay) + (dx - cx) * (dy - cy) - shared)
    out = pairwise_iou(Boxes(first), Boxes(second))
    torch.testing.assert_close(out.double(), expected, rtol=1e-5, atol=1e-6)
    assert pairwise_iou(Boxes(first[:1]), Boxes(first[:1])).item() == 0.0


@pytest.mark.parametrize("box", [[1, 2, 4, 8], (1.5, 2.0, 4.0, 8.0), np.ones((1, 4)), torch.ones(3, 4)])
def test_box_modes_round_trip_in_the_given_type(box):
    """XYXY -> XYWH -> XYXY gives the box back, in its own type, and leaves the argument alone."""
    before = copy.deepcopy(box)
    there = BoxMode.convert(box, BoxMode.XYXY_ABS, BoxMode.XYWH_ABS)
    back = BoxMode.convert(there, BoxMode.XYWH_ABS, BoxMode.XYXY_ABS)
    assert type(there) is type(box)
    assert type(back) is type(box)
    torch.testing.assert_close(back, before)
    torch.testing.assert_close(box, before)


def test_box_mode_by_hand():
    """Width and height replace the far corner."""
    assert BoxMode.convert([1, 2, 4, 8], BoxMode.XYXY_ABS, BoxMode.XYWH_ABS) == [1, 2, 3, 6]
    assert BoxMode.convert([1, 2, 3, 4], 0, 0) == [1, 2, 3, 4]


def test_unsupported_box_modes_are_named():
    """Relative and rotated boxes ask for detectron2; a box needs 4 numbers."""
    with pytest.raises(NotImplementedError, match="XYWHA_ABS.*install detectron2"):
        BoxMode.convert([1, 2, 3, 4, 5], BoxMode.XYWHA_ABS, BoxMode.XYXY_ABS)
    with pytest.raises(ValueError, match="4 coordinates"):
        BoxMode.convert([1, 2, 3], BoxMode.XYWH_ABS, BoxMode.XYXY_ABS)
