"""Loaders of batches, for training and for inference."""

from collections.abc import Callable
from typing import Any

import torch
import torch.utils.data as torchdata
from detectron2.config import configurable
from detectron2.utils import comm
from detectron2.utils.env import seed_all_rng

from .common import AspectRatioGroupedDataset, DatasetFromList, MapDataset, ToIterableDataset
from .dataset_dicts import (
    filter_images_with_few_keypoints,
    filter_images_with_only_crowd_annotations,
    get_detection_dataset_dicts,
    print_instances_class_histogram,
)
from .dataset_mapper import DatasetMapper
from .samplers import InferenceSampler, TrainingSampler

__all__ = [
    "build_batch_data_loader",
    "build_detection_test_loader",
    "build_detection_train_loader",
    "filter_images_with_few_keypoints",
    "filter_images_with_only_crowd_annotations",
    "get_detection_dataset_dicts",
    "print_instances_class_histogram",
]


def build_batch_data_loader(
    dataset: torchdata.Dataset,
    sampler: torchdata.Sampler,
    total_batch_size: int,
    *,
    aspect_ratio_grouping: bool = False,
    num_workers: int = 0,
    collate_fn: Callable[[list], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """A loader of endless batches.

    Args:
        dataset: Mapped samples, with `len` and indices.
        sampler: Gives indices without end.
        total_batch_size: Images per step over all processes.
        aspect_ratio_grouping: As for `build_detection_train_loader`.
        num_workers: As there.
        collate_fn: As there.
        **kwargs: As there.

    Returns:
        An iterable of batches, each what `collate_fn` returns.

    Raises:
        ValueError: the batch cannot be shared equally among the processes.
    """
    world_size = comm.get_world_size()
    if total_batch_size <= 0 or total_batch_size % world_size:
        raise ValueError(
            f"SOLVER.IMS_PER_BATCH={total_batch_size} must be a positive multiple of the number of processes "
            f"(GPUs), which is {world_size}: change one of them"
        )
    batch_size = total_batch_size // world_size
    dataset = ToIterableDataset(dataset, sampler, shard_chunk_size=batch_size)
    kwargs = {"num_workers": num_workers, "worker_init_fn": worker_init_reset_seed, **kwargs}
    if not aspect_ratio_grouping:
        kwargs["collate_fn"] = collate_fn or trivial_batch_collator
        return torchdata.DataLoader(dataset, batch_size, drop_last=True, **kwargs)
    loader = torchdata.DataLoader(dataset, batch_size=None, collate_fn=_as_it_is, **kwargs)
    grouped = AspectRatioGroupedDataset(loader, batch_size)
    return grouped if collate_fn is None else _Collated(grouped, collate_fn)


class _Collated(torchdata.IterableDataset):
    def __init__(self, batches: AspectRatioGroupedDataset, collate_fn: Callable[[list], Any]) -> None:
        self.batches = batches
        self.collate_fn = collate_fn

    def __iter__(self) -> Any:
        return map(self.collate_fn, self.batches)


def _train_loader_from_config(
    cfg: Any, mapper: Callable | None = None, *, dataset: Any = None, sampler: torchdata.Sampler | None = None
) -> dict[str, Any]:
    name = cfg.DATALOADER.SAMPLER_TRAIN
    if sampler is None and name != "TrainingSampler":
        raise ValueError(f"DATALOADER.SAMPLER_TRAIN={name!r}: choose TrainingSampler, or install detectron2")
    if dataset is None:
        dataset = get_detection_dataset_dicts(
            cfg.DATASETS.TRAIN,
            filter_empty=cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS,
            min_keypoints=cfg.MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE if cfg.MODEL.KEYPOINT_ON else 0,
            proposal_files=cfg.DATASETS.PROPOSAL_FILES_TRAIN if cfg.MODEL.LOAD_PROPOSALS else None,
        )
    seed = cfg.SEED if cfg.SEED >= 0 else None
    return {
        "dataset": dataset,
        "sampler": TrainingSampler(len(dataset), seed=seed) if sampler is None else sampler,
        "mapper": DatasetMapper(cfg, True) if mapper is None else mapper,
        "total_batch_size": cfg.SOLVER.IMS_PER_BATCH,
        "aspect_ratio_grouping": cfg.DATALOADER.ASPECT_RATIO_GROUPING,
        "num_workers": cfg.DATALOADER.NUM_WORKERS,
    }


@configurable(from_config=_train_loader_from_config)
def build_detection_train_loader(
    dataset: list | torchdata.Dataset,
    *,
    mapper: Callable[[dict], Any] | None,
    sampler: torchdata.Sampler | None = None,
    total_batch_size: int,
    aspect_ratio_grouping: bool = True,
    num_workers: int = 0,
    collate_fn: Callable[[list], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """A loader that gives batches without end; also `build_detection_train_loader(cfg, mapper=None)`.

    Made from a config, a seed fixes the order of the images; the draws of augmentations come from the global
    generators. So two loaders made after the same `seed_all_rng(seed)`, with as many workers, give the same batches.

    Args:
        dataset: Samples, as a list or a dataset with `len` and indices.
        mapper: Applied to each sample; where it returns None, another sample is taken. None maps nothing.
        sampler: Order of the samples; None for `TrainingSampler`.
        total_batch_size: Images per step over all processes.
        aspect_ratio_grouping: Put wide images with wide ones and the others with the others.
        num_workers: Processes that load.
        collate_fn: Makes a batch of a list of samples; None for the list itself.
        **kwargs: More arguments of `torch.utils.data.DataLoader`.

    Raises:
        ValueError: the batch cannot be shared equally among the processes, or the dataset is empty.
    """
    if isinstance(dataset, list):
        dataset = DatasetFromList(dataset, copy=False)
    if mapper is not None:
        dataset = MapDataset(dataset, mapper)
    return build_batch_data_loader(
        dataset,
        TrainingSampler(len(dataset)) if sampler is None else sampler,
        total_batch_size,
        aspect_ratio_grouping=aspect_ratio_grouping,
        num_workers=num_workers,
        collate_fn=collate_fn,
        **kwargs,
    )


def _test_loader_from_config(cfg: Any, dataset_name: str | list[str], mapper: Callable | None = None) -> dict[str, Any]:
    names = [dataset_name] if isinstance(dataset_name, str) else list(dataset_name)
    proposals = cfg.DATASETS.PROPOSAL_FILES_TEST if cfg.MODEL.LOAD_PROPOSALS else None
    return {
        "dataset": get_detection_dataset_dicts(names, filter_empty=False, proposal_files=proposals),
        "mapper": DatasetMapper(cfg, False) if mapper is None else mapper,
        "num_workers": cfg.DATALOADER.NUM_WORKERS,
    }


@configurable(from_config=_test_loader_from_config)
def build_detection_test_loader(
    dataset: list | torchdata.Dataset,
    *,
    mapper: Callable[[dict], Any] | None,
    sampler: torchdata.Sampler | None = None,
    batch_size: int = 1,
    num_workers: int = 0,
    collate_fn: Callable[[list], Any] | None = None,
) -> torchdata.DataLoader:
    """A loader that gives every sample once; also `build_detection_test_loader(cfg, name, mapper=None)`.

    Args:
        dataset: Samples, as a list or a dataset with `len` and indices.
        mapper: Applied to each sample; None leaves them as they are.
        sampler: Order of the samples; None for `InferenceSampler`, which shares them among the processes.
        batch_size: Images per batch and process; the last batch may be smaller.
        num_workers: Processes that load.
        collate_fn: Makes a batch of a list of samples; None for the list itself.
    """
    if isinstance(dataset, list):
        dataset = DatasetFromList(dataset, copy=False)
    if mapper is not None:
        dataset = MapDataset(dataset, mapper)
    return torchdata.DataLoader(
        dataset,
        batch_size,
        sampler=InferenceSampler(len(dataset)) if sampler is None else sampler,
        num_workers=num_workers,
        collate_fn=collate_fn or trivial_batch_collator,
    )


def trivial_batch_collator(batch: list) -> list:
    """A batch is the list of its samples."""
    return batch


def _as_it_is(sample: Any) -> Any:
    return sample


def worker_init_reset_seed(worker_id: int) -> None:
    """Seed Python, numpy and torch in a loader's worker from the seed that torch gave it."""
    seed = torch.initial_seed() % 2**31
    seed_all_rng(seed + worker_id)
