"""The images that `predict` is about, and the names of their pictures."""

import glob
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectron2.data.detection_utils import read_image
from PIL import Image

# What is taken from folders and patterns. A file that is named can be anything that Pillow reads.
IMAGE_SUFFIXES = (".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# COCO's entry of an image: `id` from 1 on, `file_name`, `width` and `height` in pixels when upright; and `picture`, the
# file name of its picture.
InputImage = Mapping[str, Any]


def find_images(words: Sequence[str]) -> list[Path]:
    """Files that words name, each once, in the order of the words, those of a word by name.

    A word is a file, a folder (the images directly in it) or a pattern such as "photos/**/*.jpg".

    Raises:
        FileNotFoundError: a word names no file, or no image.
    """
    found: dict[Path, Path] = {}
    for word in words:
        path = Path(word).expanduser()
        if path.is_file():
            files: Iterable[Path] = [path]
        elif path.is_dir():
            files = path.iterdir()
        elif glob.has_magic(word):
            files = map(Path, glob.glob(str(path), recursive=True))
        else:
            raise FileNotFoundError(f"image {word!r} is not there: give image files, folders, or patterns in quotes")
        images = sorted(f for f in files if f == path or (f.is_file() and f.suffix.lower() in IMAGE_SUFFIXES))
        if not images:
            raise FileNotFoundError(f"{word!r} names no image: none of its files ends in {', '.join(IMAGE_SUFFIXES)}")
        for image in images:
            found.setdefault(image.resolve(), image)
    return list(found.values())


def read_images(paths: Sequence[Path], suffix: str) -> list[InputImage]:
    """Decode every image once, so that a bad one is found before any work; `suffix` is of the pictures: ".png".

    Raises:
        ValueError: a file is no image, or is damaged; the message names it.
    """
    images: list[InputImage] = []
    for number, (path, picture) in enumerate(zip(paths, picture_names(paths, suffix), strict=True), start=1):
        try:
            height, width = read_image(str(path), "RGB").shape[:2]
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise ValueError(f"image {str(path)!r} cannot be read: {error}") from error
        images.append({"id": number, "file_name": str(path), "width": width, "height": height, "picture": picture})
    return images


def picture_names(paths: Sequence[Path], suffix: str) -> list[str]:
    """A file name for each picture: the image's with another suffix, and a number where that is taken.

    Names that differ only in case count as the same, since some file systems do not tell them apart.
    """
    names: list[str] = []
    taken: set[str] = set()
    for path in paths:
        name, number = path.stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.lower())
        names.append(name + suffix)
    return names
