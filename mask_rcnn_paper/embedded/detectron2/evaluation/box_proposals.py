"""Store the proposals of an RPN, and measure how many objects they find."""

import pickle

import numpy as np
import torch
from detectron2.structures import Boxes, BoxMode, pairwise_iou
from pycocotools.coco import COCO

# Bounds of an object's area in pixels, as in COCO.
_AREAS = {"": (0, 1e10), "s": (0, 32**2), "m": (32**2, 96**2), "l": (96**2, 1e10)}
_THRESHOLDS = np.arange(0.5, 0.951, 0.05)


def save_box_proposals(predictions: list[dict], path: str) -> None:
    """Write proposals as detectron2 stores them.

    Args:
        predictions: Dicts with "image_id" and "proposals", `Instances` in pixels of the original image.
        path: Of the pickle: "boxes", "objectness_logits" (lists of arrays), "ids", "bbox_mode".
    """
    proposals = [p["proposals"] for p in predictions]
    data = {
        "boxes": [p.proposal_boxes.tensor.numpy() for p in proposals],
        "objectness_logits": [p.objectness_logits.numpy() for p in proposals],
        "ids": [p["image_id"] for p in predictions],
        "bbox_mode": BoxMode.XYXY_ABS.value,
    }
    with open(path, "wb") as f:
        pickle.dump(data, f)


def box_proposal_recalls(predictions: list[dict], coco_api: COCO) -> dict[str, float]:
    """Average recall, in percent, of the best 100 and 1000 proposals, over IoU thresholds 0.5 to 0.95.

    Crowds do not count. In an image without proposals nothing is found (detectron2 leaves such images out).

    Args:
        predictions: Dicts with "image_id" and "proposals".
        coco_api: The ground truth.

    Returns:
        "AR@100", "ARs@100", "ARm@100", "ARl@100" and the same for 1000; NaN where there are no such objects.
    """
    images = [_image_overlaps(p, coco_api) for p in predictions]
    results = {}
    for limit in (100, 1000):
        for suffix, (low, high) in _AREAS.items():
            found = [_greedy_overlaps(iou[:limit, (areas >= low) & (areas <= high)]) for iou, areas in images]
            overlaps = np.concatenate([*found, np.zeros(0)])
            recalls = [(overlaps >= t).mean() for t in _THRESHOLDS] if len(overlaps) else [np.nan]
            results[f"AR{suffix}@{limit}"] = float(np.mean(recalls) * 100)
    return results


def _image_overlaps(prediction: dict, coco_api: COCO) -> tuple[np.ndarray, np.ndarray]:
    """IoU of proposals, best first, with the image's objects; and the objects' areas."""
    annotations = coco_api.imgToAnns.get(prediction["image_id"], [])
    objects = [a for a in annotations if not a.get("iscrowd", 0)]
    boxes = torch.tensor([a["bbox"] for a in objects], dtype=torch.float32).reshape(-1, 4)
    boxes = BoxMode.convert(boxes, BoxMode.XYWH_ABS, BoxMode.XYXY_ABS)
    order = prediction["proposals"].objectness_logits.sort(descending=True, stable=True).indices
    iou = pairwise_iou(prediction["proposals"].proposal_boxes[order], Boxes(boxes))
    return iou.numpy(), np.array([a["area"] for a in objects], dtype=float)


def _greedy_overlaps(iou: np.ndarray) -> np.ndarray:
    """IoU of each object with its proposal, 0 without one: the best pair is matched first, then the next."""
    iou = iou.copy()
    matched = np.zeros(iou.shape[1])
    for _ in range(min(iou.shape)):
        proposal, target = np.unravel_index(iou.argmax(), iou.shape)
        if iou[proposal, target] <= 0:
            break
        matched[target] = iou[proposal, target]
        iou[proposal, :] = iou[:, target] = -1
    return matched
