"""Boxes, areas and polygons of masks."""

import numpy as np
from pycocotools import mask as coco_mask

from mask_rcnn_paper.coco.masks import mask_to_polygons, signed_area
from mask_rcnn_paper.validate_dataset.run_lengths import read_counts
from mask_rcnn_paper.validate_dataset.values import is_number


def good_polygon(polygon: object) -> bool:
    """Whether a polygon is a list of at least three points."""
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        return False
    return all(map(is_number, polygon))


def box_of_mask(segmentation: object, size: tuple[int, int] | None) -> list[float] | None:
    """The smallest [x, y, width, height] around a mask, or None where there is none or it is empty.

    Args:
        segmentation: of an annotation; may be anything.
        size: (width, height) of the image; run lengths of another size have no box.
    """
    if isinstance(segmentation, dict):
        box = coco_mask.toBbox(_encoded(segmentation)).tolist() if _fits(segmentation, size) else [0, 0, 0, 0]
    else:
        points = [np.reshape(p, (-1, 2)) for p in _good_polygons(segmentation)] or [np.zeros((1, 2))]
        (x1, y1), (x2, y2) = np.concatenate(points).min(0).tolist(), np.concatenate(points).max(0).tolist()
        box = [x1, y1, x2 - x1, y2 - y1]
    return box if min(box[2:]) > 0 else None


def area_of_mask(segmentation: object, size: tuple[int, int] | None) -> float:
    """Pixels that a mask covers; 0 where there is none or it does not fit. Parts of polygons are added up."""
    if isinstance(segmentation, dict):
        return float(coco_mask.area(_encoded(segmentation))) if _fits(segmentation, size) else 0.0
    return sum(abs(signed_area(np.reshape(p, (-1, 2)))) for p in _good_polygons(segmentation))


def to_polygons(segmentation: dict) -> list[list[float]]:
    """Polygons of run lengths that `run_lengths.check_run_lengths` has nothing to say about."""
    return [ring.reshape(-1).tolist() for ring in mask_to_polygons(coco_mask.decode(_encoded(segmentation)))]


def _good_polygons(segmentation: object) -> list[list[float]]:
    return [p for p in segmentation if good_polygon(p)] if isinstance(segmentation, list) else []


def _fits(segmentation: dict, size: tuple[int, int] | None) -> bool:
    counts = read_counts(segmentation.get("counts"))
    fits = size is not None and segmentation.get("size") == [size[1], size[0]]
    return fits and counts is not None and counts.sum() == size[0] * size[1]


def _encoded(segmentation: dict) -> dict:
    if isinstance(segmentation["counts"], str):
        return segmentation
    return coco_mask.frPyObjects(segmentation, *segmentation["size"])
