"""How well the predictions of an image cover its objects: a number by which pictures are chosen and captioned."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pycocotools.mask as mask_util
from pycocotools.cocoeval import Params

from mask_rcnn_paper.coco.masks import encode_mask

Instance = Mapping[str, Any]

MASK, BOX, KEYPOINTS = "mask IoU", "box IoU", "keypoint similarity (OKS)"
# What an instance must have to be measured so.
FIELDS = {MASK: "segmentation", KEYPOINTS: "keypoints", BOX: "bbox"}
SCORE_THRESHOLD = 0.5


def common_measure(rows: Sequence[Sequence[Instance]]) -> str:
    """The measure that all rows allow, masks first: one row without masks makes all be compared otherwise.

    Args:
        rows: Some predictions of each row.
    """
    return next(m for m, field in FIELDS.items() if m == BOX or all(p.get(field) for row in rows for p in row))


def objects_of(annotations: Sequence[Instance], measure: str) -> list[Instance]:
    """The annotations that can be measured: no crowds, and with keypoints where those are compared."""
    wanted = "num_keypoints" if measure == KEYPOINTS else FIELDS[measure]
    return [a for a in annotations if not a.get("iscrowd") and a.get(wanted)]


def mean_overlap(
    objects: Sequence[Instance], predictions: Sequence[Instance], measure: str, size: tuple[int, int]
) -> float:
    """Mean over the objects of the best overlap with a prediction of the same category, 0 where there is none.

    Args:
        objects: Annotations, at least one, as `objects_of` gives them.
        predictions: Of the same image; those that score less than `SCORE_THRESHOLD` do not count.
        measure: A key of `FIELDS`.
        size: Height and width of the image.

    Returns:
        In [0, 1].
    """
    found = [p for p in predictions if p["score"] >= SCORE_THRESHOLD]
    best = []
    for thing in objects:
        rivals = [p for p in found if p["category_id"] == thing["category_id"]]
        best.append(max(_MEASURES[measure](thing, rivals, size), default=0.0))
    return fmean(best)


def _mask_iou(thing: Instance, predictions: Sequence[Instance], size: tuple[int, int]) -> list[float]:
    return _iou([encode_mask(p["segmentation"], *size) for p in predictions], encode_mask(thing["segmentation"], *size))


def _box_iou(thing: Instance, predictions: Sequence[Instance], size: tuple[int, int]) -> list[float]:
    return _iou([p["bbox"] for p in predictions], thing["bbox"])


def _iou(predicted: list[Any], true: Any) -> list[float]:
    return np.ravel(mask_util.iou(predicted, [true], [0])).tolist() if predicted else []


def _keypoint_similarity(thing: Instance, predictions: Sequence[Instance], size: tuple[int, int]) -> list[float]:
    """COCO's OKS over the labelled keypoints; other sets of keypoints than COCO's 17 have the mean of its sigmas."""
    true = np.reshape(thing["keypoints"], (-1, 3))
    sigmas = Params(iouType="keypoints").kpt_oks_sigmas
    variances = (2 * (sigmas if len(sigmas) == len(true) else sigmas.mean())) ** 2 * np.ones(len(true))
    labelled = true[:, 2] > 0
    similarities = []
    for prediction in predictions:
        offsets = np.reshape(prediction["keypoints"], (-1, 3))[labelled, :2] - true[labelled, :2]
        exponents = (offsets**2).sum(axis=1) / variances[labelled] / (thing["area"] + np.spacing(1)) / 2
        similarities.append(float(np.exp(-exponents).mean()))
    return similarities


_MEASURES: dict[str, Callable[[Instance, Sequence[Instance], tuple[int, int]], list[float]]] = {
    MASK: _mask_iou,
    BOX: _box_iou,
    KEYPOINTS: _keypoint_similarity,
}
