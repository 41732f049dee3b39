"""Whether what is tested on was trained on: images that are in datasets of both."""

import contextlib
import json
from functools import cache
from pathlib import Path

from detectron2.config import CfgNode
from detectron2.data import MetadataCatalog

from mask_rcnn_paper.data.registered import annotation_file, file_version
from mask_rcnn_paper.files import read_json, write_json_atomically
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.validate_dataset.dataset import image_file
from mask_rcnn_paper.validate_dataset.splits import SHARED, shared_files


class SharedImagesError(ValueError):
    """Images of a training set are in a test set."""


def require_apart(cfg: CfgNode) -> None:
    """Check that no set of DATASETS.TEST has images of DATASETS.TRAIN, unless it is one of these.

    An RPN is tested on its training set to store proposals, and whoever names a dataset in both means it. Datasets
    without a file in COCO's format on this machine are passed over.

    Raises:
        SharedImagesError: says which images, and what to do.
    """
    for test in cfg.DATASETS.TEST:
        for train in cfg.DATASETS.TRAIN if test not in cfg.DATASETS.TRAIN else ():
            files = annotation_file(train), annotation_file(test)
            if not all(file is not None and file.is_file() for file in files):
                continue
            folders = [MetadataCatalog.get(name).get("image_root") or "" for name in (train, test)]
            places = [(file, file_version(file), folder) for file, folder in zip(files, folders, strict=True)]
            if shared := _shared(*places):
                raise SharedImagesError(
                    f"{len(shared)} images of the test set {test!r}, {files[1]}, are in the training set {train!r}, "
                    f"{files[0]}: the first is {shared[0]!r} (rule {SHARED.name}: {SHARED.cure})"
                )


@cache
def _shared(train: tuple[Path, str, str], test: tuple[Path, str, str]) -> list[str]:
    names, others = (_image_files(file, version) for file, version, _ in (train, test))
    return shared_files(names, Path(train[2]), others, Path(test[2]))


@cache
def _image_files(file: Path, version: str) -> dict[str, None]:
    """Paths of the images that a file lists, in its order; what is unsound in it is said elsewhere.

    They are kept beside the records of what is valid, since reading all of COCO's annotations takes long.
    """
    record = cache_root() / "validated" / f"images-{version.rpartition(':')[2]}.json"
    try:
        return dict.fromkeys(read_json(record)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        names = _read_image_files(file)
    with contextlib.suppress(OSError):  # then the next process reads them again
        write_json_atomically(record, {"files": names})
    return dict.fromkeys(names)


def _read_image_files(file: Path) -> list[str]:
    try:
        images = json.loads(file.read_bytes())["images"]
        return [name for i in images if isinstance(i, dict) and (name := image_file(i)) is not None]
    except (ValueError, RecursionError, TypeError, KeyError):
        return []
