"""Rules of what a COCO file holds: sections of objects, ids that occur once, references that lead somewhere."""

from collections.abc import Iterator
from typing import Any

from mask_rcnn_paper.coco.values import LARGEST, as_int, is_text, is_whole, shorten
from mask_rcnn_paper.validate_dataset.dataset import REFERENCES, SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import Repair, Rule, Violation, drops, field_check, illegal, sets


def _renumber(entry: dict, violation: Violation, dataset: Dataset) -> bool:
    old = entry.get("id")
    dataset.renumber(violation.section, entry, as_int(old) if old != 0 else None)
    return True


def _drop_repetition(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    first = dataset.by_id["annotations"].get(annotation["id"])
    return first != annotation and _renumber(annotation, violation, dataset)


def _point_to_number(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    annotation[violation.field] = as_int(violation.value)
    return dataset.target(annotation, violation.field) is not None


_ANEW = "see cocodataset.org/#format-data, and write the file anew"
_NUMBER = Repair("gives a number (12 for '12'), and references follow", _renumber)
_UNREPEATED = Repair("renumbers the later annotation, or drops it where it only repeats the first", _drop_repetition)
_NAME = sets("name", "names it by its id", lambda category, _: f"category {category.get('id')}")
_IMAGE, _CATEGORY = (
    Repair(f"takes 12 for '12' where there is such {what}, else drops the annotation", _point_to_number)
    for what in ("an image", "a category")
)
NOT_AN_OBJECT = Rule(
    "not-an-object", "give the annotation file: an object with info, images, annotations and categories"
)
INFO = Rule(
    "info-missing", 'add "info": {}, which some versions of pycocotools copy', sets("info", "adds it", lambda *_: {})
)
SECTION_MISSING = Rule("section-missing", _ANEW)
SECTION_TYPE = Rule("section-type", _ANEW)
SECTION_EMPTY = Rule("section-empty", "there must be at least one image and one category")
ENTRY_TYPE = Rule("entry-type", "each entry must be an object", drops("the entry"))
CATEGORY_NAME = Rule("category-name", "name the category", _NAME)
ID_TYPE = Rule("id-type", "write ids as whole numbers, and references to them too", _NUMBER)
DUPLICATE_ENTRY = Rule("id-duplicate", "give every image and category its own id", drops("the later one"))
DUPLICATE_ANNOTATION = Rule("annotation-id-duplicate", "give every annotation its own id", _UNREPEATED)
ANNOTATION_ZERO = Rule(
    "annotation-id-zero",
    "count annotations from 1: pycocotools takes a detection matched to annotation 0 for unmatched",
    Repair("renumbers the annotation", _renumber),
)
IMAGE_UNKNOWN = Rule("image-unknown", "add the image or remove the annotation", _IMAGE)
CATEGORY_UNKNOWN = Rule(
    "category-unknown",
    "add the category or correct category_id: ids are those of `categories`, not positions",
    _CATEGORY,
)


def check_structure(data: Any) -> Iterator[Violation]:
    """The top level; where it breaks a rule other than `INFO`, entries cannot be checked."""
    if not isinstance(data, dict):
        hint = ": this looks like a file of results" if isinstance(data, list) else ""
        yield Violation(NOT_AN_OBJECT, "content", data, f"must be an object, not {_kind(data)}{hint}")
        return
    if not isinstance(data.get("info"), dict):
        yield Violation(INFO, "info", data.get("info"), "is missing" if "info" not in data else "must be an object")
    for section in SECTIONS:
        if section not in data:
            yield Violation(SECTION_MISSING, section, None, "is missing")
        elif not isinstance(data[section], list):
            yield Violation(SECTION_TYPE, section, data[section], f"must be a list, not {_kind(data[section])}")
        elif not data[section] and section != "annotations":
            yield Violation(SECTION_EMPTY, section, [], "has no entries")


def check_entry_type(entry: Any, dataset: Dataset) -> Iterator[Violation]:
    """An entry of any section is an object; all other checks of entries are given objects only."""
    if not isinstance(entry, dict):
        yield Violation(ENTRY_TYPE, "entry", entry, f"must be an object, not {_kind(entry)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


check_category_name = field_check(CATEGORY_NAME, "name", is_text, "text that can be written")


def check_unique_name(category: dict, dataset: Dataset) -> Iterator[Violation]:
    """No earlier category has this name: two classes of one name cannot be told apart, in tables or by a model."""
    first = _first_named(category, dataset)
    if first is not None and first is not category:
        yield Violation(DUPLICATE_NAME, "name", category["name"], f"is that of category {shorten(first.get('id'))} too")


def _first_named(category: dict, dataset: Dataset) -> dict | None:
    alike = (entry for _, entry in dataset.entries("categories") if entry.get("name") == category.get("name"))
    return next(alike) if is_text(category.get("name")) else None


def _join(category: dict, violation: Violation, dataset: Dataset) -> bool:
    first = _first_named(category, dataset)
    for _, annotation in dataset.entries("annotations"):
        if dataset.target(annotation, "category_id") is category:
            annotation["category_id"] = first["id"]
    return False


DUPLICATE_NAME = Rule(
    "category-name-duplicate",
    "give each category a name of its own, or make them one",
    Repair("drops the later category, and gives its annotations to the first", _join),
)


def check_id(entry: dict, dataset: Dataset, section: str) -> Iterator[Violation]:
    """`id` of an entry of a section."""
    value = entry.get("id")
    if not is_whole(value):
        legal = f"must be a whole number of at most {LARGEST}"
        yield Violation(ID_TYPE, "id", value, "is missing" if "id" not in entry else legal)
    elif dataset.by_id[section][value] is not entry:
        rule = DUPLICATE_ANNOTATION if section == "annotations" else DUPLICATE_ENTRY
        yield Violation(rule, "id", value, f"occurs earlier in {section}")
    elif value == 0 and section == "annotations":
        yield Violation(ANNOTATION_ZERO, "id", value, "is taken for no match in evaluation")


def check_references(annotation: dict, dataset: Dataset) -> Iterator[Violation]:
    """`image_id` and `category_id`."""
    for rule, field, what in ((IMAGE_UNKNOWN, "image_id", "an image"), (CATEGORY_UNKNOWN, "category_id", "a category")):
        value, known = annotation.get(field), dataset.by_id[REFERENCES[field]]
        if not is_whole(value):
            yield illegal(rule, field, value, f"a whole number, the id of {what}")
        elif value not in known:
            legal = "" if len(known) > 100 else f"; there are {shorten(sorted(known))}"
            yield Violation(rule, field, value, f"is no {what.split()[1]}'s id{legal}")
