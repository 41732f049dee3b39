"""How many objects of each of COCO's sizes an annotation file has: what an AP of that size rests on."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

# Areas in square pixels, both ends included, as in pycocotools' `Params.areaRng`.
AREAS = {"APs": (0, 32**2), "APm": (32**2, 96**2), "APl": (96**2, math.inf)}
# Keypoints of small objects are not evaluated.
SIZES = {"bbox": ("APs", "APm", "APl"), "segm": ("APs", "APm", "APl"), "keypoints": ("APm", "APl")}


def count_objects(annotations: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Objects that COCO's evaluation counts, by task and size: {"bbox": {"APs": 120, ...}, "segm": {...}, ...}.

    Neither crowds nor, for keypoints, objects without a labelled one are counted; an area on a border is of both sizes.

    Args:
        annotations: Of an evaluated dataset in COCO's format, each with an `area`.
    """
    counts = {task: dict.fromkeys(sizes, 0) for task, sizes in SIZES.items()}
    for annotation in annotations:
        if annotation.get("iscrowd"):
            continue
        for task, sizes in SIZES.items():
            if task == "keypoints" and not annotation.get("num_keypoints"):
                continue
            for size in sizes:
                low, high = AREAS[size]
                counts[task][size] += low <= annotation["area"] <= high
    return counts
