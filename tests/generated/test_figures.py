"""Figures with keypoints."""

import numpy as np

from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES
from mask_rcnn_paper.generated.figures import draw_person
from mask_rcnn_paper.generated.shapes import render


def test_person_faces_the_viewer():
    """A person's left shoulder is at the right of the image, and its keypoints lie on or beside its body."""
    for seed in range(10):
        drawing = draw_person(np.random.default_rng(seed))
        at = dict(zip(KEYPOINT_NAMES, drawing.keypoints, strict=True))
        assert at["left_shoulder"][0] > at["right_shoulder"][0]
        patch = render(drawing, (200, 200), 300, np.eye(2))
        columns, rows = (patch.keypoints - (patch.x, patch.y)).astype(int).T
        assert patch.mask[rows, columns].all()
