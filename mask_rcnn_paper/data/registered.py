"""What is known of a registered dataset before it is loaded: where it lies, which state of it, and its classes."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.cityscapes.coco_file import check_split
from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES, SKELETON
from mask_rcnn_paper.data.cityscapes_splits import ensure_coco_file

UNKNOWN = "unknown"
# Of scenes and of streets, when the identity of a run came to hold their version: so that it stayed what it was.
_FIRST_DRAWN = ("v4", "v4.1")
# Metadata of a dataset's files.
_OF_FILES = ("name", "json_file", "image_root", "generated", "unlabeled", "own", "data_version", "missing_hint")


def annotation_file(name: str) -> Path | None:
    """Path that a dataset is registered with; None for names that nobody registered, and no or a remote file."""
    json_file = MetadataCatalog.get(name).get("json_file") if name in DatasetCatalog.list() else None
    return Path(json_file) if json_file and "://" not in str(json_file) else None


def coco_files(name: str) -> tuple[Path, Path]:
    """Annotation file and folder of images of a dataset; generated data are drawn if they are not there.

    Those of Cityscapes are written anew where its labels have changed.

    Raises:
        ValueError: it is not registered, or was not registered as COCO's datasets are.
        FileNotFoundError: its annotations are not on this machine.
    """
    if name not in DatasetCatalog.list():
        raise ValueError(f"dataset {name!r} is not registered")
    path, metadata = annotation_file(name), MetadataCatalog.get(name)
    if path is None:
        raise ValueError(f"dataset {name!r} is not in COCO's format: its metadata have no json_file of this machine")
    if metadata.get("generated") and not path.is_file():
        DatasetCatalog.get(name)
    elif metadata.get("cityscapes") and not metadata.get("generated"):
        ensure_coco_file(*metadata.cityscapes, path)
    if not path.is_file():
        raise FileNotFoundError(f"dataset {name!r}: its annotations are not on this machine: {path}")
    return path, Path(metadata.get("image_root") or "")


def check_annotations(datasets: Iterable[str]) -> None:
    """Fail where the annotation file of a registered dataset is missing, or does not begin and end as JSON does.

    So a wrong path costs seconds and not minutes: only a few bytes are read, since COCO's files take long to parse.
    Datasets without a `json_file`, generated ones, and names that nobody registered are left to detectron2.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a JSON object, or was cut short.
    """
    for name in datasets:
        path = annotation_file(name)
        if path is None or MetadataCatalog.get(name).get("generated", False):
            continue
        if split := MetadataCatalog.get(name).get("cityscapes"):
            check_split(*split)
            continue
        if not path.is_file():
            raise FileNotFoundError(
                f"annotation file {str(path)!r} of dataset {name!r} does not exist: set $DETECTRON2_DATASETS (now "
                f"{os.environ.get('DETECTRON2_DATASETS', 'datasets')!r}) to the folder that holds coco/, or check the "
                "path given to register_coco_instances"
            )
        with open(path, "rb") as file:
            head = file.read(256).lstrip()
            file.seek(max(0, path.stat().st_size - 256))
            tail = file.read(256).rstrip()
        if (head[:1], tail[-1:]) != (b"{", b"}"):
            what = f"annotation file {str(path)!r} of dataset {name!r}"
            raise ValueError(f"{what} is not a whole JSON object: download or write it again")


def data_versions(datasets: Iterable[str]) -> dict[str, str]:
    """Which state of each dataset a result was computed on, so that results of different states are not compared.

    Returns:
        By name: `data_version` of its metadata, or else `file_version` of its annotation file, or "unknown" for
        datasets without a local annotation file and names that nobody registered.
    """
    versions = {}
    for name in datasets:
        path = annotation_file(name)
        known = MetadataCatalog.get(name).get("data_version") if name in DatasetCatalog.list() else None
        found = file_version(path) if not known and path is not None and path.is_file() else UNKNOWN
        versions[name] = str(known or found)
    return versions


def redrawn_versions(datasets: Iterable[str]) -> dict[str, str]:
    """By name the versions of generated datasets that are drawn otherwise than when results began to be kept.

    What is computed of them is another experiment than before; `_FIRST_DRAWN` are the versions that none needs to name.
    """
    generated = [n for n in datasets if n in DatasetCatalog.list() and MetadataCatalog.get(n).get("generated", False)]
    return {name: version for name, version in data_versions(generated).items() if version not in _FIRST_DRAWN}


def file_version(path: Path) -> str:
    """ "sha256:" and the first 16 digits of the checksum of a file, which is read once while it stays as it is."""
    status = path.stat()
    return _checksum(path, status.st_size, status.st_mtime_ns)


@lru_cache
def _checksum(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()[:16]}"


@dataclass(frozen=True)
class Classes:
    """Classes of a dataset: `names` by category id, and the `ids` in the order of the model's classes."""

    names: dict[int, str]
    ids: tuple[int, ...]
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()  # limbs, as pairs of keypoint numbers from 1 on

    def coco_categories(self, keypoints: bool) -> list[dict[str, Any]]:
        """The `categories` of a COCO file, with or without the names of keypoints."""
        skeleton = [list(limb) for limb in self.skeleton]
        extra = {"keypoints": list(self.keypoints), "skeleton": skeleton} if keypoints else {}
        return [{"id": i, "name": self.names[i], **extra} for i in self.ids]


def read_classes(dataset: str) -> Classes:
    """Classes of a registered dataset, from its metadata; the dataset is only loaded where it has none before that.

    Limbs are COCO's where the keypoints are, else those of detectron2's `keypoint_connection_rules`.

    Raises:
        KeyError, FileNotFoundError: the dataset is unknown, or has to be loaded and is not there.
    """
    metadata = MetadataCatalog.get(dataset)
    if metadata.get("thing_classes") is None:
        DatasetCatalog.get(dataset)
    names = metadata.thing_classes
    id_map = metadata.get("thing_dataset_id_to_contiguous_id") or {index: index for index in range(len(names))}
    ids = sorted(id_map, key=id_map.get)
    keypoints = tuple(metadata.get("keypoint_names") or ())
    limbs = SKELETON
    if keypoints != KEYPOINT_NAMES:
        rules = metadata.get("keypoint_connection_rules") or ()
        limbs = [(keypoints.index(a) + 1, keypoints.index(b) + 1) for a, b, *_ in rules]
    return Classes(dict(zip(ids, names, strict=True)), tuple(ids), keypoints, tuple((a, b) for a, b in limbs))


def metadata_of_classes(dataset: str) -> dict[str, Any]:
    """Metadata of a registered dataset but for what is said of its files: for other images with the same classes."""
    return {key: value for key, value in MetadataCatalog.get(dataset).as_dict().items() if key not in _OF_FILES}
