"""What is wrong with a file, in one line."""

from typing import Any

import pytest

from mask_rcnn_paper.schema import Entry, OpenEntry, parse_entry


class Part(Entry):
    side: float


class Whole(Entry):
    id: int
    text: str = ""
    numbers: list[float] = []
    part: Part | None = None
    flag: bool = False
    by_name: dict[str, Any] = {}


class Loose(OpenEntry):
    id: int


def test_what_fits_is_an_entry():
    """A whole number is a number; what is not said has its default."""
    found = parse_entry(Whole, {"id": 3, "numbers": [1, 2.5], "part": {"side": 4}}, "x.yaml")
    assert (found.id, found.text, found.numbers, found.part.side) == (3, "", [1.0, 2.5], 4.0)


def test_an_open_entry_leaves_other_keys_alone():
    """A file of a later version may have more."""
    assert parse_entry(Loose, {"id": 3, "later": []}, "x").id == 3


@pytest.mark.parametrize(
    "value, message",
    [
        (7, "x.yaml: is 7, not a mapping with id"),
        (None, "x.yaml: is None, not a mapping with id"),
        ([], r"x.yaml: is \[\], not a mapping with id"),
        ({}, "x.yaml: id missing"),
        ({"id": 1, "b": 1, "a": 2}, "x.yaml: unknown key a, b: choose from by_name, flag, id, numbers, part, text"),
        ({"id": "1"}, "x.yaml: id is '1', not a whole number"),
        ({"id": True}, "x.yaml: id is True, not a whole number"),
        ({"id": 1.5}, "x.yaml: id is 1.5, not a whole number"),
        ({"id": 1, "text": 7}, "x.yaml: text is 7, not text"),
        ({"id": 1, "numbers": 7}, "x.yaml: numbers is 7, not a list"),
        ({"id": 1, "numbers": [1, "b"]}, "x.yaml: numbers, number 2 is 'b', not a number"),
        ({"id": 1, "part": {}}, "x.yaml: part: side missing"),
        ({"id": 1, "part": {"side": 1, "w": 2}}, "x.yaml: part: unknown key w"),
        ({"id": 1, "part": 3}, "x.yaml: part is 3, not a mapping"),
        ({"id": 1, "flag": "yes"}, "x.yaml: flag is 'yes', not true or false"),
        ({"id": 1, "by_name": {3: 4}}, "x.yaml: by_name: key 3 is not text"),
        ({"id": 1, 2: 3}, "x.yaml: key 2 is not text|x.yaml: unknown key 2"),
        ({"id": "x" * 900}, "x.yaml: id is 'xxx[^ ]{50,60}, not a whole number$"),
    ],
)
def test_every_fault_is_one_line(value, message):
    """File, place, value, and what would be right."""
    with pytest.raises(ValueError, match=f"^{message}") as raised:
        parse_entry(Whole, value, "x.yaml")
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 200
