"""A COCO file's content, with what rules and repairs need to know of more than one entry."""

import json
import posixpath
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import mode
from typing import Any

import numpy as np

from mask_rcnn_paper.coco.values import is_number, is_text, is_whole
from mask_rcnn_paper.validate_dataset.geometry import Geometry

SECTIONS = ("categories", "images", "annotations")
"""In the order in which they are mended: annotations are judged by what is left of the others."""

REFERENCES = {"image_id": "images", "category_id": "categories"}
"""Section of the entries that a field of an annotation refers to."""

LARGEST_SIDE = 1_000_000
"""Pixels of an image's side; more is a slip."""


@dataclass(eq=False)
class Dataset:
    """Content whose sections are lists; entries that are no objects are passed over.

    `image_dir` is None where images are not looked at. The masks are checked for `mask_format`, which is
    `INPUT.MASK_FORMAT`: "polygon" or "bitmask"; None for neither.
    """

    data: dict[str, Any]
    image_dir: Path | None = None
    mask_format: str | None = "polygon"
    _entries: dict[str, list[tuple[int, dict]]] = field(default_factory=dict, init=False)

    def entries(self, section: str) -> list[tuple[int, dict]]:
        """Position and entry of the objects of a section."""
        if section not in self._entries:
            numbered = enumerate(self.data[section])
            self._entries[section] = [(i, entry) for i, entry in numbered if isinstance(entry, dict)]
        return self._entries[section]

    @cached_property
    def by_id(self) -> dict[str, dict[int, dict]]:
        """Of each section its entries by id: whole numbers alone, and the first of duplicates."""
        found: dict[str, dict[int, dict]] = {section: {} for section in SECTIONS}
        for section, by_id in found.items():
            for _, entry in self.entries(section):
                if is_whole(entry.get("id")):
                    by_id.setdefault(entry["id"], entry)
        return found

    def target(self, annotation: dict, field: str) -> dict | None:
        """The image or category that a field of an annotation refers to, or None where there is none."""
        reference = annotation.get(field)
        return self.by_id[REFERENCES[field]].get(reference) if is_whole(reference) else None

    def size_of(self, annotation: dict) -> tuple[int, int] | None:
        """(width, height) of the annotation's image, or None where that is unknown."""
        reference = annotation.get("image_id")
        return self._sizes.get(reference) if type(reference) is int else None

    @cached_property
    def _sizes(self) -> dict[int, tuple[int, int] | None]:
        return {key: size(image) for key, image in self.by_id["images"].items()}

    @cached_property
    def geometry(self) -> Geometry:
        """Boxes, masks and image sizes of all annotations as arrays."""
        return Geometry.of(self.data["annotations"], self.size_of)

    @cached_property
    def has_masks(self) -> bool:
        """Whether any annotation has a segmentation."""
        return any(annotation.get("segmentation") for _, annotation in self.entries("annotations"))

    @cached_property
    def with_keypoints(self) -> list[dict]:
        """Annotations that have keypoints."""
        return [annotation for _, annotation in self.entries("annotations") if annotation.get("keypoints")]

    @cached_property
    def labelled_keypoints(self) -> dict[int, np.ndarray]:
        """By position of an annotation, (K, 2) x and y of its keypoints of visibility above 0; sound ones with some."""
        found = {}
        for index, annotation in self.entries("annotations"):
            keypoints = annotation.get("keypoints")
            if isinstance(keypoints, list) and len(keypoints) % 3 == 0 and all(map(is_number, keypoints)):
                points = np.array(keypoints, dtype=np.float64).reshape(-1, 3)
                if (labelled := points[:, 2] > 0).any():
                    found[index] = points[labelled, :2]
        return found

    @cached_property
    def num_keypoints(self) -> int:
        """Keypoints of an instance: as the first category that has them says, else as most annotations have."""
        categories = self.by_id["categories"].values()
        named = [len(c["keypoints"]) for c in categories if isinstance(c.get("keypoints"), list)]
        labelled = [len(a["keypoints"]) // 3 for a in self.with_keypoints if isinstance(a["keypoints"], list)]
        return next(filter(None, named), mode(labelled) if labelled else 0)

    @cached_property
    def keypoint_names(self) -> list:
        """Names of the keypoints in the first category that has them; [] without."""
        named = (c["keypoints"] for c in self.by_id["categories"].values() if isinstance(c.get("keypoints"), list))
        return next(filter(None, named), [])

    @cached_property
    def used_with_keypoints(self) -> set[int]:
        """Ids of the categories whose annotations have keypoints."""
        return {a["category_id"] for a in self.with_keypoints if self.target(a, "category_id") is not None}

    @cached_property
    def crowds(self) -> dict[int, list[bool]]:
        """By image id, of each of the image's annotations whether it is a group."""
        found = defaultdict(list)
        for _, annotation in self.entries("annotations"):
            if type(annotation.get("image_id")) is int:
                found[annotation["image_id"]].append(annotation.get("iscrowd") == 1)
        return found

    @cached_property
    def annotations_of(self) -> dict[int, list[dict]]:
        """Annotations by image id, as the file has them; repairs that move some keep it right."""
        found = defaultdict(list)
        for _, annotation in self.entries("annotations"):
            if is_whole(annotation.get("image_id")):
                found[annotation["image_id"]].append(annotation)
        return found

    @cached_property
    def images_by_file(self) -> dict[str, dict]:
        """The first image of each file."""
        found: dict[str, dict] = {}
        for _, image in self.entries("images"):
            if (file := image_file(image)) is not None:
                found.setdefault(file, image)
        return found

    @cached_property
    def _highest(self) -> dict[str, int]:
        highest = {section: max([0, *by_id]) for section, by_id in self.by_id.items()}
        for reference, section in REFERENCES.items():  # a new id must not adopt annotations that refer to nothing
            referred = (annotation.get(reference) for _, annotation in self.entries("annotations"))
            highest[section] = max([highest[section], *filter(is_whole, referred)])
        return highest

    @cached_property
    def _referring(self) -> dict[tuple[str, str], list[dict]]:
        """Annotations by a field and the reference there, as JSON, before `renumber` changed any."""
        found = defaultdict(list)
        for reference in REFERENCES:
            for _, annotation in self.entries("annotations"):
                found[reference, json.dumps(annotation.get(reference))].append(annotation)
        return found

    def renumber(self, section: str, entry: dict, wanted: int | None = None) -> None:
        """Give an entry an id that no other of its section has, the wanted one if it is free; references follow."""
        new = self._highest[section] + 1 if wanted is None or wanted in self.by_id[section] else wanted
        self._highest[section] = max(self._highest[section], new)
        self.by_id[section][new] = entry
        for reference in (name for name, target in REFERENCES.items() if target == section):
            for annotation in self._referring[reference, json.dumps(entry.get("id"))]:
                annotation[reference] = new
        entry["id"] = new


def image_file(image: dict) -> str | None:
    """Path of an image's file in its folder, in one spelling; None where it has none."""
    name = image.get("file_name")
    return posixpath.normpath(name) if is_text(name) else None


def size(image: dict) -> tuple[int, int] | None:
    """(width, height) that an image's entry states, or None where it states none that is possible."""
    sides = image.get("width"), image.get("height")
    return sides if all(type(side) is int and 0 < side <= LARGEST_SIDE for side in sides) else None
