"""Rules of the keypoints of categories."""

import pytest

from mask_rcnn_paper.validate_dataset import keypoint_names
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import assert_found, broken, case, put, valid_data


def change(rule, place, index=0, also=(), **fields):
    """A case of a category."""
    return case(rule, place, put("categories", index, **fields), also=also, keypoints=True)


CASES = [
    change(keypoint_names.NAMES, "category 1, keypoints=[", keypoints=["nose", "nose", "eye"]),
    change(keypoint_names.COUNTS, "category 7, keypoints=2", index=1, keypoints=["nose", "tail"]),
    change(keypoint_names.SKELETON, "category 1, skeleton=[3, 4]", skeleton=[[1, 2], [3, 4]]),
    change(keypoint_names.SKELETON, "category 1, skeleton=[0, 1]", skeleton=[[0, 1]]),
    change(keypoint_names.SKELETON, 'category 1, skeleton="x"', skeleton="x"),
    change(keypoint_names.FLIP, 'category 1, flip_pairs=["left_eye", "right"]', flip_pairs=[["left_eye", "right"]]),
    change(keypoint_names.FLIP, 'category 1, flip_pairs=["left_eye"]', flip_pairs=[["left_eye"]]),
    change(keypoint_names.FLIP, "category 1, flip_pairs=[2, 2]", flip_pairs=[[2, 2]]),
    change(keypoint_names.FLIP, "category 1, keypoint_flip_map=[2, 9]", keypoint_flip_map=[[2, 9]]),
    change(keypoint_names.UNNAMED, "category 1, keypoints", keypoints=[]),
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A category that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_only_bad_limbs_are_dropped(tmp_path):
    """The rest of a skeleton stays."""
    data, checker, findings = broken(CASES[2].values[0], tmp_path)
    fix(data, checker, findings)
    assert data["categories"][0]["skeleton"] == [[1, 2]]


def test_numbered_flip_pairs():
    """Pairs of numbers are legal too, from 0 or from 1."""
    data = valid_data(keypoints=True)
    for pairs in ([[1, 2]], [[2, 3]]):
        data["categories"][0]["flip_pairs"] = pairs
        assert CocoChecker("f").check(data) == []
