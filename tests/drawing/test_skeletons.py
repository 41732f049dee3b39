"""Limbs and points, on a grey picture."""

import numpy as np
import pytest

from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES, SKELETON
from mask_rcnn_paper.drawing.skeletons import LEFT, MIDDLE, RIGHT, draw_keypoints, limb_colour

RED = (250, 0, 0)


def drawn(keypoints, skeleton, names=(), line=1, scale=1):
    """A 60 x 60 picture with these keypoints."""
    picture = np.full((60, 60, 3), 128, dtype=np.uint8)
    draw_keypoints(picture, keypoints, skeleton, names, RED, line, scale)
    return picture


def near(pixel, colour):
    """Equal but for what smooth edges take off a line of one pixel."""
    return np.abs(pixel.astype(int) - colour).max() < 20


@pytest.mark.parametrize(
    ("start", "end", "colour"),
    [
        ("left_hip", "left_knee", LEFT),
        ("nose", "right_eye", RIGHT),
        ("left_hip", "right_hip", MIDDLE),
        ("nose", "neck", MIDDLE),
        ("R.Hand", "R.Elbow", RIGHT),
    ],
)
def test_limbs_have_the_colour_of_their_side(start, end, colour):
    """One that joins both sides, or neither, is between."""
    assert limb_colour(start, end) == limb_colour(end, start) == colour


def test_cocos_limbs_are_eight_and_eight_and_three():
    """Three join left and right: hips, shoulders, eyes."""
    colours = [limb_colour(KEYPOINT_NAMES[a - 1], KEYPOINT_NAMES[b - 1]) for a, b in SKELETON]
    assert [colours.count(colour) for colour in (LEFT, RIGHT, MIDDLE)] == [8, 8, 3]


def test_the_middle_of_a_limb_has_its_colour():
    """With names that of the side, without names that of the instance."""
    keypoints = [30, 5, 2, 30, 55, 2]
    for names, colour in ((("left_hip", "left_knee"), LEFT), ((), RED)):
        picture = drawn(keypoints, [(1, 2)], names)
        assert near(picture[30, 30], colour)
        assert (picture[30, :27] == 128).all()


def test_wider_limbs_have_a_dark_rim():
    """So that orange is seen on orange; those of one pixel have none."""
    for line, rim in ((1, False), (2, True), (3, True)):
        picture = drawn([30, 5, 2, 30, 55, 2], [(1, 2)], line=line)
        assert (picture[30].max(axis=1).min() < 128) == rim


def test_points_are_drawn_above_limbs_in_the_colour_of_the_instance():
    """And are hardly wider than a limb."""
    picture = drawn([30, 5, 2, 30, 55, 2], [(1, 2)], ("left_hip", "left_knee"), line=3)
    assert tuple(picture[55, 30]) == RED
    changed = (picture != 128).any(axis=2)
    assert changed[55].sum() <= 11


def test_what_is_not_labelled_has_neither_point_nor_limb():
    """Visibility 0; numbers of the skeleton start from 1, and those beyond the keypoints are harmless."""
    picture = drawn([50, 20, 2, 50, 36, 1, 20, 36, 0], [(1, 2), (2, 3), (3, 4)])
    changed = (picture != 128).any(axis=2)
    assert changed[20:37, 50].all()
    assert not changed[:, :45].any()


def test_points_are_in_the_middle_of_enlarged_pixels():
    """Pixel 10 of an image at scale 3 covers 30 to 32."""
    picture = drawn([10, 10, 2], [], scale=3)
    assert tuple(picture[31, 31]) == RED
    rows, columns = np.nonzero((picture != 128).any(axis=2))
    assert (rows.mean(), columns.mean()) == pytest.approx((31, 31), abs=0.5)


def test_no_keypoints_are_harmless():
    """A car has none."""
    assert (drawn([], [(1, 2)]) == 128).all()
