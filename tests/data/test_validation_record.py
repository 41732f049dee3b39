"""Records of what was found wrong in annotation files."""

import dataclasses
from pathlib import Path

import pytest

from mask_rcnn_paper.data import validation_record
from mask_rcnn_paper.data.validation_record import DataError, Subject, record_errors, recorded_errors, rules_version
from mask_rcnn_paper.generated.cache import CACHE_VARIABLE

ERROR = DataError("bbox-outside", "correct the box", "bbox", "annotation 3, bbox=[50, 50, 5, 5]", "lies outside", False)


@pytest.fixture
def subject(tmp_path, monkeypatch):
    """A dataset with one image, and a cache of its own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"x")
    return Subject(tmp_path / "a.json", tmp_path / "images", "sha256:1", "polygon", False)


@pytest.mark.parametrize("found", [(), (ERROR, dataclasses.replace(ERROR, left_out=True))])
def test_what_was_recorded_comes_back(subject, found):
    """Errors, and that there are none; without a record None."""
    assert recorded_errors(subject) is None
    record_errors(subject, found, ["a.png"])
    assert recorded_errors(subject) == found


def test_the_place_of_a_dataset_does_not_matter(subject, tmp_path):
    """A copy of the file, with its images elsewhere, has the same errors."""
    record_errors(subject, [ERROR], ["a.png"])
    moved = tmp_path / "moved"
    (tmp_path / "images").rename(moved)
    assert recorded_errors(dataclasses.replace(subject, json_file=Path("b.json"), image_root=moved)) == (ERROR,)


@pytest.mark.parametrize("change", [{"version": "sha256:2"}, {"mask_format": None}, {"with_keypoints": True}])
def test_a_record_is_of_one_content_and_one_set_of_options(subject, change):
    """Another checksum, mask format, or the rules of keypoints ask for another check."""
    record_errors(subject, [], ["a.png"])
    assert recorded_errors(dataclasses.replace(subject, **change)) is None


def test_a_record_is_of_one_set_of_rules(subject, monkeypatch):
    """Other sources of the rules ask for another check."""
    record_errors(subject, [], ["a.png"])
    monkeypatch.setattr(validation_record, "rules_version", lambda: "other")
    assert recorded_errors(subject) is None


def test_every_source_counts(monkeypatch):
    """Without the rules of masks the version is another."""
    before = rules_version()
    rules_version.cache_clear()
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"" if path.name == "masks.py" else read_bytes(path))
    assert rules_version() != before
    rules_version.cache_clear()


@pytest.mark.parametrize("content", [None, b""])
def test_images_are_looked_for_each_time(subject, content):
    """Where one is gone or empty, the record says nothing."""
    record_errors(subject, [], ["a.png"])
    image = subject.image_root / "a.png"
    image.unlink() if content is None else image.write_bytes(content)
    assert recorded_errors(subject) is None


@pytest.mark.parametrize("content", [b"", b"\xff", b'{"errors": [', b"[]", b"{}", b'{"errors": [{}], "images": []}'])
def test_a_damaged_record_is_none(subject, content):
    """It is as if nothing had been recorded, and can be written again."""
    record_errors(subject, [ERROR], ["a.png"])
    subject.record_path().write_bytes(content)
    assert recorded_errors(subject) is None
    record_errors(subject, [ERROR], ["a.png"])
    assert recorded_errors(subject) == (ERROR,)


def test_a_cache_that_cannot_be_written_does_no_harm(subject, tmp_path):
    """There is no record then."""
    (tmp_path / "cache").write_text("a file, not a folder")
    record_errors(subject, [], ["a.png"])
    assert recorded_errors(subject) is None


def test_many_errors_are_not_recorded(subject, monkeypatch):
    """A record stays small."""
    monkeypatch.setattr(validation_record, "_MOST_ERRORS", 1)
    record_errors(subject, [ERROR, ERROR], ["a.png"])
    assert recorded_errors(subject) is None
