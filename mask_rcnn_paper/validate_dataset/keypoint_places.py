"""Rules of where keypoints lie: labelled ones are in the image, and near the box of their object."""

from collections.abc import Iterator

import numpy as np

from mask_rcnn_paper.validate_dataset.agreement_rules import corners
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.keypoint_rules import UNLABEL, store
from mask_rcnn_paper.validate_dataset.rule import Repair, Rule, Violation

TOLERANCE = 1.0
"""Pixels by which a keypoint may be out of its image: drawn ones are up to half of one, COCO's never are."""

# Pixels around a small box that are near it.
_NEAR = 8.0


def _unlabel_outside(annotation: dict, violation: Violation, dataset: Dataset) -> bool:
    keypoints, (width, height) = [*annotation["keypoints"]], dataset.size_of(annotation)
    for i in range(0, len(keypoints), 3):
        x, y, visibility = keypoints[i : i + 3]
        if visibility > 0 and max(-x, -y, x - width, y - height) > TOLERANCE:
            keypoints[i : i + 3] = 0, 0, 0
    return store(annotation, keypoints)


OUTSIDE = Rule(
    "keypoints-outside",
    "correct them, or write 0, 0, 0 where a keypoint is out of the picture",
    Repair("makes the keypoints outside unlabelled (0, 0, 0)", _unlabel_outside),
)
FAR = Rule("keypoints-far-from-box", "correct the keypoints or the box: are both of this object?", UNLABEL)


def check_keypoint_places(dataset: Dataset) -> Iterator[tuple[int, Violation]]:
    """Position of an annotation in the file, and what is wrong with the place of its labelled keypoints.

    Hidden keypoints may lie out of the box, which is that of what is seen; so only where all are further away than the
    box is large, something is wrong. Of COCO's persons all have one in the box.
    """
    shapes, annotations = dataset.geometry, dataset.data["annotations"]
    boxes = corners(shapes.boxes)
    for index, points in dataset.labelled_keypoints.items():
        box, size = boxes[index], shapes.sizes[index]
        outside = np.maximum(-points, points - size).max(1) > TOLERANCE
        if outside.any():
            x, y = points[outside][0].tolist()
            text = f"has {int(outside.sum())} outside its image of {size[0]:.0f}x{size[1]:.0f} pixels"
            yield index, Violation(OUTSIDE, "keypoints", [x, y], text)
        elif (shapes.boxes[index, 2:] > 0).all():
            away = np.maximum(box[:2] - points, points - box[2:])
            if (away > np.maximum(shapes.boxes[index, 2:], _NEAR)).any(1).all():
                text = f"all lie far from the box {annotations[index]['bbox']}"
                yield index, Violation(FAR, "keypoints", points[0].tolist(), text)
