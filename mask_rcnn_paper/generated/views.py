"""From where an object is seen: turned, leaning, foreshortened, mirrored."""

import numpy as np


def draw_view(rng: np.random.Generator, mirrored: bool) -> np.ndarray:
    """Draw a (2, 2) matrix of determinant 1, or -1 for half of the objects that may be `mirrored`.

    Most objects stand nearly upright; one in twenty leans by up to 45 degrees.
    """
    degrees = rng.uniform(-45, 45) if rng.random() < 0.05 else rng.normal(0, 7)
    stretch = np.exp(rng.normal(0, 0.1))
    shear = np.array([[1.0, rng.normal(0, 0.08)], [0.0, 1.0]])
    mirror = -1.0 if mirrored and rng.random() < 0.5 else 1.0
    return rotation(degrees) @ shear @ np.diag([mirror * stretch, 1 / stretch])


def rotation(degrees: float) -> np.ndarray:
    """Return the (2, 2) matrix that turns (x right, y down) clockwise as seen."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])
