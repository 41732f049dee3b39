"""The size of an image file as detectron2 reads it: the right way up."""

import os
import stat
import warnings
from pathlib import Path

from PIL import Image

_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)


def orientation(image: Image.Image) -> int:
    """How the camera was held (EXIF), from 1 to 8; 1 where nothing is said."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # PIL raises all kinds on damaged EXIF blocks; such an image is taken as it is
        return 1


def turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(width, height) after the camera's orientation is applied."""
    return size[::-1] if orientation in _ON_ITS_SIDE else size


def upright_size(path: Path) -> tuple[int, int] | None:
    """(width, height) from a file's header, or None where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return turned(image.size, orientation(image))
    except Exception:  # PIL raises all kinds on damaged files
        return None


def bytes_of(path: Path) -> int | None:
    """Size of a regular file, or None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
