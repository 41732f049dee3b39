"""A COCO file's content, with what rules and repairs need to know of more than one entry."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

SECTIONS = ("categories", "images", "annotations")
"""In the order in which they are mended: annotations are judged by what is left of the others."""

REFERENCES = {"image_id": "images", "category_id": "categories"}
"""Section of the entries that a field of an annotation refers to."""


@dataclass(eq=False)
class Dataset:
    """Content whose sections are lists; entries that are no objects are passed over.

    Attributes:
        data: content of the file.
        image_dir: folder of the images; None where they are not looked at.
        mask_format: `INPUT.MASK_FORMAT` for which the masks are checked, "polygon" or "bitmask"; None for neither.
    """

    data: dict[str, Any]
    image_dir: Path | None = None
    mask_format: str | None = "polygon"
    _renamed: dict[str, dict[str, int]] = field(default_factory=dict, init=False)

    def entries(self, section: str) -> list[tuple[int, dict]]:
        """Position and entry of the objects of a section."""
        return [(i, entry) for i, entry in enumerate(self.data[section]) if isinstance(entry, dict)]

    @cached_property
    def by_id(self) -> dict[str, dict[int, dict]]:
        """Of each section its entries by id: whole numbers alone, and the first of duplicates."""
        found: dict[str, dict[int, dict]] = {section: {} for section in SECTIONS}
        for section in SECTIONS:
            for _, entry in self.entries(section):
                if type(entry.get("id")) is int:
                    found[section].setdefault(entry["id"], entry)
        return found

    def target(self, annotation: dict, field: str) -> dict | None:
        """The image or category that a field of an annotation refers to, or None where there is none."""
        reference = annotation.get(field)
        return self.by_id[REFERENCES[field]].get(reference) if type(reference) is int else None

    def size_of(self, annotation: dict) -> tuple[int, int] | None:
        """(width, height) of the annotation's image, or None where that is unknown."""
        return size(self.target(annotation, "image_id") or {})

    @cached_property
    def has_masks(self) -> bool:
        """Whether any annotation has a segmentation."""
        return any(annotation.get("segmentation") for _, annotation in self.entries("annotations"))

    @cached_property
    def _with_keypoints(self) -> list[dict]:
        return [annotation for _, annotation in self.entries("annotations") if annotation.get("keypoints")]

    @property
    def has_keypoints(self) -> bool:
        """Whether any annotation has keypoints."""
        return bool(self._with_keypoints)

    @cached_property
    def num_keypoints(self) -> int:
        """Keypoints of an instance: as the first category that has them says, else as most annotations have."""
        for category in self.by_id["categories"].values():
            if isinstance(category.get("keypoints"), list) and category["keypoints"]:
                return len(category["keypoints"])
        lists = (a["keypoints"] for a in self._with_keypoints if isinstance(a["keypoints"], list))
        lengths = Counter(len(points) // 3 for points in lists)
        return lengths.most_common(1)[0][0] if lengths else 0

    @cached_property
    def used_with_keypoints(self) -> set[int]:
        """Ids of the categories whose annotations have keypoints."""
        return {a["category_id"] for a in self._with_keypoints if self.target(a, "category_id") is not None}

    @cached_property
    def crowds(self) -> dict[int, list[bool]]:
        """By image id, of each of the image's annotations whether it is a group."""
        found: dict[int, list[bool]] = {}
        for _, annotation in self.entries("annotations"):
            if type(annotation.get("image_id")) is int:
                found.setdefault(annotation["image_id"], []).append(annotation.get("iscrowd") == 1)
        return found

    @cached_property
    def _ids(self) -> dict[str, set[int]]:
        return {section: set(entries) for section, entries in self.by_id.items()}

    @cached_property
    def _next(self) -> dict[str, int]:
        highest = {section: max(ids, default=0) for section, ids in self._ids.items()}
        for reference, section in REFERENCES.items():  # a new id must not adopt annotations that refer to nothing
            referred = (entry.get(reference) for _, entry in self.entries("annotations"))
            highest[section] = max([highest[section], *(value for value in referred if type(value) is int)])
        return highest

    def new_id(self, section: str, wanted: int | None = None) -> int:
        """An id that no entry of the section has: the wanted one if it is free."""
        if wanted is None or wanted in self._ids[section]:
            self._next[section] = wanted = max(0, self._next[section]) + 1
        self._ids[section].add(wanted)
        self._next[section] = max(self._next[section], wanted)
        return wanted

    def rename(self, section: str, old: Any, new: int) -> None:
        """Note that references of annotations to an entry must follow its new id."""
        self._renamed.setdefault(section, {})[json.dumps(old)] = new

    def follow_renames(self) -> None:
        """Change the references that `rename` noted."""
        for reference, section in REFERENCES.items():
            new_ids = self._renamed.pop(section, {})
            for _, annotation in self.entries("annotations") if new_ids else ():
                old = annotation.get(reference)
                annotation[reference] = new_ids.get(json.dumps(old), old)


def size(image: dict) -> tuple[int, int] | None:
    """(width, height) that an image's entry states, or None where it states none that is possible."""
    width, height = image.get("width"), image.get("height")
    whole = type(width) is int and type(height) is int and width > 0 and height > 0
    return (width, height) if whole else None
