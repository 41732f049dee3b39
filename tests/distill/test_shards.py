"""Work in shards, kept on disk."""

import pytest
from detectron2.utils import comm

from mask_rcnn_paper.distill import shards as module
from mask_rcnn_paper.distill.shards import Shards
from mask_rcnn_paper.files import read_json

SAMPLES = [{"image_id": 10 + n} for n in range(7)]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Of three images: 3, 3 and 1."""
    monkeypatch.setattr(module, "SHARD", 3)


def find(samples, on_image):
    """Finds its number in each image."""
    for done in range(1, len(samples) + 1):
        on_image(done)
    return [{"image_id": sample["image_id"], "results": [sample["image_id"] ** 2]} for sample in samples]


EXPECTED = [{"image_id": 10 + n, "results": [(10 + n) ** 2]} for n in range(7)]


def test_everything_is_found_in_the_order_of_the_images(tmp_path):
    """Whatever the shards are; and the progress file says so."""
    shards = Shards(tmp_path, SAMPLES)
    shards.work(find, resume=False)
    assert list(shards) == list(shards) == EXPECTED
    progress = read_json(tmp_path / "progress.json")
    assert (progress["stage"], progress["done"], progress["total"]) == ("distill", 7, 7)
    assert (tmp_path / "last_checkpoint").read_text() == "shards/shard_00002.pkl"


def test_an_interrupted_run_goes_on_with_the_next_part(tmp_path):
    """What was found before is not looked for again."""

    def interrupted(samples, on_image):
        if samples[0]["image_id"] == 13:
            raise KeyboardInterrupt
        return find(samples, on_image)

    with pytest.raises(KeyboardInterrupt):
        Shards(tmp_path, SAMPLES).work(interrupted, resume=False)
    seen = []

    def watched(samples, on_image):
        seen.extend(sample["image_id"] for sample in samples)
        return find(samples, on_image)

    shards = Shards(tmp_path, SAMPLES)
    shards.work(watched, resume=True)
    assert seen == [13, 14, 15, 16]
    assert list(shards) == EXPECTED


def test_without_resuming_everything_is_found_anew(tmp_path):
    """Shards of an earlier run do not count."""
    Shards(tmp_path, SAMPLES).work(lambda samples, _: [{"image_id": 0} for _ in samples], resume=False)
    shards = Shards(tmp_path, SAMPLES)
    shards.work(find, resume=False)
    assert list(shards) == EXPECTED


def test_nothing_is_left_of_removed_shards(tmp_path):
    """Neither the folder nor the mark that a run can be resumed."""
    shards = Shards(tmp_path, SAMPLES)
    shards.work(find, resume=False)
    shards.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_several_processes_share_each_part(tmp_path, monkeypatch):
    """Each takes every other image; the main process puts them in order again."""
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    monkeypatch.setattr(comm, "synchronize", lambda: None)
    shares = []

    def gather(mine):
        shares.append([entry["image_id"] for entry in mine])
        first = min(shares[-1])
        other = [sample for sample in SAMPLES if first < sample["image_id"] < first + 3][::2]
        return [mine, find(other, lambda done: None)]

    monkeypatch.setattr(comm, "gather", gather)
    shards = Shards(tmp_path, SAMPLES)
    shards.work(find, resume=False)
    assert shares == [[10, 12], [13, 15], [16]]
    assert list(shards) == EXPECTED
