"""progress.json."""

import pytest

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.training.progress import PROGRESS_FILE, found_trained, write_progress
from tests import dying


def test_progress_comes_back_with_its_extras(tmp_path):
    """The last record is the one that is read."""
    write_progress(tmp_path, 1, 10, "train", loss=2.0)
    write_progress(tmp_path, 5, 10, "train", loss=1.5)
    record = read_json(tmp_path / PROGRESS_FILE)
    assert (record["done"], record["total"], record["stage"], record["loss"]) == (5, 10, "train", 1.5)
    assert record["time"] > 0


def test_what_was_found_trained_stands_at_every_stage(tmp_path):
    """In the folder of that training alone."""
    found_trained(tmp_path / "resumed", 30, 120)
    for folder in ("resumed", "new"):
        write_progress(tmp_path / folder, 1, 10, "evaluate")
    assert read_json(tmp_path / "resumed" / PROGRESS_FILE)["found"] == 0.25
    assert "found" not in read_json(tmp_path / "new" / PROGRESS_FILE)


@pytest.mark.parametrize("reason", ["full", "gone"])
def test_progress_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch, caplog, reason):
    """On a full disk, or in a folder that cannot be made, the job goes on; it is said once."""
    folder = tmp_path / reason
    if reason == "full":
        dying.full_disk(monkeypatch.setattr, "progress.json")
    else:
        folder.write_text("a file, not a folder")
    for done in (1, 2):
        write_progress(folder, done, 10, "train")
    assert read_json(folder / PROGRESS_FILE) is None
    assert caplog.text.count("No progress is shown from here on") == 1
