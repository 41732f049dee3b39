"""Crops of single objects on clutter: the mini scale's ImageNet, and its ImageNet-5k.

For ImageNet-5k's part the same categories are told apart more finely, each by which of `TINTS` is strongest. Objects
have any colour, so that the crops are as those of ImageNet's part.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from mask_rcnn_paper.generated.backdrop import draw_backdrop, expose
from mask_rcnn_paper.generated.cache import cached_folder, discard_folder
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.datasets import VERSION, spec_hash
from mask_rcnn_paper.generated.parallel import map_indices
from mask_rcnn_paper.generated.shapes import render
from mask_rcnn_paper.generated.surfaces import cover
from mask_rcnn_paper.generated.views import draw_view

TINTS = ("blue", "green", "red")
_SUPERSAMPLING = 2


@dataclass(frozen=True)
class CropSpec:
    """All that determines a set of crops; crop i shows category i modulo the number of categories.

    `side` is in pixels; training and held-out crops must differ in `seed`. The longer side of the object is a fraction
    of ``side`` from `min_size` to `max_size`, drawn log-uniformly.
    """

    count: int
    side: int
    seed: int
    min_size: float = 0.4
    max_size: float = 1.8


def load_crops(spec: CropSpec, root: Path, fine: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the crops, drawn first if they are not in the cache under ``root``, or damaged there.

    Returns:
        (count, side, side, 3) uint8 BGR images, mapped from disk, and (count,) int64 labels, which index
        `CATEGORIES`, or if `fine` count up to `number_of_classes`.
    """
    name = f"{'fine_' if fine else ''}crops-v{VERSION}-{spec_hash(spec)}"
    draw = partial(_write_crops, spec, fine)
    crops = _read(cached_folder(root / name, draw), spec)
    if crops is None:
        discard_folder(root / name)
        crops = np.load(cached_folder(root / name, draw) / "crops.npy", mmap_mode="r")
    return crops, np.arange(spec.count) % number_of_classes(fine)


def _read(folder: Path, spec: CropSpec) -> np.ndarray | None:
    """The crops of a folder; None where they are damaged, as by a disk that was full or a copy that was cut short."""
    try:
        crops = np.load(folder / "crops.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return crops if crops.shape == (spec.count, spec.side, spec.side, 3) and crops.dtype == np.uint8 else None


def number_of_classes(fine: bool) -> int:
    """How many are told apart: the categories, or if `fine` each of them in each tint."""
    return len(CATEGORIES) * (len(TINTS) if fine else 1)


def draw_crop(spec: CropSpec, index: int, fine: bool = False) -> np.ndarray:
    """Draw crop ``index``, a (side, side, 3) uint8 BGR image with one object and up to 3 distractors.

    If `fine` the index decides on the object's tint too.
    """
    rng = np.random.default_rng([spec.seed, index])
    side = spec.side * _SUPERSAMPLING
    canvas = draw_backdrop(rng, side, side, clutter=3)
    size = side * np.exp(rng.uniform(np.log(spec.min_size), np.log(spec.max_size)))
    reach = max(0.0, (side - 0.8 * size) / 2)
    centre = side / 2 + rng.uniform(-reach, reach, 2)
    drawing = list(CATEGORIES.values())[index % len(CATEGORIES)].draw(rng)
    patch = render(drawing, centre, size, draw_view(rng, mirrored=True))
    y, x = max(patch.y, 0), max(patch.x, 0)
    inner = np.s_[y - patch.y : side - patch.y, x - patch.x : side - patch.x]
    mask = patch.mask[inner]
    colour = cover(rng, patch.colour)[inner]
    if fine:
        colour = _tinted(colour, mask, index // len(CATEGORIES) % len(TINTS))
    cv2.copyTo(colour, mask, canvas[y : y + mask.shape[0], x : x + mask.shape[1]])
    return expose(rng, canvas, _SUPERSAMPLING)


def _tinted(colour: np.ndarray, mask: np.ndarray, tint: int) -> np.ndarray:
    """Let the channels of an object change places, so that this one is the strongest."""
    strongest = int(np.argmax(cv2.mean(colour, mask)[: len(TINTS)]))
    return np.roll(colour, tint - strongest, axis=2)


def _write_crops(spec: CropSpec, fine: bool, folder: Path) -> None:
    shape = (spec.count, spec.side, spec.side, 3)
    crops = np.lib.format.open_memmap(folder / "crops.npy", "w+", np.uint8, shape)
    for index, crop in enumerate(map_indices(partial(draw_crop, spec, fine=fine), spec.count, "drawing crops")):
        crops[index] = crop
    crops.flush()
