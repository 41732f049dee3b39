"""Anchors: areas, ratios, order and positions."""

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_anchor_generator
from detectron2.modeling.anchor_generator import DefaultAnchorGenerator
from torch.testing import assert_close


def test_cell_anchors_have_the_area_and_ratio():
    """Each has area size^2 and height / width equal to its ratio, sizes slowest."""
    generator = DefaultAnchorGenerator(sizes=[[16, 64]], aspect_ratios=[[0.5, 2.0]], strides=[8])
    (anchors,) = generator.cell_anchors
    width, height = (anchors[:, 2:] - anchors[:, :2]).unbind(1)
    assert_close(width * height, torch.tensor([256.0, 256.0, 4096.0, 4096.0]))
    assert_close(height / width, torch.tensor([0.5, 2.0, 0.5, 2.0]))
    assert_close(anchors[:, :2], -anchors[:, 2:])


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_anchors_follow_rows_then_columns(offset):
    """On a 1 x 2 map of stride 4 the second square is 4 pixels to the right; the offset is in strides."""
    generator = DefaultAnchorGenerator(sizes=[[4]], aspect_ratios=[[1.0]], strides=[4], offset=offset)
    (boxes,) = generator([torch.zeros(1, 1, 1, 2)])
    expected = torch.tensor([[-2.0, -2.0, 2.0, 2.0], [2.0, -2.0, 6.0, 2.0]]) + 4 * offset
    assert_close(boxes.tensor, expected)


def test_one_list_serves_all_levels_and_is_not_saved(make_cfg):
    """One list of ratios is used on each level; nothing is in the state_dict."""
    generator = build_anchor_generator(make_cfg("fpn"), [ShapeSpec(stride=2**k) for k in range(2, 7)])
    assert generator.num_anchors == [3] * 5
    assert generator.state_dict() == {}
    boxes = generator([torch.zeros(1, 1, 2, 3)] * 5)
    assert [len(b) for b in boxes] == [18] * 5


def test_refuses_wrong_numbers(make_cfg):
    """Lists for another number of levels, and offsets outside [0, 1), are errors that name the key."""
    with pytest.raises(ValueError, match="SIZES"):
        DefaultAnchorGenerator(sizes=[[8], [16]], aspect_ratios=[[1.0]], strides=[4, 8, 16])
    with pytest.raises(ValueError, match="OFFSET=1.0"):
        DefaultAnchorGenerator(sizes=[[8]], aspect_ratios=[[1.0]], strides=[4], offset=1.0)
    with pytest.raises(KeyError, match="ANCHOR_GENERATOR.NAME='RotatedAnchorGenerator'"):
        cfg = make_cfg(options={"MODEL.ANCHOR_GENERATOR.NAME": "RotatedAnchorGenerator"})
        build_anchor_generator(cfg, [ShapeSpec(stride=16)])
