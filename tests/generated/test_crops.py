"""Crops of single objects."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.crops import TINTS, CropSpec, draw_crop, load_crops, number_of_classes


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


def test_finer_classes_are_categories_by_tint(tmp_path):
    """The same objects in other colours, in a folder of their own."""
    spec = CropSpec(40, 40, seed=1)
    crops, labels = load_crops(spec, tmp_path, fine=True)
    assert number_of_classes(fine=True) == 36 == 3 * number_of_classes(fine=False)
    np.testing.assert_array_equal(labels, np.arange(40) % 36)
    coarse, _ = load_crops(spec, tmp_path)
    assert (crops != coarse).any()
    assert ((crops.astype(int) - coarse).sum(-1) == 0).mean() > 0.9  # channels change places


def test_the_tint_is_the_strongest_channel():
    """Of what differs from a crop of another tint: the object alone."""
    large = CropSpec(36, 48, seed=3, min_size=1.0, max_size=1.2)
    for index in range(12):
        crops = [draw_crop(large, index, fine=True).astype(int), draw_crop(large, index).astype(int)]
        changed = (crops[0] != crops[1]).any(-1)
        if changed.any():
            tint = index // 12 % len(TINTS)
            assert crops[0][changed].mean(0).argmax() == tint


@pytest.mark.parametrize("size", [0, 60, 500])
def test_a_truncated_cache_is_drawn_again(tmp_path, size):
    """Whether its header is whole or not."""
    spec = CropSpec(3, 40, seed=1)
    before = load_crops(spec, tmp_path)[0].copy()
    (path,) = tmp_path.glob("*/crops.npy")
    with open(path, "r+b") as file:
        file.truncate(size)
    np.testing.assert_array_equal(load_crops(spec, tmp_path)[0], before)
    assert [folder.name for folder in tmp_path.iterdir() if folder.is_dir()] == [path.parent.name]
