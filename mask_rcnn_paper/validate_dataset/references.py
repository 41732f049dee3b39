"""Rules of references: an annotation's image and category exist."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule
from mask_rcnn_paper.validate_dataset.values import as_int, shorten


def _point_to_number(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    target = as_int(finding.value)
    known = dataset.images if finding.field == "image_id" else dataset.categories
    annotation[finding.field] = target
    return target in known


IMAGE = Rule(
    "image-unknown",
    ERROR,
    "add the image or remove the annotation",
    "takes 12 for '12' where there is such an image, else drops the annotation",
    _point_to_number,
)
CATEGORY = Rule(
    "category-unknown",
    ERROR,
    "add the category or correct category_id: ids are those of `categories`, not positions",
    "takes 12 for '12' where there is such a category, else drops the annotation",
    _point_to_number,
)


def check_references(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """`image_id` and `category_id`."""
    image_id, category_id = annotation.get("image_id"), annotation.get("category_id")
    if type(image_id) is not int or image_id not in dataset.images:
        yield Problem(IMAGE, "image_id", image_id, _describe(image_id, "image", dataset.images))
    if type(category_id) is not int or category_id not in dataset.categories:
        yield Problem(CATEGORY, "category_id", category_id, _describe(category_id, "category", dataset.categories))


def _describe(value: object, what: str, known: dict[int, dict]) -> str:
    if value is None:
        return "is missing"
    if type(value) is not int:
        return f"must be a whole number, the id of {'an' if what == 'image' else 'a'} {what}"
    legal = "" if len(known) > 100 else f"; there are {shorten(sorted(known))}"
    return f"is no {what}'s id{legal}"
