"""All rules of a COCO file, in the order in which their violations are reported, and all repairs."""

import contextlib
import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mask_rcnn_paper.validate_dataset import (
    agreement_rules,
    boxes,
    entries,
    format_rules,
    image_rules,
    json_rules,
    keypoint_places,
    keypoint_rules,
    mask_rules,
    polygon_rules,
    repeated_images,
)
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Check, Violation, errors

_MAX_ROUNDS = 50


@dataclass(eq=False)
class CocoChecker:
    """Checks the content of a COCO file, as often as it is changed; image files are read once.

    `file` is the path that violations show. Images are not looked at where `image_dir` is None; without `decode` they
    are only seen to be there and not empty. `mask_format` is `INPUT.MASK_FORMAT`, "polygon" or "bitmask"; None for
    masks that need not fit either. Without `with_keypoints` the rules of keypoints are not applied.
    """

    file: Path | str
    image_dir: Path | None = None
    mask_format: str | None = "polygon"
    decode: bool = True
    with_keypoints: bool = True
    _of_files: dict[str, list[Violation]] = field(default_factory=dict, init=False)

    def check(self, data: Any) -> list[Violation]:
        """All violations; of a file whose sections are not there, only these."""
        found = [violation.locate(self.file) for violation in entries.check_structure(data)]
        if any(violation.rule is not entries.INFO for violation in found):
            return found
        dataset = Dataset(data, self.image_dir, self.mask_format)
        self._read_files([image for _, image in dataset.entries("images")])
        for section in SECTIONS:
            found += self._apply(section, enumerate(data[section]), dataset, entries.check_entry_type)
            found += self._apply(section, dataset.entries(section), dataset, partial(entries.check_id, section=section))
        found += [v.locate(self.file) for v in format_rules.check_formats(dataset, self.with_keypoints)]
        of_boxes = (boxes.check_box, mask_rules.check_mask, boxes.check_area, boxes.check_is_crowd)
        for section, *checks in (
            ("categories", entries.check_category_name, entries.check_unique_name, keypoint_rules.check_keypoint_names),
            ("images", image_rules.check_file_name, repeated_images.check_repeated, image_rules.check_size),
            ("images", lambda image, _: self._of_files.get(_key(image), [])),
            ("annotations", entries.check_references, *of_boxes, keypoint_rules.check_keypoints),
            ("categories", keypoint_rules.check_named),
            ("images", image_rules.check_usable),
        ):
            applied = [check for check in checks if self.with_keypoints or check not in keypoint_rules.CHECKS]
            found += self._apply(section, dataset.entries(section), dataset, *applied)
        for check in (polygon_rules.check_polygons, agreement_rules.check_agreement, *self._of_places()):
            annotations = data["annotations"]
            found += [v.locate(self.file, "annotations", i, annotations[i]) for i, v in check(dataset)]
        return found + [violation.locate(self.file) for violation in mask_rules.check_any_masks(dataset)]

    def _of_places(self) -> tuple[Callable[[Dataset], Iterable[tuple[int, Violation]]], ...]:
        return (keypoint_places.check_keypoint_places,) if self.with_keypoints else ()

    def _apply(self, section: str, numbered: Iterable, dataset: Dataset, *checks: Check) -> Iterator[Violation]:
        """All violations of one entry before those of the next."""
        for index, entry in numbered:
            for check in checks:
                for violation in check(entry, dataset):
                    yield violation.locate(self.file, section, index, entry)

    def _read_files(self, images: list[dict]) -> None:
        if self.image_dir is None:
            return
        new = {key: image for image in images if (key := _key(image)) not in self._of_files}
        check = partial(image_rules.check_image_file, image_dir=self.image_dir, decode=self.decode)
        found = (image_rules.in_threads if self.decode else map)(check, list(new.values()))
        self._of_files.update(zip(new, found, strict=True))


def _key(image: dict) -> str:
    return json.dumps([image.get(field) for field in ("file_name", "width", "height")])


def check_coco(file: Path, checker: CocoChecker) -> tuple[Any, list[Violation]]:
    """Content and violations of a COCO file; the content is None where it is not JSON.

    Raises:
        OSError: the file cannot be opened.
    """
    content = file.read_bytes()
    with _garbage_kept():
        data, found = json_rules.parse(content)
        located = [violation.locate(checker.file) for violation in found]
        return data, located if data is None else located + checker.check(data)


@contextlib.contextmanager
def _garbage_kept() -> Iterator[None]:
    """Collect none of it: millions of small objects that all stay would be gone through again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass
class Fixed:
    """What `fix` did: by rule, how many entries were changed, and by (section, rule), how many were dropped.

    `left` are the violations in the result: errors if nothing could be done, and warnings that need not be mended.
    """

    mended: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    left: list[Violation] = field(default_factory=list)


def fix(data: Any, checker: CocoChecker, violations: list[Violation], drop_only: bool = False) -> Fixed:
    """Change `data` in place until the checker finds nothing more that can be mended.

    Section by section, since dropping an image leaves annotations without one: then everything is checked anew. With
    `drop_only` nothing is mended, and images and annotations that have errors are left out. Nothing is changed where
    an error is there that cannot be mended, such as boxes in another format: mending the rest might hide it.
    """
    fixed = Fixed(left=violations)
    if any(not (_can_drop(v) or v.rule is entries.INFO if drop_only else v.rule.repair) for v in errors(violations)):
        return fixed
    for _ in range(_MAX_ROUNDS):
        mendable = [v for v in fixed.left if (_can_drop(v) if drop_only else v.rule.repair)]
        if not mendable:
            return fixed
        section = min((violation.section for violation in mendable), key=("", *SECTIONS).index)
        old = data[section] if section else [data]
        dataset, dropped = Dataset(data, checker.image_dir), set()
        for violation in mendable:
            if violation.section != section or violation.index in dropped:
                continue
            rule = violation.rule
            if not drop_only and rule.repair.mend(old[violation.index], violation, dataset):
                fixed.mended[rule.name] += 1
            else:
                dropped.add(violation.index)
                fixed.dropped[section, rule.name] += 1
        if section:
            data[section] = [entry for index, entry in enumerate(old) if index not in dropped]
        fixed.left = checker.check(data)
    raise RuntimeError(f"{checker.file}: repairs did not come to an end: {fixed.left[:3]}")


def _can_drop(violation: Violation) -> bool:
    return violation.rule.severity == ERROR and violation.section in ("images", "annotations")
