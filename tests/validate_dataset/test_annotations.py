"""Rules of area and iscrowd."""

import pytest

from mask_rcnn_paper.validate_dataset import annotations
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import REMOVED, assert_found, broken, case, put

CASES = [
    case(annotations.AREA, "annotation 1 (image 1), area", put("annotations", 0, area=REMOVED)),
    case(annotations.AREA, "annotation 1 (image 1), area=0", put("annotations", 0, area=0)),
    case(annotations.AREA, "annotation 4 (image 2), area=-5", put("annotations", 3, area=-5)),
    case(annotations.AREA, "annotation 3 (image 2), area=NaN", put("annotations", 2, area=float("nan"))),
    case(annotations.IS_CROWD, "annotation 1 (image 1), iscrowd=2", put("annotations", 0, iscrowd=2)),
    case(annotations.IS_CROWD, 'annotation 1 (image 1), iscrowd="0"', put("annotations", 0, iscrowd="0")),
    case(annotations.IS_CROWD, "annotation 1 (image 1), iscrowd", put("annotations", 0, iscrowd=REMOVED)),
]
AREAS = {"annotation 1": 400, "annotation 3": 200, "annotation 4": 200}


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A value that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_repair(case, tmp_path):
    """Areas become those of the masks, and iscrowd 0."""
    data, checker, findings = broken(case, tmp_path)
    fix(data, checker, findings)
    entry = data["annotations"][findings[0].index]
    assert entry["area"] == AREAS[case.place[:12]]
    assert entry["iscrowd"] == (entry["id"] == 4)


def test_without_a_mask_the_area_is_that_of_the_box():
    """A file of boxes alone gets their areas."""
    annotation = {"bbox": [1, 2, 3, 4]}
    dataset = type("Boxes", (), {"size_of": lambda self, annotation: None})()
    assert annotations.AREA.repair(annotation, None, dataset) and annotation["area"] == 12
    assert not annotations.AREA.repair({"bbox": [1, 2, 3]}, None, dataset)
