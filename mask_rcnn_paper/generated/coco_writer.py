"""Writes generated datasets to disk as COCO does."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES, SKELETON
from mask_rcnn_paper.coco.masks import mask_to_polygons, signed_area
from mask_rcnn_paper.generated.cache import cached_folder
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.parallel import map_indices
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, Instance, Scene, SceneSpec, draw_scene

VERSION = 2
"""Raised whenever a change of code changes what is drawn."""

IMAGES = "images"
INSTANCES = "instances.json"
PERSON_KEYPOINTS = "person_keypoints.json"
_MIN_REGION = SUPERSAMPLING**2 / 4  # regions and holes smaller than a quarter of a pixel are left out


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
        size = {"height": spec.scene.height, "width": spec.scene.width}
        images.append({"id": index + 1, "file_name": _file_name(index), **size, "license": 1})
        for annotation in found:
            annotations.append({"id": len(annotations) + 1, "image_id": index + 1, **annotation})
    common = {
        "info": {"description": f"{spec.name}: generated scenes", "version": str(VERSION), "year": 2017},
        "licenses": [{"id": 1, "name": "generated", "url": ""}],
        "images": images,
    }
    plain = [{k: v for k, v in a.items() if "keypoints" not in k} for a in annotations]
    persons = [a for a in annotations if a["category_id"] == CATEGORIES["person"].id]
    _write_json(folder / INSTANCES, {**common, "categories": _categories(CATEGORIES), "annotations": plain})
    categories = _categories(["person"], keypoints=list(KEYPOINT_NAMES), skeleton=SKELETON)
    _write_json(folder / PERSON_KEYPOINTS, {**common, "categories": categories, "annotations": persons})


def _file_name(index: int) -> str:
    return f"{index + 1:012d}.png"


def _draw_image(spec: DatasetSpec, folder: Path, index: int) -> list[dict]:
    scene = draw_scene(spec.scene, spec.seed, index)
    path = str(folder / IMAGES / _file_name(index))
    if not cv2.imwrite(path, scene.image, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise OSError(f"cannot write {path}: is the disk full?")
    return scene_annotations(scene)


def _categories(names: Iterable[str], **keypoints: list) -> list[dict]:
    return [{"id": CATEGORIES[name].id, "name": name, "supercategory": name, **keypoints} for name in names]


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")))


def scene_annotations(scene: Scene) -> list[dict]:
    """List the COCO annotations of a scene, with keypoints for persons and without ids."""
    annotations = []
    for instance in scene.instances:
        shape = _crowd_shape(instance) if instance.crowd else _polygon_shape(instance, scene.image.shape)
        if shape is not None:
            category = {"category_id": CATEGORIES[instance.category].id, "iscrowd": int(instance.crowd)}
            annotations.append({**category, **shape, **_keypoints(instance)})
    return annotations


def _polygon_shape(instance: Instance, image_shape: tuple[int, ...]) -> dict | None:
    polygons = mask_to_polygons(instance.mask, 1 / SUPERSAMPLING, _MIN_REGION)
    polygons = [np.round(np.clip(p, 0, image_shape[1::-1]), 2) for p in polygons]
    if not polygons:
        return None
    points = np.concatenate(polygons)
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    return {
        "segmentation": [p.reshape(-1).tolist() for p in polygons],
        "area": round(sum(abs(signed_area(p)) for p in polygons), 2),
        "bbox": [round(float(v), 2) for v in (x1, y1, x2 - x1, y2 - y1)],
    }


def _crowd_shape(instance: Instance) -> dict | None:
    """Encode a group as run lengths over the pixels of which it covers at least half."""
    height, width = (side // SUPERSAMPLING for side in instance.mask.shape)
    cells = instance.mask.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING)
    pixels = cells.mean((1, 3)) >= 0.5
    if not pixels.any():
        return None
    encoded = coco_mask.encode(np.asfortranarray(pixels, np.uint8))
    flat = pixels.reshape(-1, order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return {
        "segmentation": {"size": [height, width], "counts": [0, *counts] if flat[0] else counts},
        "area": int(pixels.sum()),
        "bbox": coco_mask.toBbox(encoded).tolist(),
    }


def _keypoints(instance: Instance) -> dict:
    """Return COCO's keypoint fields; COCO counts coordinates from the centre of the first pixel."""
    if instance.category != "person":
        return {}
    if instance.keypoints is None:
        return {"keypoints": [0] * 51, "num_keypoints": 0}
    flagged = instance.keypoints - (0.5, 0.5, 0) * (instance.keypoints[:, 2:] > 0)
    return {
        "keypoints": [round(float(v), 2) if i % 3 < 2 else int(v) for i, v in enumerate(flagged.reshape(-1))],
        "num_keypoints": int((flagged[:, 2] > 0).sum()),
    }
