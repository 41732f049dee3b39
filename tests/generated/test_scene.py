"""Scenes, before they are written."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.datasets import scene_annotations
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, SceneSpec, _flag_keypoints, draw_scene, paint
from mask_rcnn_paper.generated.shapes import Patch

SPEC = SceneSpec(crowd=0.4)


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(SPEC, 5, index) for index in range(12)]


def test_same_seed_same_bytes(scenes):
    """A scene depends on seed and index alone, and on both."""
    again = draw_scene(SPEC, 5, 3)
    np.testing.assert_array_equal(again.image, scenes[3].image)
    assert scene_annotations(again) == scene_annotations(scenes[3])
    assert (draw_scene(SPEC, 6, 3).image != again.image).any()
    assert (scenes[4].image != again.image).any()


def test_image_size_follows_spec():
    """Images have the size asked for, and objects keep inside the canvas."""
    scene = draw_scene(SceneSpec(height=96, width=200), 0, 0)
    assert scene.image.shape == (96, 200, 3)
    assert all(i.mask.shape == (96 * SUPERSAMPLING, 200 * SUPERSAMPLING) for i in scene.instances)


def test_masks_are_disjoint(scenes):
    """No cell belongs to two instances, and every instance can be seen."""
    for scene in scenes:
        assert np.sum([i.mask for i in scene.instances], axis=0).max() == 1
        assert all(i.mask.any() for i in scene.instances)


def test_keypoint_flags():
    """Keypoints behind something get 1, visible ones 2, those out of the frame 0."""
    hidden = np.zeros((40, 40), bool)
    hidden[:, 20:] = True
    flagged = _flag_keypoints(np.array([[10.0, 8.0], [30.0, 8.0], [41.0, 8.0], [-1.0, 8.0]]), hidden)
    np.testing.assert_array_equal(flagged, [[2.5, 2, 2], [7.5, 2, 1], [0, 0, 0], [0, 0, 0]])


def test_instances_overlap_often():
    """In a good part of the scenes objects of different categories touch, so that occlusion matters."""
    touching = 0
    for index in range(20):
        instances = draw_scene(SPEC, 9, index).instances
        boxes = [np.argwhere(i.mask) for i in instances]
        boxes = [(b.min(0), b.max(0)) for b in boxes]
        pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
        touching += any((a[0] < b[1]).all() and (b[0] < a[1]).all() for a, b in pairs)
    assert touching >= 8


@pytest.mark.parametrize("least", [0.25, 0.75])
def test_objects_are_left_out_that_would_hardly_be_seen(least):
    """`min_visible` is of the whole object, what lies outside the image included."""
    hidden = np.zeros((80, 80), bool)
    hidden[:, 30:] = True
    patch = Patch(np.full((40, 40, 3), 90, np.uint8), np.full((40, 40), 255, np.uint8), x=10, y=10, keypoints=None)
    painted = paint(np.random.default_rng(0), np.zeros((80, 80, 3), np.uint8), hidden, patch, least)
    assert painted.sum() == (800 if least < 0.5 else 0)
