"""Which sample comes next, on which of several processes."""

import itertools
from collections.abc import Iterator

import torch
from detectron2.utils import comm
from torch.utils.data import Sampler


class TrainingSampler(Sampler):
    """An endless stream of indices: one random order of the dataset after the other.

    All processes walk the same stream and each takes every `world_size`-th index of it, so a seed fixes what
    they see together.

    Args:
        size: Length of the dataset.
        shuffle: Draw a new order for every pass, or keep the order of the dataset.
        seed: Of the orders; the same in all processes. None takes one that the processes agree on.

    Raises:
        ValueError: `size` is not a positive number.
    """

    def __init__(self, size: int, shuffle: bool = True, seed: int | None = None) -> None:
        if not isinstance(size, int) or size <= 0:
            raise ValueError(f"TrainingSampler(size={size!r}): must be positive; is the dataset empty?")
        self._size = size
        self._shuffle = shuffle
        self._seed = int(comm.shared_random_seed() if seed is None else seed)
        self._rank = comm.get_rank()
        self._world_size = comm.get_world_size()

    def __iter__(self) -> Iterator[int]:
        yield from itertools.islice(self._infinite_indices(), self._rank, None, self._world_size)

    def _infinite_indices(self) -> Iterator[int]:
        generator = torch.Generator()
        generator.manual_seed(self._seed)
        while True:
            if self._shuffle:
                yield from torch.randperm(self._size, generator=generator).tolist()
            else:
                yield from range(self._size)


class InferenceSampler(Sampler):
    """Every index exactly once: each process gets one contiguous share, of sizes that differ by at most one.

    Args:
        size: Length of the dataset.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        rank, world_size = comm.get_rank(), comm.get_world_size()
        share, left_over = divmod(size, world_size)
        begin = rank * share + min(rank, left_over)
        self._local_indices = range(begin, begin + share + (rank < left_over))

    def __iter__(self) -> Iterator[int]:
        yield from self._local_indices

    def __len__(self) -> int:
        return len(self._local_indices)
