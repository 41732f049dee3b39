"""What a process found wrong in an annotation file, on disk, so that the others need not look again.

All errors are found by reading all of a file, which takes minutes for COCO, and a plan has many jobs. A record holds
for one content of the file, one set of rules (checksums of both), one mask format, and with or without the rules of
keypoints. A folder of images changes without the file that lists them: they are looked for each time, which takes a
second for COCO. Records lie in `validated/` in the cache folder, and may be deleted at any time.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from mask_rcnn_paper.files import read_json, write_json_atomically
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.validate_dataset.image_rules import check_image_file

_SOURCES = ("coco/*.py", "validate_dataset/*.py", "data/validat*.py")
# Data with more is refused, or read again to leave them out.
_MOST_ERRORS = 1000
_logger = logging.getLogger("detectron2.mask_rcnn_paper")


@dataclass(frozen=True)
class Subject:
    """What is checked of a dataset: an annotation file of a `file_version`, its images, and by which rules.

    `mask_format` is INPUT.MASK_FORMAT, "polygon" or "bitmask", or None for masks that need not fit either.
    """

    json_file: Path
    image_root: Path
    version: str
    mask_format: str | None
    with_keypoints: bool

    def record_path(self) -> Path:
        """Where its record lies, wherever the dataset does."""
        key = json.dumps([self.version, self.mask_format, self.with_keypoints, rules_version()])
        return cache_root() / "validated" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


@dataclass(frozen=True)
class DataError:
    """An error of an annotation file, as it is shown."""

    rule: str
    cure: str
    field: str
    place: str
    text: str
    left_out: bool  # of an annotation whose box has no area, which detectron2's mapper leaves out


@cache
def rules_version() -> str:
    """Checksum of the sources that say what an error is."""
    package, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in package.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def recorded_errors(subject: Subject) -> tuple[DataError, ...] | None:
    """Errors that an earlier check has recorded; None without a (whole) record, or where an image is not there."""
    try:
        record = read_json(subject.record_path())
        found = tuple(DataError(**error) for error in record["errors"])
        images = ({"file_name": name} for name in record["images"])
        missing = any(check_image_file(image, subject.image_root, decode=False) for image in images)
    except (KeyError, OSError, TypeError):
        return None
    return None if missing else found


def record_errors(subject: Subject, found: Sequence[DataError], images: Sequence[str]) -> None:
    """Record the errors of a dataset whose images, of which these are the file names, are all there.

    A record that cannot be written does no harm: the next process checks again.
    """
    if len(found) > _MOST_ERRORS:
        return
    record = {"file": str(subject.json_file), "errors": [asdict(error) for error in found], "images": list(images)}
    try:
        write_json_atomically(subject.record_path(), record)
    except OSError as error:
        _logger.info(f"{subject.json_file} will be checked again by the next process: {error}")
