"""Repairs, of every rule."""

import copy
import random

import pytest

from mask_rcnn_paper.validate_dataset import annotations, boxes, masks
from mask_rcnn_paper.validate_dataset import entries as files
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS
from mask_rcnn_paper.validate_dataset.fix import fix
from mask_rcnn_paper.validate_dataset.rule import ERROR, errors
from tests.validate_dataset import (
    test_annotations,
    test_boxes,
    test_categories,
    test_crowds,
    test_files,
    test_ids,
    test_image_files,
    test_images,
    test_keypoint_names,
    test_keypoints,
    test_masks,
    test_references,
    test_run_lengths,
)
from tests.validate_dataset.cases import broken, valid_data, write_images

MODULES = (
    *(test_annotations, test_boxes, test_categories, test_crowds, test_files, test_ids, test_image_files, test_images),
    *(test_keypoint_names, test_keypoints, test_masks, test_references, test_run_lengths),
)
CASES = [case for module in MODULES for case in module.CASES]


def sizes(data: dict) -> dict[str, int]:
    """Entries of each section."""
    return {section: len(data[section]) for section in SECTIONS}


@pytest.mark.parametrize("case", CASES)
def test_every_rule(case, tmp_path):
    """The result passes, has lost what the rule says and nothing else, and the count of it is right."""
    data, checker, findings = broken(case, tmp_path)
    before = sizes(data)
    fixed = fix(data, checker, findings)
    assert not list(errors(fixed.left)) and fixed.left == checker.check(data)
    assert not [f for f in fixed.left if f.rule.repair]
    lost = {section: before[section] - sizes(data)[section] for section in SECTIONS}
    assert {section: count for section, count in lost.items() if count} == case.lost
    for section in SECTIONS:
        assert sum(n for (where, _), n in fixed.dropped.items() if where == section) == lost[section]


@pytest.mark.parametrize("case", CASES)
def test_what_was_sound_stays(case, tmp_path):
    """Annotations that no finding names and whose image stays are the same as before."""
    data, checker, findings = broken(case, tmp_path)
    named = {f.id for f in findings if f.section == "annotations"}
    sound = [copy.deepcopy(a) for a in data["annotations"] if isinstance(a, dict) and a.get("id") not in named]
    fix(data, checker, findings)
    images = {image["id"] for image in data["images"]}
    left = {a["id"]: a for a in data["annotations"]}
    assert all(left[a["id"]] == a for a in sound if a["image_id"] in images)


def test_every_rule_with_a_repair_has_a_case():
    """No rule is without a test, and no repair without a word on what it does."""
    rules = {case.values[0].rule for case in CASES}
    everywhere = set()
    for module in MODULES:
        name = module.__name__.rpartition("test_")[2]
        source = __import__(f"mask_rcnn_paper.validate_dataset.{name}", fromlist=["x"])
        everywhere |= {value for value in vars(source).values() if hasattr(value, "severity")}
    elsewhere = {files.NOT_JSON, files.NOT_AN_OBJECT, files.SECTION_MISSING, files.SECTION_TYPE, files.SECTION_EMPTY}
    assert everywhere - rules == elsewhere | {masks.NO_MASKS} and len(rules) > 30
    assert all(bool(rule.fix) == bool(rule.repair) for rule in everywhere)
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
    assert {f.rule for f in fixed.left if f.rule.severity == ERROR} <= {files.SECTION_EMPTY}


def test_leaving_out():
    """With `drop_only` nothing is mended: entries with errors go, warnings and other entries stay."""
    data = valid_data()
    data["annotations"][0]["area"] = 0
    data["annotations"][2]["bbox"] = [30, 30, 20, 5]
    checker = CocoChecker("f")
    fixed = fix(data, checker, checker.check(data), drop_only=True)
    assert [a["id"] for a in data["annotations"]] == [2, 3, 4]
    assert fixed.dropped == {("annotations", annotations.AREA.name): 1} and not fixed.mended
    assert [f.rule for f in fixed.left] == [boxes.CROSSES]


def test_what_cannot_be_mended_is_left():
    """A file without categories stays as it is."""
    data = valid_data()
    del data["categories"]
    before, checker = copy.deepcopy(data), CocoChecker("f")
    fixed = fix(data, checker, checker.check(data))
    assert [f.rule for f in fixed.left] == [files.SECTION_MISSING] and data == before
