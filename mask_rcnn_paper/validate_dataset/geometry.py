"""Boxes, masks and image sizes of all annotations of a file as arrays, for rules that compare them.

A file has millions of coordinates: looked at one by one, they would take longer than to read the file.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from mask_rcnn_paper.coco.masks import read_counts
from mask_rcnn_paper.coco.values import is_number

# Annotations whose polygons are together in memory.
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Geometry:
    """Of A annotations, in the order of the file; what is absent or unsound is NaN.

    `boxes` (A, 4) float64 are `bbox` as it stands; `masks` (A, 4) the smallest x1, y1, x2, y2 around the mask and
    `mask_areas` (A,) its pixels, those of polygons by the shoelace formula and added up; `are_polygons` (A,) bool tells
    polygons from run lengths; `sizes` (A, 2) are width and height of the image; all in pixels.
    """

    boxes: np.ndarray
    masks: np.ndarray
    mask_areas: np.ndarray
    are_polygons: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, annotations: list[Any], size_of: Callable[[dict], tuple[int, int] | None]) -> "Geometry":
        """Of a file's annotations; `size_of` gives (width, height) of an annotation's image, or None."""
        count = len(annotations)
        masks, areas, are_polygons = np.full((count, 4), np.nan), np.full(count, np.nan), np.zeros(count, bool)
        boxes, sizes = [(math.nan,) * 4] * count, [(math.nan,) * 2] * count
        for i, annotation in enumerate(annotations):
            if not isinstance(annotation, dict):
                continue
            box, size, segmentation = annotation.get("bbox"), size_of(annotation), annotation.get("segmentation")
            if isinstance(box, list) and len(box) == 4 and sums_up(box):
                boxes[i] = box
            if size is not None:
                sizes[i] = size
            if isinstance(segmentation, dict):
                masks[i], areas[i] = _run_lengths(segmentation, size)
            else:
                are_polygons[i] = isinstance(segmentation, list) and bool(segmentation)
        for index, lengths, points in _polygons(annotations, np.flatnonzero(are_polygons)):
            masks[index], areas[index] = _extents(lengths, points)
        boxes, sizes = (
            np.array(boxes, dtype=np.float64).reshape(-1, 4),
            np.array(sizes, dtype=np.float64).reshape(-1, 2),
        )
        return cls(boxes, masks, areas, are_polygons & np.isfinite(masks[:, 0]), sizes)


def is_box(box: Any) -> bool:
    """Whether a value is a list of four numbers."""
    return isinstance(box, list) and len(box) == 4 and all(map(is_number, box))


def sums_up(polygon: Any) -> bool:
    """Whether all values of a list are finite numbers of a finite sum, by one C loop."""
    try:
        return math.isfinite(sum(polygon))
    except (TypeError, OverflowError):
        return False


def _run_lengths(segmentation: dict, size: tuple[int, int] | None) -> tuple[list[float], float]:
    """x1, y1, x2, y2 and pixels of run lengths of the image's size."""
    runs = read_counts(segmentation.get("counts"))
    if runs is None or size is None or segmentation.get("size") != [size[1], size[0]] or runs.sum() != math.prod(size):
        return [math.nan] * 4, math.nan
    ends = np.cumsum(runs)
    starts, ends = ends[::2][: len(runs) // 2], ends[1::2]
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not starts.size:
        return [math.nan] * 4, math.nan
    height = size[1]
    (left, right), area = (starts[0] // height, (ends[-1] - 1) // height + 1), float((ends - starts).sum())
    wraps = bool((starts // height != (ends - 1) // height).any())  # from the foot of a column to the top of the next
    top, foot = (0, height) if wraps else ((starts % height).min(), ((ends - 1) % height).max() + 1)
    return [left, top, right, foot], area


def _polygons(annotations: list[Any], index: np.ndarray) -> Iterator[tuple[np.ndarray, list[np.ndarray], np.ndarray]]:
    """By chunk: positions of annotations all of whose polygons are sound; numbers of points of each one's polygons
    (flat), how many polygons each has, and all points (P, 2)."""
    for start in range(0, len(index), _CHUNK):
        sound = [i for i in index[start : start + _CHUNK].tolist() if _are_sound(annotations[i]["segmentation"])]
        polygons = [polygon for i in sound for polygon in annotations[i]["segmentation"]]
        if polygons:
            points = np.fromiter(map(len, polygons), np.int64, len(polygons)) // 2
            each = np.fromiter((len(annotations[i]["segmentation"]) for i in sound), np.int64, len(sound))
            values = np.fromiter(chain.from_iterable(polygons), np.float64, 2 * int(points.sum()))
            yield np.array(sound), [points, each], values.reshape(-1, 2)


def _are_sound(polygons: list) -> bool:
    return all(isinstance(p, list) and len(p) >= 6 and len(p) % 2 == 0 and sums_up(p) for p in polygons)


def _extents(lengths: list[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Extents (A, 4) and areas (A,) of annotations whose polygons' points follow each other."""
    sizes, each = lengths
    starts, first = np.cumsum(sizes) - sizes, np.cumsum(each) - each
    following = np.roll(points, -1, axis=0)
    following[starts + sizes - 1] = points[starts]
    with np.errstate(over="ignore", invalid="ignore"):
        cross = points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]
        areas = np.add.reduceat(np.abs(np.add.reduceat(cross, starts)) / 2, first)
    of_annotations = starts[first]
    low, high = (f.reduceat(points, of_annotations, axis=0) for f in (np.minimum, np.maximum))
    return np.concatenate([low, high], axis=1), areas
