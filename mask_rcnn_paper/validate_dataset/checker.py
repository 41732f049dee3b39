"""All rules of a COCO file, in the order in which their violations are reported."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mask_rcnn_paper.validate_dataset import boxes, entries, image_rules, keypoint_rules, mask_rules
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import Check, Violation


@dataclass(eq=False)
class CocoChecker:
    """Checks the content of a COCO file, as often as it is changed; image files are read once.

    Attributes:
        file: path of the annotations, for the violations.
        image_dir: folder of the images; None where they are not looked at.
        mask_format: `INPUT.MASK_FORMAT`, "polygon" or "bitmask"; None for masks that need not fit either.
        decode: read all pixels of the images; otherwise only see whether the files are there and not empty.
        with_keypoints: apply the rules of keypoints.
    """

    file: Path | str
    image_dir: Path | None = None
    mask_format: str | None = "polygon"
    decode: bool = True
    with_keypoints: bool = True
    _of_files: dict[str, list[Violation]] = field(default_factory=dict, init=False)

    def dataset(self, data: dict[str, Any]) -> Dataset:
        """The content as rules and repairs see it."""
        return Dataset(data, self.image_dir, self.mask_format)

    def check(self, data: Any) -> list[Violation]:
        """All violations; of a file whose sections are not there, only these."""
        found = [violation.locate(self.file) for violation in entries.check_structure(data)]
        if any(violation.rule is not entries.INFO for violation in found):
            return found
        dataset = self.dataset(data)
        self._read_files(dataset)
        for section in SECTIONS:
            found += self._apply(section, enumerate(data[section]), dataset, entries.check_entry_type)
            found += self._apply(section, dataset.entries(section), dataset, partial(entries.check_id, section=section))
        for section, checks in self._checks():
            found += self._apply(section, dataset.entries(section), dataset, *checks)
        return found + [violation.locate(self.file) for violation in mask_rules.check_any_masks(dataset)]

    def _checks(self) -> list[tuple[str, list[Check]]]:
        """Checks of the entries of a section, all of one entry before those of the next."""
        of_boxes = [boxes.check_box, mask_rules.check_mask, boxes.check_area, boxes.check_is_crowd]
        checks = [
            ("categories", [entries.check_category_name, keypoint_rules.check_keypoint_names]),
            ("images", [image_rules.check_file_name, image_rules.check_size]),
            ("images", [lambda image, dataset: self._of_files.get(_key(image), [])]),
            ("annotations", [entries.check_references, *of_boxes, keypoint_rules.check_keypoints]),
            ("categories", [keypoint_rules.check_named]),
            ("images", [image_rules.check_usable]),
        ]
        left_out = () if self.with_keypoints else keypoint_rules.CHECKS
        return [(section, [check for check in some if check not in left_out]) for section, some in checks]

    def _apply(
        self, section: str, numbered: Iterable[tuple[int, Any]], dataset: Dataset, *checks: Check
    ) -> Iterator[Violation]:
        for index, entry in numbered:
            for check in checks:
                for violation in check(entry, dataset):
                    yield violation.locate(self.file, section, index, entry)

    def _read_files(self, dataset: Dataset) -> None:
        if self.image_dir is None:
            return
        new = {_key(image): image for _, image in dataset.entries("images") if _key(image) not in self._of_files}
        check = partial(image_rules.check_image_file, image_dir=self.image_dir, decode=self.decode)
        images = list(new.values())
        found = image_rules.in_threads(check, images) if self.decode else map(check, images)
        self._of_files.update(zip(new, found, strict=True))


def _key(image: dict) -> str:
    return json.dumps([image.get(field) for field in ("file_name", "width", "height")])


def check_coco(file: Path, checker: CocoChecker) -> tuple[Any, list[Violation]]:
    """Content and violations of a COCO file; the content is None where it is not JSON.

    Raises:
        OSError: the file cannot be opened.
    """
    content = file.read_bytes()
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        text = f"is not JSON: {error}" if content else "is empty"
        start = content[:40].decode("utf-8", "replace")
        return None, [Violation(entries.NOT_JSON, "content", start, text, str(checker.file))]
    return data, checker.check(data)
