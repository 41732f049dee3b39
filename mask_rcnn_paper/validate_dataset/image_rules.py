"""Rules of images: the entry is complete, the file is there, can be decoded and has the size the entry states."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image
from tqdm.contrib.concurrent import thread_map

from mask_rcnn_paper.coco.values import is_text, is_whole
from mask_rcnn_paper.cores import core_count
from mask_rcnn_paper.validate_dataset.dataset import LARGEST_SIDE, Dataset, size
from mask_rcnn_paper.validate_dataset.rule import WARNING, Repair, Rule, Violation, drops, field_check, illegal


def _take_from_file(image: dict, violation: Violation, dataset: Dataset) -> bool:
    has_file = dataset.image_dir is not None and _is_file_name(image.get("file_name"))
    found = upright_size(dataset.image_dir / image["file_name"]) if has_file else None
    image["width"], image["height"] = found or (0, 0)
    return found is not None


_TAKE = Repair("takes them from the file, or drops the image where that cannot be read", _take_from_file)
_DROP = drops("the image and its annotations")
_NOTHING = "nothing, if it is meant so; training leaves the image out"
FILE_NAME = Rule("image-file-name", "write the file's name, relative to the folder", drops("the image"))
SIZE = Rule("image-size", "write width and height in pixels", _TAKE)
MISSING = Rule("image-missing", "check the image folder, or copy the file there", _DROP)
EMPTY = Rule("image-zero-bytes", "download or copy the file again", _DROP)
UNREADABLE = Rule("image-unreadable", "download or copy the file again", _DROP)
WRONG_SIZE = Rule("image-wrong-size", "use the image that was annotated, or correct width and height", _DROP)
DEPTH = Rule("image-depth", "convert it to 8 bits a channel, scaled as it is to be seen", _DROP)
# Such files have 8 bits a channel, so that nobody opens COCO's images to ask.
_NEVER_DEEP = (".jpg", ".jpeg")
WITHOUT_ANNOTATIONS = Rule("image-without-annotations", _NOTHING, severity=WARNING)
# TEST.DETECTIONS_PER_IMAGE, and maxDets of COCO's evaluation.
_DETECTIONS = 100
CROWDED = Rule(
    "image-many-instances",
    "nothing, for training; evaluation takes 100 detections of an image, so that no model reaches an AP of 100",
    severity=WARNING,
)
ONLY_CROWDS = Rule("image-only-crowds", _NOTHING, severity=WARNING)


def _is_file_name(name: Any) -> bool:
    return is_text(name) and "\0" not in name


check_file_name = field_check(FILE_NAME, "file_name", _is_file_name, "the name of a file")


def check_size(image: dict, dataset: Dataset) -> Iterator[Violation]:
    """`width` and `height` are whole numbers above 0."""
    if size(image) is None:
        field = "width" if size({"width": image.get("width"), "height": 1}) is None else "height"
        yield illegal(SIZE, field, image.get(field), f"a whole number from 1 to {LARGEST_SIDE}")


def check_usable(image: dict, dataset: Dataset) -> Iterator[Violation]:
    """The image has something to learn: DATALOADER.FILTER_EMPTY_ANNOTATIONS drops one with nothing or only groups.

    More than 100 instances are a warning: nothing is wrong with such an image, and LVIS has many; what is misleading is
    the AP that COCO's evaluation gives it. Images of COCO come nowhere near: at most 34 instances in a sample of 80.
    """
    if not is_whole(image.get("id")):
        return
    crowds = dataset.crowds.get(image["id"], [])
    if (count := crowds.count(False)) > _DETECTIONS:
        yield Violation(CROWDED, "", None, f"has {count} instances: at most {_DETECTIONS} of them can be found")
    if not crowds:
        yield Violation(WITHOUT_ANNOTATIONS, "", None, "has no annotations")
    elif all(crowds):
        yield Violation(ONLY_CROWDS, "", None, f"has no annotations but {len(crowds)} with iscrowd=1")


def check_image_file(image: dict, image_dir: Path, decode: bool) -> list[Violation]:
    """What is wrong with the file that an image's entry names, if it does; without `decode` no pixel is read."""
    if not _is_file_name(image.get("file_name")):
        return []
    name, path = image["file_name"], image_dir / image["file_name"]
    length = bytes_of(path)
    if length is None:
        return [Violation(MISSING, "file_name", name, f"does not exist in {image_dir}")]
    if length == 0:
        return [Violation(EMPTY, "file_name", name, f"has 0 bytes in {image_dir}")]
    if not decode:
        return [] if path.suffix.lower() in _NEVER_DEEP else _check_depth(name, path)
    try:
        stored, upright, orientation = decode_image(path)
    except ValueError as error:
        return [Violation(UNREADABLE, "file_name", name, f"cannot be decoded: {error}")]
    if deep := _check_depth(name, path):
        return deep
    stated = size(image)
    if stated is None or stated == upright:
        return []
    note = f" after its EXIF orientation {orientation} is applied, as detectron2 does" if stored != upright else ""
    text = f"is {upright[0]}x{upright[1]} pixels{note}, but width and height say {stated[0]}x{stated[1]}"
    return [Violation(WRONG_SIZE, "file_name", name, text)]


def _check_depth(name: str, path: Path) -> list[Violation]:
    """What `read_mode` says against a file; no word of one that cannot be read."""
    mode = read_mode(path)
    if mode is None or not (mode in ("I", "F") or mode.startswith("I;")):
        return []
    what = "floats" if mode == "F" else "whole numbers of more than 8 bits"
    return [Violation(DEPTH, "file_name", name, f"holds {what} (mode {mode}), which reading cuts off at 255")]


def read_mode(path: Path) -> str | None:
    """PIL's mode of a file, such as "RGB" or "I;16", from its header; None where it cannot be read."""
    try:
        with Image.open(path) as image:
            return image.mode
    except Exception:  # PIL raises all kinds on damaged files
        return None


def bytes_of(path: Path) -> int | None:
    """Size of a regular file, or None where there is none."""
    return os.path.getsize(path) if os.path.isfile(path) else None


def decode_image(path: Path) -> tuple[tuple[int, int], tuple[int, int], int]:
    """(width, height) as stored and the right way up, and EXIF orientation, of an image, all of which is read.

    Raises:
        ValueError: it cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            image.verify()
        with Image.open(path) as image:  # after `verify` an image cannot be loaded
            image.load()
            return image.size, *_upright(image)
    except Exception as error:  # PIL raises all kinds on damaged files
        raise ValueError(str(error) or type(error).__name__) from None


def upright_size(path: Path) -> tuple[int, int] | None:
    """(width, height) from a file's header, the right way up as detectron2 reads it; None where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return _upright(image)[0]
    except Exception:  # PIL raises all kinds on damaged files
        return None


def _upright(image: Image.Image) -> tuple[tuple[int, int], int]:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # PIL raises all kinds on damaged EXIF blocks; such an image is taken as it is
        orientation = 1
    return image.size[::-1] if orientation in (5, 6, 7, 8) else image.size, orientation


def in_threads(check: Callable[[Any], list[Violation]], images: list) -> list[list[Violation]]:
    """What is wrong with each image, in order; PIL decodes outside Python's lock. Shows a bar on a terminal."""
    bar = {"desc": "checking images", "disable": None, "leave": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about large images and odd metadata, in the middle of the bar
        return thread_map(check, images, max_workers=min(8, core_count()), **bar)
