"""Values of a JSON file."""

import json
import math
from typing import Any


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; true and false are none."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def as_int(value: Any) -> int | None:
    """The whole number that an id of another type means, such as 12 of "12" and 12.0; None where it means none."""
    if isinstance(value, str) and len(value) < 20 and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


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
