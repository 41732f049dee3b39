"""The generated datasets: written as COCO's are, and registered with detectron2.

``mini_train`` and ``mini_val`` are the mini scale's COCO; ``mini_keypoints_*`` are its person_keypoints
files over the same images; ``mini_unlabeled`` and ``mini_keypoints_unlabeled`` are other images without annotations,
as COCO's unlabeled2017 are; ``smoke_*`` are a few images of the same kinds for tests. Nothing is drawn before it is
asked for.
"""

import colorsys
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import load_coco_json
from pycocotools import mask as coco_mask

from mask_rcnn_paper.coco.image_info import load_image_info
from mask_rcnn_paper.coco.keypoints import KEYPOINT_FLIP_MAP, KEYPOINT_NAMES, SKELETON
from mask_rcnn_paper.coco.masks import mask_to_polygons, read_counts, signed_area
from mask_rcnn_paper.generated.cache import cache_root, cached_folder
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.parallel import map_indices
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, Instance, Scene, SceneSpec, draw_scene

VERSION = 4
"""Raised whenever a change of code changes what is drawn."""

IMAGES = "images"
INSTANCES = "instances.json"
PERSON_KEYPOINTS = "person_keypoints.json"
IMAGE_INFO = "image_info.json"
_MIN_REGION = SUPERSAMPLING**2 / 4  # regions and holes smaller than a quarter of a pixel are left out


@dataclass(frozen=True)
class DatasetSpec:
    """All that determines a generated dataset; its splits must differ in `seed`."""

    name: str
    images: int
    seed: int
    scene: SceneSpec = field(default_factory=SceneSpec)

    def folder(self, root: Path) -> Path:
        """Return the dataset's folder under a cache root; equal specs share it."""
        return root / f"{self.name}-v{VERSION}-{spec_hash(self)}"


MINI_SPECS: dict[str, DatasetSpec] = {
    "mini_train": DatasetSpec("mini_train", images=2000, seed=1),
    "mini_val": DatasetSpec("mini_val", images=800, seed=2),
    "smoke_train": DatasetSpec("smoke_train", images=8, seed=3),
    "smoke_val": DatasetSpec("smoke_val", images=4, seed=5),
}
"""Spec by the name of the instance dataset."""

UNLABELED_SPECS: dict[str, DatasetSpec] = {
    # COCO has 123,000 unlabelled images beside 118,000.
    "mini_unlabeled": DatasetSpec("mini_unlabeled", images=2000, seed=21),
    "smoke_unlabeled": DatasetSpec("smoke_unlabeled", images=6, seed=22),
}
"""Spec by the name of the dataset without annotations."""


def spec_hash(spec: object) -> str:
    """Return 10 hexadecimal digits that identify the values of a dataclass."""
    return hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()[:10]


def register_mini_datasets(root: Path | None = None) -> None:
    """Register all generated datasets, kept under `root` or ``cache_root()``; names that are taken are left alone."""
    root = cache_root() if root is None else root
    for name, spec in (MINI_SPECS | UNLABELED_SPECS).items():
        scale, split = name.split("_")
        unlabeled = name in UNLABELED_SPECS
        for full_name, file_name, classes in (
            (name, INSTANCES, tuple(CATEGORIES)),
            (f"{scale}_keypoints_{split}", PERSON_KEYPOINTS, ("person",)),
        ):
            if full_name not in DatasetCatalog.list():
                _register(full_name, spec, root, IMAGE_INFO if unlabeled else file_name, classes, unlabeled)


def _register(
    name: str, spec: DatasetSpec, root: Path, file_name: str, classes: tuple[str, ...], unlabeled: bool
) -> None:
    json_file, image_root = (str(spec.folder(root) / part) for part in (file_name, IMAGES))

    def load() -> list[dict]:
        ensure_dataset(spec, root, write_images if unlabeled else write_dataset)
        return load_image_info(json_file, image_root) if unlabeled else load_coco_json(json_file, image_root, name)

    DatasetCatalog.register(name, load)
    hues = [colorsys.hsv_to_rgb(i / len(classes), 0.75, 0.95) for i in range(len(classes))]
    MetadataCatalog.get(name).set(
        json_file=json_file,
        image_root=image_root,
        evaluator_type="coco",
        generated=True,
        unlabeled=unlabeled,
        data_version=f"v{VERSION}",
        thing_classes=list(classes),
        thing_colors=[[round(255 * channel) for channel in hue] for hue in hues],
        thing_dataset_id_to_contiguous_id={CATEGORIES[c].id: i for i, c in enumerate(classes)},
        keypoint_names=list(KEYPOINT_NAMES),
        keypoint_flip_map=list(KEYPOINT_FLIP_MAP),
    )


def ensure_dataset(spec: DatasetSpec, root: Path, write: Callable[[DatasetSpec, Path], None] | None = None) -> Path:
    """Return the dataset's folder, drawn first by `write_dataset` or another `write` if it is not there yet."""
    return cached_folder(spec.folder(root), partial(write or write_dataset, spec))


def write_dataset(spec: DatasetSpec, folder: Path) -> None:
    """Draw a dataset into an existing folder: PNG images, a COCO file of instances and one of keypoints."""
    common, found = _draw_images(spec, folder)
    annotations = [{"id": n, **annotation} for n, annotation in enumerate(found, 1)]
    categories = [{"id": found.id, "name": name, "supercategory": name} for name, found in CATEGORIES.items()]
    plain = [{k: v for k, v in a.items() if "keypoints" not in k} for a in annotations]
    person = {**categories[0], "keypoints": KEYPOINT_NAMES, "skeleton": SKELETON}
    persons = [a for a in annotations if a["category_id"] == person["id"]]
    for name, kinds, entries in ((INSTANCES, categories, plain), (PERSON_KEYPOINTS, [person], persons)):
        _write(folder / name, {**common, "categories": kinds, "annotations": entries})


def write_images(spec: DatasetSpec, folder: Path) -> None:
    """Draw a dataset without annotations into an existing folder: PNG images, and a file that lists them as COCO's."""
    _write(folder / IMAGE_INFO, _draw_images(spec, folder)[0])


def _draw_images(spec: DatasetSpec, folder: Path) -> tuple[dict, list[dict]]:
    """Write the images; what all files say of them, and the annotations of all without ids."""
    (folder / IMAGES).mkdir()
    images, annotations = [], []
    size = {"height": spec.scene.height, "width": spec.scene.width}
    draw = partial(_draw_image, spec, folder)
    for number, found in enumerate(map_indices(draw, spec.images, f"drawing {spec.name}"), 1):
        images.append({"id": number, "file_name": _file_name(number), **size, "license": 1})
        annotations += [{"image_id": number, **annotation} for annotation in found]
    common = {
        "info": {"description": f"{spec.name}: generated scenes", "version": str(VERSION), "year": 2017},
        "licenses": [{"id": 1, "name": "generated", "url": ""}],
        "images": images,
    }
    return common, annotations


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")))


def _file_name(number: int) -> str:
    return f"{number:012d}.png"


def _draw_image(spec: DatasetSpec, folder: Path, index: int) -> list[dict]:
    scene = draw_scene(spec.scene, spec.seed, index)
    path = str(folder / IMAGES / _file_name(index + 1))
    if not cv2.imwrite(path, scene.image, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise OSError(f"cannot write {path}: is the disk full?")
    return scene_annotations(scene)


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
    return {
        "segmentation": {"size": [height, width], "counts": read_counts(encoded["counts"].decode()).tolist()},
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
