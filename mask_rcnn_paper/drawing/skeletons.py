"""Keypoints and the limbs between them, coloured by the side of the body."""

from collections.abc import Sequence

import cv2
import numpy as np

from mask_rcnn_paper.coco.keypoints import side
from mask_rcnn_paper.drawing.colours import Colour

LEFT, RIGHT, MIDDLE = (86, 180, 233), (230, 159, 0), (255, 255, 255)
"""Sky blue and orange of Okabe and Ito's palette, https://jfly.uni-koeln.de/color/, and white."""

_DARK = (40, 40, 40)
# cv2 draws at fractions of a pixel, given as whole numbers of 2 ** -_SHIFT.
_SHIFT = 4


def limb_colour(start: str, end: str) -> Colour:
    """By the names of a limb's ends: `LEFT` or `RIGHT` where one says so and the other nothing else, else `MIDDLE`."""
    sides = {side(start), side(end)} - {""}
    return {"left": LEFT, "right": RIGHT}[sides.pop()] if len(sides) == 1 else MIDDLE


def draw_keypoints(
    picture: np.ndarray,
    keypoints: Sequence[float],
    skeleton: Sequence[tuple[int, int]],
    names: Sequence[str],
    colour: Colour,
    line: int,
    scale: float,
) -> None:
    """Draw the keypoints that are labelled or found, and the limbs between them, in place.

    Points have the colour of their instance. Limbs have that of their side, or without names that of their instance.

    Args:
        picture: (H, W, 3), uint8, RGB.
        keypoints: K times x, y, visibility or score, in pixels of the image before it was scaled.
        skeleton: Pairs of keypoint numbers from 1 on.
        names: Of the keypoints, or none.
        line: Width of limbs in pixels of the picture.
        scale: Pixels of the picture in one of the image.
    """
    points = [
        tuple(round(((value + 0.5) * scale - 0.5) * 2**_SHIFT) for value in xy) if v > 0 else None
        for *xy, v in np.reshape(keypoints, (-1, 3)).tolist()
    ]
    limbs = []
    for a, b in skeleton:
        if max(a, b) <= len(points) and None not in (points[a - 1], points[b - 1]):
            known = max(a, b) <= len(names)
            limbs.append((points[a - 1], points[b - 1], limb_colour(names[a - 1], names[b - 1]) if known else colour))
    if line > 1:  # around thinner limbs it would be most of what is seen
        for start, end, _ in limbs:
            cv2.line(picture, start, end, _DARK, line + 2, cv2.LINE_AA, _SHIFT)
    for start, end, ink in limbs:
        cv2.line(picture, start, end, ink, line, cv2.LINE_AA, _SHIFT)
    for radius, ink in ((line + 1, _DARK), (line, colour)):
        for point in filter(None, points):
            cv2.circle(picture, point, round(radius * 2**_SHIFT), ink, cv2.FILLED, cv2.LINE_AA, _SHIFT)
