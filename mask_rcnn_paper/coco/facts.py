"""What a model must know of an annotation file in COCO's format before it is built."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mask_rcnn_paper.coco.keypoints import FLIP_FIELDS
from mask_rcnn_paper.coco.values import shorten


@dataclass(frozen=True)
class CocoFacts:
    """What the categories say, and what any of the annotations has.

    `classes` are names by category id, in the order of the ids, which is that of detectron2's classes; `flip_pairs`
    trade places in a mirror, from the first of `FLIP_FIELDS` that a category has, None where none has any.
    """

    classes: dict[int, str]
    has_masks: bool
    has_run_lengths: bool  # (RLE) in one that is no crowd, which polygons cannot hold
    has_keypoints: bool
    keypoint_names: tuple[str, ...]
    flip_pairs: tuple[tuple[str, str], ...] | None


def read_facts(path: str | Path) -> CocoFacts:
    """Facts of an annotation file, which is read once in a process while it stays as it is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, has no images, categories or annotations, a category has no whole number as id or
            another one's, or categories differ in their keypoints. Other errors are for `validate_dataset`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"annotation file {str(path)!r} does not exist")
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, size: int, modified: int) -> CocoFacts:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"annotation file {str(path)!r} is not JSON ({error}): write it again") from error
    for section in ("images", "categories", "annotations"):
        if not isinstance(data, dict) or not isinstance(data.get(section), list):
            need = f"has no list {section!r}: give a file in COCO's format, see cocodataset.org/#format-data"
            raise ValueError(f"annotation file {str(path)!r} {need}")
    annotations = [entry for entry in data["annotations"] if isinstance(entry, dict)]
    names, pairs = _keypoints(data["categories"], path)
    return CocoFacts(
        classes=_classes(data["categories"], path),
        has_masks=any(a.get("segmentation") for a in annotations),
        has_run_lengths=any(isinstance(a.get("segmentation"), dict) and a.get("iscrowd") != 1 for a in annotations),
        has_keypoints=any(a.get("keypoints") for a in annotations),
        keypoint_names=names,
        flip_pairs=pairs,
    )


def _classes(categories: list[Any], path: Path) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, category in enumerate(categories, 1):
        key = category.get("id") if isinstance(category, dict) else None
        where = f"annotation file {str(path)!r}, category {number} of {len(categories)}"
        if type(key) is not int or not isinstance(category.get("name"), str):
            raise ValueError(f"{where}: is {category!r}, and needs a whole number as id, and a name")
        if key in names:
            raise ValueError(f"{where}: has id {key} of category {names[key]!r}: give each an id of its own")
        names[key] = category["name"]
    if not names:
        raise ValueError(f"annotation file {str(path)!r} has no categories")
    return dict(sorted(names.items()))


def _are_lists(value: Any, pairs: bool) -> bool:
    whole = isinstance(value, list)
    return whole and all(isinstance(item, list if pairs else str) for item in value)


def _keypoints(categories: list[Any], path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...] | None]:
    """Names and mirror pairs of the categories that have them."""
    named = [category for category in categories if isinstance(category, dict) and category.get("keypoints")]
    if not named:
        return (), None
    for category in named:
        for field in ("keypoints", *FLIP_FIELDS):
            if category.get(field) and not _are_lists(category[field], pairs=field != "keypoints"):
                where = f"annotation file {str(path)!r}, category {category.get('name')!r}"
                need = "pairs of keypoints' names" if field in FLIP_FIELDS else "names"
                raise ValueError(f"{where}: {field} is {shorten(category[field])}, and must be a list of {need}")
    names = tuple(map(str, named[0]["keypoints"]))
    for category in named:
        if tuple(map(str, category["keypoints"])) != names:
            both = f"{named[0].get('name')!r} and {category.get('name')!r}"
            raise ValueError(
                f"annotation file {str(path)!r}: categories {both} differ in their keypoints, but a model has one list "
                "of them: split the file, or name them alike"
            )
    pairs = next((c[f] for c in named for f in FLIP_FIELDS if c.get(f)), None)
    return names, None if pairs is None else tuple(tuple(pair) for pair in pairs)
