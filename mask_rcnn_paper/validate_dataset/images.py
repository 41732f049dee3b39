"""Rules of an image's entry."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset, size
from mask_rcnn_paper.validate_dataset.image_size import upright_size
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule, drop


def _take_from_file(image: dict, finding: Finding, dataset: Dataset) -> bool:
    found = None
    if dataset.image_dir is not None and not list(check_file_name(image)):
        found = upright_size(dataset.image_dir / image["file_name"])
    image["width"], image["height"] = found or (0, 0)
    return found is not None


FILE_NAME = Rule("image-file-name", ERROR, "write the file's name, relative to the folder", "drops the image", drop)
SIZE = Rule(
    "image-size",
    ERROR,
    "write width and height in pixels",
    "takes them from the file, or drops the image where that cannot be read",
    _take_from_file,
)


def check_file_name(image: dict) -> Iterator[Problem]:
    """`file_name` is text."""
    name = image.get("file_name")
    if not isinstance(name, str) or not name or "\0" in name:
        text = "is missing" if name is None else "must be the name of a file"
        yield Problem(FILE_NAME, "file_name", name, text)


def check_size(image: dict) -> Iterator[Problem]:
    """`width` and `height` are whole numbers above 0."""
    if size(image) is None:
        field = "width" if type(image.get("width")) is not int or image["width"] <= 0 else "height"
        text = "is missing" if image.get(field) is None else "must be a whole number above 0"
        yield Problem(SIZE, field, image.get(field), text)
