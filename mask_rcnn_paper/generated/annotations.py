"""Scenes as COCO annotations."""

import numpy as np
from pycocotools import mask as coco_mask

from mask_rcnn_paper.coco.masks import mask_to_polygons, signed_area
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, Instance, Scene

_MIN_REGION = SUPERSAMPLING**2 / 4  # regions and holes smaller than a quarter of a pixel are left out


def scene_annotations(scene: Scene) -> list[dict]:
    """List the COCO annotations of a scene, with keypoints for persons and without ids."""
    annotations = []
    for instance in scene.instances:
        shape = _crowd_shape(instance) if instance.crowd else _polygon_shape(instance, scene.image.shape)
        if shape is not None:
            category = {"category_id": CATEGORIES[instance.category], "iscrowd": int(instance.crowd)}
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
