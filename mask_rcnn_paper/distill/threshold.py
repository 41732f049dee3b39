"""Which of a teacher's detections become annotations: those above a score at which they are as many as labels are.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B, after Data Distillation [35]: the instances of an unlabelled image
shall be as many, on average, as those of a labelled one.
"""

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np


class TeacherError(ValueError):
    """What the teacher finds cannot become annotations."""


def instances_per_image(json_files: Iterable[str | Path]) -> Fraction:
    """Annotations that are no crowds over images, of COCO files together. Images without annotations count.

    Raises:
        ValueError: there are none.
    """
    instances = images = 0
    for path in json_files:
        data = json.loads(Path(path).read_bytes())
        images += len(data["images"])
        instances += sum(not annotation.get("iscrowd", 0) for annotation in data["annotations"])
    if not instances:
        raise ValueError(f"labelled data {', '.join(map(str, json_files))} have no instances to be matched")
    return Fraction(instances, images)


def matching_threshold(scores: np.ndarray, wanted: float | Fraction) -> float:
    """The score with which as many detections as `wanted`, or nearly, score at least as much.

    Args:
        scores: (N,) of all detections.
        wanted: Number of detections, above 0.

    Returns:
        One of the scores: that with the number nearest to `wanted`, the higher of two. Equal scores are kept together,
        so the number may differ; where there are too few detections all are kept.

    Raises:
        TeacherError: there are no detections, or one has no score.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if not scores.size:
        raise TeacherError("the teacher detects nothing in any image: no annotations can be made of that")
    if np.isnan(scores).any():
        raise TeacherError("a detection's score is not a number: the teacher's weights are spoilt")
    values, counts = np.unique(-scores, return_counts=True)
    return -float(values[np.abs(counts.cumsum() - float(wanted)).argmin()])
