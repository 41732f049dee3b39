"""What a file must hold, as pydantic models, and one line that says where it does not.

Modules that define such models import pydantic, which takes 0.1 seconds: commands that read no such file import none
of them.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_LONGEST_VALUE = 60
# The words for what a type was expected to be, by pydantic's code of the error.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "none_required": "null",
}


class Entry(BaseModel):
    """A mapping with these keys and no others, whose values have these types: neither text nor true is a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OpenEntry(BaseModel):
    """A mapping with these keys, and others that nobody reads."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


Kind = TypeVar("Kind", bound=BaseModel)


def parse_entry(kind: type[Kind], value: Any, where: str) -> Kind:
    """`value`, as JSON or YAML has it, as an entry of this kind.

    Raises:
        ValueError: in one line, which begins with `where`: what is wrong first, and what would be right.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise ValueError(f"{where}: {_fault(kind, error.errors(include_url=False))}") from None
    except RecursionError:
        raise ValueError(f"{where}: is nested too deeply") from None


def _fault(kind: type[BaseModel], errors: Sequence[dict[str, Any]]) -> str:
    """What is wrong; missing keys and unknown ones are named together."""
    first = errors[0]
    place, code, value = first["loc"], first["type"], first["input"]
    inside = _place(place[:-1])
    if code == "missing":
        return f"{inside}{', '.join(_alike(errors, first))} missing"
    if code == "extra_forbidden":
        legal = f": choose from {', '.join(sorted(_keys(kind)))}" if not inside else ""
        return f"{inside}unknown key {', '.join(_alike(errors, first))}{legal}"
    if code in ("model_type", "dict_type") and not place:
        required = sorted(key for key, field in kind.model_fields.items() if field.is_required())
        return f"is {_shown(value)}, not a mapping with {', '.join(required)}"
    if code == "invalid_key" or place[-1:] == ("[key]",):
        inside = inside if code == "invalid_key" else _place(place[:-2])
        return f"{inside}key {_shown(value)} is not text"
    expected = _EXPECTED.get(code) or ("a mapping" if code == "model_type" else "")
    said = f"not {expected}" if expected else first["msg"].removeprefix("Value error, ")
    return f"{_place(place, '')} is {_shown(value)}, {said}" if place else said


def _alike(errors: Sequence[dict[str, Any]], first: dict[str, Any]) -> list[str]:
    """Keys with the same fault in the same place."""
    same = (error for error in errors if (error["type"], error["loc"][:-1]) == (first["type"], first["loc"][:-1]))
    return sorted(str(error["loc"][-1]) for error in same)


def _keys(kind: type[BaseModel]) -> list[str]:
    return [field.alias or key for key, field in kind.model_fields.items()]


def _place(path: Sequence[int | str], end: str = ": ") -> str:
    """Keys, and places in lists from 1 on; without the names of types that pydantic puts between."""
    words = [f"number {part + 1}" if isinstance(part, int) else str(part) for part in path]
    return ", ".join(words) + end if words else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
