"""Rules of segmentations."""

import pytest

from mask_rcnn_paper.validate_dataset import masks
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.rule import WARNING
from tests.validate_dataset.cases import REMOVED, assert_found, case, put, run_lengths, valid_data

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
CASES = [
    case(masks.TYPE, "annotation 1 (image 1), segmentation=[10", put("annotations", 0, segmentation=SQUARE)),
    case(masks.TYPE, 'annotation 1 (image 1), segmentation="x"', put("annotations", 0, segmentation="x"),
         annotations=1),
    case(masks.EMPTY, "annotation 1 (image 1), segmentation=[]", put("annotations", 0, segmentation=[]),
         annotations=1),
    case(masks.EMPTY, "annotation 1 (image 1), segmentation", put("annotations", 0, segmentation=REMOVED),
         annotations=1),
    case(masks.EMPTY, "annotation 4 (image 2), segmentation.counts",
         put("annotations", 3, segmentation={"size": [40, 40], "counts": [1600]}), annotations=1),
    case(masks.POINTS, "annotation 1 (image 1), segmentation[0]=[10, 10, 30, 30]",
         put("annotations", 0, segmentation=[[10, 10, 30, 30]]), annotations=1),
    case(masks.POINTS, "annotation 2 (image 1), segmentation[1]",
         lambda data, images: data["annotations"][1]["segmentation"][1].append(5)),
    case(masks.NUMBERS, "annotation 1 (image 1), segmentation[0]=NaN",
         put("annotations", 0, segmentation=[[*SQUARE[:-1], float("nan")]]), annotations=1),
    case(masks.NUMBERS, 'annotation 2 (image 1), segmentation[1]="3"',
         put("annotations", 1, segmentation=[SQUARE, [*SQUARE, 1, "3"]])),
    case(masks.MASK_FORMAT, "annotation 3 (image 2), segmentation={",
         put("annotations", 2, segmentation=run_lengths(40, 40, slice(5, 25), slice(5, 15)))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A mask that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_run_lengths_suit_bitmasks():
    """With --mask-format bitmask, and where the format does not matter, run lengths are fine."""
    data = valid_data()
    data["annotations"][2]["segmentation"] = run_lengths(40, 40, slice(5, 25), slice(5, 15))
    assert not CocoChecker("f", None, "bitmask").check(data) and not CocoChecker("f", None, None).check(data)
    (finding,) = CocoChecker("f", None, "polygon").check(data)
    assert "MASK_FORMAT bitmask" in finding.rule.cure


def test_boxes_alone():
    """A file in which nothing has a mask is one warning, not an error for each annotation."""
    data = valid_data()
    for annotation in data["annotations"]:
        annotation["segmentation"] = []
    (finding,) = CocoChecker("f").check(data)
    assert finding.rule is masks.NO_MASKS and finding.rule.severity == WARNING
