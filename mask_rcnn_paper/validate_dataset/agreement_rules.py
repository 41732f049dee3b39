"""Rules by which the box, the mask and the area of an annotation must agree."""

from collections.abc import Iterator

import numpy as np

from mask_rcnn_paper.validate_dataset.boxes import AREA, FAR_OUT
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.polygon_rules import has_outside
from mask_rcnn_paper.validate_dataset.rule import Rule, Violation, drops

# Share of a mask's extent that lies in the box. Boxes may be loose, or those of an object partly hidden: then they hold
# the mask all the same. COCO's boxes fit their masks to an IoU of 0.94 and more.
_SHARE_INSIDE = 0.5
# Pixels by which boxes may be narrower than their masks, as rounded ones are.
_MARGIN = 1.0
# An area is at least that of the mask, and at most that of the box, divided and multiplied by these, give or take some
# pixels: outlines that overlap themselves have less area than they add up to. COCO's are 1.0 to 1.3 times the mask's.
_LESS, _MORE, _PIXELS = 8, 2, 8
# Where so many annotations, or more, have one area, it is wrong for those that differ from it by this factor.
_FEWEST, _SPREAD = 3, 4

FAR = Rule(
    "bbox-far-from-mask",
    "correct the box or the mask: are both of this object, and in pixels of this image?",
    drops("the annotation"),
)
MISFIT = Rule(
    "area-misfit",
    "write the pixels of the mask, or of the box where there is none; evaluation sorts objects into small, medium and "
    "large by area",
    AREA.repair,
)


def check_agreement(dataset: Dataset) -> Iterator[tuple[int, Violation]]:
    """Position of an annotation in the file, and where its box, mask and area disagree.

    Nothing is compared with what is not in the image, or reaches far out of it: of this other rules speak.
    """
    shapes, annotations = dataset.geometry, dataset.data["annotations"]
    boxes = corners(shapes.boxes)
    inside = overlap(boxes + np.array([-_MARGIN, -_MARGIN, _MARGIN, _MARGIN]), shapes.masks)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        far = (shapes.boxes[:, 2:] > 0).all(1) & (inside < _SHARE_INSIDE * sides_product(shapes.masks))
        far &= ~(_is_off(boxes, shapes.sizes) | _is_off(shapes.masks, shapes.sizes))
    for index in np.flatnonzero(far).tolist():
        if shapes.are_polygons[index] and has_outside(annotations[index]["segmentation"], shapes.sizes[index]):
            continue
        extent = shapes.masks[index].round(1).tolist()
        text = f"does not hold its mask, which reaches from x, y = {extent[:2]} to {extent[2:]}"
        yield index, Violation(FAR, "bbox", annotations[index]["bbox"], text)
    yield from _check_areas(dataset, boxes)


def _check_areas(dataset: Dataset, boxes: np.ndarray) -> Iterator[tuple[int, Violation]]:
    shapes, annotations = dataset.geometry, dataset.data["annotations"]
    stated = np.full(len(annotations), np.nan)
    for index, annotation in dataset.entries("annotations"):
        if type(area := annotation.get("area")) in (int, float) and 0 < area < 1e18:
            stated[index] = area
    with np.errstate(invalid="ignore", over="ignore"):
        of_boxes, without_mask = sides_product(boxes), np.isnan(shapes.mask_areas)
        most = np.fmax(np.fmax(of_boxes, sides_product(shapes.masks)), shapes.mask_areas)
        wrong = (stated < shapes.mask_areas / _LESS - _PIXELS) | (stated > most * _MORE + _PIXELS)
        wrong &= ~(_is_off(boxes, shapes.sizes) | _is_off(shapes.masks, shapes.sizes))
        right = np.where(without_mask, of_boxes, shapes.mask_areas)
        equal = _equal(stated, right)
    for index in np.flatnonzero(wrong | equal).tolist():
        what = "box" if without_mask[index] else "mask"
        text = "" if wrong[index] else "is the same for objects of all sizes, and "
        text += f"is not that of its {what}, {right[index]:.6g} pixels"
        yield index, Violation(MISFIT, "area", annotations[index]["area"], text)


def _equal(stated: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of a file whose areas are all the same, those far from the right ones."""
    known = np.isfinite(stated) & np.isfinite(right) & (right > 0)
    constant = known.sum() >= _FEWEST and np.ptp(stated[known]) == 0
    return known & constant & ((right > _SPREAD * stated) | (right < stated / _SPREAD))


def _is_off(boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    outside = (boxes[:, :2] >= sizes) | (boxes[:, 2:] <= 0)
    return (outside | (np.maximum(-boxes[:, :2], boxes[:, 2:] - sizes) > FAR_OUT * sizes)).any(1)


def corners(boxes: np.ndarray) -> np.ndarray:
    """(..., 4) x1, y1, x2, y2 of x, y, width, height."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def sides_product(boxes: np.ndarray) -> np.ndarray:
    """(...,) width times height of x1, y1, x2, y2."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...,) area that boxes x1, y1, x2, y2 have in common, pair by pair; NaN where one is NaN."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return np.maximum(sides, 0).prod(-1)
