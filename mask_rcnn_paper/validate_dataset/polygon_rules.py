"""Rules of where polygons lie: in the image, and around an area. Polygons are read in one go, see `geometry`."""

from collections.abc import Iterator

import numpy as np

from mask_rcnn_paper.validate_dataset.boxes import FAR_OUT
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.mask_rules import good_polygon
from mask_rcnn_paper.validate_dataset.rule import WARNING, Rule, Violation, drops, sets

TOLERANCE = 1.0
"""Pixels by which a polygon may cross the border without a word; COCO's never do."""

# Of an area that is none, and of the distance of points from a line.
_NO_AREA, _NO_WIDTH = 1e-2, 1e-3


def _keep_near(annotation: dict, dataset: Dataset) -> list[list[float]] | None:
    size = np.array(dataset.size_of(annotation))
    return [p for p in annotation["segmentation"] if good_polygon(p) and not _is_outside(_points(p), size)] or None


_DROP_FAR = sets("segmentation", "drops the polygon, and the annotation if none is left", _keep_near)
OUTSIDE = Rule(
    "polygon-outside",
    "correct the polygon, or the image's width and height: is it x1, y1, x2, y2, ... in pixels of this image?",
    _DROP_FAR,
)
CROSSES = Rule("polygon-crosses-border", "nothing, if it is meant so; what is outside is cut off", severity=WARNING)
FLAT = Rule("polygon-flat", "give the outline of an area: its points are on one line", drops("the annotation"))


def check_polygons(dataset: Dataset) -> Iterator[tuple[int, Violation]]:
    """Position of an annotation in the file, and what is wrong with the place of its polygons.

    An annotation is flat where all its polygons are: a flat piece beside others covers nothing and does no harm. Bow
    ties, whose halves cancel in the shoelace formula, cover something.
    """
    shapes, annotations = dataset.geometry, dataset.data["annotations"]
    size = np.concatenate([shapes.sizes] * 2, axis=1)
    with np.errstate(invalid="ignore"):
        beyond = np.maximum(-shapes.masks, shapes.masks - size).max(1)
        off = shapes.are_polygons & (beyond > TOLERANCE)
        thin = shapes.are_polygons & (shapes.mask_areas < _NO_AREA)
    for index in np.flatnonzero(off).tolist():
        annotation, image_size = annotations[index], shapes.sizes[index]
        where = f"image of {image_size[0]:.0f}x{image_size[1]:.0f} pixels"
        polygons = annotation["segmentation"]
        far = next((i for i, polygon in enumerate(polygons) if _is_outside(_points(polygon), image_size)), None)
        if far is None:
            yield (
                index,
                Violation(CROSSES, "segmentation", None, f"reaches {beyond[index]:.0f} pixels out of its {where}"),
            )
        else:
            text = f"lies outside, or reaches far beyond, its {where}"
            yield index, Violation(OUTSIDE, f"segmentation[{far}]", polygons[far], text)
    for index in np.flatnonzero(thin).tolist():
        if all(_is_line(_points(polygon)) for polygon in annotations[index]["segmentation"]):
            segmentation = annotations[index]["segmentation"]
            yield index, Violation(FLAT, "segmentation", segmentation, "has no area: its points are on one line")


def has_outside(segmentation: list[list[float]], size: np.ndarray) -> bool:
    """Whether one of these sound polygons breaks `OUTSIDE` in an image of (width, height)."""
    return any(_is_outside(_points(polygon), size) for polygon in segmentation)


def _points(polygon: list[float]) -> np.ndarray:
    return np.array(polygon, dtype=np.float64).reshape(-1, 2)


def _is_outside(points: np.ndarray, size: np.ndarray) -> bool:
    low, high = points.min(0), points.max(0)
    return bool((low >= size).any() or (high <= 0).any() or (np.maximum(-low, high - size) > FAR_OUT * size).any())


def _is_line(points: np.ndarray) -> bool:
    return bool(np.linalg.svd(points - points.mean(0), compute_uv=False)[-1] < _NO_WIDTH * np.sqrt(len(points)))
