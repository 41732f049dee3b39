import itertools

import pytest
from detectron2.data.common import AspectRatioGroupedDataset, DatasetFromList, MapDataset


def test_list_is_protected_by_copies():
    """Changing what the dataset gave changes the list only without `copy`."""
    samples = [{"a": [1]}]
    DatasetFromList(samples)[0]["a"].append(2)
    assert samples == [{"a": [1]}]
    DatasetFromList(samples, copy=False)[0]["a"].append(2)
    assert samples == [{"a": [1, 2]}]


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
