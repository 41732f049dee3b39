"""Colours of instances, of classes and of texts. All are RGB."""

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import ImageColor

Colour = tuple[int, int, int]

_HEX = "#E69F00 #56B4E9 #009E73 #F0E442 #0072B2 #D55E00 #CC79A7 #882255 #332288 #999933"
PALETTE: tuple[Colour, ...] = tuple(map(ImageColor.getrgb, _HEX.split()))
"""Colours that are told apart with any kind of colour vision as far as ten can be.

Source: Okabe and Ito, https://jfly.uni-koeln.de/color/ (without black); then wine, indigo and olive of Tol's "muted",
https://sronpersonalpages.nl/~pault/.
"""


def instance_colours(boxes: Sequence[Sequence[float]]) -> list[Colour]:
    """One colour for each box, the largest first: one that no box has yet, else that whose nearest box is farthest.

    So ten objects have ten colours, and of more those of one colour are far apart. The colours depend on the set of
    boxes, not on their order.

    Args:
        boxes: (x, y, width, height) as in COCO's files.
    """
    sizes = np.reshape(np.asarray(boxes, dtype=np.float64), (-1, 4))
    corners = np.concatenate([sizes[:, :2], sizes[:, :2] + sizes[:, 2:]], axis=1)
    order = sorted(range(len(boxes)), key=lambda n: (-sizes[n, 2] * sizes[n, 3], *corners[n]))
    members: list[list[int]] = [[] for _ in PALETTE]
    colours: dict[int, Colour] = {}
    for n in order:
        room = [gaps(corners[n], corners[of_colour]).min(initial=np.inf) for of_colour in members]
        # Of colours that touch or overlap here, the one whose boxes are fewest.
        best = max(range(len(PALETTE)), key=lambda c: (room[c], -len(members[c])))
        members[best].append(n)
        colours[n] = PALETTE[best]
    return [colours[n] for n in range(len(boxes))]


def gaps(corners: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) distances from a rectangle, (4,), to others, (N, 4); 0 where they touch or overlap."""
    apart = np.maximum(others[:, :2] - corners[2:], corners[:2] - others[:, 2:])
    return np.hypot(*np.maximum(apart, 0).T)


def class_colours(category_ids: Iterable[int]) -> dict[int, Colour]:
    """Colour by category id; depends on the set of ids only. With more than ten ids colours come again."""
    return {category: PALETTE[n % len(PALETTE)] for n, category in enumerate(sorted(set(category_ids)))}


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever is easier to read on `background`."""
    red, green, blue = background
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else (255, 255, 255)
