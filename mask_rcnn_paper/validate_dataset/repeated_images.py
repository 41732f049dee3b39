"""Rule of images that are in a file twice: one image file under two ids."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset, image_file
from mask_rcnn_paper.validate_dataset.rule import Repair, Rule, Violation

_SAME_OBJECT = ("category_id", "bbox", "iscrowd", "segmentation", "keypoints")


def _join(image: dict, violation: Violation, dataset: Dataset) -> bool:
    """Point the annotations to the first entry, but those that it has as well: they refer to nothing from now on."""
    first = dataset.images_by_file[image_file(image)]
    if (
        dataset.by_id["images"].get(image.get("id")) is not image
        or dataset.by_id["images"].get(first["id"]) is not first
    ):
        return False
    kept = dataset.annotations_of[first["id"]]
    known = [_object(annotation) for annotation in kept]
    for annotation in dataset.annotations_of[image["id"]]:
        if _object(annotation) not in known:
            annotation["image_id"] = first["id"]
            kept.append(annotation)
    return False


def _object(annotation: dict) -> list:
    return [annotation.get(field) for field in _SAME_OBJECT]


REPEATED = Rule(
    "image-file-repeated",
    "give each image one entry: half of its objects would be background in each of two",
    Repair("drops the later entry, and gives its annotations to the first, each object once", _join),
)


def check_repeated(image: dict, dataset: Dataset) -> Iterator[Violation]:
    """No earlier entry has this file, however its path is written."""
    first = dataset.images_by_file.get(image_file(image))
    if first is not None and first.get("id") != image.get("id"):
        yield Violation(REPEATED, "file_name", image["file_name"], f"is the file of image {first.get('id')!r} too")
