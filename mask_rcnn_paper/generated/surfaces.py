"""What covers an object: a plain colour, stripes, checks or blotches, in the light that falls on it."""

import cv2
import numpy as np

_STEP = 3  # cells between the points at which stripes and checks are computed; a pixel has more


def cover(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Lay a pattern over three of twenty objects, and light over all.

    Args:
        rng: Source of randomness.
        colour: (h, w, 3) uint8, a rendered object.

    Returns:
        (h, w, 3) uint8.
    """
    if rng.random() < 0.15:
        pattern = cv2.merge([_pattern(rng, *colour.shape[:2])] * 3)
        colour = cv2.multiply(colour, pattern, scale=1 / 200)
    return light(rng, colour)


def _pattern(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(h, w) uint8 around 200 of stripes, checks or blotches a twentieth to a sixth of the object wide."""
    strength, period = rng.uniform(15, 45), max(height, width) * rng.uniform(0.05, 0.17)
    if rng.random() < 1 / 3:
        cells = max(2, round(height / period / 2)), max(2, round(width / period / 2))
        return cv2.resize((200 + rng.uniform(-strength, strength, cells)).astype(np.uint8), (width, height))
    angle = rng.uniform(0, np.pi)
    cos, sin = np.cos(angle) / period, np.sin(angle) / period
    y, x = np.arange(0, height, _STEP)[:, None], np.arange(0, width, _STEP)
    odd = np.floor(cos * x + sin * y).astype(int)
    if rng.random() < 0.5:
        odd += np.floor(cos * y - sin * x).astype(int)
    coarse = np.where(odd % 2, 200 + strength, 200 - strength).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def light(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Multiply an object by a random smooth field between about 0.5 and 1."""
    height, width = colour.shape[:2]
    cells = int(rng.integers(2, 6))
    field = rng.integers(int(rng.integers(120, 215)), 256, (cells, cells), np.uint8)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(colour, cv2.merge([field] * 3), scale=1 / 255)
