"""Rules of a category's keypoints: their names, limbs and mirror pairs."""

from collections.abc import Iterator
from typing import Any

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding, Problem, Rule
from mask_rcnn_paper.validate_dataset.values import shorten

FLIP_FIELDS = ("flip_pairs", "keypoint_flip_map")
"""COCO has no field for mirror pairs; these are in use."""


def _remove_field(category: dict, finding: Finding, dataset: Dataset) -> bool:
    category.pop(finding.field, None)
    return True


def _keep_good_limbs(category: dict, finding: Finding, dataset: Dataset) -> bool:
    limbs, count = category["skeleton"], len(category["keypoints"])
    category["skeleton"] = [limb for limb in limbs if _good_limb(limb, count)] if isinstance(limbs, list) else []
    return True


NAMES = Rule("keypoint-names", ERROR, "list the names of the keypoints, each once", "removes the names", _remove_field)
COUNTS = Rule(
    "keypoint-counts",
    ERROR,
    "a model has one number of keypoints: split the file, or give all categories the same",
    "removes the names of the later category",
    _remove_field,
)
SKELETON = Rule(
    "keypoint-skeleton", WARNING, "a limb is a pair of keypoint numbers from 1 on", "drops the limb", _keep_good_limbs
)
FLIP = Rule(
    "keypoint-flip-pairs",
    ERROR,
    "list pairs of two keypoints, each keypoint in one pair at most: they trade places in a mirror",
    "removes the field",
    _remove_field,
)
UNNAMED = Rule("keypoint-unnamed", WARNING, "name the category's keypoints, or give their metadata where you register")


def check_keypoint_names(category: dict, dataset: Dataset) -> Iterator[Problem]:
    """Names, number, skeleton and mirror pairs, where they are given."""
    names = category.get("keypoints")
    if names is None or names == []:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        yield Problem(NAMES, "keypoints", names, "must be a list of different names")
        return
    if len(names) != dataset.num_keypoints:
        yield Problem(COUNTS, "keypoints", len(names), f"names, but an earlier category has {dataset.num_keypoints}")
    limbs = category.get("skeleton") or []
    for limb in limbs if isinstance(limbs, list) else [limbs]:
        if not _good_limb(limb, len(names)):
            yield Problem(SKELETON, "skeleton", limb, f"is no pair of numbers from 1 to {len(names)}")
    for field in FLIP_FIELDS:
        if category.get(field):
            yield from _check_flip_pairs(field, category[field], names)


def _good_limb(limb: Any, count: int) -> bool:
    pair = isinstance(limb, list) and len(limb) == 2 and all(type(end) is int for end in limb)
    return pair and all(1 <= end <= count for end in limb) and limb[0] != limb[1]


def _check_flip_pairs(field: str, pairs: Any, names: list[str]) -> Iterator[Problem]:
    seen: set[Any] = set()
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        if not isinstance(pair, list) or len(pair) != 2:
            yield Problem(FLIP, field, pair, "is no pair")
            return
        for keypoint in pair:
            named = isinstance(keypoint, str) and keypoint in names
            if not named and not (type(keypoint) is int and 0 <= keypoint <= len(names)):
                yield Problem(FLIP, field, pair, f"{shorten(keypoint)} is no keypoint of this category")
                return
            if keypoint in seen:
                yield Problem(FLIP, field, pair, f"{keypoint!r} is there twice")
                return
            seen.add(keypoint)


def check_named(dataset: Dataset) -> Iterator[tuple[int, Problem]]:
    """Position and problem of the categories whose annotations have keypoints without names."""
    if not dataset.has_keypoints:
        return
    used = {
        a["category_id"] for _, a in dataset.entries("annotations") if a.get("keypoints") and dataset.category_of(a)
    }
    for index, category in dataset.entries("categories"):
        if type(category.get("id")) is int and category["id"] in used and not category.get("keypoints"):
            yield index, Problem(UNNAMED, "keypoints", None, "are not named, but annotations have them")
