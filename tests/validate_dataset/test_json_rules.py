"""Rules of a file as text."""

import json
import math

import pytest

from mask_rcnn_paper.validate_dataset import json_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco, fix
from tests.validate_dataset.cases import valid_data


@pytest.mark.parametrize(
    "encoding, said", [("utf-8-sig", "UTF-8 with a byte order mark"), ("utf-16", "UTF-16"), ("utf-32-le", "UTF-32-LE")]
)
def test_encoding(encoding, said, tmp_path):
    """Training reads UTF-8 alone; the content is there all the same, and --fix writes it anew."""
    path = tmp_path / "f.json"
    path.write_bytes(json.dumps(valid_data()).encode(encoding))
    checker = CocoChecker(path)
    data, (violation,) = check_coco(path, checker)
    assert (violation.rule, violation.file, violation.rule.severity) == (json_rules.ENCODING, str(path), "error")
    assert said in violation.text
    assert data == valid_data()
    fixed = fix(data, checker, [violation])
    assert not fixed.left
    assert fixed.mended == {"json-encoding": 1}


def test_repeated_keys(tmp_path):
    """Of two lists of annotations the first would be lost without a word; --fix cannot know which is meant."""
    path, text = tmp_path / "f.json", json.dumps(valid_data())
    path.write_text(text[:-1] + ', "annotations": []}')
    checker = CocoChecker(path)
    data, violations = check_coco(path, checker)
    (violation,) = [v for v in violations if v.rule is json_rules.REPEATED_KEY]
    assert (violation.field, violation.text) == ("annotations", "is there 2 times in an object")
    assert json_rules.REPEATED_KEY in {v.rule for v in fix(data, checker, violations).left}


def test_repeated_key_of_an_entry():
    """The object is shown by its other fields."""
    _, (violation,) = json_rules.parse(b'[{"id": 7, "area": 1, "area": 2, "area": 3}]')
    assert (violation.field, violation.text) == ("area", 'is there 3 times in the object {"id": 7}')


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xe9", b"1" * 5000, b"{}{}", b""])
def test_not_json(content):
    """Bytes of no encoding and numbers without end are no JSON, in one line."""
    data, (violation,) = json_rules.parse(content)
    assert data is None
    assert violation.rule is json_rules.NOT_JSON
    assert "\n" not in violation.text


@pytest.mark.parametrize(
    "value, place",
    [({"a": [1.0, "x", None]}, ""), ({"a": [{}, {"b": math.inf}]}, "a, 1, b"), ([math.nan], "0"), (3, "")],
)
def test_the_first_number_that_json_has_not(value, place):
    """By keys and places in lists; "" where there is none."""
    assert json_rules.not_finite(value) == place
