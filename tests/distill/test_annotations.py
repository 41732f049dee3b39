"""A detection as an annotation."""

import numpy as np
import pytest
from pycocotools import mask as mask_util

from mask_rcnn_paper.coco.masks import decode_mask
from mask_rcnn_paper.distill.annotations import make_annotation

RESULT = {"image_id": 4, "category_id": 18, "score": 0.75, "bbox": [2.004, 3.0, 10.0, 5.0]}


def encoded(mask):
    """As a detector's results hold a mask."""
    rle = mask_util.encode(np.asfortranarray(mask, np.uint8))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def test_a_box():
    """Its area is its own; coordinates have two decimals; the score is kept."""
    assert make_annotation(RESULT, 20, 30, polygons=True) == {
        **RESULT, "bbox": [2.0, 3.0, 10.0, 5.0], "area": 50.0, "iscrowd": 0
    }  # fmt: skip


def test_a_box_ends_at_the_border():
    """Detections are clipped to the image, but a result's width is a difference of rounded numbers."""
    found = make_annotation({**RESULT, "bbox": [-1.0, 15.0, 40.0, 6.0]}, 20, 30, polygons=True)
    assert found["bbox"] == [0.0, 15.0, 30.0, 5.0]


@pytest.mark.parametrize("box", [[2, 3, 0, 5], [2, 3, 5, 0.001], [31, 3, 5, 5], [2, -9, 5, 5]])
def test_a_box_of_which_nothing_is_left_is_no_annotation(box):
    """Validation would find it degenerate."""
    assert make_annotation({**RESULT, "bbox": box}, 20, 30, polygons=True) is None


def test_keypoints_are_hard_labels():
    """All of them visible; their scores are dropped."""
    found = make_annotation({**RESULT, "keypoints": [1.004, 2.0, 0.3, 5.0, 6.0, 11.0]}, 20, 30, polygons=True)
    assert found["keypoints"] == [1.0, 2.0, 2, 5.0, 6.0, 2]
    assert found["num_keypoints"] == 2


@pytest.mark.parametrize("polygons", [True, False])
def test_a_mask_stays_what_it_is(polygons):
    """As polygons, which leave out what is smaller than a pixel, or as run lengths; its area is its pixels'."""
    mask = np.zeros((20, 30), bool)
    mask[3:8, 2:12] = mask[12:19, 20:29] = True
    found = make_annotation({**RESULT, "segmentation": encoded(mask)}, 20, 30, polygons)
    assert found["area"] == mask.sum()
    assert isinstance(found["segmentation"], list) == polygons
    assert (decode_mask(found["segmentation"], 20, 30).astype(bool) == mask).all()


def test_an_empty_mask_is_no_annotation():
    """Nothing could be learnt from it."""
    empty = encoded(np.zeros((20, 30), bool))
    assert make_annotation({**RESULT, "segmentation": empty}, 20, 30, polygons=True) is None
