"""Datasets in COCO's format that training and evaluation may use: those that `validate_dataset` finds no errors in.

Images are only looked for, not decoded; errors in annotations are all found.
"""

import contextlib
import json
import logging
import os
import shlex
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog, get_detection_dataset_dicts
from detectron2.data.datasets import load_coco_json

from mask_rcnn_paper.data.registered import annotation_file
from mask_rcnn_paper.validate_dataset import boxes, entries
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.fix import fix
from mask_rcnn_paper.validate_dataset.rule import Violation as Finding
from mask_rcnn_paper.validate_dataset.rule import errors

_logger = logging.getLogger("detectron2.mask_rcnn_paper")


class InvalidDatasetError(ValueError):
    """A dataset has errors, and may not be used."""


@dataclass(frozen=True)
class _Subject:
    """What is checked of a dataset; equal ones are checked once in a process while the file stays as it is."""

    json_file: str
    image_root: str
    modified: tuple[int, int]
    mask_format: str | None
    with_keypoints: bool

    def checker(self) -> CocoChecker:
        images = Path(self.image_root)
        return CocoChecker(self.json_file, images, self.mask_format, decode=False, with_keypoints=self.with_keypoints)


_errors: dict[_Subject, list[Finding]] = {}


def training_dicts(cfg: CfgNode) -> list[dict]:
    """Samples of DATASETS.TRAIN in detectron2's format, as its own loader filters them.

    Under DATASETS.KEYPOINT_IMAGES_ONLY only images with keypoints are kept, also without a keypoint branch (Section 5).
    A set from which something is left out is read by `load_coco_json`, whatever function it was registered with.

    Raises:
        InvalidDatasetError: a dataset has errors, and DATASETS.SKIP_INVALID is False or they concern the whole file.
        KeyError, ValueError, FileNotFoundError: as detectron2's `get_detection_dataset_dicts`.
    """
    with contextlib.ExitStack() as stack:
        for name, (subject, found) in _training_errors(cfg).items():
            if _without_info(found):
                stack.enter_context(_replaced(name, _load_valid(name, subject)))
        return get_detection_dataset_dicts(
            cfg.DATASETS.TRAIN,
            filter_empty=cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS,
            min_keypoints=cfg.MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE if _needs_keypoints(cfg) else 0,
            proposal_files=cfg.DATASETS.PROPOSAL_FILES_TRAIN if cfg.MODEL.LOAD_PROPOSALS else None,
        )


def require_usable(cfg: CfgNode) -> None:
    """Check all data of a run, before anything is built.

    Raises:
        InvalidDatasetError: as `training_dicts` and `require_valid`.
    """
    _training_errors(cfg)
    for name in cfg.DATASETS.TEST:
        require_valid(cfg, name)


def _training_errors(cfg: CfgNode) -> dict[str, tuple["_Subject | None", list[Finding]]]:
    """What may be left out of each training set, under DATASETS.SKIP_INVALID."""
    errors_of = {}
    for name in dict.fromkeys(cfg.DATASETS.TRAIN):
        subject = _subject(name, cfg.INPUT.MASK_FORMAT if cfg.MODEL.MASK_ON else None, _needs_keypoints(cfg))
        found = [] if subject is None else _not_left_out_anyway(_errors_of(subject))
        if found and not cfg.DATASETS.SKIP_INVALID:
            raise InvalidDatasetError(_refusal(name, subject, found, training=True))
        errors_of[name] = subject, found
    return errors_of


def _needs_keypoints(cfg: CfgNode) -> bool:
    return cfg.MODEL.KEYPOINT_ON or cfg.DATASETS.KEYPOINT_IMAGES_ONLY


def require_valid(cfg: CfgNode, name: str) -> None:
    """Check a test set. Nothing is left out of one: that would change the score.

    Args:
        cfg: config of the run.
        name: one of DATASETS.TEST.

    Raises:
        InvalidDatasetError: it has errors; a file without any annotations, as of COCO's test sets, is legal here.
    """
    subject = _subject(name, None, cfg.MODEL.KEYPOINT_ON)
    found = [] if subject is None else _errors_of(subject)
    if name in cfg.DATASETS.TRAIN:  # as an RPN's, which stores proposals for them
        found = _not_left_out_anyway(found)
    found = [f for f in found if (f.rule, f.field) != (entries.SECTION_MISSING, "annotations")]
    if found:
        raise InvalidDatasetError(_refusal(name, subject, found, training=False))


def _subject(name: str, mask_format: str | None, with_keypoints: bool) -> _Subject | None:
    """None for a dataset that is not in COCO's format, or not on this machine."""
    json_file = annotation_file(name)  # None for an unknown name too: detectron2 says so, with the names there are
    if json_file is None or MetadataCatalog.get(name).get("evaluator_type", "coco") != "coco":
        return None
    if not os.path.isfile(json_file):
        DatasetCatalog.get(name)  # draws generated data; fails with the right message for what does not exist
    if not os.path.isfile(json_file):
        return None
    status = os.stat(json_file)
    modified = (status.st_mtime_ns, status.st_size)
    image_root = MetadataCatalog.get(name).get("image_root", "")
    return _Subject(json_file, image_root, modified, mask_format, with_keypoints)


def _errors_of(subject: _Subject) -> list[Finding]:
    if subject not in _errors:
        _, findings = check_coco(Path(subject.json_file), subject.checker())
        _errors[subject] = list(errors(findings))
    return _errors[subject]


def _not_left_out_anyway(found: list[Finding]) -> list[Finding]:
    """Without annotations whose box has no area: detectron2's mapper leaves them out. COCO's train2017 has two."""
    gone = {f.index for f in found if f.rule is boxes.DEGENERATE and min(f.value[2:]) >= 0}
    return [f for f in found if f.section != "annotations" or f.index not in gone]


def _without_info(found: list[Finding]) -> list[Finding]:
    """Training does not read `info`, and there is nothing to leave out."""
    return [finding for finding in found if finding.rule is not entries.INFO]


def _load_valid(name: str, subject: _Subject) -> list[dict]:
    """The dataset without the images and annotations that have errors; logs how many they are."""
    checker = subject.checker()
    data, findings = check_coco(Path(subject.json_file), checker)
    fixed = fix(data, checker, findings, drop_only=True)
    if left := _without_info(list(errors(fixed.left))):
        raise InvalidDatasetError(_refusal(name, subject, left, training=False))
    totals = Counter()
    for (section, _), count in fixed.dropped.items():
        totals[section] += count
    what = " and ".join(f"{count} {section}" for section, count in sorted(totals.items()))
    rules = ", ".join(f"{rule} {count}" for (_, rule), count in sorted(fixed.dropped.items()))
    _logger.warning(f"{name}: left out {what} of {subject.json_file} with errors ({rules}), DATASETS.SKIP_INVALID=True")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(subject.json_file).name)
        path.write_text(json.dumps(data), encoding="utf-8")
        return load_coco_json(str(path), subject.image_root, name)


@contextlib.contextmanager
def _replaced(name: str, dicts: list[dict]) -> Iterator[None]:
    """Let the catalogue give these samples for a name."""
    load = DatasetCatalog.pop(name)
    DatasetCatalog.register(name, lambda: dicts)
    try:
        yield
    finally:
        DatasetCatalog.remove(name)
        DatasetCatalog.register(name, load)


def _refusal(name: str, subject: _Subject, found: list[Finding], training: bool) -> str:
    first = found[0]
    words = ["python -m mask_rcnn_paper.validate_dataset", shlex.quote(subject.json_file)]
    words.append(shlex.quote(subject.image_root) if subject.image_root else "--no-images")
    words += [f"--mask-format {subject.mask_format}"] if subject.mask_format == "bitmask" else []
    count = "an error" if len(found) == 1 else f"{len(found)} errors"
    skip = ", or set DATASETS.SKIP_INVALID True to train without what has errors" if training else ""
    return (
        f"dataset {name!r}, {subject.json_file}, has {count}: {first.place} {first.text} (rule {first.rule.name}: "
        f"{first.rule.cure}); `{' '.join(words)}` shows all of them and with --fix OUT.json writes a cleaned copy{skip}"
    )
