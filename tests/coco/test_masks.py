"""Masks of COCO files, read and traced."""

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mask_rcnn_paper.coco.masks import decode_mask, mask_to_polygons, read_counts, signed_area


def _rasterise(polygons: list[np.ndarray], height: int, width: int) -> np.ndarray:
    encoded = coco_mask.frPyObjects([p.reshape(-1).tolist() for p in polygons], height, width)
    return coco_mask.decode(coco_mask.merge(encoded)).astype(bool)


def test_two_polygons_are_one_mask():
    """The parts of an instance that something hides in the middle."""
    mask = decode_mask([[0, 0, 4, 0, 4, 4, 0, 4], [10, 0, 14, 0, 14, 4, 10, 4]], 20, 20)
    assert mask.sum() == 32
    assert mask[:4, :4].all()
    assert mask[:4, 10:14].all()


def test_a_polygon_of_two_points_has_no_area():
    """pycocotools would take four numbers for a box."""
    assert not decode_mask([[0, 0, 10, 10]], 20, 20).any()


@pytest.mark.parametrize("form", ["polygon", "bytes", "text", "list"])
def test_every_form_is_decoded(form):
    """A rectangle as polygon, as compressed counts in bytes or text, and as a list of run lengths."""
    mask = np.zeros((6, 8), np.uint8, order="F")
    mask[1:3, 2:6] = 1
    counts = {
        "bytes": coco_mask.encode(mask)["counts"],
        "text": coco_mask.encode(mask)["counts"].decode(),
        "list": [2 * 6 + 1, 2, 4, 2, 4, 2, 4, 2, 3 + 2 * 6],
    }
    polygon = [[2, 1, 6, 1, 6, 3, 2, 3]]
    segmentation = polygon if form == "polygon" else {"size": [6, 8], "counts": counts[form]}
    np.testing.assert_array_equal(decode_mask(segmentation, 6, 8), mask)


def test_a_mask_of_another_size_is_an_error():
    """An RLE says which image it belongs to."""
    rle = coco_mask.encode(np.zeros((40, 60), np.uint8, order="F"))
    with pytest.raises(ValueError, match=r"\[40, 60\] does not fit its image of \[30, 60\]"):
        decode_mask(rle, 30, 60)


@pytest.mark.parametrize("seed", range(20))
def test_compressed_counts_are_read_as_pycocotools_writes_them(seed):
    """Counts of random masks, coarse and fine, are the lengths of the runs in column order."""
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.random((9, 7)) < rng.random(), np.ones((1 + seed * 9, 1 + seed * 5))).astype(np.uint8)
    counts = read_counts(coco_mask.encode(np.asfortranarray(mask))["counts"].decode())
    flat = mask.reshape(-1, order="F")
    runs = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size])
    np.testing.assert_array_equal(counts, [0, *runs] if flat[0] else runs)


@pytest.mark.parametrize("counts", ["", "P", "~", " ", "oooooooooooo0", [], [1.5], None, {"a": 1}])
def test_counts_that_cannot_be_read(counts):
    """What is cut off, out of range or of another type is no run lengths."""
    assert read_counts(counts) is None


def test_rectangle_keeps_its_borders():
    """A rectangle's polygon reaches the outer borders of its cells, not their centres."""
    mask = np.zeros((60, 60), bool)
    mask[10:30, 20:50] = True
    (polygon,) = mask_to_polygons(mask)
    np.testing.assert_array_equal(polygon.min(0), (20, 10))
    np.testing.assert_array_equal(polygon.max(0), (50, 30))
    assert abs(signed_area(polygon)) == pytest.approx(600)


def test_scale_divides_coordinates():
    """With a scale of 1/4 the coordinates are those of cells four times as large."""
    mask = np.zeros((40, 40), bool)
    mask[8:24, 12:32] = True
    for fine, coarse in zip(mask_to_polygons(mask), mask_to_polygons(mask, 0.25), strict=True):
        np.testing.assert_allclose(coarse, fine / 4)


@pytest.mark.parametrize("seed", range(5))
def test_blobs_with_holes_round_trip(seed):
    """Random blobs with holes are the same after tracing and COCO's rasterising, without a bias in area."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((200, 240)), (0, 0), 7)
    mask = noise > np.quantile(noise, 0.4)
    polygons = mask_to_polygons(mask)
    drawn = _rasterise(polygons, *mask.shape)
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.99
    assert sum(abs(signed_area(p)) for p in polygons) == pytest.approx(mask.sum(), rel=0.003)


def test_hole_is_part_of_its_ring():
    """A ring of cells is one polygon whose hole is empty for COCO and for the shoelace formula."""
    y, x = np.mgrid[:120, :120] + 0.5
    radius = np.hypot(x - 60, y - 60)
    mask = (radius < 50) & (radius > 30)
    (polygon,) = mask_to_polygons(mask)
    assert abs(signed_area(polygon)) == pytest.approx(np.pi * (50**2 - 30**2), rel=0.01)
    assert not _rasterise([polygon], 120, 120)[40:80, 40:80].any()


def test_gap_of_one_cell_stays_open():
    """Two regions one cell apart are two polygons."""
    mask = np.zeros((20, 21), bool)
    mask[2:18, 2:10] = mask[2:18, 11:19] = True
    assert len(mask_to_polygons(mask)) == 2


def test_small_regions_are_dropped():
    """Regions below the smallest area vanish, and an empty mask has no polygons."""
    mask = np.zeros((30, 30), bool)
    mask[1:3, 1:3] = mask[10:20, 10:20] = True
    assert len(mask_to_polygons(mask, min_area=8)) == 1
    assert mask_to_polygons(np.zeros((5, 5), bool)) == []


def test_tiny_regions_keep_an_area():
    """Regions of one or two cells are polygons of at least three corners, not lines."""
    mask = np.zeros((9, 9), bool)
    mask[1, 1] = mask[4, 4:6] = mask[7, 1] = mask[7, 7] = True
    polygons = mask_to_polygons(mask)
    assert len(polygons) == 4
    assert min(map(len, polygons)) >= 3
    assert min(abs(signed_area(p)) for p in polygons) >= 0.5
