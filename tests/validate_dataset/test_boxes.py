"""Rules of boxes, areas and iscrowd."""

import pytest

from mask_rcnn_paper.validate_dataset import boxes
from mask_rcnn_paper.validate_dataset.checker import fix
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from tests.validate_dataset.cases import REMOVED, assert_found, broken, case, put, valid_data

AREA_CASES = [
    case(boxes.AREA, "annotation 1 (image 1), area", put("annotations", 0, area=REMOVED)),
    case(boxes.AREA, "annotation 1 (image 1), area=0", put("annotations", 0, area=0)),
    case(boxes.AREA, "annotation 4 (image 2), area=-5", put("annotations", 3, area=-5)),
    case(boxes.AREA, "annotation 3 (image 2), area=NaN", put("annotations", 2, area=float("nan"))),
    case(boxes.IS_CROWD, "annotation 1 (image 1), iscrowd=2", put("annotations", 0, iscrowd=2)),
    case(boxes.IS_CROWD, 'annotation 1 (image 1), iscrowd="0"', put("annotations", 0, iscrowd="0")),
    case(boxes.IS_CROWD, "annotation 1 (image 1), iscrowd", put("annotations", 0, iscrowd=REMOVED)),
]
AREAS = {"annotation 1": 400, "annotation 3": 200, "annotation 4": 200}
CASES = [
    case(boxes.NUMBERS, "annotation 1 (image 1), bbox=[1, 2, 3]", put("annotations", 0, bbox=[1, 2, 3])),
    case(boxes.NUMBERS, "annotation 1 (image 1), bbox", put("annotations", 0, bbox=None)),
    case(boxes.NUMBERS, "annotation 3 (image 2), bbox=[1, 2", put("annotations", 2, bbox=[1, 2, float("nan"), 4])),
    case(boxes.NUMBERS, "annotation 4 (image 2), bbox=[1, 2", put("annotations", 3, bbox=[1, 2, "3", 4])),
    case(boxes.NUMBERS, "annotation 3", put("annotations", 2, bbox=None, segmentation=[[1, 1, 2, 2, 3, 3, 9]]),
         also=("polygon-points",), annotations=1),
    case(boxes.DEGENERATE, "annotation 1 (image 1), bbox=[10, 10, 0, 20]", put("annotations", 0, bbox=[10, 10, 0, 20])),
    case(boxes.DEGENERATE, "annotation 4 (image 2), bbox=[10, 20, 10, -1]",
         put("annotations", 3, bbox=[10, 20, 10, -1])),
    case(boxes.OUTSIDE, "annotation 1 (image 1), bbox=[64, 0, 5, 5]", put("annotations", 0, bbox=[64, 0, 5, 5]),
         annotations=1),
    case(boxes.OUTSIDE, "annotation 1 (image 1), bbox=[0, -9, 5, 9]", put("annotations", 0, bbox=[0, -9, 5, 9]),
         annotations=1),
    case(boxes.OUTSIDE, "annotation 1 (image 1), bbox=[1, 1, 1e+30, 5]", put("annotations", 0, bbox=[1, 1, 1e30, 5]),
         annotations=1),
    case(boxes.CROSSES, "annotation 1 (image 1), bbox=[9, 9, 20, 40]", put("annotations", 0, bbox=[9, 9, 20, 40])),
    *AREA_CASES,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A value that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def mended(**fields) -> dict:
    """The first annotation after the repair of its only problem."""
    data = valid_data()
    data["annotations"][0].update(fields)
    dataset, annotation = Dataset(data), data["annotations"][0]
    (violation,) = boxes.check_box(annotation, dataset)
    assert violation.rule.repair.mend(annotation, violation, dataset)
    assert not list(boxes.check_box(annotation, dataset))
    return annotation


def test_a_box_is_taken_from_the_mask():
    """A degenerate box becomes the one around the polygons."""
    assert mended(bbox=[3, 3, 0, 0])["bbox"] == [10, 10, 20, 20]


def test_a_box_is_clipped():
    """What crosses the border is cut off, at both ends."""
    assert mended(bbox=[-2, -3, 10, 100])["bbox"] == [0, 0, 8, 48]


@pytest.mark.parametrize("box, fine", [([0, 0, 64.05, 48], True), ([0, 0, 64.2, 48], False), ([-0.05, 0, 5, 5], True)])
def test_rounding_is_tolerated(box, fine):
    """A tenth of a pixel beyond the border is nothing."""
    data = valid_data()
    data["annotations"][0]["bbox"] = box
    assert (not list(boxes.check_box(data["annotations"][0], Dataset(data)))) == fine


@pytest.mark.parametrize("case", AREA_CASES)
def test_areas_and_iscrowd_are_mended(case, tmp_path):
    """Areas become those of the masks, and iscrowd 0."""
    data, checker, violations = broken(case, tmp_path)
    fix(data, checker, violations)
    entry = data["annotations"][violations[0].index]
    assert entry["area"] == AREAS[case.place[:12]]
    assert entry["iscrowd"] == (entry["id"] == 4)


def test_without_a_mask_the_area_is_that_of_the_box():
    """A file of boxes alone gets their areas."""
    annotation, dataset = {"bbox": [1, 2, 3, 4]}, Dataset(valid_data())
    assert boxes.AREA.repair.mend(annotation, None, dataset)
    assert annotation["area"] == 12
    assert not boxes.AREA.repair.mend({"bbox": [1, 2, 3]}, None, dataset)
