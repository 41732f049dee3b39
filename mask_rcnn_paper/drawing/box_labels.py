"""Labels of boxes: how large they are, where they go, and which are left out."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from mask_rcnn_paper.drawing.colours import Colour, text_colour
from mask_rcnn_paper.drawing.fonts import runs

Rectangle = tuple[int, int, int, int]

SMALLEST_FONT = 9
"""Pixels: letters below that cannot be read."""

MOST_HIDDEN = 0.25
"""Of a box, by one label. More would hide more than it tells."""

_OPACITY = 0.8
# Letters are drawn so many times as large, and reduced: small ones then stand at even distances.
_REDUCTION = 4


@dataclass(frozen=True)
class Label:
    """A text, as `fonts.plain` leaves it, that belongs to a box, on a ground of the box's colour."""

    text: str
    box: Rectangle
    colour: Colour


@dataclass(frozen=True)
class _Written:
    """A label in a size: runs of letters with their enlarged fonts, and width, height and margin of its ground."""

    runs: Sequence[tuple[str, FreeTypeFont]]
    size: tuple[int, int]
    margin: int

    def letters(self) -> Image.Image:
        """Where ink is, of the size of the ground; mode L, 255 is all ink."""
        image = Image.new("L", tuple(_REDUCTION * side for side in self.size))
        draw, x = ImageDraw.Draw(image), _REDUCTION * self.margin
        ascent = max(font.getmetrics()[0] for _, font in self.runs)
        for part, font in self.runs:
            draw.text((x, ascent), part, font=font, fill=255, anchor="ls")
            x += font.getlength(part)
        return image.reduce(_REDUCTION)


def font_size(box: Rectangle, picture_size: tuple[int, int]) -> int:
    """Height of a label's letters in pixels: a sixth of the box's side, within 1/50 to 1/38 of the picture's side.

    Sides are square roots of areas. It is at least `SMALLEST_FONT`.
    """
    side, of_picture = _side(box), (picture_size[0] * picture_size[1]) ** 0.5
    return max(SMALLEST_FONT, round(min(max(side / 6, of_picture / 50), of_picture / 38)))


def _side(box: Rectangle) -> float:
    return ((box[2] - box[0]) * (box[3] - box[1])) ** 0.5


def draw_labels(picture: np.ndarray, labels: Sequence[Label]) -> np.ndarray:
    """Write labels on a copy of a (H, W, 3) uint8 RGB picture.

    The first label is the most important: it gets the better place. A label that finds no place by the rule of `place`
    is tried in the smallest letters, and then left out: the colour still tells its object from others.
    """
    image = Image.fromarray(picture)
    boxes = np.array([label.box for label in labels]).reshape(-1, 4)
    taken: list[Rectangle] = []
    for label in labels:
        sizes = dict.fromkeys((font_size(label.box, image.size), font_size((0, 0, 0, 0), image.size)))
        for written in (_write(label.text, size) for size in sizes):
            found = place(written.size, label.box, taken, boxes, image.size)
            if found is not None:
                _draw(image, label, written, found)
                taken.append(found)
                break
    return np.array(image)


def _write(text: str, size: int) -> _Written:
    parts = runs(text, _REDUCTION * size)
    if parts is None:
        raise ValueError(f"no font has all characters of the label {text!r}: let `fonts.writable` choose its text")
    margin = max(1, size // 6)
    ascent, descent = map(max, zip(*(font.getmetrics() for _, font in parts), strict=True))
    width = sum(font.getlength(part) for part, font in parts)
    return _Written(parts, (ceil(width / _REDUCTION) + 2 * margin, ceil((ascent + descent) / _REDUCTION)), margin)


def _draw(image: Image.Image, label: Label, written: _Written, at: Rectangle) -> None:
    image.paste(label.colour, at[:2], Image.new("L", written.size, round(255 * _OPACITY)))
    image.paste(text_colour(label.colour), at[:2], written.letters())


def place(
    size: tuple[int, int],
    box: Rectangle,
    taken: Sequence[Rectangle],
    boxes: np.ndarray,
    picture_size: tuple[int, int],
) -> Rectangle | None:
    """Choose where a label goes: touching its box, outside or inside, where it hides least of all boxes.

    It never overlaps those `taken`, nor hides more than `MOST_HIDDEN` of any box, its own included. What it hides is
    the sum over the boxes of the share of each, so that small objects count as much as large ones; of equal places the
    first is chosen: above, below, inside at the top, inside at the bottom, beside.

    Args:
        size, picture_size: Width and height. The label is moved into the picture; one that is larger than it starts at
            its edge.
        box: Of the label.
        taken: Rectangles of labels.
        boxes: (N, 4) rectangles of all objects, `box` too, all with an area.

    Returns:
        None where no place is allowed.
    """
    places = _candidates(size, box, picture_size)
    free = overlaps(places, np.array(taken).reshape(-1, 4)).sum(axis=1) == 0
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    hidden = overlaps(places, boxes) / np.maximum(areas, 1)
    allowed = free & (hidden.max(axis=1, initial=0) <= MOST_HIDDEN)
    if not allowed.any():
        return None
    best = np.where(allowed, hidden.sum(axis=1), np.inf).argmin()
    return tuple(places[best].tolist())


def _candidates(size: tuple[int, int], box: Rectangle, picture_size: tuple[int, int]) -> np.ndarray:
    """(M, 4) rectangles in the picture, the better ones first."""
    (width, height), (x0, y0, x1, y1) = size, box
    lefts = (x0, x1 - width, (x0 + x1 - width) // 2)
    tops = (y0 - height, y1, y0, y1 - height)  # above, below, inside at the top, inside at the bottom
    starts = [(left, top) for top, left in itertools.product(tops, lefts)]
    starts += itertools.product((x1, x0 - width), (y0, y1 - height, (y0 + y1 - height) // 2))
    room = np.maximum(np.subtract(picture_size, size), 0)
    corners = np.clip(starts, 0, room)
    return np.concatenate([corners, corners + size], axis=1)


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, N) areas that rectangles (M, 4) share with rectangles (N, 4)."""
    starts, ends = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    return np.maximum(ends - starts, 0).prod(axis=2)
