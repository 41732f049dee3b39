"""Atomic writing."""

import json
import os
import subprocess

import pytest

from mask_rcnn_paper.files import (
    DiskFullError,
    disk_full_explained,
    read_json,
    remove_leftovers,
    write_json_atomically,
    write_text_atomically,
)
from tests import dying


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
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("content", [None, b"", b'{"half": ', b"\xff"])
def test_missing_empty_and_half_files_read_as_none(tmp_path, content):
    """A reader gets None, not an exception, for a file that is not (whole) JSON."""
    target = tmp_path / "r.json"
    if content is not None:
        target.write_bytes(content)
    assert read_json(target) is None


def test_unserialisable_values_write_nothing(tmp_path):
    """A value that JSON cannot hold raises before any file is made."""
    with pytest.raises(TypeError):
        write_json_atomically(tmp_path / "r.json", {"x": json})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    """The error names the file and the free space; nothing temporary stays."""
    target = tmp_path / "result.json"
    write_text_atomically(target, "old")
    dying.full_disk(monkeypatch.setattr, "result.json")
    with pytest.raises(DiskFullError, match=rf"^disk full: cannot write {target} \(\d+\.\d MB free there\)") as error:
        write_text_atomically(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    assert "\n" not in str(error.value)


def test_a_device_that_is_full(tmp_path):
    """What the system itself says of a full device is explained, with the path that it leaves out."""
    with pytest.raises(DiskFullError, match=f"disk full: cannot write {tmp_path} "), disk_full_explained(tmp_path):
        with open("/dev/full", "w") as file:
            file.write("x")


def test_quota_and_other_errors(tmp_path):
    """A quota reads as one; an error of another kind, and one that is explained already, pass."""
    with pytest.raises(DiskFullError, match="disk quota exceeded: cannot write"), disk_full_explained(tmp_path):
        raise OSError(122, "Disk quota exceeded")
    with pytest.raises(PermissionError, match="denied"), disk_full_explained(tmp_path):
        raise PermissionError(13, "denied")
    with pytest.raises(DiskFullError, match="^once$"), disk_full_explained(tmp_path):
        raise DiskFullError("once")


def write_and_die(target):
    """Die when all is written and nothing synced."""
    os.fsync = dying.die
    write_text_atomically(target, "new")


def test_killed_while_writing(tmp_path):
    """The old file stays, and what a dead process left can be removed; what a live one writes stays."""
    target = tmp_path / "a.pth"
    write_text_atomically(target, "old")
    dying.killed(write_and_die, target)
    assert target.read_text() == "old"
    assert len(dying.names(tmp_path)) == 2
    other = subprocess.Popen(["sleep", "60"])
    kept = [tmp_path / f".a.pth.{other.pid}.tmp", tmp_path / ".a.pth.text.tmp", tmp_path / ".b.json.1.tmp"]
    for path in kept:
        path.touch()
    try:
        remove_leftovers(tmp_path, "*.pth")
        assert dying.names(tmp_path) == sorted([target.name, *(path.name for path in kept)])
    finally:
        other.kill()
        other.wait()
