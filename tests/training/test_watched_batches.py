"""An evaluation that says how far it is."""

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.training.progress import PROGRESS_FILE
from mask_rcnn_paper.training.watched_batches import WatchedBatches


def test_batches_pass_and_are_counted(tmp_path):
    """Before each batch the file says how many are done, and at the end that all are."""
    watched = WatchedBatches([["a"], ["b"], ["c"]], tmp_path, "views", period=0.0)
    assert len(watched) == 3
    passed, done = [], []
    for batch in watched:
        passed.append(batch)
        done.append(read_json(tmp_path / PROGRESS_FILE)["done"])
    assert passed == [["a"], ["b"], ["c"]]
    assert done == [0, 1, 2]
    record = read_json(tmp_path / PROGRESS_FILE)
    assert (record["stage"], record["done"], record["total"]) == ("evaluate", 3, 3)
