"""Rules of keypoints: names, limbs and mirror pairs of a category; x, y and visibility of each in an annotation."""

from collections.abc import Iterator
from typing import Any

from mask_rcnn_paper.coco.values import is_number, shorten
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import WARNING, Repair, Rule, Violation, repair

FLIP_FIELDS = ("flip_pairs", "keypoint_flip_map")
"""COCO has no field for mirror pairs; these are in use."""


def _remove_field(category: dict, violation: Violation, dataset: Dataset) -> bool:
    category.pop(violation.field, None)
    return True


@repair("drops the limb")
def _drop_limbs(category: dict, violation: Violation, dataset: Dataset) -> bool:
    limbs = category["skeleton"] if isinstance(category["skeleton"], list) else []
    category["skeleton"] = [limb for limb in limbs if _good_limb(limb, len(category["keypoints"]))]
    return True


def _store(annotation: dict, points: list[list]) -> bool:
    annotation["keypoints"] = [value for point in points for value in point]
    annotation["num_keypoints"] = _labelled(annotation["keypoints"])
    return True


def _points(annotation: dict) -> list[list]:
    return [annotation["keypoints"][i : i + 3] for i in range(0, len(annotation["keypoints"]), 3)]


@repair("makes all keypoints of the annotation unlabelled")
def _unlabel(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    return _store(annotation, [[0, 0, 0]] * _expected(annotation, dataset))


@repair("makes the keypoint unlabelled (0, 0, 0)")
def _unlabel_bad(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    return _store(annotation, [p if all(map(is_number, p)) else [0, 0, 0] for p in _points(annotation)])


@repair("writes 2 where it is above 0, else 0")
def _mend_visibility(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    points = _points(annotation)
    return _store(annotation, [[x, y, v if v in (0, 1, 2) else 2 * (is_number(v) and v > 0)] for x, y, v in points])


@repair("counts anew")
def _count(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    return _store(annotation, _points(annotation))


NAMES = Rule("keypoint-names", "list the names of the keypoints, each once", Repair("removes the names", _remove_field))
COUNTS = Rule(
    "keypoint-counts",
    "a model has one number of keypoints: split the file, or give all categories the same",
    Repair("removes the names of the later category", _remove_field),
)
SKELETON = Rule("keypoint-skeleton", "a limb is a pair of keypoint numbers from 1 on", _drop_limbs, WARNING)
FLIP = Rule(
    "keypoint-flip-pairs",
    "list pairs of two keypoints, each keypoint in one pair at most: they trade places in a mirror",
    Repair("removes the field", _remove_field),
)
UNNAMED = Rule(
    "keypoint-unnamed", "name the category's keypoints, or give their metadata where you register", severity=WARNING
)
MISSING = Rule(
    "keypoints-missing",
    "give keypoints to every annotation, zeros where there are none, or to none: evaluation fails on a mixture",
    _unlabel,
)
LENGTH = Rule("keypoints-length", "write x, y, visibility for each keypoint of the category", _unlabel)
NUMBERS = Rule("keypoints-numbers", "write finite numbers", _unlabel_bad)
VISIBILITY = Rule("keypoints-visibility", "write 0 for not labelled, 1 for hidden, 2 for visible", _mend_visibility)
LABELLED = Rule("keypoints-count", "num_keypoints is the number of keypoints with visibility above 0", _count)


def check_keypoint_names(category: dict, dataset: Dataset) -> Iterator[Violation]:
    """Names, number, skeleton and mirror pairs, where they are given."""
    names = category.get("keypoints")
    if names is None or names == []:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        yield Violation(NAMES, "keypoints", names, "must be a list of different names")
        return
    if len(names) != dataset.num_keypoints:
        yield Violation(COUNTS, "keypoints", len(names), f"names, but an earlier category has {dataset.num_keypoints}")
    limbs = category.get("skeleton") or []
    for limb in limbs if isinstance(limbs, list) else [limbs]:
        if not _good_limb(limb, len(names)):
            yield Violation(SKELETON, "skeleton", limb, f"is no pair of numbers from 1 to {len(names)}")
    for field in FLIP_FIELDS:
        if category.get(field):
            yield from _check_flip_pairs(field, category[field], names)


def _good_limb(limb: Any, count: int) -> bool:
    pair = isinstance(limb, list) and len(limb) == 2 and all(type(end) is int for end in limb)
    return pair and all(1 <= end <= count for end in limb) and limb[0] != limb[1]


def _check_flip_pairs(field: str, pairs: Any, names: list[str]) -> Iterator[Violation]:
    seen: set[Any] = set()
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        if not isinstance(pair, list) or len(pair) != 2:
            yield Violation(FLIP, field, pair, "is no pair")
            return
        for keypoint in pair:
            named = isinstance(keypoint, str) and keypoint in names
            if not named and not (type(keypoint) is int and 0 <= keypoint <= len(names)):
                yield Violation(FLIP, field, pair, f"{shorten(keypoint)} is no keypoint of this category")
                return
            if keypoint in seen:
                yield Violation(FLIP, field, pair, f"{keypoint!r} is there twice")
                return
            seen.add(keypoint)


def check_named(category: dict, dataset: Dataset) -> Iterator[Violation]:
    """A category whose annotations have keypoints names them."""
    used = type(category.get("id")) is int and category["id"] in dataset.used_with_keypoints
    if used and not category.get("keypoints"):
        yield Violation(UNNAMED, "keypoints", None, "are not named, but annotations have them")


def check_keypoints(annotation: dict, dataset: Dataset) -> Iterator[Violation]:
    """Number, values and visibility of the keypoints, and their count."""
    keypoints, expected = annotation.get("keypoints"), _expected(annotation, dataset)
    if not keypoints:
        if dataset.has_keypoints:
            yield Violation(MISSING, "keypoints", keypoints, "are missing, while other annotations have them")
    elif not isinstance(keypoints, list) or len(keypoints) != 3 * expected:
        found = f"has {len(keypoints)} numbers: " if isinstance(keypoints, list) else ""
        yield Violation(LENGTH, "keypoints", keypoints, f"{found}must be 3 x {expected} numbers")
    elif bad := [value for value in keypoints if not is_number(value)]:
        yield Violation(NUMBERS, "keypoints", bad[0], "is not a finite number")
    else:
        if wrong := [v for v in keypoints[2::3] if v not in (0, 1, 2)]:
            yield Violation(VISIBILITY, "keypoints", wrong[0], "is a visibility other than 0, 1, 2")
        stated, labelled = annotation.get("num_keypoints"), _labelled(keypoints)
        if type(stated) is not int or stated != labelled:
            text = "is missing" if stated is None else f"must be {labelled}, of visibility above 0"
            yield Violation(LABELLED, "num_keypoints", stated, text)


def _expected(annotation: dict, dataset: Dataset) -> int:
    names = (dataset.target(annotation, "category_id") or {}).get("keypoints")
    return len(names) if isinstance(names, list) and names else dataset.num_keypoints


def _labelled(keypoints: list) -> int:
    return sum(v > 0 for v in keypoints[2::3])


CHECKS = (check_keypoint_names, check_named, check_keypoints)
"""Those that runs without keypoints leave out."""
