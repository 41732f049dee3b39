"""Backgrounds, what stands in front, and the camera: what keeps colour and flatness from giving the objects away."""

import cv2
import numpy as np

from mask_rcnn_paper.generated.shapes import arc, random_colour


def draw_backdrop(rng: np.random.Generator, height: int, width: int, clutter: int) -> np.ndarray:
    """Paint blotches of two scales, a horizon on half of the images, and meaningless shapes.

    Eleven of twelve backdrops are pale, since a small network has few iterations to learn what is figure and what is
    ground; the others have any tone down to dusk.

    Returns:
        (height, width, 3) uint8, with at most `clutter` such shapes.
    """
    cells = (int(rng.integers(2, 7)), int(rng.integers(2, 7)))
    tone = rng.integers(195, 236, 3) if rng.random() < 11 / 12 else rng.integers(130, 220) + rng.integers(-15, 16, 3)
    blotches = tone + rng.integers(-20, 21, (*cells, 1)) + rng.integers(-8, 9, (*cells, 3))
    blotches = np.clip(blotches, 0, 255).astype(np.uint8)
    image = cv2.resize(blotches, (width // 8, height // 8), interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, int(rng.integers(5, 25)), (height // int(rng.integers(8, 40)), width // 24, 1), np.uint8)
    grain = cv2.resize(grain, (width // 8, height // 8), interpolation=cv2.INTER_LINEAR)
    image = cv2.resize(cv2.add(image, cv2.merge([grain] * 3)), (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        horizon, tone = (int(height * rng.uniform(0.3, 0.8)), np.array(random_colour(rng, 170, 240), np.float64))
        image[horizon:] = cv2.addWeighted(image[horizon:], 0.45, np.full_like(image[horizon:], tone), 0.55, 0)
    for _ in range(int(rng.integers(clutter // 3, clutter + 1))):
        _draw_distractor(rng, image)
    return image


def draw_screen(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Paint one thing without a category that hides what is behind it, in place: a post, a beam or a leaf.

    Returns:
        (H, W) bool, the cells that it covers.
    """
    height, width = canvas.shape[:2]
    size = min(height, width)
    covered, at = np.zeros((height, width), np.uint8), rng.uniform((0, 0), (width, height))
    if rng.random() < 0.6:
        angle, thick = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15), size * rng.uniform(0.03, 0.1)
        along = 2 * size * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(covered, (at - along).astype(int).tolist(), (at + along).astype(int).tolist(), 1, max(1, int(thick)))
    else:
        leaf = arc(*at, *(size * rng.uniform(0.06, 0.2, 2)), n=10)
        cv2.fillPoly(covered, [(leaf + rng.normal(0, 0.02 * size, leaf.shape)).astype(np.int32)], 1)
    canvas[covered > 0] = random_colour(rng, 60, 240)
    return covered > 0


def _draw_distractor(rng: np.random.Generator, image: np.ndarray) -> None:
    """Paint a polygon, an ellipse, a line or a broken ring: parts that objects have too."""
    height, width = image.shape[:2]
    centre = rng.uniform((0, 0), (width, height))
    size = min(height, width) * np.exp(rng.uniform(np.log(0.03), np.log(0.25)))
    colour, kind = random_colour(rng, 165, 250), int(rng.integers(5))
    thick = max(2, int(size * rng.uniform(0.05, 0.25)))
    if kind == 0:
        corners = centre + rng.uniform(-size, size, (int(rng.integers(3, 7)), 2))
        cv2.fillPoly(image, [corners.astype(np.int32)], colour)
    elif kind == 1:
        cv2.fillPoly(image, [arc(*centre, *(rng.uniform(0.2, 1, 2) * size)).astype(np.int32)], colour)
    elif kind == 2:
        half = rng.uniform(0.2, 1, 2) * size
        cv2.rectangle(image, (centre - half).astype(int).tolist(), (centre + half).astype(int).tolist(), colour, -1)
    else:
        bow = arc(*centre, *(rng.uniform(0.3, 1.5, 2) * size), rng.uniform(0, 360), rng.uniform(400, 700), 16)
        line = centre + np.cumsum(rng.normal(0, 0.8 * size, (int(rng.integers(2, 5)), 2)), axis=0)
        cv2.polylines(image, [(bow if kind == 3 else line).astype(np.int32)], False, colour, thick)


def expose(rng: np.random.Generator, canvas: np.ndarray, supersampling: int) -> np.ndarray:
    """Average a (H * supersampling, W * supersampling, 3) uint8 canvas down to (H, W, 3), expose it, add sensor noise.

    Exposure scales contrast by 0.8 to 1.1, and shifts brightness by up to 20.
    """
    height, width = canvas.shape[0] // supersampling, canvas.shape[1] // supersampling
    image = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    image = cv2.convertScaleAbs(image, alpha=rng.uniform(0.8, 1.1), beta=rng.uniform(0, 20))
    strength = int(rng.integers(2, 9))
    noise = rng.integers(-strength, strength + 1, image.shape, np.int8)
    return cv2.add(image, noise, dtype=cv2.CV_8U)
