"""Output sizes of the shortest-edge resize, as detectron2 computed them."""

import json
from pathlib import Path

import numpy as np
from detectron2.data import transforms as T

RESIZE = json.loads((Path(__file__).parent / "data" / "solver_and_resize.json").read_text())["resize"]


def test_output_shapes_equal_detectron2s():
    """Every recorded (height, width, short, max) gives the recorded output height and width."""
    assert len(RESIZE) == 28
    for h, w, short, limit, out_h, out_w in RESIZE:
        assert T.ResizeShortestEdge.get_output_shape(h, w, short, limit) == (out_h, out_w)


def test_transform_has_the_output_shape():
    """The transform that is chosen for an image resizes it to the recorded size."""
    for h, w, short, limit, out_h, out_w in RESIZE:
        if max(h, w) <= 640 and limit <= 333:
            tfm = T.ResizeShortestEdge(short, limit).get_transform(np.zeros((h, w, 3), np.uint8))
            assert tfm.apply_image(np.zeros((h, w, 3), np.uint8)).shape == (out_h, out_w, 3)
