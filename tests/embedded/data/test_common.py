import itertools
import re
from pathlib import Path

import pytest
import torch
from detectron2.data import DatasetCatalog
from detectron2.data.common import AspectRatioGroupedDataset, DatasetFromList, MapDataset


def test_list_is_protected_by_copies():
    """Changing what the dataset gave changes the list only where it neither copies nor serialises."""
    samples = [{"a": [1]}]
    for options in ({}, {"copy": False}, {"serialize": False}):
        dataset = DatasetFromList(samples, **options)
        dataset[0]["a"].append(2)
        assert dataset[0] == samples[0] == {"a": [1]}
    DatasetFromList(samples, copy=False, serialize=False)[0]["a"].append(2)
    assert samples == [{"a": [1, 2]}]


def test_serialised_samples_are_the_samples():
    """Arrays too; of a list's end, and of no list, as of a list."""
    samples = DatasetCatalog.get("smoke_train")
    dataset = DatasetFromList(samples)
    assert [dataset[i] for i in range(len(dataset))] == samples
    assert len(DatasetFromList([])) == 0
    with pytest.raises(IndexError):
        dataset[len(samples)]


class PrivateMemory(torch.utils.data.Dataset):
    """Megabytes that this process shares with no other, after it has read all samples."""

    def __init__(self, samples) -> None:
        self.samples = samples

    def __getitem__(self, index: int) -> float:
        for i in range(len(self.samples)):
            self.samples[i]
        found = re.findall(r"(?m)^Private_\w+: +(\d+) kB", Path("/proc/self/smaps_rollup").read_text())
        return sum(map(int, found)) / 1000

    def __len__(self) -> int:
        return 1


def private_memory(samples, start):
    """Of one worker of a loader, which is started as `start` says."""
    loader = torch.utils.data.DataLoader(PrivateMemory(samples), num_workers=1, multiprocessing_context=start)
    return float(next(iter(loader)))


@pytest.mark.parametrize("start", ["fork", pytest.param("forkserver", marks=pytest.mark.slow)])  # that of Python 3.14
def test_workers_share_serialised_samples(start):
    """A list of some 20 MB costs a worker less than 5; a plain list most of it again, however the worker starts."""
    samples = [{"boxes": [float(i + j) for j in range(200)]} for i in range(3_000)]
    nothing = private_memory(DatasetFromList(samples[:1]), start)
    assert private_memory(DatasetFromList(samples), start) - nothing < 5
    assert private_memory(DatasetFromList(samples, serialize=False), start) - nothing > 10


def test_map_replaces_unusable_samples():
    """Where the function returns None another sample is taken, the same one in every run."""

    def even(x: int) -> int | None:
        return x if x % 2 == 0 else None

    first, second = (MapDataset(DatasetFromList(list(range(10))), even) for _ in range(2))
    assert len(first) == 10
    values = [first[i] for i in range(10)]
    assert values[::2] == [0, 2, 4, 6, 8]
    assert all(v % 2 == 0 for v in values)
    assert values == [second[i] for i in range(10)]


def test_map_gives_up():
    """A function that never returns anything is an error, not an endless loop."""
    with pytest.raises(RuntimeError, match="returned None for 1000 samples, first of all 1"):
        MapDataset([1, 2], lambda x: None)[1]


def test_batches_have_one_orientation():
    """Wide images and others are batched apart, in the order in which batches fill up; square is not wide."""
    sizes = [(2, 1), (1, 2), (3, 1), (1, 1), (1, 3)]
    samples = [{"width": w, "height": h, "i": i} for i, (w, h) in enumerate(sizes)]
    batches = AspectRatioGroupedDataset(samples, 2)
    assert [[s["i"] for s in batch] for batch in batches] == [[0, 2], [1, 3]]


def test_batches_are_not_reused():
    """A batch that was given out does not change later."""
    endless = ({"width": 2, "height": 1, "i": i} for i in itertools.count())
    first, second = itertools.islice(AspectRatioGroupedDataset(endless, 2), 2)
    assert [s["i"] for s in first] == [0, 1]
    assert [s["i"] for s in second] == [2, 3]
