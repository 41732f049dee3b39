"""Whether boxes, polygons and keypoints of a file are as COCO has them, or explained better by another format.

A single annotation may be wrong in any way; a tenth of them that fit another format, and do not fit COCO's, are no
accident. What is written in another format is never mended: what --fix would make of it is wrong as well.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from mask_rcnn_paper.validate_dataset.agreement_rules import corners, overlap, sides_product
from mask_rcnn_paper.validate_dataset.boxes import TOLERANCE
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.geometry import Geometry
from mask_rcnn_paper.validate_dataset.rule import Rule, Violation

_SHARE = 0.1
# Of boxes and masks: what fits, and what does not.
_FITS, _MISSES = 0.9, 0.5
# Where masks say nothing, this share of all boxes must lie in their images under the other format, and so many must not
# under COCO's.
_ALL, _FEWEST = 0.99, 2
# Coordinates up to 1 are pixels in an image of this side or a smaller one.
_SMALL_IMAGE = 8

BOXES = Rule("bbox-format", "write bbox as [x, y, width, height] in pixels, from the top left corner")
POLYGONS = Rule("polygon-format", "write polygons as [x1, y1, x2, y2, ...] in pixels")
KEYPOINTS = Rule("keypoint-format", "write keypoints as x, y, visibility, with x and y in pixels")

_FORMATS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "[x1, y1, x2, y2]": lambda b: b,
    "[center x, center y, width, height]": lambda b: corners(np.concatenate([b[:, :2] - b[:, 2:] / 2, b[:, 2:]], 1)),
    "[y, x, height, width]": lambda b: corners(b[:, [1, 0, 3, 2]]),
    "[y1, x1, y2, x2]": lambda b: b[:, [1, 0, 3, 2]],
}
"""What others take four numbers of a box for, as x1, y1, x2, y2; the first that fits is named."""


class _Explained(NamedTuple):
    """`count` of `total` annotations fit a format and not COCO's; `example` is the position of one."""

    name: str
    count: int
    total: int
    example: int


def check_formats(dataset: Dataset, with_keypoints: bool = True) -> Iterator[Violation]:
    """A file whose boxes, polygons or keypoints are in another format; not of single annotations."""
    shapes, annotations = dataset.geometry, dataset.data["annotations"]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for rule, field, of, found in (
            (BOXES, "bbox", "boxes", _of_boxes(shapes)),
            (POLYGONS, "segmentation", "polygons", _of_polygons(shapes)),
            (KEYPOINTS, "keypoints", "lists of keypoints", _of_keypoints(dataset) if with_keypoints else None),
        ):
            if found is not None:
                text = f"is one of {found.count} (of {found.total} {of}) that make sense as {found.name} alone"
                yield Violation(rule, field, annotations[found.example][field], text)


def _of_boxes(shapes: Geometry) -> _Explained | None:
    boxes, size = shapes.boxes, np.concatenate([shapes.sizes] * 2, axis=1)
    known = np.isfinite(boxes).all(1) & np.isfinite(size).all(1)
    if (found := _fraction(boxes, shapes.sizes)) is not None:
        return found
    stated, masks = corners(boxes), shapes.masks
    others = {name: read(boxes) for name, read in _FORMATS.items()}
    misses, good = iou(stated, masks) < _MISSES, _lies_inside(stated, size)
    for name, other in others.items():
        if name.startswith("[y") and _polygons_are_swapped(shapes, good, size):
            continue
        if found := _explained(name, misses & (iou(other, masks) >= _FITS), np.isfinite(masks).all(1)):
            return found
    for name, other in others.items():
        if found := _in_images(name, known, good, _lies_inside(other, size)):
            return found
    return None


def _of_polygons(shapes: Geometry) -> _Explained | None:
    masks, size = np.where(shapes.are_polygons[:, None], shapes.masks, np.nan), np.concatenate([shapes.sizes] * 2, 1)
    known = np.isfinite(masks).all(1) & np.isfinite(size).all(1)
    if (found := _fraction(masks, shapes.sizes)) is not None:
        return found
    name, other, stated = "[y1, x1, y2, x2, ...]", masks[:, [1, 0, 3, 2]], corners(shapes.boxes)
    fits = (iou(stated, masks) < _MISSES) & (iou(stated, other) >= _FITS)
    if _polygons_are_swapped(shapes, _lies_inside(stated, size), size) and (found := _explained(name, fits, known)):
        return found
    return _in_images(name, known, _lies_inside(masks, size), _lies_inside(other, size))


def _polygons_are_swapped(shapes: Geometry, good_boxes: np.ndarray, size: np.ndarray) -> bool:
    """Which is y, x where boxes fit polygons that way: what fits the images less well, and in doubt the polygons."""
    return bool(shapes.are_polygons.any() and good_boxes.sum() >= _lies_inside(shapes.masks, size).sum())


def _of_keypoints(dataset: Dataset) -> _Explained | None:
    extents = np.full((len(dataset.data["annotations"]), 4), np.nan)
    for index, points in dataset.labelled_keypoints.items():
        extents[index] = *points.min(0), *points.max(0)
    return _fraction(extents, dataset.geometry.sizes)


def _fraction(values: np.ndarray, sizes: np.ndarray) -> _Explained | None:
    """Coordinates (A, 4) between 0 and 1, not all of them whole, in images (A, 2) that are no icons."""
    known = np.isfinite(values).all(1) & (sizes > _SMALL_IMAGE).all(1)
    small = ((values >= 0) & (values <= 1)).all(1) & (values % 1 > 0).any(1)
    return _explained("shares of the image's sides", small, known)


def _explained(name: str, fits: np.ndarray, known: np.ndarray) -> _Explained | None:
    found = np.flatnonzero(fits & known)
    enough = found.size and found.size >= _SHARE * known.sum()
    return _Explained(name, found.size, int(known.sum()), int(found[0])) if enough else None


def _in_images(name: str, known: np.ndarray, good: np.ndarray, other: np.ndarray) -> _Explained | None:
    """Where all fits the images under another format, and many do not under COCO's."""
    gained = known & other & ~good
    if gained.sum() < _FEWEST or (other & known).sum() < _ALL * known.sum():
        return None
    return _explained(name, gained, known)


def _lies_inside(boxes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(A,) bool: x1, y1, x2, y2 with an area, in images of w, h, w, h; never where one is NaN."""
    slack = 1 + TOLERANCE
    return (boxes >= -slack).all(1) & (boxes <= size + slack).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1)


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(A,) intersection over union of boxes x1, y1, x2, y2, pair by pair; NaN where one is NaN or both have no area."""
    common = overlap(a, b)
    return common / (sides_product(a) + sides_product(b) - common)
