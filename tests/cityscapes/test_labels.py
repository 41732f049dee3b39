"""Label facts, which are the scripts' own."""

import numpy as np
import pytest

from mask_rcnn_paper.cityscapes.labels import CLASS_IDS, label_ids, legal


def test_the_eight_classes():
    """In the order of the scripts, which is detectron2's too."""
    names = "person rider car truck bus train motorcycle bicycle".split()
    assert CLASS_IDS == dict(zip(names, (24, 25, 26, 27, 28, 31, 32, 33), strict=True))


def test_label_ids():
    """Of background, a group, and instances."""
    np.testing.assert_array_equal(label_ids(np.array([0, 7, 26, 26000, 33999], np.uint16)), [0, 7, 26, 26, 33])


@pytest.mark.parametrize("value, expected", [(0, 1), (33, 1), (34, 0), (-1, 0), (23000, 0), (29000, 1), (34000, 0)])
def test_legal(value, expected):
    """Label ids, and instances of labels that have them, evaluated or not."""
    assert bool(legal(np.array([value]))[0]) == bool(expected)
