"""A split of Cityscapes as a file in COCO's format, so that everything that reads COCO's data reads it.

Masks are traced from the instance ids, which are what the scripts evaluate on: what another object hides is no part of
them. An instance becomes polygons, a group run lengths with `iscrowd`, as in COCO. Category ids are the label ids.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from tqdm import tqdm

from mask_rcnn_paper.cityscapes.folders import (
    IMAGES,
    INSTANCE_IDS,
    TEST,
    by_frame,
    image_folder,
    label_folder,
)
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS, label_ids, legal
from mask_rcnn_paper.coco.masks import mask_to_polygons, read_counts
from mask_rcnn_paper.cores import core_count

_CURE = "`python -m mask_rcnn_paper.validate_dataset --cityscapes ROOT` shows all that is wrong"


def coco_annotations(instance_ids: np.ndarray) -> list[dict[str, Any]]:
    """COCO's annotations, without ids, of the eight classes in an image of (H, W) instance ids.

    Boxes are XYWH in continuous coordinates: a pixel's left edge is its index, and its right edge one more.

    Raises:
        ValueError: other ids than `legal` ones.
    """
    found = []
    values = np.unique(instance_ids)
    if bad := values[~legal(values)].tolist():
        raise ValueError(f"{bad[:5]} are no instance ids: {_CURE}")
    for value in values[np.isin(label_ids(values), list(CLASS_IDS.values()))].tolist():
        is_group = value < 1000
        mask = (instance_ids == value).view(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        shape = _run_lengths(mask) if is_group else [p.reshape(-1).tolist() for p in mask_to_polygons(mask)]
        found.append(
            {
                "category_id": value if is_group else value // 1000,
                "iscrowd": int(is_group),
                "segmentation": shape,
                "area": int(np.count_nonzero(mask)),
                "bbox": [x, y, width, height],
            }
        )
    return found


def _run_lengths(mask: np.ndarray) -> dict[str, Any]:
    encoded = coco_mask.encode(np.asfortranarray(mask))
    return {"size": list(mask.shape), "counts": read_counts(encoded["counts"].decode()).tolist()}


def coco_content(root: Path, split: str) -> dict[str, Any]:
    """What a COCO file of a split holds; file names are relative to `image_folder(root, split)`.

    Of the test split no labels are published: its file has no `annotations`, as COCO's of its own test images.

    Raises:
        FileNotFoundError: the split has no images, or an image has no labels.
        ValueError: labels that cannot be read, or are of another size than the image.
    """
    check_split(root, split)
    folder = image_folder(root, split)
    images, labels = by_frame(folder, IMAGES), by_frame(label_folder(root, split), INSTANCE_IDS)
    if split != TEST and (missing := [frame for frame in images if frame not in labels]):
        raise FileNotFoundError(f"{missing[0]} of {folder} has no {INSTANCE_IDS}: {_CURE}")
    content: dict[str, Any] = {
        "info": {"description": f"Cityscapes {split}, from {INSTANCE_IDS}"},
        "licenses": [],
        "categories": [{"id": key, "name": name, "supercategory": ""} for name, key in CLASS_IDS.items()],
        "images": [],
        **({} if split == TEST else {"annotations": []}),
    }
    pairs = ((path, None if split == TEST else labels[frame]) for frame, path in images.items())
    with ThreadPoolExecutor(core_count()) as pool:
        read = tqdm(pool.map(_read, pairs), f"reading {folder}", len(images), unit="image", disable=None)
        for number, (path, (height, width), annotations) in enumerate(read, 1):
            name = path.relative_to(folder).as_posix()
            content["images"].append({"id": number, "file_name": name, "height": height, "width": width})
            for annotation in annotations:
                key = len(content["annotations"]) + 1
                content["annotations"].append({"id": key, "image_id": number, **annotation})
    return content


def _read(pair: tuple[Path, Path | None]) -> tuple[Path, tuple[int, int], list[dict[str, Any]]]:
    """Path of an image, its (height, width), and its annotations."""
    image, labels = pair
    try:
        with Image.open(image) as file:
            size = file.size[::-1]
        if labels is None:
            return image, size, []
        with Image.open(labels) as file:
            instance_ids = np.asarray(file)
    except OSError as error:
        raise ValueError(f"{labels or image} cannot be read: {error}") from error
    if instance_ids.shape != size:
        raise ValueError(f"{labels} is of shape {instance_ids.shape}, its image of {size}: {_CURE}")
    try:
        return image, size, coco_annotations(instance_ids)
    except ValueError as error:
        raise ValueError(f"{labels}: {error}") from error


def check_split(root: Path, split: str) -> None:
    """Raise a FileNotFoundError where a split has no images, or no labels although it is not the test split."""
    folders = {image_folder(root, split): IMAGES}
    if split != TEST:
        folders[label_folder(root, split)] = INSTANCE_IDS
    for folder, end in folders.items():
        if next(folder.glob(f"*/*_{end}.png"), None) is None:
            datasets = os.environ.get("DETECTRON2_DATASETS", "datasets")
            raise FileNotFoundError(
                f"Cityscapes: {folder} holds no CITY/*_{end}.png: unpack leftImg8bit_trainvaltest.zip and "
                f"gtFine_trainvaltest.zip into cityscapes/ of $DETECTRON2_DATASETS (now {datasets!r})"
            )
