"""Values of a JSON file."""

import json
import math
from typing import Any

LARGEST = 2**53
"""Whole numbers of JSON are exact up to here (RFC 8259, section 6), as are those that evaluation keeps as floats."""


def is_number(value: Any) -> bool:
    """Whether a value is a finite number that computing can hold; true and false are none."""
    return math.isfinite(value) if type(value) is float else is_whole(value)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number of at most `LARGEST`; true and false are none."""
    return type(value) is int and -LARGEST <= value <= LARGEST


def is_text(value: Any) -> bool:
    """Whether a value is text that can be written to a file; halves of a surrogate pair, as in "\\ud800", cannot."""
    return isinstance(value, str) and value != "" and not any("\ud800" <= character <= "\udfff" for character in value)


def as_int(value: Any) -> int | None:
    """The whole number that an id of another type means, such as 12 of "12" and 12.0; None where it means none."""
    if isinstance(value, str) and len(value) < 16 and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer() and is_whole(int(value)):
        return int(value)
    return value if is_whole(value) else None


def shorten(value: Any, limit: int = 60) -> str:
    """A value as JSON, cut to a bounded length."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def strict(value: Any) -> Any:
    """NaN and infinities, which Python's json reads and writes but JSON does not have, become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    if isinstance(value, dict):
        return {str(key): strict(item) for key, item in value.items()}
    return value
