"""Rules of `area` and `iscrowd`."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.mask_geometry import area_of_mask
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule
from mask_rcnn_paper.validate_dataset.values import is_number


def _measure(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    area = area_of_mask(annotation.get("segmentation"), dataset.size_of(annotation))
    box = annotation.get("bbox")
    if area <= 0 and isinstance(box, list) and len(box) == 4 and all(map(is_number, box)):
        area = box[2] * box[3] if min(box[2:]) > 0 else 0
    annotation["area"] = area
    return area > 0


def _to_bit(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    annotation["iscrowd"] = int(str(annotation.get("iscrowd")).lower() in ("1", "true"))
    return True


AREA = Rule(
    "area",
    ERROR,
    "write the mask's area, or that of the box; evaluation sorts objects into small, medium and large by it",
    "computes it from the mask or the box, or drops the annotation",
    _measure,
)
IS_CROWD = Rule(
    "iscrowd", ERROR, "write 0, or 1 for a group; pycocotools needs it", "writes 1 for '1', else 0", _to_bit
)


def check_area(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """A positive number."""
    area = annotation.get("area")
    if not is_number(area) or area <= 0:
        yield Problem(AREA, "area", area, "is missing" if area is None else "must be a number above 0")


def check_is_crowd(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """0 or 1."""
    value = annotation.get("iscrowd")
    if not isinstance(value, (int, float)) or value not in (0, 1):
        yield Problem(IS_CROWD, "iscrowd", value, "is missing" if value is None else "must be 0 or 1")
