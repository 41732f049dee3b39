"""Values of JSON files."""

import pytest

from mask_rcnn_paper.coco.values import as_int, is_number, is_text, is_whole, shorten, strict


@pytest.mark.parametrize("value, expected", [(1, True), (1.5, True), (True, False), ("1", False), (None, False),
                                             (float("nan"), False), (float("-inf"), False), (10**400, False),
                                             (2**53, True)])  # fmt: skip
def test_is_number(value, expected):
    """Whole and finite numbers alone."""
    assert is_number(value) is expected


@pytest.mark.parametrize("value, expected", [("12", 12), (" 7 ", 7), (3.0, 3), (5, 5), ("1.5", None), ("-", None),
                                             ("²", None), ("9" * 9999, None), ("9" * 16, None),
                                             (10**400, None), (1e300, None), (1.5, None), (True, None)])  # fmt: skip
def test_as_int(value, expected):
    """Text and floats that spell a whole number."""
    assert as_int(value) == expected


def test_shorten():
    """Values look as in the file, up to a length."""
    assert shorten([1, "ä", None]) == '[1, "ä", null]'
    assert shorten("x" * 99, 10) == '"xxxxxx...'


def test_strict():
    """Only what JSON lacks is changed, at any depth."""
    assert strict({"a": [1, float("inf")], 2: (True, None)}) == {"a": [1, "inf"], "2": [True, None]}


@pytest.mark.parametrize("value, expected", [(5, True), (-(2**53), True), (2**53 + 1, False), (True, False), (1.0, 0)])
def test_is_whole(value, expected):
    """Whole numbers that floats hold exactly, and no truth values."""
    assert is_whole(value) == expected


@pytest.mark.parametrize("value, expected", [("ä", True), ("\U0001f600", True), ("", False), ("\ud800", False), (5, 0)])
def test_is_text(value, expected):
    """What can be written as UTF-8, which half a surrogate pair cannot."""
    assert is_text(value) == expected
