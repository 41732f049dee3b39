"""Rules by which two files differ: what a model is tested on must not be what it was trained on."""

import filecmp
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mask_rcnn_paper.coco.values import shorten
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import Rule, Violation

SHARED = Rule(
    "split-shared-images",
    "give each image to one of them; to test on training images on purpose, name one dataset for both",
)
CATEGORIES = Rule("split-categories", "give both files the same categories, with the same ids")


@dataclass(frozen=True, eq=False)
class Split:
    """An annotation file, its content where it is whole, and the folder of its images."""

    file: Path
    data: Any
    image_dir: Path

    def files(self) -> dict[str, dict]:
        """Images by the path of their file in the folder."""
        return Dataset(self.data).images_by_file if _has_sections(self.data) else {}


def compare(split: Split, other: Split) -> list[Violation]:
    """What is wrong between two files that are right by themselves, said of the first one."""
    images, others = split.files(), other.files()
    shared = shared_files(images, split.image_dir, others, other.image_dir)
    found = [v.locate(split.file) for v in _check_categories(split, other)]
    if shared and len(shared) in (len(images), len(others)):
        text = f"all {len(shared)} are in {other.file} too: a test on them measures what was learnt by heart"
        return [*found, Violation(SHARED, "images", None, text, str(split.file))]
    index = {id(entry): i for i, entry in enumerate(split.data["images"])} if shared else {}
    for name in shared:
        image, number = images[name], others[name].get("id")
        text = f"is in {other.file} too, as image {shorten(number)}"
        found.append(Violation(SHARED, "file_name", name, text).locate(split.file, "images", index[id(image)], image))
    return found


def shared_files(names: Any, folder: Path, others: Any, other_folder: Path) -> list[str]:
    """Names in both collections that are one file, or two with the same content.

    Equal names in two folders are common and no harm; equal content under other names is not looked for: that would
    read all images.
    """
    return [name for name in names if name in others and _is_same(folder / name, other_folder / name)]


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other) or filecmp.cmp(path, other, shallow=False)
    except (OSError, ValueError):
        return False


def _has_sections(data: Any) -> bool:
    return isinstance(data, dict) and all(isinstance(data.get(section), list) for section in SECTIONS)


def _check_categories(split: Split, other: Split) -> Iterator[Violation]:
    if not (_has_sections(split.data) and _has_sections(other.data)):
        return
    names, others = (
        {key: c.get("name") for key, c in Dataset(s.data).by_id["categories"].items()} for s in (split, other)
    )
    different = [key for key in sorted({*names, *others}) if names.get(key) != others.get(key)]
    if different:
        key = different[0]
        here, there = shorten(names.get(key)), shorten(others.get(key))
        yield Violation(CATEGORIES, "categories", None, f"differ: id {key} is {here}, and {there} in {other.file}")
