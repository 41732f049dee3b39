"""Rules of the keypoints of annotations."""

import pytest

from mask_rcnn_paper.validate_dataset import keypoints
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import REMOVED, append, assert_found, broken, case, put, valid_data


def change(rule, place, **fields):
    """A case of the first annotation."""
    return case(rule, place, put("annotations", 0, **fields), keypoints=True)


CASES = [
    change(keypoints.MISSING, "annotation 1 (image 1), keypoints", keypoints=REMOVED),
    change(keypoints.MISSING, "annotation 1 (image 1), keypoints=[]", keypoints=[]),
    case(
        keypoints.MISSING,
        "annotation 9 (image 1), keypoints",
        append("annotations", lambda d: d["annotations"][0] | {"id": 9, "category_id": 7, "keypoints": None}),
        keypoints=True,
    ),
    change(keypoints.LENGTH, "annotation 1 (image 1), keypoints=[1, 2, 2]", keypoints=[1, 2, 2]),
    change(keypoints.LENGTH, 'annotation 1 (image 1), keypoints="x"', keypoints="x"),
    change(
        keypoints.NUMBERS, "annotation 1 (image 1), keypoints=NaN", keypoints=[1, 1, 2, 1, float("nan"), 2, 1, 1, 0]
    ),
    change(keypoints.VISIBILITY, "annotation 1 (image 1), keypoints=3", keypoints=[1, 1, 3, 1, 1, 2, 1, 1, 0]),
    change(keypoints.LABELLED, "annotation 1 (image 1), num_keypoints=3", num_keypoints=3),
    change(keypoints.LABELLED, "annotation 1 (image 1), num_keypoints", num_keypoints=REMOVED),
]
MENDED = [
    [0] * 9,
    [0] * 9,
    [0] * 9,
    [0] * 9,
    [0] * 9,
    [1, 1, 2, 0, 0, 0, 1, 1, 0],
    [1, 1, 2, 1, 1, 2, 1, 1, 0],
    [12, 12, 2, 14.5, 11, 1, 0, 0, 0],
    [12, 12, 2, 14.5, 11, 1, 0, 0, 0],
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """Keypoints that break a rule are found, and only they."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("case, expected", [(c.values[0], m) for c, m in zip(CASES, MENDED, strict=True)])
def test_repair(case, expected, tmp_path):
    """What is wrong becomes unlabelled, what is sound stays, and num_keypoints fits."""
    data, checker, findings = broken(case, tmp_path)
    fix(data, checker, findings)
    entry = data["annotations"][findings[0].index]
    assert entry["keypoints"] == expected and entry["num_keypoints"] == sum(v > 0 for v in expected[2::3])


def test_without_names_the_usual_length_counts():
    """Where categories name no keypoints, annotations must agree with most others."""
    data = valid_data(keypoints=True)
    del data["categories"][0]["keypoints"]
    data["annotations"][0]["keypoints"] = [1, 1, 2]
    findings = CocoChecker("f").check(data)
    assert [(f.rule.name, f.id) for f in findings] == [("keypoints-length", 1), ("keypoint-unnamed", 1)]


def test_runs_without_keypoints():
    """Where no keypoints are trained, their rules are not applied."""
    data = valid_data(keypoints=True)
    data["annotations"][0]["keypoints"] = [1]
    data["categories"][0]["flip_pairs"] = [[1, 99]]
    assert CocoChecker("f", with_keypoints=False).check(data) == []
