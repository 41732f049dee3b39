"""Boxes and masks as arrays."""

import numpy as np
import pytest
from pycocotools import mask as mask_util

from mask_rcnn_paper.coco.masks import encode_mask
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.geometry import Geometry
from tests.validate_dataset.cases import valid_data


def test_polygons_and_run_lengths():
    """Extents and areas of the four annotations, by hand."""
    found = Dataset(valid_data()).geometry
    np.testing.assert_array_equal(found.masks, [[10, 10, 30, 30], [40, 5, 60, 30], [5, 5, 15, 25], [10, 20, 20, 40]])
    np.testing.assert_array_equal(found.mask_areas, [400, 90, 200, 200])
    np.testing.assert_array_equal(found.are_polygons, [True, True, True, False])
    np.testing.assert_array_equal(found.sizes, [[64, 48], [64, 48], [40, 40], [40, 40]])
    np.testing.assert_array_equal(found.boxes[1], [40, 5, 20, 25])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("as_list", [False, True])
def test_run_lengths_as_pycocotools_reads_them(seed, as_list):
    """Random masks, with runs that go on in the next column."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((7, 9), np.uint8, order="F")
    mask[rng.integers(7) :, : rng.integers(1, 10)] = rng.uniform(size=()) > 0.2
    mask[rng.integers(7), rng.integers(9)] = 1
    encoded = mask_util.encode(mask)
    counts = np.flatnonzero(np.diff(np.concatenate([[0], mask.T.ravel(), [2]])))
    runs = np.diff([0, *counts.tolist()]).tolist()
    segmentation = {"size": [7, 9], "counts": runs if as_list else encoded["counts"].decode()}
    assert mask_util.area(encode_mask(segmentation, 7, 9)) == mask.sum()
    found = Geometry.of([{"segmentation": segmentation}], lambda annotation: (9, 7))
    x, y, w, h = mask_util.toBbox(encoded).tolist()
    np.testing.assert_array_equal(found.masks, [[x, y, x + w, y + h]])
    assert found.mask_areas[0] == mask.sum()


def test_what_is_unsound():
    """It is NaN, and in nobody's way."""
    good = [0, 0, 1, 0, 1, 1]
    bad = [None, 5, "x", [], [[1, 2]], [good, "x"], [[*good[:5], float("nan")]], [[10**400] * 6], {"size": [2, 2]}]
    annotations = [7, {}, *({"bbox": [1, 2, None, 4], "segmentation": s} for s in bad), {"segmentation": [good]}]
    found = Geometry.of(annotations, lambda annotation: None)
    assert np.isnan(found.boxes).all()
    assert np.isnan(found.masks[:-1]).all()
    assert not found.are_polygons[:-1].any()
    assert found.mask_areas[-1] == 0.5
