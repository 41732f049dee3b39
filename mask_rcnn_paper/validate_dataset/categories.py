"""Rules of a category's entry; its keypoints are in `keypoint_names`."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule


def _name_by_id(category: dict, finding: Finding, dataset: Dataset) -> bool:
    category["name"] = f"category {category.get('id')}"
    return True


NAME = Rule("category-name", ERROR, "name the category", "names it by its id", _name_by_id)


def check_category_name(category: dict) -> Iterator[Problem]:
    """`name` is text."""
    name = category.get("name")
    if not isinstance(name, str) or not name:
        yield Problem(NAME, "name", name, "is missing" if name is None else "must be text")
