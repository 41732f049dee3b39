"""Rules of keypoints: names, limbs and mirror pairs of a category; x, y and visibility of each in an annotation."""

from collections.abc import Iterator
from typing import Any

from mask_rcnn_paper.coco.keypoints import FLIP_FIELDS
from mask_rcnn_paper.coco.values import is_number, is_text, shorten
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import WARNING, Repair, Rule, Violation, illegal, sets


def _remove_field(category: dict, violation: Violation, dataset: Dataset) -> bool:
    category.pop(violation.field, None)
    return True


def _drop_limbs(category: dict, dataset: Dataset) -> list:
    limbs = category["skeleton"] if isinstance(category["skeleton"], list) else []
    names = category.get("keypoints", [])  # which the repair of another rule may have removed
    return [limb for limb in limbs if _good_limb(limb, len(names))]


def store(annotation: dict, keypoints: list) -> bool:
    annotation["keypoints"], annotation["num_keypoints"] = keypoints, _labelled(keypoints)
    return True


def _unlabel(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    return store(annotation, [0, 0, 0] * _expected(annotation, dataset))


def _unlabel_bad(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    keypoints = [*annotation["keypoints"]]
    for i in range(0, len(keypoints), 3):
        if not all(map(is_number, keypoints[i : i + 3])):
            keypoints[i : i + 3] = 0, 0, 0
    return store(annotation, keypoints)


def _mend_visibility(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    keypoints = [*annotation["keypoints"]]
    keypoints[2::3] = [v if v in (0, 1, 2) else 2 * (v > 0) for v in keypoints[2::3]]
    return store(annotation, keypoints)


_LIMBS = sets("skeleton", "drops the limb", _drop_limbs)
_COUNT = sets("num_keypoints", "counts anew", lambda annotation, _: _labelled(annotation["keypoints"]))
UNLABEL = Repair("makes all keypoints of the annotation unlabelled", _unlabel)
_UNLABEL_BAD = Repair("makes the keypoint unlabelled (0, 0, 0)", _unlabel_bad)
_VISIBILITY = Repair("writes 2 where it is above 0, else 0", _mend_visibility)
NAMES = Rule("keypoint-names", "list the names of the keypoints, each once", Repair("removes the names", _remove_field))
COUNTS = Rule(
    "keypoint-counts",
    "a model has one list of keypoints: split the file, or give all categories the same",
    Repair("removes the names of the later category", _remove_field),
)
SKELETON = Rule("keypoint-skeleton", "a limb is a pair of keypoint numbers from 1 on", _LIMBS, WARNING)
FLIP = Rule(
    "keypoint-flip-pairs",
    "list pairs of two keypoints' names, each in one pair at most: they trade places in a mirror",
    Repair("removes the field", _remove_field),
)
UNNAMED = Rule(
    "keypoint-unnamed", "name the category's keypoints, or give their metadata where you register", severity=WARNING
)
MISSING = Rule(
    "keypoints-missing",
    "give keypoints to every annotation, zeros where there are none, or to none: evaluation fails on a mixture",
    UNLABEL,
)
LENGTH = Rule("keypoints-length", "write x, y, visibility for each keypoint of the category", UNLABEL)
NUMBERS = Rule("keypoints-numbers", "write finite numbers", _UNLABEL_BAD)
VISIBILITY = Rule("keypoints-visibility", "write 0 for not labelled, 1 for hidden, 2 for visible", _VISIBILITY)
LABELLED = Rule("keypoints-count", "num_keypoints is the number of keypoints with visibility above 0", _COUNT)


def check_keypoint_names(category: dict, dataset: Dataset) -> Iterator[Violation]:
    """Names, number, skeleton and mirror pairs, where they are given."""
    names = category.get("keypoints")
    if names is None or names == []:
        return
    if not isinstance(names, list) or not all(map(is_text, names)) or len(set(names)) < len(names):
        yield Violation(NAMES, "keypoints", names, "must be a list of different names")
        return
    if len(names) != dataset.num_keypoints:
        yield Violation(COUNTS, "keypoints", len(names), f"names, but an earlier category has {dataset.num_keypoints}")
    elif (first := dataset.keypoint_names) and names != first:
        yield Violation(COUNTS, "keypoints", names, f"are others than those of an earlier category, {shorten(first)}")
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
            if not isinstance(keypoint, str) or keypoint not in names:
                yield Violation(FLIP, field, pair, f"{shorten(keypoint)} is no keypoint's name of this category")
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
        if dataset.with_keypoints:
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
            yield illegal(LABELLED, "num_keypoints", stated, f"{labelled}, of visibility above 0")


def _expected(annotation: dict, dataset: Dataset) -> int:
    names = (dataset.target(annotation, "category_id") or {}).get("keypoints")
    return len(names) if isinstance(names, list) and names else dataset.num_keypoints


def _labelled(keypoints: list) -> int:
    return sum(v > 0 for v in keypoints[2::3])


CHECKS = (check_keypoint_names, check_named, check_keypoints)
"""Those that runs without keypoints leave out."""
