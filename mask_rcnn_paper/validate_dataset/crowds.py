"""Images on which nothing can be learnt: no annotations, or only groups."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import WARNING, Problem, Rule

WITHOUT = Rule("image-without-annotations", WARNING, "nothing, if it is meant so; training leaves the image out")
ONLY_CROWDS = Rule("image-only-crowds", WARNING, "nothing, if it is meant so; training leaves the image out")


def check_usable(dataset: Dataset) -> Iterator[tuple[int, Problem]]:
    """Position and problem of the images that DATALOADER.FILTER_EMPTY_ANNOTATIONS drops."""
    total: dict[int, int] = {}
    crowds: dict[int, int] = {}
    for _, annotation in dataset.entries("annotations"):
        image_id = annotation.get("image_id")
        if type(image_id) is int:
            total[image_id] = total.get(image_id, 0) + 1
            crowds[image_id] = crowds.get(image_id, 0) + (annotation.get("iscrowd") == 1)
    for index, image in dataset.entries("images"):
        count = total.get(image["id"], 0) if type(image.get("id")) is int else None
        if count == 0:
            yield index, Problem(WITHOUT, "", None, "has no annotations")
        elif count is not None and count == crowds[image["id"]]:
            yield index, Problem(ONLY_CROWDS, "", None, f"has no annotations but {count} with iscrowd=1")
