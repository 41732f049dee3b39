"""The whole check, on data that must pass; repairs, of every rule."""

import copy
import random

import pytest

from mask_rcnn_paper.generated.datasets import IMAGES, INSTANCES, PERSON_KEYPOINTS, DatasetSpec, write_dataset
from mask_rcnn_paper.validate_dataset import (
    agreement_rules,
    boxes,
    entries,
    format_rules,
    image_rules,
    json_rules,
    keypoint_places,
    keypoint_rules,
    mask_rules,
    polygon_rules,
    repeated_images,
)
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco, fix
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS
from mask_rcnn_paper.validate_dataset.rule import ERROR, Rule, errors
from tests.validate_dataset import (
    test_agreement_rules,
    test_boxes,
    test_entries,
    test_image_rules,
    test_keypoint_places,
    test_keypoint_rules,
    test_mask_rules,
    test_polygon_rules,
    test_repeated_images,
)
from tests.validate_dataset.cases import broken, valid_data, write_images

TESTS = (
    *(test_agreement_rules, test_boxes, test_entries, test_image_rules, test_keypoint_places, test_keypoint_rules),
    *(test_mask_rules, test_polygon_rules, test_repeated_images),
)
CASES = [case for module in TESTS for case in module.CASES]


@pytest.mark.parametrize("keypoints", [False, True])
def test_valid_data(keypoints, tmp_path):
    """Nothing is found in the data that the other tests break."""
    assert CocoChecker("f", write_images(tmp_path)).check(valid_data(keypoints)) == []


@pytest.mark.parametrize(
    "content, said",
    [(b"not json {", "is not JSON"), (b"", "is empty"), (b"\xff\xfe\x00", "is not JSON"), (b"[" * 99999, "is not")],
)
def test_not_json(content, said, tmp_path):
    """What is not JSON is one error that says where reading ended."""
    path = tmp_path / "train.json"
    path.write_bytes(content)
    data, (violation,) = check_coco(path, CocoChecker(path))
    assert data is None
    assert violation.rule is json_rules.NOT_JSON
    assert violation.file == str(path)
    assert said in violation.text


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The images of smoke_train, drawn anew."""
    folder = tmp_path_factory.mktemp("generated")
    write_dataset(DatasetSpec("smoke_train", images=8, seed=3), folder)
    return folder


@pytest.mark.parametrize("name", [INSTANCES, PERSON_KEYPOINTS])
def test_generated_data(generated, name):
    """Generated instances and keypoints have no errors, and no warnings but for images without persons."""
    data, violations = check_coco(generated / name, CocoChecker(generated / name, generated / IMAGES))
    assert len(data["images"]) == 8
    assert data["annotations"]
    assert not list(errors(violations))
    assert {f.rule.name for f in violations} <= {"image-without-annotations", "image-only-crowds"}


def test_violations_come_section_by_section():
    """Of a file with several errors, those of categories and images come before those of annotations."""
    data = valid_data()
    data["annotations"][0]["area"], data["images"][1]["file_name"], data["categories"][0]["name"] = 0, "", ""
    assert [f.section for f in CocoChecker("f").check(data)] == ["categories", "images", "annotations"]


def sizes(data: dict) -> dict[str, int]:
    """Entries of each section."""
    return {section: len(data[section]) for section in SECTIONS}


@pytest.mark.parametrize("case", CASES)
def test_every_rule(case, tmp_path):
    """The result passes, has lost what the rule says and nothing else, and the count of it is right."""
    data, checker, violations = broken(case, tmp_path)
    before = sizes(data)
    fixed = fix(data, checker, violations)
    assert not list(errors(fixed.left))
    assert fixed.left == checker.check(data)
    assert not [f for f in fixed.left if f.rule.repair]
    lost = {section: before[section] - sizes(data)[section] for section in SECTIONS}
    assert {section: count for section, count in lost.items() if count} == case.lost
    for section in SECTIONS:
        assert sum(n for (where, _), n in fixed.dropped.items() if where == section) == lost[section]


@pytest.mark.parametrize("case", CASES)
def test_what_was_sound_stays(case, tmp_path):
    """Annotations that no violation names and whose image stays are the same as before."""
    data, checker, violations = broken(case, tmp_path)
    named = {f.id for f in violations if f.section == "annotations"}
    sound = [copy.deepcopy(a) for a in data["annotations"] if isinstance(a, dict) and a.get("id") not in named]
    fix(data, checker, violations)
    images = {image["id"] for image in data["images"]}
    left = {a["id"]: a for a in data["annotations"]}
    assert all(left[a["id"]] == a for a in sound if a["image_id"] in images)


def test_every_rule_with_a_repair_has_a_case():
    """No rule is without a test, and no repair without a word on what it does."""
    modules = (
        *(agreement_rules, boxes, entries, image_rules, json_rules, keypoint_places, keypoint_rules, mask_rules),
        *(polygon_rules, repeated_images),
    )
    everywhere = {value for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    with_case = {case.values[0].rule for case in CASES}
    of_the_file = {json_rules.NOT_JSON, entries.NOT_AN_OBJECT, entries.SECTION_MISSING, entries.SECTION_TYPE}
    of_the_file |= {json_rules.ENCODING, json_rules.REPEATED_KEY}
    assert everywhere - with_case == of_the_file | {entries.SECTION_EMPTY, mask_rules.NO_MASKS}
    assert len(with_case) > 30
    assert all(rule.repair is None or rule.repair.text for rule in everywhere)
    assert len({rule.name for rule in everywhere}) == len(everywhere)


@pytest.mark.parametrize("seed", range(30))
def test_many_breaches_at_once(seed, tmp_path):
    """Whatever is broken together, the result passes, or what is left cannot be mended."""
    rng = random.Random(seed)
    data, images = valid_data(keypoints=True), write_images(tmp_path)
    for case in rng.sample(CASES, 6):
        try:
            case.values[0].damage(data, images)
        except (LookupError, OSError, TypeError, AttributeError):
            continue  # the place was broken already
    checker = CocoChecker("f", images)
    fixed = fix(data, checker, checker.check(data))
    assert not [f for f in fixed.left if f.rule.repair]
    assert {f.rule for f in fixed.left if f.rule.severity == ERROR} <= {entries.SECTION_EMPTY}


def test_leaving_out():
    """With `drop_only` nothing is mended: entries with errors go, warnings and other entries stay."""
    data = valid_data()
    data["annotations"][0]["area"] = 0
    data["annotations"][2]["bbox"] = [5, 5, 50, 20]
    checker = CocoChecker("f")
    fixed = fix(data, checker, checker.check(data), drop_only=True)
    assert [a["id"] for a in data["annotations"]] == [2, 3, 4]
    assert fixed.dropped == {("annotations", boxes.AREA.name): 1}
    assert not fixed.mended
    assert [f.rule for f in fixed.left] == [boxes.CROSSES]


def test_nothing_is_mended_beside_what_cannot_be():
    """Boxes in another format stay as they are, also those that would be clipped or dropped as single ones."""
    data = valid_data()
    for annotation in data["annotations"]:
        x, y, width, height = annotation["bbox"]
        annotation["bbox"] = [x, y, x + width, y + height]
    checker, before = CocoChecker("f"), copy.deepcopy(data)
    for drop_only in (False, True):
        fixed = fix(data, checker, checker.check(data), drop_only)
        assert format_rules.BOXES in {violation.rule for violation in fixed.left}
        assert not fixed.mended + fixed.dropped
        assert data == before


def test_what_cannot_be_mended_is_left():
    """A file without categories stays as it is."""
    data = valid_data()
    del data["categories"]
    before, checker = copy.deepcopy(data), CocoChecker("f")
    fixed = fix(data, checker, checker.check(data))
    assert [f.rule for f in fixed.left] == [entries.SECTION_MISSING]
    assert data == before
