"""Datasets in COCO's format that training and evaluation may use: those that `validate_dataset` finds no errors in.

Images are only looked for, not decoded; errors in annotations are all found.
"""

import contextlib
import json
import logging
import shlex
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog, get_detection_dataset_dicts
from detectron2.data.datasets import load_coco_json
from detectron2.data.detection_utils import check_metadata_consistency

from mask_rcnn_paper.data.apart import require_apart
from mask_rcnn_paper.data.cityscapes_splits import EVALUATOR
from mask_rcnn_paper.data.proposals import with_proposals
from mask_rcnn_paper.data.registered import annotation_file, coco_files, file_version
from mask_rcnn_paper.data.validation_record import DataError, Subject, record_errors, recorded_errors
from mask_rcnn_paper.validate_dataset import boxes, entries, image_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco, fix
from mask_rcnn_paper.validate_dataset.rule import Violation, errors

# Of Cityscapes, `data.cityscapes_splits` writes the file.
_READ_AS_COCO = ("coco", EVALUATOR)
_logger = logging.getLogger("detectron2.mask_rcnn_paper")


class InvalidDatasetError(ValueError):
    """A dataset has errors, and may not be used."""


def training_sets(cfg: CfgNode) -> list[list[dict]]:
    """Samples of each of DATASETS.TRAIN in detectron2's format, as its own loader filters them.

    Under DATASETS.KEYPOINT_IMAGES_ONLY only images with keypoints are kept, also without a keypoint branch (Section 5).
    A set from which something is left out is read by `load_coco_json`, whatever function it was registered with.

    Raises:
        InvalidDatasetError: a dataset has errors, and DATASETS.SKIP_INVALID is False or they concern the whole file.
        SharedImagesError: as `require_apart`.
        KeyError, ValueError, FileNotFoundError: as detectron2's `get_detection_dataset_dicts`, and `with_proposals`.
    """
    names = cfg.DATASETS.TRAIN
    if not names:
        raise ValueError("DATASETS.TRAIN is empty: name a dataset to train on")
    partly_invalid = _partly_invalid(cfg)
    require_apart(cfg)
    with contextlib.ExitStack() as stack:
        for name, subject in partly_invalid.items():
            stack.enter_context(_replaced(name, _load_valid(name, subject)))
        for name, file in _proposal_files(cfg, "TRAIN").items():
            stack.enter_context(_replaced(name, with_proposals(DatasetCatalog.get(name), name, file)))
        sets = [
            get_detection_dataset_dicts(
                [name],
                filter_empty=cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS,
                min_keypoints=cfg.MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE if _needs_keypoints(cfg) else 0,
            )
            for name in names
        ]
    if len(names) > 1:
        check_metadata_consistency("thing_classes", names)
    return sets


def evaluation_dicts(cfg: CfgNode, name: str) -> list[dict]:
    """Samples of one of DATASETS.TEST in detectron2's format; under MODEL.LOAD_PROPOSALS with their proposals.

    Raises:
        InvalidDatasetError: as `require_valid`.
        KeyError, ValueError, FileNotFoundError: as detectron2's `get_detection_dataset_dicts`, and `with_proposals`.
    """
    require_valid(cfg, name)
    dicts = get_detection_dataset_dicts(name, filter_empty=False)
    files = _proposal_files(cfg, "TEST")
    return with_proposals(dicts, name, files[name]) if files else dicts


def _proposal_files(cfg: CfgNode, split: str) -> dict[str, str]:
    """File of stored proposals of each dataset; {} where none are used."""
    names, files = cfg.DATASETS[split], cfg.DATASETS[f"PROPOSAL_FILES_{split}"]
    if not cfg.MODEL.LOAD_PROPOSALS:
        return {}
    if len(names) != len(files):
        key = f"DATASETS.PROPOSAL_FILES_{split}"
        raise ValueError(f"{key}={tuple(files)}: needs a file for each of DATASETS.{split}={tuple(names)}")
    return dict(zip(names, files, strict=True))


def require_usable(cfg: CfgNode) -> None:
    """Check all data of a run, before anything is built.

    Raises:
        InvalidDatasetError: as `training_sets` and `require_valid`.
        SharedImagesError: as `require_apart`.
    """
    _partly_invalid(cfg)
    require_apart(cfg)
    for name in cfg.DATASETS.TEST:
        require_valid(cfg, name)


def _partly_invalid(cfg: CfgNode) -> dict[str, Subject]:
    """Training sets from which something is to be left out, under DATASETS.SKIP_INVALID."""
    subjects = {}
    for name in dict.fromkeys(cfg.DATASETS.TRAIN):
        subject = _subject(name, cfg.INPUT.MASK_FORMAT if cfg.MODEL.MASK_ON else None, _needs_keypoints(cfg))
        found = [error for error in _errors_of(subject) if not error.left_out]
        if found and not cfg.DATASETS.SKIP_INVALID:
            raise InvalidDatasetError(_refusal(name, subject, found, training=True))
        if _without_info(found):
            subjects[name] = subject
    return subjects


def _needs_keypoints(cfg: CfgNode) -> bool:
    return cfg.MODEL.KEYPOINT_ON or cfg.DATASETS.KEYPOINT_IMAGES_ONLY


def require_valid(cfg: CfgNode, name: str) -> None:
    """Check one of DATASETS.TEST. Nothing is left out of one: that would change the score.

    Raises:
        InvalidDatasetError: it has errors; a file without any annotations, as of COCO's test sets, is legal here.
    """
    subject = _subject(name, None, cfg.MODEL.KEYPOINT_ON)
    stores_proposals = name in cfg.DATASETS.TRAIN  # for training, as an RPN does
    found = [error for error in _errors_of(subject) if not (stores_proposals and error.left_out)]
    found = [error for error in found if (error.rule, error.field) != (entries.SECTION_MISSING.name, "annotations")]
    if found:
        raise InvalidDatasetError(_refusal(name, subject, found, training=False))


def _subject(name: str, mask_format: str | None, with_keypoints: bool) -> Subject | None:
    """None for a dataset that is not in COCO's format, or has no file on this machine."""
    # Of an unknown name too: detectron2 says so, with the names that there are.
    if annotation_file(name) is None or MetadataCatalog.get(name).get("evaluator_type", "coco") not in _READ_AS_COCO:
        return None
    json_file, image_root = coco_files(name)
    return Subject(json_file, image_root, file_version(json_file), mask_format, with_keypoints)


def _checker(subject: Subject) -> CocoChecker:
    options = {"decode": False, "with_keypoints": subject.with_keypoints}
    return CocoChecker(subject.json_file, subject.image_root, subject.mask_format, **options)


@cache
def _errors_of(subject: Subject | None) -> tuple[DataError, ...]:
    """What is wrong with a dataset, as this or an earlier process has found; images are looked for once in each."""
    if subject is None:
        return ()
    if (recorded := recorded_errors(subject)) is not None:
        return recorded
    data, findings = check_coco(subject.json_file, _checker(subject))
    found = _data_errors(findings)
    if not any(finding.rule in (image_rules.MISSING, image_rules.EMPTY) for finding in findings):
        images = data["images"] if isinstance(data, dict) and isinstance(data.get("images"), list) else []
        names = [image.get("file_name") for image in images if isinstance(image, dict)]
        record_errors(subject, found, [name for name in names if isinstance(name, str)])
    return found


def _data_errors(findings: Iterable[Violation]) -> tuple[DataError, ...]:
    """Errors as they are recorded. COCO's train2017 has two whose box has no area, which the mapper leaves out."""
    findings = list(errors(findings))
    no_area = {(f.section, f.index) for f in findings if f.rule is boxes.DEGENERATE and min(f.value[2:]) >= 0}
    return tuple(
        DataError(f.rule.name, f.rule.cure, f.field, f.place, f.text, left_out=(f.section, f.index) in no_area)
        for f in findings
    )


def _without_info(found: Iterable[DataError]) -> list[DataError]:
    """Training does not read `info`, and there is nothing to leave out."""
    return [error for error in found if error.rule != entries.INFO.name]


def _load_valid(name: str, subject: Subject) -> list[dict]:
    """The dataset without the images and annotations that have errors; logs how many they are."""
    checker = _checker(subject)
    data, findings = check_coco(subject.json_file, checker)
    fixed = fix(data, checker, findings, drop_only=True)
    if left := _without_info(_data_errors(fixed.left)):
        raise InvalidDatasetError(_refusal(name, subject, left, training=False))
    totals = Counter(section for section, _ in fixed.dropped.elements())
    what = " and ".join(f"{count} {section}" for section, count in sorted(totals.items()))
    rules = ", ".join(f"{rule} {count}" for (_, rule), count in sorted(fixed.dropped.items()))
    _logger.warning(f"{name}: left out {what} of {subject.json_file} with errors ({rules}), DATASETS.SKIP_INVALID=True")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, subject.json_file.name)
        path.write_text(json.dumps(data), encoding="utf-8")
        return load_coco_json(str(path), str(subject.image_root), name)


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


def _refusal(name: str, subject: Subject, found: list[DataError], training: bool) -> str:
    first = found[0]
    words = ["python", "-m", "mask_rcnn_paper.validate_dataset", str(subject.json_file), str(subject.image_root)]
    command = shlex.join(words + (["--mask-format", "bitmask"] if subject.mask_format == "bitmask" else []))
    count = "an error" if len(found) == 1 else f"{len(found)} errors"
    skip = ", or set DATASETS.SKIP_INVALID True to train without what has errors" if training else ""
    return (
        f"dataset {name!r}, {subject.json_file}, has {count}: {first.place} {first.text} (rule {first.rule}: "
        f"{first.cure}); `{command}` shows all of them and with --fix OUT.json writes a cleaned copy{skip}"
    )
