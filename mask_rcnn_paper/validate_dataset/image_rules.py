"""Rules of image files: they are there, can be decoded, and have the size that the annotations state."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from tqdm import tqdm

from mask_rcnn_paper.validate_dataset.dataset import size
from mask_rcnn_paper.validate_dataset.image_size import bytes_of, orientation, turned
from mask_rcnn_paper.validate_dataset.images import check_file_name
from mask_rcnn_paper.validate_dataset.rule import ERROR, Problem, Rule, drop

T = TypeVar("T")

_DROP = "drops the image and its annotations"
MISSING = Rule("image-missing", ERROR, "check the image folder, or copy the file there", _DROP, drop)
EMPTY = Rule("image-zero-bytes", ERROR, "download or copy the file again", _DROP, drop)
UNREADABLE = Rule("image-unreadable", ERROR, "download or copy the file again", _DROP, drop)
WRONG_SIZE = Rule(
    "image-wrong-size",
    ERROR,
    "use the image that was annotated, or correct width and height",
    _DROP,
    drop,
)


def check_image_files(images: Iterable[dict], image_dir: Path, decode: bool) -> list[list[Problem]]:
    """What is wrong with the file of each image.

    Args:
        images: entries of the file; one without a file name has no file, and no problem here.
        image_dir: their folder.
        decode: read every pixel; otherwise only see whether the files are there and not empty.
    """
    check = partial(check_image_file, image_dir=image_dir, decode=decode)
    if not decode:
        return [check(image) for image in images]
    return in_threads(check, list(images), "images")


def check_image_file(image: dict, image_dir: Path, decode: bool) -> list[Problem]:
    """What is wrong with the file of one image; see `check_image_files`."""
    if list(check_file_name(image)):
        return []
    path = image_dir / image["file_name"]
    length = bytes_of(path)
    if length is None:
        return [Problem(MISSING, "file_name", image["file_name"], f"does not exist in {image_dir}")]
    if length == 0:
        return [Problem(EMPTY, "file_name", image["file_name"], f"has 0 bytes in {image_dir}")]
    return list(_check_pixels(image, path)) if decode else []


def _check_pixels(image: dict, path: Path) -> Iterator[Problem]:
    try:
        found, how_held = decode_image(path)
    except ValueError as error:
        yield Problem(UNREADABLE, "file_name", image["file_name"], f"cannot be decoded: {error}")
        return
    stated, upright = size(image), turned(found, how_held)
    if stated is None or stated == upright:
        return
    note = f" after its EXIF orientation {how_held} is applied, as detectron2 does" if found != upright else ""
    text = f"is {upright[0]}x{upright[1]} pixels{note}, but width and height say {stated[0]}x{stated[1]}"
    yield Problem(WRONG_SIZE, "file_name", image["file_name"], text)


def decode_image(path: Path) -> tuple[tuple[int, int], int]:
    """(width, height) of the stored pixels and the EXIF orientation of an image, all of which is read.

    Raises:
        ValueError: it cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            image.verify()
        with Image.open(path) as image:  # after `verify` an image cannot be loaded
            image.load()
            return image.size, orientation(image)
    except Exception as error:  # PIL raises all kinds on damaged files
        raise ValueError(str(error) or type(error).__name__) from None


def in_threads(function: Callable[[Any], T], items: list, what: str) -> list[T]:
    """`function` of each item, in order; PIL decodes outside Python's lock. Shows a bar on a terminal."""
    workers = min(8, os.cpu_count() or 1)
    with warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        warnings.simplefilter("ignore")  # about large images and odd metadata, in the middle of the bar
        bar = tqdm(pool.map(function, items), total=len(items), desc=f"checking {what}", disable=None, leave=False)
        return list(bar)
