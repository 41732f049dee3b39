"""Datasets made from other datasets."""

import copy as copy_module
import logging
import pickle
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.utils.data as torchdata

__all__ = ["AspectRatioGroupedDataset", "DatasetFromList", "MapDataset", "ToIterableDataset"]

MAX_TRIES = 1000


class DatasetFromList(torchdata.Dataset):
    """A list as a dataset.

    Args:
        lst: The samples.
        copy: Hand out deep copies, so that no user can change the list.
        serialize: Keep the samples as bytes of one tensor, and hand out copies. Workers of a loader share it: counting
            references writes to every Python object, so that each worker would come to have a list of its own.
    """

    def __init__(self, lst: list[Any], copy: bool = True, serialize: bool = True) -> None:
        self._lst = _Serialized(lst) if serialize else lst
        self._copy = copy and not serialize

    def __len__(self) -> int:
        return len(self._lst)

    def __getitem__(self, idx: int) -> Any:
        return copy_module.deepcopy(self._lst[idx]) if self._copy else self._lst[idx]


class _Serialized:
    """Pickles of samples, one after the other in a tensor, which torch passes to other processes in shared memory."""

    def __init__(self, samples: list[Any]) -> None:
        pickles = [pickle.dumps(sample, protocol=pickle.HIGHEST_PROTOCOL) for sample in samples]
        self._ends = torch.tensor([len(text) for text in pickles], dtype=torch.int64).cumsum(0)
        self._bytes = torch.frombuffer(bytearray().join(pickles) or bytearray(1), dtype=torch.uint8)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, idx: int) -> Any:
        start = 0 if idx == 0 else int(self._ends[idx - 1])
        return pickle.loads(memoryview(self._bytes[start : int(self._ends[idx])].numpy()))


class MapDataset(torchdata.Dataset):
    """Apply a function to every sample of a dataset.

    Where the function returns None, another sample takes the place of the unusable one, chosen by a generator
    of its own so that runs stay repeatable.

    Args:
        dataset: The samples; has `len` and indices.
        map_func: Takes a sample; returns the mapped one, or None for "cannot be used".
    """

    def __init__(self, dataset: Any, map_func: Callable[[Any], Any]) -> None:
        self._dataset = dataset
        self._map_func = map_func
        self._rng = random.Random(42)

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, idx: int) -> Any:
        """The mapped sample `idx`, or that of another index.

        Raises:
            RuntimeError: no sample could be used in many tries.
        """
        current = int(idx)
        for attempt in range(1, MAX_TRIES + 1):
            data = self._map_func(self._dataset[current])
            if data is not None:
                return data
            if attempt == 3:
                logging.getLogger(__name__).warning("sample %d and its substitutes map to None", idx)
            current = self._rng.randrange(len(self._dataset))
        raise RuntimeError(f"the mapper returned None for {MAX_TRIES} samples, first of all {idx}: check it")


class ToIterableDataset(torchdata.IterableDataset):
    """The samples of a dataset in the order of a sampler, shared among the workers of a `DataLoader`.

    Every worker walks the whole order and takes runs of `shard_chunk_size` samples in turn with the others.

    Args:
        dataset: The samples; has indices.
        sampler: Gives indices.
        shard_sampler: Whether workers share the order, or each gives out all of it.
        shard_chunk_size: Length of a run: the size of a batch, so that no batch is made by several workers.
    """

    def __init__(
        self, dataset: Any, sampler: Iterable[int], shard_sampler: bool = True, shard_chunk_size: int = 1
    ) -> None:
        self.dataset = dataset
        self.sampler = sampler
        self.shard_sampler = shard_sampler
        self.shard_chunk_size = shard_chunk_size

    def __iter__(self) -> Iterator[Any]:
        worker = torchdata.get_worker_info() if self.shard_sampler else None
        for position, index in enumerate(self.sampler):
            if worker is None or position // self.shard_chunk_size % worker.num_workers == worker.id:
                yield self.dataset[index]

    def __len__(self) -> int:
        return len(self.sampler)


class AspectRatioGroupedDataset(torchdata.IterableDataset):
    """Batches of images that are all wider than high, or all not, so that little padding is needed.

    Samples are dicts with "width" and "height". Batches come in the order in which they fill up, and samples
    that never fill one are not given out: meant for endless datasets.

    Args:
        dataset: Gives samples one by one.
        batch_size: Images per batch.
    """

    def __init__(self, dataset: Iterable[dict], batch_size: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[list[dict]]:
        buckets: tuple[list[dict], list[dict]] = ([], [])
        for sample in self.dataset:
            bucket = buckets[0 if sample["width"] > sample["height"] else 1]
            bucket.append(sample)
            if len(bucket) == self.batch_size:
                batch = bucket[:]
                bucket.clear()
                yield batch
