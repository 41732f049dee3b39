"""A sampler that mixes datasets at a fixed ratio, however large they are.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B, after data distillation [35], whose minibatches mix labelled images
and those that a teacher has annotated at a fixed ratio, about 6 to 4.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from detectron2.utils import comm
from torch.utils.data import Sampler


class FixedRatioSampler(Sampler):
    """An endless stream of indices into datasets that lie one behind the other.

    The stream is a row of blocks, the shortest in which the ratio is met: of (6, 4) each five have three of the first
    dataset and two of the second, in an order drawn anew for each block. Each dataset is walked in random orders one
    after the other, as detectron2's `TrainingSampler` does, so nothing of it comes twice before all of it came once.
    All processes walk the same stream, and each takes every `world_size`-th index of it. With fixed places in a block a
    process could get all its images from one dataset.

    Args:
        sizes: Number of samples of each dataset.
        ratio: Samples of each dataset, whole numbers above 0.
        seed: Of the orders; None for one that the processes agree on.

    Raises:
        ValueError: an empty dataset, or a ratio that does not fit.
    """

    def __init__(self, sizes: Sequence[int], ratio: Sequence[int], seed: int | None = None) -> None:
        if len(ratio) != len(sizes) or not all(type(part) is int and part > 0 for part in ratio):
            need = f"give a whole number above 0 for each of the {len(sizes)} of DATASETS.TRAIN"
            raise ValueError(f"DATALOADER.DATASET_RATIO={tuple(ratio)}: {need}")
        if min(sizes) <= 0:
            raise ValueError(f"datasets of {tuple(sizes)} images (DATASETS.TRAIN): none may be empty")
        self.sizes = tuple(sizes)
        self.ratio = tuple(part // math.gcd(*ratio) for part in ratio)
        self.seed = int(comm.shared_random_seed() if seed is None else seed)

    def __iter__(self) -> Iterator[int]:
        return itertools.islice(self._stream(), comm.get_rank(), None, comm.get_world_size())

    def _stream(self) -> Iterator[int]:
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        starts = itertools.accumulate(self.sizes[:-1], initial=0)
        walks = [_walk(start, size, generator) for start, size in zip(starts, self.sizes, strict=True)]
        block = [walk for walk, count in zip(walks, self.ratio, strict=True) for _ in range(count)]
        while True:
            for place in torch.randperm(len(block), generator=generator).tolist():
                yield next(block[place])


def _walk(start: int, size: int, generator: torch.Generator) -> Iterator[int]:
    """Indices `start` to `start + size - 1` in one random order after the other."""
    while True:
        for index in torch.randperm(size, generator=generator).tolist():
            yield start + index
