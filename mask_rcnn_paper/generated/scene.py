"""Composes drawings into scenes with exact visible masks.

Scenes are drawn at ``SUPERSAMPLING`` cells per pixel side. Objects that stand lower in the image are in front. They are
painted front to back: what is hidden of an object is known before it is painted, and what would hardly be seen is left
out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mask_rcnn_paper.generated.backdrop import draw_backdrop, draw_screen, expose
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.shapes import Patch, render
from mask_rcnn_paper.generated.surfaces import cover
from mask_rcnn_paper.generated.views import draw_view

SUPERSAMPLING = 4

Group = tuple[list[Patch], str, bool]
"""Drawings, front to back, that are one object or one crowd; their category; whether they are a crowd."""


@dataclass(frozen=True)
class SceneSpec:
    """What a scene may hold; part of a dataset's identity. Lengths are in pixels."""

    height: int = 192
    width: int = 192
    min_size: float = 32.0  # longer side of an object, drawn log-uniformly; large ones leave the image, as in COCO
    max_size: float = 320.0
    min_objects: int = 2  # a crowd counts as one
    max_objects: int = 4
    neighbour: float = 0.3  # probability that an object is placed so that it touches or overlaps an earlier one
    crowd: float = 0.12  # probability that an image holds a group of small objects of one category
    crowd_size: float = 20.0  # longer side of the objects of a group, varied by a fifth
    screen: float = 0.1  # probability that something without a category stands in front
    min_visible: float = 0.5  # part of an object that must be seen, neither hidden nor outside the image
    weights: tuple[tuple[str, float], ...] = (("person", 2.0),)  # relative frequency of a category, where not 1


@dataclass(frozen=True)
class Instance:
    """One object, or a crowd of objects, of a scene.

    `mask` is the visible part, (H * SUPERSAMPLING, W * SUPERSAMPLING) bool; `keypoints` are (K, 3) of continuous pixel
    x, y and COCO's visibility (0, 1 or 2), if any.
    """

    category: str
    mask: np.ndarray
    crowd: bool = False
    keypoints: np.ndarray | None = None


@dataclass
class Scene:
    """A (H, W, 3) uint8 BGR image and what can be seen in it, front to back; masks do not overlap."""

    image: np.ndarray
    instances: list[Instance]


def draw_scene(spec: SceneSpec, seed: int, index: int) -> Scene:
    """Draw scene number ``index`` of a series; equal arguments give equal bytes."""
    rng = np.random.default_rng([seed, index])
    return compose(rng, spec, _arrange, clutter=3)


def compose(rng: np.random.Generator, spec: Any, arrange: Callable[..., list[Group]], clutter: int) -> Scene:
    """Draw a scene: a backdrop, perhaps something in front, and the objects.

    Args:
        rng: Source of randomness.
        spec: With height, width, screen and min_visible, as of a `SceneSpec`.
        arrange: Called with `rng` and `spec`, gives the objects front to back.
        clutter: As for `draw_backdrop`.
    """
    height, width = spec.height * SUPERSAMPLING, spec.width * SUPERSAMPLING
    canvas = draw_backdrop(rng, height, width, clutter)
    taken = draw_screen(rng, canvas) if rng.random() < spec.screen else np.zeros((height, width), bool)
    instances = []
    for members, category, is_crowd in arrange(rng, spec):
        visible = np.zeros_like(taken)
        for patch in members:
            visible |= paint(rng, canvas, taken, patch, spec.min_visible)
        if visible.any():
            points = None if is_crowd else members[0].keypoints
            keypoints = None if points is None else _flag_keypoints(points, taken)
            instances.append(Instance(category, visible, is_crowd, keypoints))
            taken |= visible
    return Scene(expose(rng, canvas, SUPERSAMPLING), instances)


def _arrange(rng: np.random.Generator, spec: SceneSpec) -> list[Group]:
    """Choose and render the objects, front to back."""
    names, weights = list(CATEGORIES), dict(spec.weights)
    odds = np.array([weights.get(name, 1.0) for name in names])
    image_size = np.array([spec.width, spec.height]) * SUPERSAMPLING
    groups, placed = [], []
    for number in range(int(rng.integers(spec.min_objects, spec.max_objects + 1))):
        category = names[rng.choice(len(names), p=odds / odds.sum())]
        is_crowd = number == 0 and rng.random() < spec.crowd
        size = SUPERSAMPLING * np.exp(rng.uniform(np.log(spec.min_size), np.log(spec.max_size)))
        centre = find_place(rng, image_size, size, placed, spec.neighbour)
        placed.append((centre, size))
        if is_crowd:
            members = draw_crowd(rng, category, centre, spec.crowd_size, image_size)
        else:
            members = [draw_object(rng, category, centre, size)]
        groups.append((members, category, is_crowd))
    return sorted(groups, key=lambda group: -max(p.y + p.mask.shape[0] for p in group[0]))


def draw_crowd(
    rng: np.random.Generator, category: str, centre: np.ndarray, size: float, image_size: np.ndarray
) -> list[Patch]:
    """Draw 7 to 12 small objects of a category around a centre, front to back; `size` is in pixels, within a fifth."""
    size = SUPERSAMPLING * size * rng.uniform(0.8, 1.2)
    offsets = rng.normal(0, 1.1, (int(rng.integers(7, 13)), 2)) * size * (1.0, 0.5)
    centres = sorted((np.clip(centre + offset, 0, image_size) for offset in offsets), key=lambda c: -c[1])
    return [draw_object(rng, category, c, size) for c in centres]


def draw_object(rng: np.random.Generator, category: str, centre: np.ndarray, size: float) -> Patch:
    """Draw an object of a category; `centre` and its longer side `size` are in cells."""
    drawing = CATEGORIES[category].draw(rng)
    # people face the viewer: their left and right are fixed, so they are not mirrored
    return render(drawing, centre, size, draw_view(rng, mirrored=drawing.keypoints is None))


def find_place(
    rng: np.random.Generator, image_size: np.ndarray, size: float, placed: list, neighbour: float
) -> np.ndarray:
    """Choose a centre, often beside an earlier object and seldom on top of one."""
    margin = np.minimum(0.3 * size, 0.5 * image_size)
    for _ in range(8):
        if placed and rng.random() < neighbour:
            other, other_size = placed[rng.integers(len(placed))]
            angle = rng.uniform(0, 2 * np.pi)
            reach = (size + other_size) / 2 * rng.uniform(0.35, 0.75)
            centre = other + reach * np.array([np.cos(angle), np.sin(angle)])
        else:
            centre = rng.uniform(margin, image_size - margin)
        inside = (centre >= margin).all() and (centre <= image_size - margin).all()
        if inside and all(np.abs(centre - c).max() > 0.3 * (size + s) / 2 for c, s in placed):
            return centre
    return np.clip(centre, margin, image_size - margin)


def paint(
    rng: np.random.Generator, canvas: np.ndarray, taken: np.ndarray, patch: Patch, min_visible: float
) -> np.ndarray:
    """Paint what is not hidden, in place, unless less than `min_visible` would be seen; returns the painted cells."""
    visible = np.zeros_like(taken)
    y1, x1 = max(patch.y, 0), max(patch.x, 0)
    inner = patch.mask[y1 - patch.y : canvas.shape[0] - patch.y, x1 - patch.x : canvas.shape[1] - patch.x] > 0
    area = np.s_[y1 : y1 + inner.shape[0], x1 : x1 + inner.shape[1]]
    seen = inner & ~taken[area]
    if seen.sum() < max(min_visible * np.count_nonzero(patch.mask), 24 * SUPERSAMPLING**2):
        return visible
    lit = cover(rng, patch.colour)[y1 - patch.y :, x1 - patch.x :][: inner.shape[0], : inner.shape[1]]
    cv2.copyTo(lit, seen.view(np.uint8), canvas[area])
    visible[area] = seen
    return visible


def _flag_keypoints(points: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Add COCO's visibility: 0 (and x = y = 0) outside the image, 1 behind something, 2 visible."""
    result = np.zeros((len(points), 3))
    for row, (x, y) in zip(result, points, strict=True):
        if 0 <= x < hidden.shape[1] and 0 <= y < hidden.shape[0]:
            row[:] = x / SUPERSAMPLING, y / SUPERSAMPLING, 1 if hidden[int(y), int(x)] else 2
    return result
