"""Rules of where polygons lie."""

import pytest

from mask_rcnn_paper.validate_dataset import polygon_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker
from tests.validate_dataset.cases import assert_found, case, put, valid_data

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]


def polygons(*found):
    """A damage that gives the first annotation, of box [10, 10, 20, 20], these polygons."""
    return put("annotations", 0, segmentation=[*found])


CASES = [
    case(polygon_rules.OUTSIDE, "annotation 1 (image 1), segmentation[1]=[70, 50",
         polygons(SQUARE, [70, 50, 80, 50, 80, 60])),
    case(polygon_rules.OUTSIDE, "annotation 1 (image 1), segmentation[0]=[1e+30",
         polygons([1e30, 1e30, 2e30, 1e30, 2e30, 2e30]), annotations=1),
    case(polygon_rules.OUTSIDE, "annotation 1 (image 1), segmentation[1]=[10, 10, 30, 10, 30, -200]",
         polygons(SQUARE, [10, 10, 30, 10, 30, -200])),
    case(polygon_rules.CROSSES, "annotation 1 (image 1), segmentation",
         put("annotations", 0, segmentation=[[10, 10, 30, 10, 30, 55, 10, 55]], bbox=[10, 10, 20, 38])),
    case(polygon_rules.FLAT, "annotation 1 (image 1), segmentation", polygons([10, 10, 20, 20, 30, 30]), annotations=1),
    case(polygon_rules.FLAT, "annotation 1 (image 1), segmentation", polygons([10, 10] * 4), annotations=1),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("polygon", [SQUARE, [10, 10, 30, 30, 30, 10, 10, 30], [10, 10, 10.5, 10, 30, 30.5]])
def test_an_area(polygon):
    """A square, a bow tie, whose halves cancel in the shoelace formula, and a sliver."""
    data = valid_data()
    data["annotations"][0] |= {"segmentation": [polygon], "area": 20}
    assert polygon_rules.FLAT not in {v.rule for v in CocoChecker("f").check(data)}


def test_a_flat_piece_beside_others():
    """It covers nothing and does no harm; COCO's outlines may have some."""
    data = valid_data()
    data["annotations"][0]["segmentation"].append([10, 10, 20, 20, 30, 30])
    assert CocoChecker("f").check(data) == []
