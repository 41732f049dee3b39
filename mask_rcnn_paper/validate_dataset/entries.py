"""Rules of a COCO file as a whole: it is JSON, and its sections are there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule, drop


def _add_info(data: dict, finding: Finding, dataset: Dataset) -> bool:
    data["info"] = {}
    return True


NOT_JSON = Rule("not-json", ERROR, "download or write the file again")
NOT_AN_OBJECT = Rule(
    "not-an-object", ERROR, "give the annotation file: an object with info, images, annotations and categories"
)
INFO = Rule("info-missing", ERROR, 'add "info": {}, which some versions of pycocotools copy', "adds it", _add_info)
SECTION_MISSING = Rule("section-missing", ERROR, "see cocodataset.org/#format-data, and write the file anew")
SECTION_TYPE = Rule("section-type", ERROR, "see cocodataset.org/#format-data, and write the file anew")
SECTION_EMPTY = Rule("section-empty", ERROR, "there must be at least one image and one category")
ENTRY_TYPE = Rule("entry-type", ERROR, "each entry must be an object", "drops the entry", drop)


def read(path: Path) -> tuple[Any, list[Problem]]:
    """Content of a JSON file, or None and what is wrong.

    Raises:
        OSError: the file cannot be opened.
    """
    content = path.read_bytes()
    try:
        return json.loads(content), []
    except (ValueError, RecursionError) as error:
        start = content[:40].decode("utf-8", "replace")
        return None, [Problem(NOT_JSON, "content", start, f"is not JSON: {error}" if content else "is empty")]


def check_structure(data: Any) -> Iterator[Problem]:
    """The top level; where it breaks a rule other than `INFO`, entries cannot be checked."""
    if not isinstance(data, dict):
        hint = ": this looks like a file of results" if isinstance(data, list) else ""
        yield Problem(NOT_AN_OBJECT, "content", data, f"must be an object, not {_kind(data)}{hint}")
        return
    if not isinstance(data.get("info"), dict):
        yield Problem(INFO, "info", data.get("info"), "is missing" if "info" not in data else "must be an object")
    for section in SECTIONS:
        if section not in data:
            yield Problem(SECTION_MISSING, section, None, "is missing")
        elif not isinstance(data[section], list):
            found = _kind(data[section])
            yield Problem(SECTION_TYPE, section, data[section], f"must be a list, not {found}")
        elif not data[section] and section != "annotations":
            yield Problem(SECTION_EMPTY, section, [], "has no entries")


def check_entry_type(entry: Any) -> Iterator[Problem]:
    """An entry of a section is an object."""
    if not isinstance(entry, dict):
        yield Problem(ENTRY_TYPE, "entry", entry, f"must be an object, not {_kind(entry)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
