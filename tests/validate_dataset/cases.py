"""Small valid data, and ways to break it in exactly one place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mask_rcnn_paper.validate_dataset.checker import CocoChecker
from mask_rcnn_paper.validate_dataset.rule import Rule, Violation

REMOVED = object()


def valid_data(keypoints: bool = False) -> dict[str, Any]:
    """Two images of 64x48 and 40x40 pixels with two annotations each; the last is a group."""
    annotations = [
        _annotation(1, 1, [[10, 10, 30, 10, 30, 30, 10, 30]], [10, 10, 20, 20], 400),
        _annotation(2, 1, [[40, 5, 50, 5, 50, 15], [52, 20, 60, 20, 60, 30]], [40, 5, 20, 25], 90),
        _annotation(3, 2, [[5, 5, 15, 5, 15, 25, 5, 25]], [5, 5, 10, 20], 200),
        _annotation(4, 2, run_lengths(40, 40, slice(20, 40), slice(10, 20)), [10, 20, 10, 20], 200, iscrowd=1),
    ]
    category = {"id": 1, "name": "person"}
    if keypoints:
        names = {"keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2], [1, 3]]}
        category |= names | {"flip_pairs": [["left_eye", "right_eye"]]}
        for annotation in annotations:
            labelled = annotation["iscrowd"] == 0
            x, y = annotation["bbox"][:2]
            annotation["keypoints"] = [x + 2, y + 2, 2, x + 4.5, y + 1, 1, 0, 0, 0] if labelled else [0] * 9
            annotation["num_keypoints"] = 2 if labelled else 0
    return {
        "info": {"year": 2017},
        "images": [_image(1, "a.png", 64, 48), _image(2, "b.png", 40, 40)],
        "categories": [category, {"id": 7, "name": "dog"}],
        "annotations": annotations,
    }


def run_lengths(height: int, width: int, rows: slice, columns: slice) -> dict[str, Any]:
    """A rectangle as compressed run lengths."""
    mask = np.zeros((height, width), np.uint8, order="F")
    mask[rows, columns] = 1
    encoded = coco_mask.encode(mask)
    return {"size": [height, width], "counts": encoded["counts"].decode()}


def _annotation(id: int, image_id: int, segmentation: Any, bbox: list, area: float, iscrowd: int = 0) -> dict:
    known = {"id": id, "image_id": image_id, "category_id": 1, "iscrowd": iscrowd}
    return known | {"segmentation": segmentation, "bbox": bbox, "area": area}


def _image(id: int, file_name: str, width: int, height: int) -> dict:
    return {"id": id, "file_name": file_name, "width": width, "height": height}


def write_images(folder: Path, seed: int = 0) -> Path:
    """Write the images of `valid_data` and return the folder."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "a.png")
    Image.fromarray(noise[:40, :40]).save(folder / "b.png")
    return folder


@dataclass(frozen=True)
class Case:
    """A breach of one rule.

    Attributes:
        rule: which.
        damage: breaks valid data, and perhaps its folder of images.
        place: what the violation says of its place.
        lost: entries that --fix drops, by section.
        also: names of rules that are broken as a consequence.
        keypoints: the data has keypoints.
    """

    rule: Rule
    damage: Callable[[dict, Path], None]
    place: str
    lost: dict[str, int] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    keypoints: bool = False


def case(rule: Rule, place: str, damage: Callable, also: tuple = (), keypoints: bool = False, **lost: int) -> Any:
    """A parameter of tests."""
    return pytest.param(Case(rule, damage, place, lost, frozenset(also), keypoints), id=f"{rule.name}: {place}")


def put(section: str, index: int, **fields: Any) -> Callable[[dict, Path], None]:
    """A damage that gives an entry other values, or with `REMOVED` takes them away."""

    def damage(data: dict, images: Path) -> None:
        entry = data[section][index]
        entry.update(fields)
        for name in [name for name, value in fields.items() if value is REMOVED]:
            del entry[name]

    return damage


def append(section: str, make: Callable[[dict], Any]) -> Callable[[dict, Path], None]:
    """A damage that adds an entry made from the data."""
    return lambda data, images: data[section].append(make(data))


def broken(case: Case, folder: Path) -> tuple[dict, CocoChecker, list[Violation]]:
    """Broken data, its checker and its violations."""
    data, images = valid_data(case.keypoints), write_images(folder / "images")
    case.damage(data, images)
    checker = CocoChecker("train.json", images)
    return data, checker, checker.check(data)


def assert_found(case: Case, folder: Path) -> Violation:
    """The rule and only it is broken; the violation names the file, the place, what is wrong, and the cure."""
    expected = {v.rule.name for v in broken(Case(case.rule, lambda *_: None, "", keypoints=case.keypoints), folder)[2]}
    assert expected == set()
    _, _, violations = broken(case, folder)
    assert {v.rule.name for v in violations} == {case.rule.name} | case.also
    violation = next(v for v in violations if v.rule is case.rule)
    assert violation.file == "train.json"
    assert violation.place.startswith(case.place)
    assert violation.text
    assert violation.rule.cure
    return violation
