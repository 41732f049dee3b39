"""Rules of an annotation's keypoints: x, y and visibility of each, one after the other."""

from collections.abc import Iterator
from typing import Any

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule
from mask_rcnn_paper.validate_dataset.values import is_number


def _unlabel(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    annotation["keypoints"] = [0] * (3 * _expected(annotation, dataset))
    annotation["num_keypoints"] = 0
    return True


def _unlabel_bad(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    points = _triples(annotation["keypoints"])
    points = [point if all(map(is_number, point)) else [0, 0, 0] for point in points]
    return _store(annotation, points)


def _mend_visibility(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    points = [[x, y, _legal(v)] if v not in (0, 1, 2) else [x, y, v] for x, y, v in _triples(annotation["keypoints"])]
    return _store(annotation, points)


def _legal(visibility: Any) -> int:
    return 2 if is_number(visibility) and visibility > 0 else 0


def _count(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    return _store(annotation, _triples(annotation["keypoints"]))


def _store(annotation: dict, points: list[list]) -> bool:
    annotation["keypoints"] = [value for point in points for value in point]
    annotation["num_keypoints"] = _labelled(annotation["keypoints"])
    return True


_UNLABEL = "makes all keypoints of the annotation unlabelled"
MISSING = Rule(
    "keypoints-missing",
    ERROR,
    "give keypoints to every annotation, zeros where there are none, or to none: evaluation fails on a mixture",
    _UNLABEL,
    _unlabel,
)
LENGTH = Rule("keypoints-length", ERROR, "write x, y, visibility for each keypoint of the category", _UNLABEL, _unlabel)
NUMBERS = Rule(
    "keypoints-numbers", ERROR, "write finite numbers", "makes the keypoint unlabelled (0, 0, 0)", _unlabel_bad
)
VISIBILITY = Rule(
    "keypoints-visibility",
    ERROR,
    "write 0 for not labelled, 1 for hidden, 2 for visible",
    "writes 2 where it is above 0, else 0",
    _mend_visibility,
)
LABELLED = Rule(
    "keypoints-count", ERROR, "num_keypoints is the number of keypoints with visibility above 0", "counts anew", _count
)


def check_keypoints(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """Number, values and visibility of the keypoints, and their count."""
    keypoints = annotation.get("keypoints")
    if not keypoints:
        if dataset.has_keypoints:
            yield Problem(MISSING, "keypoints", keypoints, "are missing, while other annotations have them")
        return
    expected = 3 * _expected(annotation, dataset)
    if not isinstance(keypoints, list) or len(keypoints) != expected:
        found = f"has {len(keypoints)} numbers: " if isinstance(keypoints, list) else ""
        yield Problem(LENGTH, "keypoints", keypoints, f"{found}must be 3 x {expected // 3} numbers")
        return
    bad = [value for value in keypoints if not is_number(value)]
    if bad:
        yield Problem(NUMBERS, "keypoints", bad[0], "is not a finite number")
        return
    wrong = [v for v in keypoints[2::3] if v not in (0, 1, 2)]
    if wrong:
        yield Problem(VISIBILITY, "keypoints", wrong[0], "is a visibility other than 0, 1, 2")
    stated = annotation.get("num_keypoints")
    if type(stated) is not int or stated != _labelled(keypoints):
        text = "is missing" if stated is None else f"must be {_labelled(keypoints)}, of visibility above 0"
        yield Problem(LABELLED, "num_keypoints", stated, text)


def _expected(annotation: dict, dataset: Dataset) -> int:
    names = (dataset.category_of(annotation) or {}).get("keypoints")
    return len(names) if isinstance(names, list) and names else dataset.num_keypoints


def _labelled(keypoints: list) -> int:
    return sum(v > 0 for v in keypoints[2::3])


def _triples(keypoints: list) -> list[list]:
    return [keypoints[i : i + 3] for i in range(0, len(keypoints), 3)]
