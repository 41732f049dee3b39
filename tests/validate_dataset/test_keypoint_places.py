"""Rules of where keypoints lie."""

import pytest

from mask_rcnn_paper.validate_dataset import keypoint_places
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from tests.validate_dataset.cases import assert_found, broken, case, put, valid_data

CASES = [
    case(keypoint_places.OUTSIDE, "annotation 1 (image 1), keypoints=[9999",
         put("annotations", 0, keypoints=[12, 12, 2, 9999, 9999, 1, 0, 0, 0]), keypoints=True),
    case(keypoint_places.OUTSIDE, "annotation 1 (image 1), keypoints=[12.0, -5.0]",
         put("annotations", 0, keypoints=[12, -5, 2, 14, 12, 1, 0, 0, 0]), keypoints=True),
    case(keypoint_places.FAR, "annotation 3 (image 2), keypoints=[30",
         put("annotations", 2, keypoints=[30, 5, 2, 32, 8, 1, 0, 0, 0]), keypoints=True),
]  # fmt: skip
MENDED = [[12, 12, 2, 0, 0, 0, 0, 0, 0], [0, 0, 0, 14, 12, 1, 0, 0, 0], [0] * 9]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("case, expected", [(c.values[0], m) for c, m in zip(CASES, MENDED, strict=True)])
def test_repair(case, expected, tmp_path):
    """What cannot be right becomes unlabelled, what can stays."""
    data, checker, violations = broken(case, tmp_path)
    assert not fix(data, checker, violations).left
    assert data["annotations"][violations[0].index]["keypoints"] == expected


@pytest.mark.parametrize("keypoints", [[64.5, 48, 2, 12, 12, 2, 0, 0, 0], [12, 12, 2, 9999, 9999, 0, 0, 0, 0]])
def test_what_is_fine(keypoints):
    """Half a pixel out of the image, and anything where nothing is labelled."""
    data = valid_data(keypoints=True)
    data["annotations"][0] |= {"keypoints": keypoints, "num_keypoints": sum(v > 0 for v in keypoints[2::3])}
    assert CocoChecker("f").check(data) == []
