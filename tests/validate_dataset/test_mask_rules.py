"""Rules of segmentations: polygons and run lengths."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mask_rcnn_paper.validate_dataset import mask_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.mask_rules import area_of_mask, box_of_mask, check_mask, good_polygon
from mask_rcnn_paper.validate_dataset.rule import WARNING
from tests.validate_dataset.cases import REMOVED, assert_found, case, put, run_lengths, valid_data

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
RECTANGLE = run_lengths(48, 64, slice(10, 20), slice(30, 36))


def crowd(**fields):
    """A damage of the group's mask."""
    return put("annotations", 3, segmentation={"size": [40, 40], "counts": [400, 1200]} | fields)


CASES = [
    case(mask_rules.TYPE, "annotation 1 (image 1), segmentation=[10", put("annotations", 0, segmentation=SQUARE)),
    case(mask_rules.TYPE, 'annotation 1 (image 1), segmentation="x"', put("annotations", 0, segmentation="x"),
         annotations=1),
    case(mask_rules.EMPTY, "annotation 1 (image 1), segmentation=[]", put("annotations", 0, segmentation=[]),
         annotations=1),
    case(mask_rules.EMPTY, "annotation 1 (image 1), segmentation", put("annotations", 0, segmentation=REMOVED),
         annotations=1),
    case(mask_rules.EMPTY, "annotation 4 (image 2), segmentation.counts",
         put("annotations", 3, segmentation={"size": [40, 40], "counts": [1600]}), annotations=1),
    case(mask_rules.POINTS, "annotation 1 (image 1), segmentation[0]=[10, 10, 30, 30]",
         put("annotations", 0, segmentation=[[10, 10, 30, 30]]), annotations=1),
    case(mask_rules.POINTS, "annotation 2 (image 1), segmentation[1]",
         lambda data, images: data["annotations"][1]["segmentation"][1].append(5)),
    case(mask_rules.NUMBERS, "annotation 1 (image 1), segmentation[0]=NaN",
         put("annotations", 0, segmentation=[[*SQUARE[:-1], float("nan")]]), annotations=1),
    case(mask_rules.NUMBERS, 'annotation 2 (image 1), segmentation[1]="3"',
         put("annotations", 1, segmentation=[[40, 5, 60, 5, 60, 30], [*SQUARE, 1, "3"]])),
    case(mask_rules.MASK_FORMAT, "annotation 3 (image 2), segmentation={",
         put("annotations", 2, segmentation=run_lengths(40, 40, slice(5, 25), slice(5, 15)))),
    case(mask_rules.SIZE, "annotation 4 (image 2), segmentation.size=[40, 39]", crowd(size=[40, 39]), annotations=1),
    case(mask_rules.SIZE, "annotation 4 (image 2), segmentation.size", crowd(size=None), annotations=1),
    case(mask_rules.COUNTS, "annotation 4 (image 2), segmentation.counts=[400, 1199]", crowd(counts=[400, 1199]),
         annotations=1),
    case(mask_rules.COUNTS, "annotation 4 (image 2), segmentation.counts=[400, -1", crowd(counts=[400, -1, 1201]),
         annotations=1),
    case(mask_rules.COUNTS, 'annotation 4 (image 2), segmentation.counts="ä"',
         crowd(counts="ä"), annotations=1),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A mask that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_run_lengths_suit_bitmasks():
    """With --mask-format bitmask, and where the format does not matter, run lengths are fine."""
    data = valid_data()
    data["annotations"][2]["segmentation"] = run_lengths(40, 40, slice(5, 25), slice(5, 15))
    assert not CocoChecker("f", None, "bitmask").check(data)
    assert not CocoChecker("f", None, None).check(data)
    (violation,) = CocoChecker("f", None, "polygon").check(data)
    assert "MASK_FORMAT bitmask" in violation.rule.cure


def test_boxes_alone():
    """A file in which nothing has a mask is one warning, not an error for each annotation."""
    data = valid_data()
    for annotation in data["annotations"]:
        annotation["segmentation"] = []
    (violation,) = CocoChecker("f").check(data)
    assert violation.rule is mask_rules.NO_MASKS
    assert violation.rule.severity == WARNING


def found(segmentation, width, height) -> list:
    """What is wrong with a group's mask in an image of this size."""
    data = {"images": [{"id": 1, "width": width, "height": height}], "categories": [], "annotations": []}
    return list(check_mask({"image_id": 1, "iscrowd": 1, "segmentation": segmentation}, Dataset(data)))


def test_swapped_size_is_recognised():
    """[width, height] in place of [height, width] is said to be that."""
    (violation,) = found({"size": [64, 48], "counts": [64 * 48]}, 64, 48)
    assert "in this order" in violation.text


@pytest.mark.parametrize("counts, rules", [([9], [mask_rules.EMPTY]), ([4, 0, 5], [mask_rules.EMPTY]), ([4, 1, 4], [])])
def test_empty(counts, rules):
    """Only pixels of the second, fourth, ... run belong to the mask."""
    assert [v.rule for v in found({"size": [3, 3], "counts": counts}, 3, 3)] == rules


def of_mask(measure, segmentation, width=None, height=None):
    """The box or the area of a mask in an image of this size, or of one that states none."""
    data = {"images": [{"id": 1, "width": width, "height": height}], "categories": [], "annotations": []}
    return measure({"image_id": 1, "segmentation": segmentation}, Dataset(data))


def test_box():
    """Around run lengths, and around all polygons that are sound."""
    assert of_mask(box_of_mask, RECTANGLE, 64, 48) == [30, 10, 6, 10]
    assert of_mask(box_of_mask, [[1, 2, 3, 4, 5, 9.5], [0, 0]]) == [1, 2, 4, 7.5]


@pytest.mark.parametrize("segmentation", [None, "x", [], [[1, 1, 2, 2]], [[1, 1, 1, 2, 1, 3]], {"counts": "?"}])
def test_no_box(segmentation):
    """What is no mask, or has no width, has no box."""
    assert of_mask(box_of_mask, segmentation, 64, 48) is None


def test_run_lengths_of_another_size():
    """They belong to another image: neither box nor area is taken from them."""
    assert of_mask(box_of_mask, RECTANGLE, 48, 64) is None
    assert of_mask(area_of_mask, RECTANGLE, 48, 64) == 0


def test_area():
    """Pixels of run lengths, compressed or not; the sum over polygons in either direction."""
    assert of_mask(area_of_mask, RECTANGLE, 64, 48) == 60
    assert of_mask(area_of_mask, {"size": [2, 3], "counts": [1, 4, 1]}, 3, 2) == 4
    assert of_mask(area_of_mask, [[0, 0, 2, 0, 2, 3, 0, 3], [10, 10, 10, 12, 12, 12]]) == 8
    assert of_mask(area_of_mask, None) == 0


def test_polygons_of_run_lengths():
    """Rasterised again, the polygons are the mask but for pixels on its border."""
    annotation = {"segmentation": RECTANGLE}
    assert mask_rules.MASK_FORMAT.repair.mend(annotation, None, None)
    (polygon,) = annotation["segmentation"]
    assert good_polygon(polygon)
    again = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([polygon], 48, 64)))
    assert np.count_nonzero(again != coco_mask.decode(RECTANGLE)) <= 4
