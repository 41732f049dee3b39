"""Rules of the keypoints of categories and annotations."""

import pytest

from mask_rcnn_paper.validate_dataset import keypoint_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from tests.validate_dataset.cases import REMOVED, append, assert_found, broken, case, put, valid_data


def change(rule, place, section="annotations", index=0, **fields):
    """A case of the first annotation, or of another entry."""
    return case(rule, place, put(section, index, **fields), keypoints=True)


def change_category(rule, place, index=0, **fields):
    """A case of a category."""
    return change(rule, place, "categories", index, **fields)


NAME_CASES = [
    change_category(keypoint_rules.NAMES, "category 1, keypoints=[", keypoints=["nose", "nose", "eye"]),
    change_category(keypoint_rules.COUNTS, "category 7, keypoints=2", index=1, keypoints=["nose", "tail"]),
    change_category(keypoint_rules.SKELETON, "category 1, skeleton=[3, 4]", skeleton=[[1, 2], [3, 4]]),
    change_category(keypoint_rules.SKELETON, "category 1, skeleton=[0, 1]", skeleton=[[0, 1]]),
    change_category(keypoint_rules.SKELETON, 'category 1, skeleton="x"', skeleton="x"),
    change_category(
        keypoint_rules.FLIP, 'category 1, flip_pairs=["left_eye", "right"]', flip_pairs=[["left_eye", "right"]]
    ),
    change_category(keypoint_rules.FLIP, 'category 1, flip_pairs=["left_eye"]', flip_pairs=[["left_eye"]]),
    change_category(keypoint_rules.FLIP, "category 1, flip_pairs=[2, 2]", flip_pairs=[[2, 2]]),
    change_category(keypoint_rules.FLIP, "category 1, keypoint_flip_map=[2, 9]", keypoint_flip_map=[[2, 9]]),
    change_category(keypoint_rules.UNNAMED, "category 1, keypoints", keypoints=[]),
]
ANNOTATION_CASES = [
    change(keypoint_rules.MISSING, "annotation 1 (image 1), keypoints", keypoints=REMOVED),
    change(keypoint_rules.MISSING, "annotation 1 (image 1), keypoints=[]", keypoints=[]),
    case(
        keypoint_rules.MISSING,
        "annotation 9 (image 1), keypoints",
        append("annotations", lambda d: d["annotations"][0] | {"id": 9, "category_id": 7, "keypoints": None}),
        keypoints=True,
    ),
    change(keypoint_rules.LENGTH, "annotation 1 (image 1), keypoints=[1, 2, 2]", keypoints=[1, 2, 2]),
    change(keypoint_rules.LENGTH, 'annotation 1 (image 1), keypoints="x"', keypoints="x"),
    change(
        keypoint_rules.NUMBERS,
        "annotation 1 (image 1), keypoints=NaN",
        keypoints=[1, 1, 2, 1, float("nan"), 2, 1, 1, 0],
    ),
    change(keypoint_rules.VISIBILITY, "annotation 1 (image 1), keypoints=3", keypoints=[1, 1, 3, 1, 1, 2, 1, 1, 0]),
    change(keypoint_rules.LABELLED, "annotation 1 (image 1), num_keypoints=3", num_keypoints=3),
    change(keypoint_rules.LABELLED, "annotation 1 (image 1), num_keypoints", num_keypoints=REMOVED),
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
CASES = [*NAME_CASES, *ANNOTATION_CASES]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_only_bad_limbs_are_dropped(tmp_path):
    """The rest of a skeleton stays."""
    data, checker, violations = broken(NAME_CASES[2].values[0], tmp_path)
    fix(data, checker, violations)
    assert data["categories"][0]["skeleton"] == [[1, 2]]


def test_limbs_go_with_the_names():
    """A category whose names are removed, since an earlier one has another number, has no limbs left."""
    data = valid_data(keypoints=True)
    data["categories"][1] |= {"keypoints": ["nose", "tail"], "skeleton": [[1, 2], [1, 9]]}
    checker = CocoChecker("f")
    assert not fix(data, checker, checker.check(data)).left
    assert data["categories"][1] == {"id": 7, "name": "dog", "skeleton": []}


def test_numbered_flip_pairs():
    """Pairs of numbers are refused, as training does: nobody knows whether they count from 0 or from 1."""
    data = valid_data(keypoints=True)
    data["categories"][0]["flip_pairs"] = [[1, 2]]
    (violation,) = CocoChecker("f").check(data)
    assert violation.rule is keypoint_rules.FLIP


def test_categories_have_the_same_keypoints():
    """Other names are refused, as training does, also where they are as many."""
    data = valid_data(keypoints=True)
    data["categories"][1]["keypoints"] = ["nose", "left_ear", "right_ear"]
    (violation,) = CocoChecker("f").check(data)
    assert (violation.rule, violation.id) == (keypoint_rules.COUNTS, 7)


@pytest.mark.parametrize("case, expected", [(c.values[0], m) for c, m in zip(ANNOTATION_CASES, MENDED, strict=True)])
def test_repair(case, expected, tmp_path):
    """What is wrong becomes unlabelled, what is sound stays, and num_keypoints fits."""
    data, checker, violations = broken(case, tmp_path)
    fix(data, checker, violations)
    entry = data["annotations"][violations[0].index]
    assert entry["keypoints"] == expected
    assert entry["num_keypoints"] == sum(v > 0 for v in expected[2::3])


def test_without_names_the_usual_length_counts():
    """Where categories name no keypoints, annotations must agree with most others."""
    data = valid_data(keypoints=True)
    del data["categories"][0]["keypoints"]
    data["annotations"][0]["keypoints"] = [1, 1, 2]
    violations = CocoChecker("f").check(data)
    assert [(f.rule.name, f.id) for f in violations] == [("keypoints-length", 1), ("keypoint-unnamed", 1)]


def test_runs_without_keypoints():
    """Where no keypoints are trained, their rules are not applied."""
    data = valid_data(keypoints=True)
    data["annotations"][0]["keypoints"] = [1]
    data["categories"][0]["flip_pairs"] = [[1, 99]]
    assert CocoChecker("f", with_keypoints=False).check(data) == []
