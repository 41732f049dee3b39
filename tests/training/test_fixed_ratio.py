"""Datasets mixed at a fixed ratio."""

import itertools
from collections import Counter

import pytest
from detectron2.utils import comm

from mask_rcnn_paper.training.fixed_ratio import FixedRatioSampler


def indices(count, sizes=(30, 7), ratio=(6, 4), seed=3):
    """The first indices of a stream."""
    return list(itertools.islice(FixedRatioSampler(sizes, ratio, seed), count))


def cut(stream, length):
    """Stretches of this length; the last may be shorter."""
    return [tuple(stream[start : start + length]) for start in range(0, len(stream), length)]


@pytest.fixture
def of_process(monkeypatch):
    """What one of several processes gets."""

    def call(rank, world_size, count, **options):
        monkeypatch.setattr(comm, "get_rank", lambda: rank)
        monkeypatch.setattr(comm, "get_world_size", lambda: world_size)
        return indices(count, **options)

    return call


def test_every_block_has_the_ratio():
    """6 to 4 is 3 of the first 30 indices and 2 of the others in each five, from the first on."""
    stream = indices(500)
    for block in cut(stream, 5):
        assert sum(index < 30 for index in block) == 3


def test_the_ratio_holds_over_an_epoch():
    """While every labelled image comes once, the others are two thirds as many, whatever the sizes are."""
    epoch = indices(50)
    assert sorted(index for index in epoch if index < 30) == list(range(30))
    assert Counter(index >= 30 for index in epoch) == {False: 30, True: 20}
    large = indices(50, sizes=(30, 5000))
    assert Counter(index >= 30 for index in large) == {False: 30, True: 20}


def test_nothing_comes_twice_before_all_came_once():
    """Of either dataset; and the orders differ."""
    stream = indices(700)
    for members in (set(range(30)), set(range(30, 37))):
        passes = cut([index for index in stream if index in members], len(members))
        whole = [set(one) for one in passes if len(one) == len(members)]
        assert len(whole) > 10
        assert all(one == members for one in whole)
        assert len(set(passes)) == len(passes)


@pytest.mark.parametrize("world_size", [2, 3, 5, 8])
def test_processes_share_the_stream(of_process, world_size):
    """Each takes its part, so together they see what one would."""
    whole = indices(40 * world_size)
    parts = [of_process(rank, world_size, 40) for rank in range(world_size)]
    assert [index for row in zip(*parts, strict=True) for index in row] == whole


@pytest.mark.parametrize("world_size, ratio", [(2, (1, 1)), (5, (6, 4)), (8, (6, 4)), (10, (1, 9))])
def test_every_process_gets_its_share_of_each_dataset(of_process, world_size, ratio):
    """Also where processes and blocks would march in step: 1 to 1 in two processes."""
    expected = ratio[0] / sum(ratio)
    for rank in range(world_size):
        part = of_process(rank, world_size, 2000, ratio=ratio)
        assert sum(index < 30 for index in part) / 2000 == pytest.approx(expected, abs=0.05)


def test_a_seed_fixes_the_stream():
    """The same each time it is walked, another for another seed."""
    sampler = FixedRatioSampler((30, 7), (6, 4), 3)
    first, again = (list(itertools.islice(sampler, 100)) for _ in range(2))
    assert first == again == indices(100)
    assert first != indices(100, seed=4)


def test_without_a_seed_the_processes_agree_on_one():
    """By detectron2's `shared_random_seed`."""
    sampler = FixedRatioSampler((30, 7), (6, 4))
    assert list(itertools.islice(sampler, 9)) == indices(9, seed=sampler.seed)


def test_three_datasets():
    """As many as DATASETS.TRAIN names."""
    stream = indices(120, sizes=(4, 5, 6), ratio=(1, 2, 3))
    assert Counter((index > 3) + (index > 8) for index in stream) == {0: 20, 1: 40, 2: 60}


@pytest.mark.parametrize("ratio", [(6,), (6, 4, 1), (6, 0), (-1, 2), (0.6, 0.4), (True, 1)])
def test_a_ratio_that_does_not_fit_is_refused(ratio):
    """A whole number above 0 for each dataset."""
    with pytest.raises(ValueError, match=r"DATALOADER.DATASET_RATIO=.*each of the 2 of DATASETS.TRAIN"):
        FixedRatioSampler((3, 4), ratio, 0)


def test_an_empty_dataset_is_refused():
    """It could not keep its part of the ratio."""
    with pytest.raises(ValueError, match="datasets of .* images .DATASETS.TRAIN.: none may be empty"):
        FixedRatioSampler((3, 0), (1, 1), 0)
