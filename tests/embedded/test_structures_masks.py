"""Bitmaps, polygons and RoI masks."""

import numpy as np
import pytest
import torch
from detectron2.structures import BitMasks, PolygonMasks, ROIMasks
from detectron2.structures.masks import polygons_to_bitmask, rasterize_polygons_within_box


def rectangle(x0, y0, x1, y1):
    return np.array([x0, y0, x1, y0, x1, y1, x0, y1], dtype=np.float64)


def test_a_rectangle_on_pixel_borders_is_filled_exactly():
    """Polygon coordinates are pixel borders: [2, 5) x [1, 4)."""
    expected = np.zeros((6, 8), dtype=bool)
    expected[1:4, 2:5] = True
    np.testing.assert_array_equal(polygons_to_bitmask([rectangle(2, 1, 5, 4)], 6, 8), expected)
    assert not polygons_to_bitmask([], 6, 8).any()


def test_the_union_of_polygons_is_filled():
    """Parts of one instance are joined."""
    mask = polygons_to_bitmask([rectangle(0, 0, 2, 2), rectangle(4, 4, 6, 6)], 8, 8)
    assert mask.sum() == 8
    assert mask[0, 0]
    assert mask[5, 5]
    assert not mask[3, 3]


def test_a_polygon_that_fills_the_left_half_of_its_box():
    """The grid is laid over the box: its left half is filled, for any box size, even a tiny one."""
    for x0, y0, side in ((3.0, 7.0, 40.0), (0.25, 0.5, 0.5)):
        half = rectangle(x0, y0, x0 + side / 2, y0 + side)
        mask = rasterize_polygons_within_box([half], np.array([x0, y0, x0 + side, y0 + side]), 8)
        assert mask[:, :4].all()
        assert not mask[:, 4:].any()


def test_degenerate_boxes_give_finite_targets():
    """A box without extent has a target, not an error."""
    assert PolygonMasks([[rectangle(0, 0, 9, 9)]]).crop_and_resize(torch.tensor([[4.0, 4, 4, 4]]), 7).all()


def test_an_instance_without_polygons_is_empty():
    """One with any is not."""
    masks = PolygonMasks([[rectangle(0, 0, 2, 3), rectangle(5, 5, 6, 7)], []])
    assert masks.nonempty().tolist() == [True, False]


def test_polygon_masks_select_and_join():
    """Every kind of index gives PolygonMasks."""
    masks = PolygonMasks([[rectangle(i, 0, i + 1, 1)] for i in range(3)])
    for index in (slice(1, 3), [1, 2], torch.tensor([1, 2]), torch.tensor([False, True, True])):
        assert [polygons[0][0] for polygons in masks[index]] == [1.0, 2.0]
    assert len(masks[1]) == 1
    assert len(PolygonMasks.cat([masks, masks])) == 6
    assert masks.to("meta").device == torch.device("cpu")
    assert repr(masks) == "PolygonMasks(num_instances=3)"
    assert masks[[]].crop_and_resize(torch.zeros(0, 4), 5).shape == (0, 5, 5)


@pytest.mark.parametrize("wrong", [np.ones(8), [np.ones(8)], [[np.ones(4)]], [[np.ones(7)]]])
def test_wrong_polygons_are_refused(wrong):
    """Wrong nesting, too few points, half a point."""
    with pytest.raises(ValueError, match="[Pp]olygon"):
        PolygonMasks(wrong)


def test_a_bitmap_without_pixels_is_empty():
    """One with any is not; the image's size is known."""
    masks = BitMasks(torch.zeros(2, 6, 8))
    masks.tensor[0, 1:4, 2:5] = True
    assert masks.nonempty().tolist() == [True, False]
    assert masks.image_size == (6, 8)


def test_bitmap_cropped_to_whole_pixels_is_itself():
    """On a box of M x M whole pixels the target is the crop."""
    pixels = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0)) > 0.5
    boxes = torch.tensor([[2.0, 3, 7, 8], [0, 0, 5, 5], [6, 7, 11, 12]])
    expected = torch.stack([pixels[0, 3:8, 2:7], pixels[1, :5, :5], pixels[2, 7:12, 6:11]])
    assert torch.equal(BitMasks(pixels).crop_and_resize(boxes, 5), expected)


def test_bitmasks_select_and_join():
    """Every kind of index gives BitMasks; iterating gives bitmaps; arrays are taken."""
    masks = BitMasks(np.eye(4, dtype=np.uint8)[None].repeat(3, 0))
    assert masks.tensor.dtype == torch.bool
    assert len(masks[0]) == len(masks[2:]) == 1
    assert len(masks[torch.tensor([True, False, True])]) == 2
    assert len(BitMasks.cat([masks, masks])) == 6
    assert all(bitmap.shape == (4, 4) for bitmap in masks)
    assert masks.to("cpu").device.type == "cpu"
    assert repr(masks) == "BitMasks(num_instances=3, image_size=(4, 4))"


def test_wrong_shapes_are_named():
    """Bitmaps and RoI masks have three dimensions; one box per mask."""
    with pytest.raises(ValueError, match=r"\(4, 4\)"):
        BitMasks(torch.zeros(4, 4))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        ROIMasks(torch.zeros(4))
    for masks in (BitMasks(torch.zeros(2, 4, 4)), PolygonMasks([[], []])):
        with pytest.raises(ValueError, match="1 boxes for 2 masks"):
            masks.crop_and_resize(torch.zeros(1, 4), 7)


def test_roi_masks_select():
    """Indexing gives ROIMasks."""
    masks = ROIMasks(torch.rand(3, 7, 7))
    assert len(masks[1]) == 1
    assert len(masks[:2].to("cpu")) == 2
    assert masks.device.type == "cpu"
    assert repr(masks) == "ROIMasks(num_instances=3)"
