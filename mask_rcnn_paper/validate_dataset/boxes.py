"""Rules of `bbox`, [x, y, width, height] in pixels from the image's top left corner, and of `area` and `iscrowd`."""

from collections.abc import Iterator

from mask_rcnn_paper.coco.values import is_number
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.geometry import is_box
from mask_rcnn_paper.validate_dataset.mask_rules import area_of_mask, box_of_mask
from mask_rcnn_paper.validate_dataset.rule import WARNING, Rule, Violation, drops, field_check, illegal, sets

TOLERANCE = 0.1
"""Pixels by which a box may cross the border: COCO's own boxes are rounded."""

FAR_OUT = 2
"""Sides of the image beyond which nothing that merely crosses the border reaches."""


def _clip(annotation: dict, dataset: Dataset) -> list[float] | None:
    x, y, w, h = annotation["bbox"]
    width, height = dataset.size_of(annotation)
    left, top = max(x, 0), max(y, 0)
    box = [left, top, min(x + w, width) - left, min(y + h, height) - top]
    return box if min(box[2:]) > 0 else None


def _measure(annotation: dict, dataset: Dataset) -> float | None:
    box, area = annotation.get("bbox"), area_of_mask(annotation, dataset)
    if area <= 0 and is_box(box) and min(box[2:]) > 0:
        area = box[2] * box[3]
    return area if area > 0 else None


_FROM_MASK = sets("bbox", "takes the box of the mask, or drops the annotation", box_of_mask)
_BIT = sets("iscrowd", "writes 1 for '1', else 0", lambda a, _: int(str(a.get("iscrowd")).lower() in ("1", "true")))
NUMBERS = Rule("bbox-numbers", "write bbox as [x, y, width, height]", _FROM_MASK)
DEGENERATE = Rule("bbox-degenerate", "is it [x1, y1, x2, y2]? COCO's is XYWH", _FROM_MASK)
OUTSIDE = Rule("bbox-outside", "correct the box or the image's width and height", drops("the annotation"))
CROSSES = Rule(
    "bbox-crosses-border", "cut the box at the border, as training does", sets("bbox", "clips the box", _clip), WARNING
)
AREA = Rule(
    "area",
    "write the mask's area, or that of the box; evaluation sorts objects into small, medium and large by it",
    sets("area", "computes it from the mask or the box, or drops the annotation", _measure),
)
IS_CROWD = Rule("iscrowd", "write 0, or 1 for a group; pycocotools needs it", _BIT)


def check_box(annotation: dict, dataset: Dataset) -> Iterator[Violation]:
    """Four finite numbers, an area, and a place inside the image."""
    box, image_size = annotation.get("bbox"), dataset.size_of(annotation)
    if not is_box(box):
        yield illegal(NUMBERS, "bbox", box, "four finite numbers")
    elif min(box[2:]) <= 0:
        yield Violation(DEGENERATE, "bbox", box, "must have a width and a height above 0")
    elif image_size is not None:
        (x, y, w, h), (width, height) = box, image_size
        if x >= width or y >= height or x + w <= 0 or y + h <= 0:
            yield Violation(OUTSIDE, "bbox", box, f"lies outside its image of {width}x{height} pixels")
        elif min(x, width - x - w) < -FAR_OUT * width or min(y, height - y - h) < -FAR_OUT * height:
            yield Violation(OUTSIDE, "bbox", box, f"reaches far beyond its image of {width}x{height} pixels")
        elif min(x, y, width - x - w, height - y - h) < -TOLERANCE:
            yield Violation(CROSSES, "bbox", box, f"crosses the border of its image of {width}x{height} pixels")


check_area = field_check(AREA, "area", lambda area: is_number(area) and area > 0, "a number above 0")
check_is_crowd = field_check(IS_CROWD, "iscrowd", lambda v: isinstance(v, (int, float)) and v in (0, 1), "0 or 1")
