"""Rules by which box, mask and area agree."""

import numpy as np
import pytest

from mask_rcnn_paper.validate_dataset import agreement_rules
from mask_rcnn_paper.validate_dataset.agreement_rules import corners, overlap, sides_product
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from tests.validate_dataset.cases import assert_found, case, put, valid_data

CASES = [
    case(agreement_rules.FAR, "annotation 1 (image 1), bbox=[40, 10, 20, 20]",
         put("annotations", 0, bbox=[40, 10, 20, 20]), annotations=1),
    case(agreement_rules.FAR, "annotation 4 (image 2), bbox=[25, 2, 10, 20]",
         put("annotations", 3, bbox=[25, 2, 10, 20]), annotations=1),
    case(agreement_rules.MISFIT, "annotation 1 (image 1), area=1", put("annotations", 0, area=1)),
    case(agreement_rules.MISFIT, "annotation 4 (image 2), area=90000", put("annotations", 3, area=90000)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("box", [[9.6, 10.4, 20, 20], [0, 0, 64, 48], [10, 10, 20, 12]])
def test_boxes_need_not_be_exact(box):
    """Rounded boxes, loose ones, and those that hold most of the mask are fine."""
    data = valid_data()
    data["annotations"][0]["bbox"] = box
    assert CocoChecker("f").check(data) == []


@pytest.mark.parametrize("masks", [False, True])
def test_areas_all_one(masks):
    """They are found with masks and without, and --fix computes those that differ."""
    data = valid_data()
    for annotation in data["annotations"]:
        annotation["area"] = 1
        if not masks:
            del annotation["segmentation"]
    checker = CocoChecker("f")
    found = checker.check(data)
    assert {v.id for v in found if v.rule is agreement_rules.MISFIT} == {1, 2, 3, 4}
    assert agreement_rules.MISFIT not in {v.rule for v in fix(data, checker, found).left}
    assert [a["area"] for a in data["annotations"]] == ([400, 90, 200, 200] if masks else [400, 500, 200, 200])


def test_areas_of_equal_objects():
    """Equal areas are right where the masks are as large, however different the boxes."""
    data = valid_data()
    for annotation, width in zip(data["annotations"][:3], (10, 20, 25), strict=True):
        x, y = annotation["bbox"][:2]
        high = 100 / width
        annotation["segmentation"] = [[x, y, x + width, y, x + width, y + high, x, y + high]]
        annotation |= {"bbox": [x, y, width, high], "area": 100}
    data["annotations"].pop()
    data["annotations"][1]["bbox"] = data["annotations"][0]["bbox"]
    data["annotations"][1]["segmentation"] = data["annotations"][0]["segmentation"]
    assert CocoChecker("f").check(data) == []


def test_overlap():
    """Against the formula, box by box; NaN stays NaN."""
    a, b = (
        np.array([[0, 0, 4, 4], [0, 0, 1, 1], [0, 0, 1, np.nan]]),
        np.array([[2, 3, 9, 9], [5, 5, 6, 6], [0, 0, 1, 1]]),
    )
    np.testing.assert_array_equal(overlap(a, b), [2, 0, np.nan])
    np.testing.assert_array_equal(sides_product(b), [42, 1, 1])
    np.testing.assert_array_equal(corners(np.array([[1, 2, 3, 4]])), [[1, 2, 4, 6]])
