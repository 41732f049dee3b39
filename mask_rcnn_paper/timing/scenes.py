"""Batches that cost what those of a training cost: drawn scenes, with proposals on and around their objects."""

import numpy as np
import torch
from detectron2.data.detection_utils import annotations_to_instances
from detectron2.structures import Boxes, BoxMode, Instances

from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.datasets import scene_annotations
from mask_rcnn_paper.generated.scene import SceneSpec, draw_scene

_CLASSES = {category.id: number for number, category in enumerate(CATEGORIES.values())}


def training_batch(
    spec: SceneSpec, images: int, proposals: int, persons: bool = False, classes: int = len(CATEGORIES)
) -> list[dict]:
    """Samples as detectron2's mapper gives them to a model, with proposals that an RPN might have stored.

    Half of the proposals are near objects, half anywhere. `persons`: persons alone, with their keypoints. A model of
    fewer `classes` than are drawn takes some of them for one.
    """
    rng, batch, index = np.random.default_rng(0), [], 0
    while len(batch) < images:
        scene = draw_scene(spec, 0, index)
        index += 1
        objects = [a for a in scene_annotations(scene) if not a["iscrowd"] and (a["category_id"] == 1 or not persons)]
        if objects:
            size = scene.image.shape[:2]
            instances = annotations_to_instances([_annotation(a, persons, classes) for a in objects], size)
            sample = {"image": torch.from_numpy(scene.image.transpose(2, 0, 1).copy()), "instances": instances}
            sample |= {"proposals": _proposals(rng, instances.gt_boxes.tensor.numpy(), size, proposals)}
            batch.append({**sample, "height": size[0], "width": size[1]})
    return batch


def _annotation(found: dict, persons: bool, classes: int) -> dict:
    x, y, width, height = found["bbox"]
    annotation = {"bbox": [x, y, x + width, y + height], "bbox_mode": BoxMode.XYXY_ABS}
    annotation["category_id"] = 0 if persons else _CLASSES[found["category_id"]] % classes
    annotation["segmentation"] = [np.array(polygon) for polygon in found["segmentation"]]
    if persons:
        annotation["keypoints"] = np.array(found["keypoints"], float).reshape(-1, 3)
    return annotation


def _proposals(rng: np.random.Generator, objects: np.ndarray, size: tuple[int, int], count: int) -> Instances:
    near = objects[rng.integers(len(objects), size=count // 2)]
    near = near + rng.normal(0, 0.15, near.shape) * np.tile(near[:, 2:] - near[:, :2], 2)
    height, width = size
    centres = rng.uniform((0, 0), (width, height), (count - len(near), 2))
    halves = np.exp(rng.uniform(np.log(8), np.log(min(size) / 2), (len(centres), 2)))
    boxes = np.concatenate([near, np.concatenate([centres - halves, centres + halves], axis=1)])
    found = Instances(size)
    found.proposal_boxes = Boxes(torch.from_numpy(boxes.clip(0, (width, height, width, height)).astype(np.float32)))
    found.objectness_logits = torch.zeros(count)
    return found
