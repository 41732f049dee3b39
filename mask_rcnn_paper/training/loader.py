"""A training loader that goes on where an interrupted run stopped, without reading the images before that.

Which images make a batch is settled by their numbers and shapes alone, so batches are skipped at no cost. Augmentations
draw from the global generators, which a checkpoint restores; it does not reach those of a loader's workers, so there
every sample has its own seed.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetFromList, DatasetMapper, MapDataset, build_detection_train_loader
from detectron2.data.samplers import TrainingSampler
from detectron2.utils import comm
from detectron2.utils.env import seed_all_rng
from torch.utils.data import Dataset, Sampler, get_worker_info

from mask_rcnn_paper.data.careful_mapper import CarefulMapper
from mask_rcnn_paper.training.fixed_ratio import FixedRatioSampler
from mask_rcnn_paper.training.resume import kept_rng_state

Place = tuple[int, int]  # position in this process's endless stream of samples, index of the sample


class BatchOrder(Sampler):
    """An endless stream of places, in which each `batch_size` that follow each other make a batch.

    Batches are as detectron2's under DATALOADER.ASPECT_RATIO_GROUPING: in the order in which they fill up, all of
    wide images or all of others. The first `first_batch` batches are left out.

    Args:
        wide: For each sample whether it is wider than high; all equal for no grouping.
        batch_size: Samples in a batch of this process.
        sampler: Endless order of this process's samples, the same each time.
    """

    def __init__(self, wide: Sequence[bool], batch_size: int, sampler: Iterable[int]) -> None:
        self.wide, self.batch_size, self.sampler, self.first_batch = wide, batch_size, sampler, 0

    def __iter__(self) -> Iterator[Place]:
        return itertools.chain.from_iterable(itertools.islice(self._batches(), self.first_batch, None))

    def _batches(self) -> Iterator[list[Place]]:
        filling: dict[bool, list[Place]] = {False: [], True: []}
        for position, index in enumerate(self.sampler):
            batch = filling[self.wide[index]]
            batch.append((position, index))
            if len(batch) == self.batch_size:
                yield batch
                filling[self.wide[index]] = []


class SeededSamples(Dataset):
    """Mapped samples by place; in a worker each with generators seeded for it, unless the run's seed is None."""

    def __init__(self, samples: Dataset, seed: int | None) -> None:
        self.samples, self.seed, self.rank = samples, seed, comm.get_rank()

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: Place) -> dict:
        position, index = place
        if self.seed is not None and get_worker_info() is not None:
            seed_all_rng(int(np.random.SeedSequence((self.seed, self.rank, position)).generate_state(1)[0]))
        return self.samples[index]


class ResumableLoader:
    """Batches without end of a loader that follows `order`; the first can be left out."""

    def __init__(self, loader: Iterable[list[dict]], order: BatchOrder) -> None:
        self.loader, self.order = loader, order
        self.start_seed = int(torch.randint(2**62, ()))

    def skip_batches(self, count: int) -> None:
        """Leave out the first `count` batches; takes effect when iteration begins."""
        self.order.first_batch = count

    def __iter__(self) -> Iterator[list[dict]]:
        # torch draws a seed here; from the global generators it would shift what a resumed run draws.
        with kept_rng_state():
            torch.manual_seed(self.start_seed)
            batches = iter(self.loader)
        yield from batches


def build_train_loader(cfg: CfgNode, *sets: list[dict]) -> Iterable[list[dict]]:
    """detectron2's loader of the samples of each of DATASETS.TRAIN.

    It is made resumable where DATALOADER.SAMPLER_TRAIN is TrainingSampler, the default. SEED fixes the batches and
    their order. Under DATALOADER.DATASET_RATIO sets are mixed at that ratio; with grouping by shape it holds for the
    stream of samples, of which a batch takes those of its shape.

    Raises:
        ValueError: a ratio that does not fit, or one with another sampler.
    """
    dicts, ratio = list(itertools.chain.from_iterable(sets)), cfg.DATALOADER.DATASET_RATIO
    if cfg.DATALOADER.SAMPLER_TRAIN != "TrainingSampler":
        if ratio:
            other = f"DATALOADER.SAMPLER_TRAIN={cfg.DATALOADER.SAMPLER_TRAIN!r}"
            raise ValueError(f"{other} cannot keep DATALOADER.DATASET_RATIO={tuple(ratio)}: use TrainingSampler")
        return build_detection_train_loader(cfg, dataset=dicts, mapper=CarefulMapper(DatasetMapper(cfg, True)))
    seed = cfg.SEED if cfg.SEED >= 0 else None
    grouping = cfg.DATALOADER.ASPECT_RATIO_GROUPING
    wide = [grouping and sample["width"] > sample["height"] for sample in dicts]
    sizes = [len(samples) for samples in sets]
    sampler = FixedRatioSampler(sizes, ratio, seed) if ratio else TrainingSampler(len(dicts), seed=seed)
    order = BatchOrder(wide, max(1, cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size()), sampler)
    samples = MapDataset(DatasetFromList(dicts, copy=False), CarefulMapper(DatasetMapper(cfg, True)))
    loader = build_detection_train_loader(
        dataset=SeededSamples(samples, seed),
        mapper=None,
        sampler=order,
        total_batch_size=cfg.SOLVER.IMS_PER_BATCH,
        aspect_ratio_grouping=False,  # `order` has done it
        num_workers=cfg.DATALOADER.NUM_WORKERS,
    )
    return ResumableLoader(loader, order)
