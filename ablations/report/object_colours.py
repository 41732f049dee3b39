"""Colours for pictures that stand side by side: a prediction has the colour of the object that it finds.

So a reader sees in each picture which objects were found, and what was found that is none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pycocotools.mask as mask_util

from mask_rcnn_paper.drawing import Colour, instance_colours

NO_OBJECT: Colour = (110, 110, 110)
"""Grey, which no object has: of predictions that match none."""

LEAST_IOU = 0.5
"""Box IoU of a match: COCO's lowest, and boxes since every row predicts them."""


def object_colours(objects: Sequence[Mapping[str, Any]]) -> list[Colour]:
    """One colour for each annotation of an image, crowds too: see `instance_colours`."""
    return instance_colours([thing["bbox"] for thing in objects])


def matched_colours(objects: Sequence[Mapping[str, Any]], predictions: Sequence[Mapping[str, Any]]) -> list[Colour]:
    """The colour in `object_colours` of the object that each prediction matches, or `NO_OBJECT`.

    As in COCO's evaluation the best score chooses first, each time the object of its category with the highest IoU of
    those that are left, `LEAST_IOU` at least. A crowd is never used up, and comes after the others.
    """
    colours = object_colours(objects)
    found = [NO_OBJECT] * len(predictions)
    if not objects or not predictions:
        return found
    crowds = np.array([bool(thing.get("iscrowd")) for thing in objects])
    ious = mask_util.iou([p["bbox"] for p in predictions], [o["bbox"] for o in objects], crowds.astype(int).tolist())
    ious *= np.array([[p["category_id"] == o["category_id"] for o in objects] for p in predictions])
    free = np.ones(len(objects), dtype=bool)
    for n in sorted(range(len(predictions)), key=lambda n: -predictions[n]["score"]):
        rivals = np.where(free & (ious[n] >= LEAST_IOU), ious[n] - 2 * crowds, -np.inf)
        if np.isfinite(rivals).any():
            best = rivals.argmax()
            found[n], free[best] = colours[best], crowds[best]
    return found
