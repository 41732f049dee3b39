"""Crops of single objects."""

import numpy as np

from mask_rcnn_paper.generated.crops import CropSpec, draw_crop, load_crops


def test_crops_are_cached(tmp_path):
    """The crops on disk are those that are drawn, with labels that run through the categories."""
    spec = CropSpec(12, 40, seed=1)
    for _ in range(2):
        crops, labels = load_crops(spec, tmp_path)
        assert crops.shape == (12, 40, 40, 3)
        np.testing.assert_array_equal(crops[7], draw_crop(spec, 7))
    np.testing.assert_array_equal(labels, range(12))


def test_same_seed_same_crop():
    """A crop depends on the seed and its index."""
    spec = CropSpec(2, 40, seed=1)
    np.testing.assert_array_equal(draw_crop(spec, 1), draw_crop(spec, 1))
    assert (draw_crop(spec, 1) != draw_crop(CropSpec(2, 40, seed=2), 1)).any()
    assert (draw_crop(spec, 1) != draw_crop(spec, 13)).any()
