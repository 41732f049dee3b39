"""progress.json."""

from mask_rcnn_paper.progress import read_progress, write_progress


def test_progress_comes_back_with_its_extras(tmp_path):
    """The last record is the one that is read."""
    write_progress(tmp_path, 1, 10, "train", loss=2.0)
    write_progress(tmp_path, 5, 10, "train", loss=1.5)
    record = read_progress(tmp_path)
    assert (record["done"], record["total"], record["stage"], record["loss"]) == (5, 10, "train", 1.5)
    assert record["time"] > 0


def test_no_progress_yet_is_none(tmp_path):
    """A folder without the file gives None."""
    assert read_progress(tmp_path) is None
