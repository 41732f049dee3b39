"""Boxes, areas and polygons of masks."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mask_rcnn_paper.validate_dataset.mask_geometry import area_of_mask, box_of_mask, good_polygon, to_polygons
from tests.validate_dataset.cases import run_lengths

RECTANGLE = run_lengths(48, 64, slice(10, 20), slice(30, 36))


def test_box():
    """Around run lengths, and around all polygons that are sound."""
    assert box_of_mask(RECTANGLE, (64, 48)) == [30, 10, 6, 10]
    assert box_of_mask([[1, 2, 3, 4, 5, 9.5], [0, 0]], None) == [1, 2, 4, 7.5]


@pytest.mark.parametrize("segmentation", [None, "x", [], [[1, 1, 2, 2]], [[1, 1, 1, 2, 1, 3]], {"counts": "?"}])
def test_no_box(segmentation):
    """What is no mask, or has no width, has no box."""
    assert box_of_mask(segmentation, (64, 48)) is None


def test_run_lengths_of_another_size():
    """They belong to another image: neither box nor area is taken from them."""
    assert box_of_mask(RECTANGLE, (48, 64)) is None and area_of_mask(RECTANGLE, (48, 64)) == 0


def test_area():
    """Pixels of run lengths, compressed or not; the sum over polygons in either direction."""
    assert area_of_mask(RECTANGLE, (64, 48)) == 60
    assert area_of_mask({"size": [2, 3], "counts": [1, 4, 1]}, (3, 2)) == 4
    assert area_of_mask([[0, 0, 2, 0, 2, 3, 0, 3], [10, 10, 10, 12, 12, 12]], None) == 8
    assert area_of_mask(None, None) == 0


def test_polygons_of_run_lengths():
    """Rasterised again, the polygons are the mask but for pixels on its border."""
    (polygon,) = to_polygons(RECTANGLE)
    assert good_polygon(polygon)
    again = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([polygon], 48, 64)))
    assert np.count_nonzero(again != coco_mask.decode(RECTANGLE)) <= 4
