import itertools

import pytest
from detectron2.data.samplers import InferenceSampler, TrainingSampler
from detectron2.utils import comm


def take(sampler: TrainingSampler, n: int) -> list[int]:
    return list(itertools.islice(sampler, n))


@pytest.fixture
def as_rank(monkeypatch):
    def pretend(rank: int, world_size: int) -> None:
        monkeypatch.setattr(comm, "get_rank", lambda: rank)
        monkeypatch.setattr(comm, "get_world_size", lambda: world_size)

    return pretend


def test_every_pass_is_a_new_order_of_all():
    """Each pass over the dataset has every index once, in an order of its own."""
    indices = take(TrainingSampler(8, seed=0), 24)
    passes = [indices[i : i + 8] for i in (0, 8, 16)]
    assert all(sorted(p) == list(range(8)) for p in passes)
    assert passes[0] != passes[1] != passes[2]


def test_seed_fixes_the_order():
    """The same seed gives the same stream, another seed another."""
    assert take(TrainingSampler(50, seed=3), 100) == take(TrainingSampler(50, seed=3), 100)
    assert take(TrainingSampler(50, seed=3), 50) != take(TrainingSampler(50, seed=4), 50)


def test_without_shuffling():
    """Without shuffling the dataset repeats in its own order."""
    assert take(TrainingSampler(3, shuffle=False), 7) == [0, 1, 2, 0, 1, 2, 0]


def test_processes_share_one_stream(as_rank):
    """Interleaved, the processes' indices are the stream of a single process."""
    whole = take(TrainingSampler(7, seed=5), 20)
    shares = []
    for rank in range(2):
        as_rank(rank, 2)
        shares.append(take(TrainingSampler(7, seed=5), 10))
    assert [i for pair in zip(*shares, strict=True) for i in pair] == whole


def test_empty_training_set():
    """A stream of nothing is an error."""
    with pytest.raises(ValueError, match=r"size=0\): must be positive"):
        TrainingSampler(0)


@pytest.mark.parametrize("size", [0, 2, 7, 9])
def test_inference_covers_all_once(as_rank, size):
    """The processes' contiguous shares make up the dataset, and differ in size by at most one."""
    shares = []
    for rank in range(3):
        as_rank(rank, 3)
        sampler = InferenceSampler(size)
        shares.append(list(sampler))
        assert len(sampler) == len(shares[-1])
    assert list(itertools.chain(*shares)) == list(range(size))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
