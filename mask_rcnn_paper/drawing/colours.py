"""One colour per class, told apart with any kind of colour vision as far as ten colours can be.

Source: Okabe and Ito, https://jfly.uni-koeln.de/color/ (without black); then wine, indigo and olive of Tol's "muted",
https://sronpersonalpages.nl/~pault/.
"""

from collections.abc import Iterable

Colour = tuple[int, int, int]

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
"""RGB."""


def class_colours(category_ids: Iterable[int]) -> dict[int, Colour]:
    """RGB colour by category id; depends on the set of ids only. With more than ten ids colours come again."""
    return {category: PALETTE[n % len(PALETTE)] for n, category in enumerate(sorted(set(category_ids)))}


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever is easier to read on `background`."""
    red, green, blue = background
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else (255, 255, 255)
