"""Rules of `bbox`: [x, y, width, height] in pixels, from the image's top left corner."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.mask_geometry import box_of_mask
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding, Problem, Rule, drop
from mask_rcnn_paper.validate_dataset.values import is_number

TOLERANCE = 0.1
"""Pixels by which a box may cross the border: COCO's own boxes are rounded."""


def _take_from_mask(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    box = box_of_mask(annotation.get("segmentation"), dataset.size_of(annotation))
    annotation["bbox"] = box
    return box is not None


def _clip(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    x, y, w, h = annotation["bbox"]
    width, height = dataset.size_of(annotation)
    left, top = max(x, 0), max(y, 0)
    annotation["bbox"] = [left, top, min(x + w, width) - left, min(y + h, height) - top]
    return min(annotation["bbox"][2:]) > 0


_FROM_MASK = "takes the box of the mask, or drops the annotation"
NUMBERS = Rule("bbox-numbers", ERROR, "write bbox as [x, y, width, height]", _FROM_MASK, _take_from_mask)
DEGENERATE = Rule("bbox-degenerate", ERROR, "is it [x1, y1, x2, y2]? COCO's is XYWH", _FROM_MASK, _take_from_mask)
OUTSIDE = Rule("bbox-outside", ERROR, "correct the box or the image's width and height", "drops the annotation", drop)
CROSSES = Rule("bbox-crosses-border", WARNING, "cut the box at the border, as training does", "clips the box", _clip)


def check_box(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """Four finite numbers, an area, and a place inside the image."""
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(map(is_number, box)):
        text = "is missing" if box is None else "must be four finite numbers"
        yield Problem(NUMBERS, "bbox", box, text)
        return
    x, y, w, h = box
    if w <= 0 or h <= 0:
        yield Problem(DEGENERATE, "bbox", box, "must have a width and a height above 0")
        return
    size = dataset.size_of(annotation)
    if size is None:
        return
    width, height = size
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        yield Problem(OUTSIDE, "bbox", box, f"lies outside its image of {width}x{height} pixels")
    elif min(x, y, width - x - w, height - y - h) < -TOLERANCE:
        yield Problem(CROSSES, "bbox", box, f"crosses the border of its image of {width}x{height} pixels")
