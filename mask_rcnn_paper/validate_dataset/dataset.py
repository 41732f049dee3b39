"""A COCO file's content, with what rules and repairs need to know of more than one entry."""

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

SECTIONS = ("categories", "images", "annotations")
"""In the order in which they are mended: annotations are judged by what is left of the others."""

_REFERENCES = {"images": "image_id", "categories": "category_id"}


class Dataset:
    """Content whose sections are lists; entries that are no objects are passed over.

    Args:
        data: content of the file.
        image_dir: folder of the images; None where they are not looked at.
        mask_format: `INPUT.MASK_FORMAT` for which the masks are checked, "polygon" or "bitmask"; None for neither.
    """

    def __init__(self, data: dict[str, Any], image_dir: Path | None = None, mask_format: str | None = "polygon"):
        self.data = data
        self.image_dir = image_dir
        self.mask_format = mask_format
        self._renamed: dict[str, dict[str, int]] = {}

    def entries(self, section: str) -> list[tuple[int, dict]]:
        """Position and entry of the objects of a section."""
        return [(i, entry) for i, entry in enumerate(self.data[section]) if isinstance(entry, dict)]

    @cached_property
    def images(self) -> dict[int, dict]:
        """Image by id, the first of duplicates."""
        return self._by_id("images")

    @cached_property
    def categories(self) -> dict[int, dict]:
        """Category by id, the first of duplicates."""
        return self._by_id("categories")

    @cached_property
    def annotations(self) -> dict[int, dict]:
        """Annotation by id, the first of duplicates."""
        return self._by_id("annotations")

    def _by_id(self, section: str) -> dict[int, dict]:
        found: dict[int, dict] = {}
        for _, entry in self.entries(section):
            if type(entry.get("id")) is int:
                found.setdefault(entry["id"], entry)
        return found

    def size_of(self, annotation: dict) -> tuple[int, int] | None:
        """(width, height) of the annotation's image, or None where that is unknown."""
        image_id = annotation.get("image_id")
        image = self.images.get(image_id) if type(image_id) is int else None
        return None if image is None else size(image)

    def category_of(self, annotation: dict) -> dict | None:
        """The annotation's category, or None where that is unknown."""
        category_id = annotation.get("category_id")
        return self.categories.get(category_id) if type(category_id) is int else None

    @cached_property
    def has_masks(self) -> bool:
        """Whether any annotation has a segmentation."""
        return any(entry.get("segmentation") for _, entry in self.entries("annotations"))

    @cached_property
    def has_keypoints(self) -> bool:
        """Whether any annotation has keypoints."""
        return any(entry.get("keypoints") for _, entry in self.entries("annotations"))

    @cached_property
    def num_keypoints(self) -> int:
        """Keypoints of an instance: as the first category that has them says, else as most annotations have."""
        for category in self.categories.values():
            if isinstance(category.get("keypoints"), list) and category["keypoints"]:
                return len(category["keypoints"])
        lists = (entry.get("keypoints") for _, entry in self.entries("annotations"))
        lengths = Counter(len(points) // 3 for points in lists if isinstance(points, list) and points)
        return lengths.most_common(1)[0][0] if lengths else 0

    @cached_property
    def _ids(self) -> dict[str, set[int]]:
        return {section: set(self._by_id(section)) for section in SECTIONS}

    @cached_property
    def _next(self) -> dict[str, int]:
        highest = {section: max(ids, default=0) for section, ids in self._ids.items()}
        for section, field in _REFERENCES.items():  # a new id must not adopt annotations that refer to nothing
            referred = (entry.get(field) for _, entry in self.entries("annotations"))
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
        self._renamed.setdefault(_REFERENCES[section], {})[json.dumps(old)] = new

    def follow_renames(self) -> None:
        """Change the references that `rename` noted."""
        for field, new_ids in self._renamed.items():
            for _, annotation in self.entries("annotations"):
                old = json.dumps(annotation.get(field))
                annotation[field] = new_ids.get(old, annotation.get(field))
        self._renamed = {}


def size(image: dict) -> tuple[int, int] | None:
    """(width, height) that an image's entry states, or None where it states none that is possible."""
    width, height = image.get("width"), image.get("height")
    whole = type(width) is int and type(height) is int and width > 0 and height > 0
    return (width, height) if whole else None
