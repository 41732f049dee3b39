"""An evaluation that says how far it is."""

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.training.progress import PROGRESS_FILE
from mask_rcnn_paper.training.watched_batches import WatchedBatches


def test_batches_pass_and_are_counted(tmp_path):
    """Before each batch of the second of two sets the file says how many are done, and at the end what is left."""
    watched = WatchedBatches([["a"], ["b"], ["c"]], tmp_path, "val", ["train", "val"], period=0.0)
    assert len(watched) == 3
    passed, records = [], []
    for batch in watched:
        passed.append(batch)
        records.append(read_json(tmp_path / PROGRESS_FILE))
    assert passed == [["a"], ["b"], ["c"]]
    assert [record["done"] for record in records] == [0, 1, 2]
    assert all((r["stage"], r["total"], r["part"], r["parts"]) == ("evaluate", 3, 1, 2) for r in records)
    assert read_json(tmp_path / PROGRESS_FILE)["stage"] == "write"


def test_a_set_that_is_not_the_last_is_followed_by_another(tmp_path):
    """Its end is not that of the evaluation."""
    assert len(list(WatchedBatches([["a"], ["b"]], tmp_path, "train", ["train", "val"], period=0.0))) == 2
    assert read_json(tmp_path / PROGRESS_FILE)["stage"] == "evaluate"
