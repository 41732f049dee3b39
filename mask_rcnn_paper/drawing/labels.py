"""Colours of classes, and labels of boxes, placed so that they hide each other as little as possible.

Shorthand: a rectangle is (x0, y0, x1, y1) in pixels of the picture, x1 and y1 not included.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]

PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (136, 34, 85),
    (51, 34, 136),
    (153, 153, 51),
)
"""RGB colours that are told apart with any kind of colour vision as far as ten can be.

Source: Okabe and Ito, https://jfly.uni-koeln.de/color/ (without black); then wine, indigo and olive of Tol's "muted",
https://sronpersonalpages.nl/~pault/.
"""


def class_colours(category_ids: Iterable[int]) -> dict[int, Colour]:
    """RGB colour by category id; depends on the set of ids only. With more than ten ids colours come again."""
    return {category: PALETTE[n % len(PALETTE)] for n, category in enumerate(sorted(set(category_ids)))}


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever is easier to read on `background`."""
    red, green, blue = background
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else (255, 255, 255)


@dataclass(frozen=True)
class Label:
    """A text that belongs to a box, on a ground of the box's colour."""

    text: str
    box: Rectangle
    colour: Colour


def draw_labels(picture: np.ndarray, labels: Sequence[Label], font_size: int) -> np.ndarray:
    """Write labels on a picture.

    Args:
        picture: (H, W, 3), uint8, RGB; not changed.
        labels: The most important first: it gets the better place, and is written over the others.
        font_size: Height of the letters in pixels. The font that Pillow brings is used, which has Latin letters only.

    Returns:
        A new picture.
    """
    image = Image.fromarray(picture)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(font_size)
    margin = max(1, font_size // 6)
    ascent, descent = font.getmetrics()
    placed: list[Rectangle] = []
    for label in labels:
        size = (round(font.getlength(label.text)) + 2 * margin, ascent + descent)
        placed.append(place(size, label.box, placed, image.size))
    for label, (x0, y0, x1, y1) in reversed(list(zip(labels, placed, strict=True))):
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=label.colour)
        draw.text((x0 + margin, y0), label.text, font=font, fill=text_colour(label.colour))
    return np.array(image)


def place(
    size: tuple[int, int], box: Rectangle, taken: Sequence[Rectangle], picture_size: tuple[int, int]
) -> Rectangle:
    """Choose where a label goes: above its box, else at another edge, wherever it hides least of other labels.

    Args:
        size: Width and height of the label.
        box: Box that it belongs to.
        taken: Labels that have their place.
        picture_size: Width and height of the picture; the label is moved into it.

    Returns:
        Rectangle of the label.
    """
    (width, height), (x0, y0, x1, y1) = size, box
    tops = (y0 - height, y1, y0, y1 - height)  # above, below, inside at the top, inside at the bottom
    corners = [(left, top) for left in (x0, x1 - width) for top in tops]
    places = [_inside((left, top, left + width, top + height), picture_size) for left, top in corners]
    return min(places, key=lambda p: sum(overlap(p, other) for other in taken))


def overlap(a: Rectangle, b: Rectangle) -> int:
    """Area that two rectangles share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _inside(rectangle: Rectangle, picture_size: tuple[int, int]) -> Rectangle:
    """Moved into the picture; what is larger than it starts at its edge."""
    x0, y0, x1, y1 = rectangle
    right = max(0, min(x0, picture_size[0] - (x1 - x0))) - x0
    down = max(0, min(y0, picture_size[1] - (y1 - y0))) - y0
    return x0 + right, y0 + down, x1 + right, y1 + down
