"""A dataset of a few small images, predictions on it, stored pages, and a reader of SVGs."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np

GOLDEN = Path(__file__).with_name("golden")
SIDE = 100
CATEGORIES = [
    {"id": 1, "name": "person", "keypoints": ["a", "b"], "skeleton": [[1, 2]]},
    {"id": 3, "name": "car"},
]


def golden(name: str) -> str:
    """A stored page or a part of one."""
    return (GOLDEN / name).read_text(encoding="utf-8")


def words(svg: bytes) -> list[str]:
    """Texts of an SVG."""
    return [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def rectangle(x: float, y: float, width: float, height: float, image_id: int = 1, category: int = 3, **more) -> dict:
    """An object whose mask is its box."""
    polygon = [x, y, x + width, y, x + width, y + height, x, y + height]
    return {
        "image_id": image_id,
        "category_id": category,
        "bbox": [x, y, width, height],
        "segmentation": [polygon],
        "area": width * height,
        "iscrowd": 0,
        **more,
    }


def predicted(*box: float, score: float = 0.9, **more) -> dict:
    """A prediction whose mask is its box, with the fields of a results file."""
    made = {**rectangle(*box, **more), "score": score}
    return {key: value for key, value in made.items() if key not in ("area", "iscrowd")}


def write_dataset(folder: Path, annotations: list[dict], images: int = 3) -> Path:
    """Images 1, 2, ... of one grey and their annotations; returns the annotation file."""
    (folder / "images").mkdir(parents=True)
    entries = []
    for number in range(1, images + 1):
        name = f"{number}.png"
        cv2.imwrite(str(folder / "images" / name), np.full((SIDE, SIDE, 3), 40 * number, dtype=np.uint8))
        entries.append({"id": number, "file_name": name, "height": SIDE, "width": SIDE})
    numbered = [{"id": n, **annotation} for n, annotation in enumerate(annotations, start=1)]
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": entries, "annotations": numbered, "categories": CATEGORIES}))
    return path


def write_predictions(folder: Path, dataset: str, predictions: list[dict]) -> Path:
    """What an evaluation leaves in a job's folder; returns that folder."""
    place = folder / "inference" / dataset
    place.mkdir(parents=True, exist_ok=True)
    (place / "coco_instances_results.json").write_text(json.dumps(predictions))
    return folder
