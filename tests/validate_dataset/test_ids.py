"""Rules of ids."""

import copy

import pytest

from mask_rcnn_paper.validate_dataset import ids
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import REMOVED, Case, append, assert_found, broken, case, put

CASES = [
    case(ids.ID_TYPE, 'image "1", id="1"', put("images", 0, id="1"), also=("image-unknown",)),
    case(ids.ID_TYPE, 'image "a", id="a"', put("images", 1, id="a"), also=("image-unknown",), annotations=2),
    case(ids.ID_TYPE, "category 1.0, id=1.0", put("categories", 0, id=1.0), also=("category-unknown",)),
    case(ids.ID_TYPE, 'annotation "3" (image 2), id="3"', put("annotations", 2, id="3")),
    case(ids.ID_TYPE, "annotation number 3 (image 2), id", put("annotations", 2, id=REMOVED)),
    case(ids.ID_TYPE, "annotation true", put("annotations", 2, id=True)),
    case(ids.DUPLICATE_ENTRY, "image 2, id=2", append("images", lambda d: copy.deepcopy(d["images"][1])), images=1),
    case(ids.DUPLICATE_ENTRY, "category 7, id=7", append("categories", lambda d: {"id": 7, "name": "cat"}),
         categories=1),
    case(ids.DUPLICATE_ANNOTATION, "annotation 1 (image 2), id=1", put("annotations", 2, id=1)),
    case(ids.DUPLICATE_ANNOTATION, "annotation 2 (image 1), id=2",
         append("annotations", lambda data: copy.deepcopy(data["annotations"][1])), annotations=1),
    case(ids.ANNOTATION_ZERO, "annotation 0 (image 1), id=0", put("annotations", 0, id=0)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """An id that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def fixed(damage, tmp_path) -> dict:
    """Broken data after its repair."""
    data, checker, findings = broken(Case(ids.ID_TYPE, damage, ""), tmp_path)
    assert not fix(data, checker, findings).left
    return data


def strings(data, images):
    """A file in which every id and reference is text, as some exports write it."""
    for section in ("images", "categories", "annotations"):
        for entry in data[section]:
            entry["id"] = str(entry["id"])
    for annotation in data["annotations"]:
        annotation["image_id"], annotation["category_id"] = str(annotation["image_id"]), str(annotation["category_id"])


def test_numbers_as_text_become_numbers(tmp_path):
    """Text ids become the numbers they spell, and all references still hold."""
    data = fixed(strings, tmp_path)
    assert [i["id"] for i in data["images"]] == [1, 2] and [c["id"] for c in data["categories"]] == [1, 7]
    assert [(a["id"], a["image_id"], a["category_id"]) for a in data["annotations"]] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 2, 1),
        (4, 2, 1),
    ]


def test_references_follow_an_id_that_spells_no_number(tmp_path):
    """An image called "a" gets a free number, and its annotations go with it."""

    def rename(data, images):
        data["images"][0]["id"] = "a"
        for annotation in data["annotations"][:2]:
            annotation["image_id"] = "a"

    data = fixed(rename, tmp_path)
    assert [i["id"] for i in data["images"]] == [3, 2]
    assert [a["image_id"] for a in data["annotations"]] == [3, 3, 2, 2]


def test_text_that_spells_a_taken_number(tmp_path):
    """Images 2 and "2" stay two images; each keeps its own annotations."""

    def rename(data, images):
        data["images"][0]["id"] = "2"
        for annotation in data["annotations"][:2]:
            annotation["image_id"] = "2"

    data = fixed(rename, tmp_path)
    assert [i["id"] for i in data["images"]] == [3, 2]
    assert [a["image_id"] for a in data["annotations"]] == [3, 3, 2, 2]
