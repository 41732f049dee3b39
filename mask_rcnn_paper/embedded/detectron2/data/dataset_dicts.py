"""From names of datasets to one list of samples."""

import itertools
import logging

import numpy as np
from tabulate import tabulate

from .catalog import DatasetCatalog, MetadataCatalog
from .detection_utils import check_metadata_consistency

_logger = logging.getLogger(__name__)


def filter_images_with_only_crowd_annotations(dataset_dicts: list[dict]) -> list[dict]:
    """Images with at least one instance that is not a crowd."""
    kept = [d for d in dataset_dicts if any(a.get("iscrowd", 0) == 0 for a in d["annotations"])]
    removed = len(dataset_dicts) - len(kept)
    _logger.info("Left out %d images without a usable annotation; %d remain", removed, len(kept))
    return kept


def filter_images_with_few_keypoints(dataset_dicts: list[dict], min_keypoints_per_image: int) -> list[dict]:
    """Images whose instances have together at least this many labelled keypoints.

    Args:
        dataset_dicts: Samples in detectron2's dataset format.
        min_keypoints_per_image: Keypoints whose visibility is 1 or 2.
    """

    def labelled(sample: dict) -> int:
        return sum(v > 0 for a in sample["annotations"] for v in a.get("keypoints", [])[2::3])

    kept = [d for d in dataset_dicts if labelled(d) >= min_keypoints_per_image]
    counts = len(dataset_dicts) - len(kept), min_keypoints_per_image, len(kept)
    _logger.info("Left out %d images with fewer than %d labelled keypoints; %d remain", *counts)
    return kept


def print_instances_class_histogram(dataset_dicts: list[dict], class_names: list[str]) -> None:
    """Log how many instances, crowds aside, each class has.

    Args:
        dataset_dicts: Samples in detectron2's dataset format.
        class_names: Name of each class, by index.

    Raises:
        ValueError: an annotation has a class that is not in `class_names`.
    """
    annotations = itertools.chain.from_iterable(d["annotations"] for d in dataset_dicts)
    classes = np.array([a["category_id"] for a in annotations if not a.get("iscrowd", 0)], dtype=int)
    wrong = classes[(classes < 0) | (classes >= len(class_names))]
    if len(wrong):
        raise ValueError(f"an annotation has category_id={wrong[0]}: legal are 0 to {len(class_names) - 1}")
    counts = np.bincount(classes, minlength=len(class_names))
    rows = [*zip(class_names, counts.tolist(), strict=True), ("total", int(counts.sum()))]
    cells = [cell for row in rows for cell in row]
    lines = [cells[i : i + 6] for i in range(0, len(cells), 6)]
    table = tabulate(lines, headers=["category", "#instances"] * 3)
    _logger.info("Instances of each of the %d categories:\n%s", len(class_names), table)


def get_detection_dataset_dicts(
    names: str | list[str],
    filter_empty: bool = True,
    min_keypoints: int = 0,
    proposal_files: list[str] | None = None,
    check_consistency: bool = True,
) -> list[dict]:
    """Load datasets and put them one after the other.

    Args:
        names: One name or several.
        filter_empty: Drop images without an instance that is not a crowd.
        min_keypoints: Drop images with fewer labelled keypoints.
        proposal_files: None; pickles of proposals, which could run code, are not read.
        check_consistency: Require that the datasets agree on their classes, and log the histogram of classes.

    Raises:
        KeyError: a name is not registered.
        FileNotFoundError: a file of a dataset does not exist.
        ValueError: nothing is named, a dataset is empty, or proposal files are given.
    """
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ValueError("no dataset is named: set DATASETS.TRAIN and DATASETS.TEST to registered names")
    if proposal_files is not None:
        raise ValueError(
            f"MODEL.LOAD_PROPOSALS=True: the embedded core does not read proposal files {list(proposal_files)}: give "
            "its loaders samples that have their proposals, or install detectron2"
        )
    loaded = [DatasetCatalog.get(name) for name in names]
    for name, dicts in zip(names, loaded, strict=True):
        if not dicts:
            raise ValueError(f"dataset {name!r} has no images: check its annotation file")
    dataset_dicts = list(itertools.chain.from_iterable(loaded))
    if "annotations" in dataset_dicts[0]:
        if filter_empty:
            dataset_dicts = filter_images_with_only_crowd_annotations(dataset_dicts)
        if min_keypoints > 0:
            dataset_dicts = filter_images_with_few_keypoints(dataset_dicts, min_keypoints)
        if check_consistency and MetadataCatalog.get(names[0]).get("thing_classes") is not None:
            check_metadata_consistency("thing_classes", names)
            print_instances_class_histogram(dataset_dicts, MetadataCatalog.get(names[0]).thing_classes)
    if not dataset_dicts:
        raise ValueError(f"datasets {names}: no image has usable annotations (crowds do not count)")
    return dataset_dicts
