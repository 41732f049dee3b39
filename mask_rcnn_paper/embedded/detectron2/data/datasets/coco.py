"""Datasets in COCO's annotation format (https://cocodataset.org/#format-data)."""

import json
import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

import pycocotools.mask as mask_util
from detectron2.data.catalog import DatasetCatalog, Metadata, MetadataCatalog
from detectron2.structures import BoxMode

__all__ = ["load_coco_json", "read_coco_json", "register_coco_instances"]

_HINT = "check the paths given to register_coco_instances"
_logger = logging.getLogger(__name__)


def register_coco_instances(name: str, metadata: dict[str, Any], json_file: str, image_root: str) -> None:
    """Register a dataset in COCO's format, for boxes, masks and keypoints.

    Args:
        name: Its name.
        metadata: Extra metadata; may be empty. Keypoints need `keypoint_names` and `keypoint_flip_map`.
        json_file: Path of the annotations.
        image_root: Folder of the images.
    """
    DatasetCatalog.register(name, lambda: load_coco_json(json_file, image_root, name))
    MetadataCatalog.get(name).set(json_file=json_file, image_root=image_root, evaluator_type="coco", **metadata)


def load_coco_json(
    json_file: str,
    image_root: str,
    dataset_name: str | None = None,
    extra_annotation_keys: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Read COCO annotations into detectron2's dataset format.

    Args:
        json_file: Path of the annotations.
        image_root: Folder of the images.
        dataset_name: Where given, the classes are written into its metadata, and category ids become indices of
            `thing_classes`; else category ids stay as they are.
        extra_annotation_keys: Fields of annotations to keep beside iscrowd, bbox, keypoints and category_id.

    Returns:
        A dict per image, in the order of their ids: file_name, height, width, image_id, and annotations with bbox
        (XYWH), category_id, iscrowd, segmentation (polygons or compressed RLE) and keypoints, which are moved by
        half a pixel, from pixel indices to continuous coordinates. Annotations of degenerate polygons only are
        left out.

    Raises:
        FileNotFoundError: the file or the folder does not exist.
        ValueError: the file is not JSON or not in COCO's format.
    """
    data = read_coco_json(json_file, dataset_name)
    if image_root and not Path(image_root).is_dir():
        raise FileNotFoundError(f"image folder {image_root!r} {_of(dataset_name)}does not exist: {_hint(dataset_name)}")
    id_map = None if dataset_name is None else _register_classes(data["categories"], MetadataCatalog.get(dataset_name))
    keys = ["iscrowd", "bbox", "keypoints", "category_id", *(extra_annotation_keys or [])]
    by_image: dict[Any, list[dict]] = defaultdict(list)
    for annotation in data.get("annotations", []):
        by_image[annotation.get("image_id")].append(annotation)
    dicts, skipped = [], 0
    try:
        for image in sorted(data["images"], key=lambda i: i["id"]):
            objects = [_convert(a, image, keys, id_map) for a in by_image[image["id"]]]
            dicts.append(
                {
                    "file_name": str(Path(image_root, image["file_name"])),
                    "height": image["height"],
                    "width": image["width"],
                    "image_id": image["id"],
                    "annotations": [o for o in objects if o is not None],
                }
            )
            skipped += sum(o is None for o in objects)
    except KeyError as e:
        lacks = f"{json_file!r}: an image or annotation has no key {e}"
        raise ValueError(f"{lacks}: see cocodataset.org/#format-data") from None
    except ValueError as e:
        raise ValueError(f"{json_file!r}: {e}") from None
    _logger.info("Loaded %d images in COCO format from %s", len(dicts), json_file)
    if skipped:
        _logger.warning("%s: left out %d annotations with an empty segmentation", json_file, skipped)
    return dicts


def read_coco_json(json_file: str, dataset_name: str | None = None) -> dict[str, Any]:
    """Read an annotation file and check that it is one.

    Args:
        json_file: Path.
        dataset_name: For the error message.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, or has no images or categories, or annotation ids occur twice.
    """
    try:
        with open(json_file, encoding="utf-8") as f:
            data = json.load(f)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"annotation file {str(json_file)!r} {_of(dataset_name)}does not exist: {_hint(dataset_name)}"
        ) from None
    except ValueError as e:
        raise ValueError(f"annotation file {str(json_file)!r} is not JSON ({e}): download or write it again") from None
    missing = [k for k in ("images", "categories") if not isinstance(data, dict) or k not in data]
    if missing:
        lacks = f"annotation file {str(json_file)!r} has no {' and no '.join(missing)}"
        raise ValueError(f"{lacks}: is it in COCO's format?")
    ids = [a["id"] for a in data.get("annotations", []) if "id" in a]
    if len(set(ids)) != len(ids):
        raise ValueError(f"annotation file {str(json_file)!r}: {len(ids) - len(set(ids))} annotation ids occur twice")
    return data


def _of(dataset_name: str | None) -> str:
    return f"of dataset {dataset_name!r} " if dataset_name else ""


def _hint(dataset_name: str | None) -> str:
    return MetadataCatalog.get(dataset_name).get("missing_hint", _HINT) if dataset_name else _HINT


def _register_classes(categories: list[dict], meta: Metadata) -> dict[int, int]:
    categories = sorted(categories, key=lambda c: c["id"])
    id_map = {c["id"]: i for i, c in enumerate(categories)}
    meta.set(thing_classes=[c["name"] for c in categories], thing_dataset_id_to_contiguous_id=id_map)
    return id_map


def _convert(annotation: dict, image: dict, keys: list[str], id_map: dict[int, int] | None) -> dict | None:
    """One annotation in detectron2's format, or None where its segmentation is empty."""
    obj = {key: annotation[key] for key in keys if key in annotation}
    obj["bbox"] = annotation["bbox"]
    if len(obj["bbox"]) != 4:
        raise ValueError(f"annotation {annotation.get('id')}: bbox={obj['bbox']!r} must be [x, y, width, height]")
    obj["bbox_mode"] = BoxMode.XYWH_ABS
    segmentation = annotation.get("segmentation")
    if segmentation:
        if isinstance(segmentation, dict):
            if isinstance(segmentation["counts"], list):
                segmentation = mask_util.frPyObjects(segmentation, image["height"], image["width"])
        else:
            # pycocotools cannot rasterise fewer than three points.
            segmentation = [p for p in segmentation if len(p) % 2 == 0 and len(p) >= 6]
            if not segmentation:
                return None
        obj["segmentation"] = segmentation
    if obj.get("keypoints"):
        obj["keypoints"] = [v if i % 3 == 2 else v + 0.5 for i, v in enumerate(obj["keypoints"])]
    category = annotation["category_id"]
    if id_map is not None:
        if category not in id_map:
            raise ValueError(f"annotation {annotation.get('id')}: category_id={category!r} is not among the categories")
        obj["category_id"] = id_map[category]
    return obj
