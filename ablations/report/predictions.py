"""What rows predict in a dataset: read beside its ground truth, how well it covers the objects, and where it is shown.

Images are chosen by rule, so that nobody picks those that suit a claim.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pycocotools.mask as mask_util
from pycocotools.cocoeval import Params
from tqdm import tqdm

from ablations.evidence.shown_scores import RAW_THRESHOLD
from mask_rcnn_paper.coco.masks import encode_mask
from mask_rcnn_paper.data.registered import coco_files

Instance = Mapping[str, Any]
# By the id of the image.
Instances = Mapping[int, Sequence[Instance]]

MASK, BOX, KEYPOINTS = "mask IoU", "box IoU", "keypoint similarity (OKS)"
# What an instance must have to be measured so.
FIELDS = {MASK: "segmentation", KEYPOINTS: "keypoints", BOX: "bbox"}
# What says in a calibration whether a prediction is right, that fits best.
TASK_OF = {MASK: "segm", KEYPOINTS: "keypoints", BOX: "bbox"}
# COCO's bounds of a medium object, in pixels of area.
MEDIUM = (32**2, 96**2)
LEAST_OBJECTS = 2
# Names of the images that are shown, and where they stand in the order, from 0 to 1.
PLACES = {"largest": 1.0, "upper quartile": 0.75, "median": 0.5}


@dataclass(frozen=True)
class GroundTruth:
    """A dataset in COCO's format: images by id, their annotations, and names by category id.

    `skeleton` has pairs of keypoint numbers from 1 on, `keypoints` their names; both empty without keypoints.
    """

    name: str
    image_root: Path
    images: Mapping[int, Mapping[str, Any]]
    instances: Instances
    class_names: Mapping[int, str]
    skeleton: tuple[tuple[int, int], ...]
    keypoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """An image: why it was chosen, and the mean overlap of each row, in [0, 1]."""

    image_id: int
    place: str
    overlaps: tuple[float, ...]


@dataclass(frozen=True)
class Chosen:
    """The images, out of how many candidates, and how many medium objects each of those has at least."""

    images: tuple[Choice, ...]
    candidates: int
    least_objects: int


def read_predictions(path: Path) -> Instances:
    """Predictions of a file.

    Raises:
        ValueError: it does not hold a list of predictions.
    """
    return _by_image(_read(path, list), path)


def read_ground_truth(name: str) -> GroundTruth:
    """Ground truth of a registered dataset; generated data are drawn if they are not there.

    Raises:
        ValueError: it is not registered, or not in COCO's format.
        FileNotFoundError: its annotations are not on this machine.
    """
    path, image_root = coco_files(name)
    content = _read(path, dict)
    categories = content["categories"]
    jointed = next((c for c in categories if c.get("skeleton")), {})
    return GroundTruth(
        name=name,
        image_root=image_root,
        images={image["id"]: image for image in content["images"]},
        instances=_by_image(content["annotations"], path),
        class_names={category["id"]: category["name"] for category in categories},
        skeleton=tuple(map(tuple, jointed.get("skeleton", ()))),
        keypoints=tuple(jointed.get("keypoints", ())),
    )


def _read(path: Path, kind: type) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, kind):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a {kind.__name__}")
    return content


def _by_image(instances: Sequence[Instance], path: Path) -> Instances:
    found: dict[int, list[Instance]] = {}
    for number, instance in enumerate(instances):
        if "image_id" not in instance:
            raise ValueError(f"{path}, entry {number}: has no image_id")
        found.setdefault(instance["image_id"], []).append(instance)
    return found


def choose_images(
    truth: GroundTruth, rows: Sequence[Instances], measure: str, threshold: float = RAW_THRESHOLD
) -> Chosen:
    """Order the images with several medium objects by how far the best row is from the worst; take those at `PLACES`.

    Where no image has `LEAST_OBJECTS` of them, those with one do, and then those with any object at all. A row alone
    is ordered by its overlap. `measure` is a key of `FIELDS`; `rows` are predictions of at least one row; those that
    score less than the threshold do not count.
    """
    objects = {image_id: objects_of(truth.instances.get(image_id, ()), measure) for image_id in sorted(truth.images)}
    medium = {i: sum(MEDIUM[0] < thing["area"] <= MEDIUM[1] for thing in objects[i]) for i in objects if objects[i]}
    if not medium:
        return Chosen((), 0, 0)
    least = min(LEAST_OBJECTS, max(medium.values()))
    candidates = [image_id for image_id, count in medium.items() if count >= least]
    measured = []
    for image_id in tqdm(candidates, "comparing predictions", unit="image", leave=False, disable=None):
        size = truth.images[image_id]["height"], truth.images[image_id]["width"]
        overlaps = tuple(
            mean_overlap(objects[image_id], row.get(image_id, ()), measure, size, threshold) for row in rows
        )
        rank = max(overlaps) - (min(overlaps) if len(overlaps) > 1 else 0.0)
        measured.append((rank, -image_id, overlaps))
    measured.sort()
    places: dict[int, str] = {}
    for name, place in PLACES.items():
        places.setdefault(round(place * (len(measured) - 1)), name)
    images = tuple(Choice(-measured[n][1], name, measured[n][2]) for n, name in places.items())
    return Chosen(images, len(candidates), least)


def common_measure(rows: Sequence[Sequence[Instance]]) -> str:
    """The measure that some predictions of each row allow, masks first: one row without masks counts for all."""
    return next(m for m, field in FIELDS.items() if m == BOX or all(p.get(field) for row in rows for p in row))


def objects_of(annotations: Sequence[Instance], measure: str) -> list[Instance]:
    """The annotations that can be measured: no crowds, and with keypoints where those are compared."""
    wanted = "num_keypoints" if measure == KEYPOINTS else FIELDS[measure]
    return [a for a in annotations if not a.get("iscrowd") and a.get(wanted)]


def mean_overlap(
    objects: Sequence[Instance],
    predictions: Sequence[Instance],
    measure: str,
    size: tuple[int, int],
    threshold: float = RAW_THRESHOLD,
) -> float:
    """Mean over the objects of the best overlap with a prediction of the same category, 0 where there is none.

    Args:
        objects: Annotations, at least one, as `objects_of` gives them.
        predictions: Of the same image.
        measure: A key of `FIELDS`.
        size: Height and width of the image.
        threshold: Predictions whose score is lower do not count.

    Returns:
        In [0, 1].
    """
    found = [p for p in predictions if p["score"] >= threshold]
    best = []
    for thing in objects:
        rivals = [p for p in found if p["category_id"] == thing["category_id"]]
        best.append(max(_overlaps(thing, rivals, measure, size), default=0.0))
    return fmean(best)


def _overlaps(thing: Instance, rivals: Sequence[Instance], measure: str, size: tuple[int, int]) -> list[float]:
    if not rivals:
        return []
    if measure == KEYPOINTS:
        return [_keypoint_similarity(thing, rival) for rival in rivals]
    is_mask = measure == MASK
    shapes = [encode_mask(i["segmentation"], *size) if is_mask else i["bbox"] for i in (*rivals, thing)]
    return np.ravel(mask_util.iou(shapes[:-1], shapes[-1:], [0])).tolist()


def _keypoint_similarity(thing: Instance, prediction: Instance) -> float:
    """COCO's OKS over the labelled keypoints; other sets of keypoints than COCO's 17 have the mean of its sigmas."""
    true, found = (np.reshape(instance["keypoints"], (-1, 3)) for instance in (thing, prediction))
    sigmas = Params(iouType="keypoints").kpt_oks_sigmas
    variances = (2 * (sigmas if len(sigmas) == len(true) else sigmas.mean())) ** 2 * np.ones(len(true))
    exponents = ((found - true)[:, :2] ** 2).sum(axis=1) / variances / (thing["area"] + np.spacing(1)) / 2
    return float(np.exp(-exponents)[true[:, 2] > 0].mean())
