"""Rules of a file as text: it is JSON in UTF-8, and names each field of an object once."""

import codecs
import json
import math
from collections.abc import Iterable
from typing import Any

from mask_rcnn_paper.coco.values import shorten
from mask_rcnn_paper.validate_dataset.rule import Repair, Rule, Violation

NOT_JSON = Rule("not-json", "download or write the file again")
ENCODING = Rule(
    "json-encoding",
    "save it as UTF-8 without a byte order mark, as JSON is: training cannot read it",
    Repair("writes it so", lambda data, violation, dataset: True),
)
REPEATED_KEY = Rule(
    "json-repeated-key", "give the object each field once: of several only the last counts, the others are lost"
)


def parse(content: bytes) -> tuple[Any, list[Violation]]:
    """Content of a JSON file, and violations of these rules; the content is None where it is not JSON.

    Of UTF-16 and UTF-32, and of UTF-8 with a byte order mark, the content is there as well.
    """
    repeated: list[Violation] = []

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.append(_repetition([key for key, _ in pairs], found))
        return found

    encoding = json.detect_encoding(content)
    try:
        data = json.loads(content.decode(encoding), object_pairs_hook=read_object)
    except (ValueError, RecursionError) as error:
        text = f"is not JSON: {error}" if content else "is empty"
        return None, [Violation(NOT_JSON, "content", content[:40].decode("utf-8", "replace"), text)]
    found = [] if encoding == "utf-8" else [Violation(ENCODING, "content", None, f"is in {_name(content, encoding)}")]
    return data, found + repeated


def _repetition(keys: list[str], found: dict[str, Any]) -> Violation:
    key = next(key for key in keys if keys.count(key) > 1)
    others = {name: value for name, value in found.items() if name != key and not isinstance(value, (list, dict))}
    where = f"the object {shorten(others)}" if others else "an object"
    return Violation(REPEATED_KEY, key, None, f"is there {keys.count(key)} times in {where}")


def _name(content: bytes, encoding: str) -> str:
    return "UTF-8 with a byte order mark" if content.startswith(codecs.BOM_UTF8) else encoding.upper()


def not_finite(value: Any, place: str = "") -> str:
    """Where in a file's content the first number is that JSON has not, such as "annotations, 3, score"; "" for none.

    Fields that training reads have rules of their own; this is of all others.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return place
    if isinstance(value, dict):
        entries: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    else:
        return ""
    found = (not_finite(inner, f"{place}, {key}" if place else str(key)) for key, inner in entries)
    return next(filter(None, found), "")
