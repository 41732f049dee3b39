"""Atomic writing."""

import json

import pytest

from mask_rcnn_paper.files import read_json, write_json_atomically, write_text_atomically


def test_text_and_json_come_back(tmp_path):
    """What is written is read, in folders that did not exist."""
    write_json_atomically(tmp_path / "a" / "b.json", {"x": [1, 2.5, None]})
    assert read_json(tmp_path / "a" / "b.json") == {"x": [1, 2.5, None]}


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    """An error in the middle of writing keeps the old content and leaves nothing behind."""
    target = tmp_path / "r.json"
    write_text_atomically(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text_atomically(target, "new \udc80")
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("content", [None, "", '{"half": '])
def test_missing_empty_and_half_files_read_as_none(tmp_path, content):
    """A reader gets None, not an exception, for a file that is not (whole) JSON."""
    target = tmp_path / "r.json"
    if content is not None:
        target.write_text(content)
    assert read_json(target) is None


def test_unserialisable_values_write_nothing(tmp_path):
    """A value that JSON cannot hold raises before any file is made."""
    with pytest.raises(TypeError):
        write_json_atomically(tmp_path / "r.json", {"x": json})
    assert list(tmp_path.iterdir()) == []
