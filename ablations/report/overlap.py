"""How well the predictions of an image cover its objects, and which images are shown for it.

Images are chosen by rule, so that nobody picks those that suit a claim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import pycocotools.mask as mask_util
from pycocotools.cocoeval import Params
from tqdm import tqdm

from ablations.report.predictions import GroundTruth, Instances
from mask_rcnn_paper.coco.masks import encode_mask

Instance = Mapping[str, Any]

MASK, BOX, KEYPOINTS = "mask IoU", "box IoU", "keypoint similarity (OKS)"
# What an instance must have to be measured so.
FIELDS = {MASK: "segmentation", KEYPOINTS: "keypoints", BOX: "bbox"}
SCORE_THRESHOLD = 0.5
# COCO's bounds of a medium object, in pixels of area.
MEDIUM = (32**2, 96**2)
LEAST_OBJECTS = 2
# Names of the images that are shown, and where they stand in the order, from 0 to 1.
PLACES = {"largest": 1.0, "upper quartile": 0.75, "median": 0.5}


@dataclass(frozen=True)
class Choice:
    """An image: why it was chosen, and the mean overlap of each row, in [0, 1]."""

    image_id: int
    place: str
    overlaps: tuple[float, ...]

    @property
    def rank(self) -> float:
        """What images are ordered by: how far the best row is from the worst; the overlap where there is one row."""
        return max(self.overlaps) - (min(self.overlaps) if len(self.overlaps) > 1 else 0.0)


@dataclass(frozen=True)
class Chosen:
    """The images, out of how many candidates, and how many medium objects each of those has at least."""

    images: tuple[Choice, ...]
    candidates: int
    least_objects: int


def choose_images(truth: GroundTruth, rows: Sequence[Instances], measure: str) -> Chosen:
    """Order the images with several medium objects by `Choice.rank`, and take those at `PLACES`.

    Where no image has `LEAST_OBJECTS` of them, those with one do, and then those with any object at all.

    Args:
        truth: The dataset.
        rows: Predictions of each row, at least one row.
        measure: A key of `FIELDS`.
    """
    objects = {image_id: objects_of(truth.instances.get(image_id, ()), measure) for image_id in sorted(truth.images)}
    for least in range(LEAST_OBJECTS, -1, -1):
        candidates = [i for i, things in objects.items() if things and sum(map(_is_medium, things)) >= least]
        if candidates:
            break
    else:
        return Chosen((), 0, 0)
    measured = []
    for image_id in tqdm(candidates, "comparing predictions", unit="image", leave=False, disable=None):
        size = truth.images[image_id]["height"], truth.images[image_id]["width"]
        overlaps = (mean_overlap(objects[image_id], row.get(image_id, ()), measure, size) for row in rows)
        measured.append(Choice(image_id, "", tuple(overlaps)))
    measured.sort(key=lambda choice: (choice.rank, -choice.image_id))
    places: dict[int, str] = {}
    for name, place in PLACES.items():
        places.setdefault(round(place * (len(measured) - 1)), name)
    return Chosen(tuple(replace(measured[n], place=name) for n, name in places.items()), len(candidates), least)


def _is_medium(thing: Mapping) -> bool:
    low, high = MEDIUM
    return low < thing["area"] <= high


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
