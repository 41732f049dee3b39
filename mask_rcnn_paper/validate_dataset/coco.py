"""All rules of a COCO file, in the order in which their findings are reported."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mask_rcnn_paper.validate_dataset import (
    annotations,
    boxes,
    categories,
    crowds,
    entries,
    ids,
    image_rules,
    images,
    keypoint_names,
    keypoints,
    masks,
    references,
)
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import Finding, Problem, locate

_ANNOTATION_CHECKS = (
    references.check_references,
    boxes.check_box,
    masks.check_mask,
    annotations.check_area,
    annotations.check_is_crowd,
)


class CocoChecker:
    """Checks the content of a COCO file, as often as it is changed; image files are read once.

    Args:
        file: path of the annotations, for the findings.
        image_dir: folder of the images; None where they are not looked at.
        mask_format: `INPUT.MASK_FORMAT`, "polygon" or "bitmask"; None for masks that need not fit either.
        decode: read all pixels of the images; otherwise only see whether the files are there and not empty.
        with_keypoints: apply the rules of keypoints.
    """

    def __init__(
        self,
        file: Path | str,
        image_dir: Path | None = None,
        mask_format: str | None = "polygon",
        decode: bool = True,
        with_keypoints: bool = True,
    ) -> None:
        self.file = str(file)
        self.image_dir = image_dir
        self.mask_format = mask_format
        self.decode = decode
        self.with_keypoints = with_keypoints
        self._known: dict[str, list[Problem]] = {}

    def dataset(self, data: dict[str, Any]) -> Dataset:
        """The content as rules and repairs see it."""
        return Dataset(data, self.image_dir, self.mask_format)

    def check(self, data: Any) -> list[Finding]:
        """All findings; of a file whose sections are not there, only these."""
        structure = list(entries.check_structure(data))
        found = [Finding(p.rule, p.field, p.value, p.text, self.file) for p in structure]
        if any(problem.rule is not entries.INFO for problem in structure):
            return found
        dataset = self.dataset(data)
        places = [*self._check_sections(dataset), *self._check_whole(dataset)]
        found += [locate(p, self.file, section, i, data[section][i]) for section, i, p in places]
        found += [Finding(p.rule, p.field, p.value, p.text, self.file) for p in masks.check_any_masks(dataset)]
        return found

    def _check_sections(self, dataset: Dataset) -> Iterator[tuple[str, int, Problem]]:
        for section in SECTIONS:
            for i, entry in enumerate(dataset.data[section]):
                yield from ((section, i, problem) for problem in entries.check_entry_type(entry))
            yield from ((section, i, problem) for i, problem in ids.check_ids(dataset, section))
        for i, category in dataset.entries("categories"):
            yield from (("categories", i, problem) for problem in categories.check_category_name(category))
            if self.with_keypoints:
                yield from (("categories", i, p) for p in keypoint_names.check_keypoint_names(category, dataset))
        for i, image in dataset.entries("images"):
            yield from (("images", i, problem) for problem in images.check_file_name(image))
            yield from (("images", i, problem) for problem in images.check_size(image))
        yield from self._check_files(dataset)
        checks = (*_ANNOTATION_CHECKS, *([keypoints.check_keypoints] if self.with_keypoints else []))
        for i, annotation in dataset.entries("annotations"):
            for check in checks:
                yield from (("annotations", i, problem) for problem in check(annotation, dataset))

    def _check_files(self, dataset: Dataset) -> Iterator[tuple[str, int, Problem]]:
        if self.image_dir is None:
            return
        listed = [(i, image, self._key(image)) for i, image in dataset.entries("images")]
        new = {key: image for _, image, key in listed if key not in self._known}
        problems = image_rules.check_image_files(new.values(), self.image_dir, self.decode)
        self._known.update(zip(new, problems, strict=True))
        for i, _, key in listed:
            yield from (("images", i, problem) for problem in self._known[key])

    def _key(self, image: dict) -> str:
        return json.dumps([image.get(field) for field in ("file_name", "width", "height")])

    def _check_whole(self, dataset: Dataset) -> Iterator[tuple[str, int, Problem]]:
        if self.with_keypoints:
            yield from (("categories", i, problem) for i, problem in keypoint_names.check_named(dataset))
        yield from (("images", i, problem) for i, problem in crowds.check_usable(dataset))


def check_coco(file: Path, checker: CocoChecker) -> tuple[Any, list[Finding]]:
    """Content and findings of a COCO file; the content is None where it is not JSON.

    Raises:
        OSError: the file cannot be opened.
    """
    data, problems = entries.read(file)
    if problems:
        return None, [Finding(p.rule, p.field, p.value, p.text, checker.file) for p in problems]
    return data, checker.check(data)
