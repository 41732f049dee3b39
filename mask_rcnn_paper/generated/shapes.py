"""Vector drawings of single objects, and their rendering on a supersampled patch.

A drawing lives in its own frame (x right, y down, any unit). Its parts are painted in order; the object's
mask is the union of its parts, so gaps between strokes are true holes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

_SHIFT = 4  # fractional bits of the coordinates given to OpenCV
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """A polygon filled with a BGR colour, or a stroke of a `width` above 0 along a polyline, which may be `closed`."""

    points: np.ndarray
    colour: Colour
    width: float = 0.0
    closed: bool = False


class Drawing:
    """Collects the parts of one object, back to front, and its (K, 2) `keypoints`, if any."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.keypoints: np.ndarray | None = None

    def polygon(self, points: np.ndarray | list, colour: Colour, rounds: int = 0) -> None:
        """Add a filled polygon whose corners are cut ``rounds`` times (0 keeps them sharp)."""
        points = np.asarray(points, float)
        for _ in range(rounds):
            following = np.roll(points, -1, axis=0)
            points = np.stack([0.8 * points + 0.2 * following, 0.2 * points + 0.8 * following], axis=1).reshape(-1, 2)
        self.parts.append(Part(points, colour))

    def box(self, x1: float, y1: float, x2: float, y2: float, colour: Colour, rounds: int = 0) -> None:
        """Add a filled rectangle."""
        self.polygon([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], colour, rounds)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Add a filled ellipse with centre (x, y) and radii (rx, ry)."""
        self.parts.append(Part(arc(x, y, rx, ry), colour))

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, colour: Colour) -> None:
        """Add the outline of an ellipse."""
        self.parts.append(Part(arc(x, y, rx, ry), colour, width, closed=True))

    def stroke(self, points: np.ndarray | list, width: float, colour: Colour) -> None:
        """Add an open polyline with round ends."""
        self.parts.append(Part(np.asarray(points, float), colour, width))


def arc(x: float, y: float, rx: float, ry: float, start: float = 0.0, stop: float = 360.0, n: int = 28) -> np.ndarray:
    """Return (n, 2) points on an ellipse between two angles in degrees; 0 is right, 90 is below."""
    steps = n - 1 if stop - start < 360 else n
    angles = np.radians(start + np.arange(n) * ((stop - start) / steps))
    return np.array([x + rx * np.cos(angles), y + ry * np.sin(angles)]).T


def _rim(part: Part, view: np.ndarray) -> np.ndarray:
    """Points whose box is the part's under a view; of a stroke eight around each point, for its round ends."""
    around = arc(0, 0, part.width / 2, part.width / 2, n=8) if part.width else np.zeros((1, 2))
    return ((part.points @ view.T)[:, None] + around).reshape(-1, 2)


@dataclass(frozen=True)
class Patch:
    """A rendered object: (h, w, 3) uint8 `colour` and (h, w) uint8 `mask`, 255 where the object is.

    Its first cell is at column `x` and row `y` of the canvas, which may be negative; `keypoints` are (K, 2) continuous
    canvas coordinates, if any.
    """

    colour: np.ndarray
    mask: np.ndarray
    x: int
    y: int
    keypoints: np.ndarray | None


def render(drawing: Drawing, centre: tuple[float, float], size: float, view: np.ndarray) -> Patch:
    """Paint a drawing as it is seen under a (2, 2) `view` of determinant 1 or -1.

    The middle of the painted object's box goes to `centre`, in continuous canvas coordinates; the longer side of that
    box is `size` cells.
    """
    rims = np.concatenate([_rim(part, view) for part in drawing.parts])
    box = np.stack([rims.min(0), rims.max(0)])
    scale = size / (box[1] - box[0]).max()

    def place(points: np.ndarray) -> np.ndarray:
        return (points @ view.T - box.mean(0)) * scale + centre

    counts = [len(part.points) for part in drawing.parts]
    points = place(np.concatenate([part.points for part in drawing.parts]))
    widths = [max(2, round(part.width * scale)) if part.width else 0 for part in drawing.parts]
    margin = np.repeat(widths, counts)[:, None]
    low = np.floor((points - margin).min(0)).astype(int) - 1
    high = np.ceil((points + margin).max(0)).astype(int) + 1
    layers = np.zeros((high[1] - low[1], high[0] - low[0], 4), np.uint8)
    # OpenCV's integer coordinates are cell centres, ours are continuous
    fixed = np.round((points - low - 0.5) * 2**_SHIFT).astype(np.int32)
    for part, width, line in zip(drawing.parts, widths, np.split(fixed, np.cumsum(counts)[:-1]), strict=True):
        colour = (*part.colour, 255)
        if width:
            cv2.polylines(layers, [line], part.closed, colour, width, cv2.LINE_8, _SHIFT)
        else:
            cv2.fillPoly(layers, [line], colour, cv2.LINE_8, _SHIFT)
    keypoints = None if drawing.keypoints is None else place(drawing.keypoints)
    x, y = low.tolist()
    return Patch(cv2.cvtColor(layers, cv2.COLOR_BGRA2BGR), cv2.extractChannel(layers, 3), x, y, keypoints)


def random_colour(rng: np.random.Generator, low: int = 10, high: int = 180) -> Colour:
    """Draw any colour with channels in [low, high)."""
    return tuple(rng.integers(low, high, 3).tolist())


def shade(colour: Colour, factor: float) -> Colour:
    """Scale a colour's brightness, clipped to [0, 255]."""
    return tuple(int(min(255, max(0, channel * factor))) for channel in colour)
