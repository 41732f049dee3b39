"""A COCO dataset of three small images with known annotations."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = {3: (40, 60), 1: (60, 40), 2: (40, 60)}  # image id: (height, width)
CATEGORIES = [{"id": 7, "name": "train"}, {"id": 1, "name": "person"}]


def box_annotation(id: int, image_id: int, category_id: int, box: list[float], **more: object) -> dict:
    """An annotation whose polygon is its box [x, y, w, h]."""
    x, y, w, h = box
    return {
        "id": id, "image_id": image_id, "category_id": category_id, "bbox": box, "area": w * h, "iscrowd": 0,
        "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
    } | more  # fmt: skip


def default_annotations() -> list[dict]:
    """Two objects in image 1, one and a crowd in image 2, a crowd alone in image 3."""
    crowd = {"iscrowd": 1, "segmentation": {"size": [40, 60], "counts": [0, 40 * 60]}}
    return [
        box_annotation(1, 1, 1, [5, 5, 20, 40]),
        box_annotation(2, 1, 7, [0, 0, 10, 10]),
        box_annotation(3, 2, 7, [10, 10, 30, 20]),
        box_annotation(4, 2, 1, [0, 0, 60, 40], **crowd),
        box_annotation(5, 3, 1, [0, 0, 60, 40], **crowd),
    ]


def write_coco(folder: Path, annotations: list[dict] | None = None, **data: object) -> tuple[str, str]:
    """Write the images and the annotations (without `info`); returns the paths of both."""
    image_root = folder / "images"
    image_root.mkdir(parents=True, exist_ok=True)
    for image_id, (h, w) in SIZES.items():
        pixels = np.random.default_rng(image_id).integers(0, 256, (h, w, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(image_root / f"{image_id}.png")
    images = [{"id": i, "file_name": f"{i}.png", "height": h, "width": w} for i, (h, w) in SIZES.items()]
    content = {
        "images": images,
        "categories": CATEGORIES,
        "annotations": default_annotations() if annotations is None else annotations,
    }
    json_file = folder / "annotations.json"
    json_file.write_text(json.dumps(content | data))
    return str(json_file), str(image_root)
