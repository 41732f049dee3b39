"""Rules of a file's sections, of entries, ids and references."""

import copy

import pytest

from mask_rcnn_paper.validate_dataset import entries
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from mask_rcnn_paper.validate_dataset.rule import ERROR
from tests.validate_dataset.cases import REMOVED, Case, append, assert_found, broken, case, put, valid_data

NAME_CASES = [
    case(entries.CATEGORY_NAME, "category 7, name", put("categories", 1, name=REMOVED)),
    case(entries.CATEGORY_NAME, "category 7, name=5", put("categories", 1, name=5)),
]
REFERENCE_CASES = [
    case(entries.IMAGE_UNKNOWN, "annotation 1 (image 99), image_id=99", put("annotations", 0, image_id=99),
         annotations=1),
    case(entries.IMAGE_UNKNOWN, 'annotation 1 (image "1"), image_id="1"', put("annotations", 0, image_id="1")),
    case(entries.IMAGE_UNKNOWN, "annotation 1, image_id", put("annotations", 0, image_id=REMOVED), annotations=1),
    case(entries.IMAGE_UNKNOWN, "annotation 1 (image [1])", put("annotations", 0, image_id=[1]), annotations=1),
    case(entries.CATEGORY_UNKNOWN, "annotation 3 (image 2), category_id=2", put("annotations", 2, category_id=2),
         annotations=1),
    case(entries.CATEGORY_UNKNOWN, 'annotation 3 (image 2), category_id="7"', put("annotations", 2, category_id="7")),
]  # fmt: skip
CASES = [
    case(entries.INFO, "info", lambda data, images: data.pop("info")),
    case(entries.INFO, 'info="x"', lambda data, images: data.update(info="x")),
    case(entries.ENTRY_TYPE, "image number 3, entry=5", append("images", lambda data: 5), images=1),
    case(entries.ENTRY_TYPE, "annotation number 5, entry", append("annotations", lambda data: None), annotations=1),
    case(entries.ID_TYPE, 'image "1", id="1"', put("images", 0, id="1"), also=("image-unknown",)),
    case(entries.ID_TYPE, 'image "a", id="a"', put("images", 1, id="a"), also=("image-unknown",), annotations=2),
    case(entries.ID_TYPE, "category 1.0, id=1.0", put("categories", 0, id=1.0), also=("category-unknown",)),
    case(entries.ID_TYPE, 'annotation "3" (image 2), id="3"', put("annotations", 2, id="3")),
    case(entries.ID_TYPE, "annotation number 3 (image 2), id", put("annotations", 2, id=REMOVED)),
    case(entries.ID_TYPE, "annotation true", put("annotations", 2, id=True)),
    case(entries.DUPLICATE_ENTRY, "image 2, id=2", append("images", lambda d: copy.deepcopy(d["images"][1])),
         images=1),
    case(entries.DUPLICATE_ENTRY, "category 7, id=7", append("categories", lambda d: {"id": 7, "name": "cat"}),
         categories=1),
    case(entries.DUPLICATE_ANNOTATION, "annotation 1 (image 2), id=1", put("annotations", 2, id=1)),
    case(entries.DUPLICATE_ANNOTATION, "annotation 2 (image 1), id=2",
         append("annotations", lambda data: copy.deepcopy(data["annotations"][1])), annotations=1),
    case(entries.ID_TYPE, "annotation 1000", put("annotations", 2, id=10**400)),
    case(entries.CATEGORY_NAME, "category 7, name=", put("categories", 1, name="\ud800")),
    case(entries.DUPLICATE_NAME, 'category 7, name="person"', put("categories", 1, name="person"), categories=1),
    case(entries.ANNOTATION_ZERO, "annotation 0 (image 1), id=0", put("annotations", 0, id=0)),
    *NAME_CASES,
    *REFERENCE_CASES,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("data, said", [([], "a list: this looks like a file of results"), ("x", "a string")])
def test_not_an_object(data, said):
    """A file of results is told from one of annotations."""
    (violation,) = CocoChecker("f").check(data)
    assert violation.rule is entries.NOT_AN_OBJECT
    assert said in violation.text


def test_annotation_zero_is_an_error():
    """A detection matched to it counts as unmatched; --fix renumbers."""
    data = valid_data()
    data["annotations"][0]["id"] = 0
    checker = CocoChecker("f")
    (violation,) = found = checker.check(data)
    assert violation.rule.severity == ERROR
    assert not fix(data, checker, found).left
    assert [annotation["id"] for annotation in data["annotations"]] == [5, 2, 3, 4]


def test_categories_of_one_name_become_one():
    """The annotations of the later category are the first one's."""
    data = valid_data()
    data["categories"][1]["name"] = "person"
    data["annotations"][2]["category_id"] = 7
    checker = CocoChecker("f")
    assert not fix(data, checker, checker.check(data)).left
    assert [category["id"] for category in data["categories"]] == [1]
    assert {annotation["category_id"] for annotation in data["annotations"]} == {1}


@pytest.mark.parametrize("section", ["images", "annotations", "categories"])
@pytest.mark.parametrize("value, rule", [(None, entries.SECTION_MISSING), ({"a": 1}, entries.SECTION_TYPE)])
def test_sections(section, value, rule):
    """A section that is missing or no list is one error, without others that follow from it."""
    data = valid_data()
    if value is None:
        del data[section]
    else:
        data[section] = value
    (violation,) = CocoChecker("f").check(data)
    assert (violation.rule, violation.field, violation.rule.severity) == (rule, section, ERROR)


@pytest.mark.parametrize("section", ["images", "categories"])
def test_empty_sections(section):
    """There must be images and categories; a file without annotations has warnings only."""
    (violation,) = CocoChecker("f").check(valid_data() | {section: []})
    assert violation.rule is entries.SECTION_EMPTY
    assert violation.field == section
    rules = {v.rule.name for v in CocoChecker("f").check(valid_data() | {"annotations": []})}
    assert rules == {"image-without-annotations"}


@pytest.mark.parametrize("case", NAME_CASES)
def test_a_category_is_named_by_its_id(case, tmp_path):
    """Where it has no name."""
    data, checker, violations = broken(case, tmp_path)
    fix(data, checker, violations)
    assert data["categories"][1]["name"] == "category 7"


@pytest.mark.parametrize("case", REFERENCE_CASES)
def test_the_field_of_a_reference_to_nothing(case, tmp_path):
    """It is the one that refers to it."""
    assert assert_found(case, tmp_path).field in ("image_id", "category_id")


def test_legal_ids_are_shown(tmp_path):
    """A category out of range is met with the ids there are."""
    (param,) = [p for p in REFERENCE_CASES if p.values[0].place.endswith("category_id=2")]
    assert "[1, 7]" in assert_found(param.values[0], tmp_path).text


def fixed(damage, tmp_path) -> dict:
    """Broken data after its repair."""
    data, checker, violations = broken(Case(entries.ID_TYPE, damage, ""), tmp_path)
    assert not fix(data, checker, violations).left
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
    assert [i["id"] for i in data["images"]] == [1, 2]
    assert [c["id"] for c in data["categories"]] == [1, 7]
    assert [(a["id"], a["image_id"], a["category_id"]) for a in data["annotations"]] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 2, 1),
        (4, 2, 1),
    ]


@pytest.mark.parametrize("name", ["a", "2"])
def test_references_follow_an_id_that_gets_another_number(name, tmp_path):
    """An image called "a", or "2" beside 2, gets a free number; each image keeps its own annotations."""

    def rename(data, images):
        data["images"][0]["id"] = name
        for annotation in data["annotations"][:2]:
            annotation["image_id"] = name

    data = fixed(rename, tmp_path)
    assert [i["id"] for i in data["images"]] == [3, 2]
    assert [a["image_id"] for a in data["annotations"]] == [3, 3, 2, 2]
