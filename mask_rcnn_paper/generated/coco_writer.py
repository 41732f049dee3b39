"""Writes generated datasets to disk as COCO does."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import cv2

from mask_rcnn_paper.generated.annotations import scene_annotations
from mask_rcnn_paper.generated.cache import cached_folder
from mask_rcnn_paper.generated.categories import CATEGORIES, coco_categories
from mask_rcnn_paper.generated.parallel import map_indices
from mask_rcnn_paper.generated.scene import SceneSpec, draw_scene

VERSION = 2
"""Raised whenever a change of code changes what is drawn."""

IMAGES = "images"
INSTANCES = "instances.json"
PERSON_KEYPOINTS = "person_keypoints.json"


@dataclass(frozen=True)
class DatasetSpec:
    """All that determines a generated dataset.

    Attributes:
        name: first part of its folder's name.
        images: how many.
        seed: of its series of scenes; the splits of a dataset must differ in it.
        scene: what the scenes may hold.
    """

    name: str
    images: int
    seed: int
    scene: SceneSpec = field(default_factory=SceneSpec)

    def folder(self, root: Path) -> Path:
        """Return the dataset's folder under a cache root; equal specs share it."""
        return root / f"{self.name}-v{VERSION}-{spec_hash(self)}"


def spec_hash(spec: object) -> str:
    """Return 10 hexadecimal digits that identify the values of a dataclass."""
    return hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()[:10]


def ensure_dataset(spec: DatasetSpec, root: Path) -> Path:
    """Return the dataset's folder, drawn first if it is not there yet."""
    return cached_folder(spec.folder(root), partial(write_dataset, spec))


def write_dataset(spec: DatasetSpec, folder: Path) -> None:
    """Draw a dataset into an existing folder: PNG images, a COCO file of instances and one of keypoints."""
    (folder / IMAGES).mkdir()
    images, annotations = [], []
    draw = partial(_draw_image, spec, folder)
    for index, found in enumerate(map_indices(draw, spec.images, f"drawing {spec.name}")):
        images.append(
            {
                "id": index + 1,
                "file_name": _file_name(index),
                "height": spec.scene.height,
                "width": spec.scene.width,
                "license": 1,
            }
        )
        for annotation in found:
            annotations.append({"id": len(annotations) + 1, "image_id": index + 1, **annotation})
    common = {
        "info": {"description": f"{spec.name}: generated scenes", "version": str(VERSION), "year": 2017},
        "licenses": [{"id": 1, "name": "generated", "url": ""}],
        "images": images,
    }
    plain = [{k: v for k, v in a.items() if "keypoints" not in k} for a in annotations]
    persons = [a for a in annotations if a["category_id"] == CATEGORIES["person"]]
    _write_json(folder / INSTANCES, {**common, "categories": coco_categories(tuple(CATEGORIES)), "annotations": plain})
    categories = coco_categories(["person"], keypoints=True)
    _write_json(folder / PERSON_KEYPOINTS, {**common, "categories": categories, "annotations": persons})


def _file_name(index: int) -> str:
    return f"{index + 1:012d}.png"


def _draw_image(spec: DatasetSpec, folder: Path, index: int) -> list[dict]:
    scene = draw_scene(spec.scene, spec.seed, index)
    path = str(folder / IMAGES / _file_name(index))
    if not cv2.imwrite(path, scene.image, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise OSError(f"cannot write {path}: is the disk full?")
    return scene_annotations(scene)


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")))
