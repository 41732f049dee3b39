"""Street scenes for the mini scale's Cityscapes: wide images, riders, groups, and few trucks, buses and trains."""

from dataclasses import dataclass

import numpy as np

from mask_rcnn_paper.cityscapes.labels import CLASS_IDS
from mask_rcnn_paper.generated.scene import (
    SUPERSAMPLING,
    Group,
    Scene,
    compose,
    draw_crowd,
    draw_object,
    find_place,
)

RIDER = "rider"
_RIDDEN = ("bicycle", "motorcycle")
_IN_GROUPS = ("person", "car", "bicycle")


@dataclass(frozen=True)
class StreetSpec:
    """What a street may hold; part of a dataset's identity. Lengths are in pixels."""

    height: int = 246
    width: int = 492
    min_size: float = 28.0  # longer side of an object, drawn log-uniformly: smaller than COCO's, as Cityscapes' are
    max_size: float = 220.0
    min_objects: int = 4  # a group, and a rider with what is ridden, count as one
    max_objects: int = 9
    neighbour: float = 0.4  # probability that an object is placed so that it touches or overlaps an earlier one
    group: float = 0.25  # probability that an image holds a group of small objects of one class
    group_size: float = 22.0
    ridden: float = 0.5  # probability that somebody is on a bicycle or motorcycle
    screen: float = 0.15  # probability that something without a class stands in front
    min_visible: float = 0.4  # part of an object that must be seen; of a rider much is behind what is ridden
    # Relative frequency of what is placed. Few trucks, buses and trains, as in Cityscapes, if not as few as there.
    weights: tuple[tuple[str, float], ...] = (
        *(("person", 6.0), ("car", 7.0), ("truck", 0.95), ("bus", 0.95)),
        *(("train", 0.8), ("motorcycle", 1.6), ("bicycle", 3.0)),
    )


def draw_street(spec: StreetSpec, seed: int, index: int) -> Scene:
    """Draw street number `index` of a series; equal arguments give equal bytes. Crowds are groups of a class."""
    rng = np.random.default_rng([seed, index])
    return compose(rng, spec, _arrange, clutter=5)


def _arrange(rng: np.random.Generator, spec: StreetSpec) -> list[Group]:
    """Choose and render what is there, front to back: (patches, class, whether it is a group)."""
    names, odds = zip(*spec.weights, strict=True)
    image_size = np.array([spec.width, spec.height]) * SUPERSAMPLING
    things, placed = [], []
    for number in range(int(rng.integers(spec.min_objects, spec.max_objects + 1))):
        is_group = number == 0 and rng.random() < spec.group
        name = str(rng.choice(_IN_GROUPS) if is_group else rng.choice(names, p=np.array(odds) / sum(odds)))
        size = SUPERSAMPLING * np.exp(rng.uniform(np.log(spec.min_size), np.log(spec.max_size)))
        centre = find_place(rng, image_size, size, placed, spec.neighbour)
        placed.append((centre, size))
        if is_group:
            things.append([(draw_crowd(rng, name, centre, spec.group_size, image_size), name, True)])
        elif name in _RIDDEN and rng.random() < spec.ridden:
            things.append(_ridden(rng, name, centre, size))
        else:
            things.append([([draw_object(rng, name, centre, size)], name, False)])
    things.sort(key=lambda parts: -max(patch.y + patch.mask.shape[0] for patch in parts[0][0]))
    return [part for parts in things for part in parts]


def _ridden(rng: np.random.Generator, name: str, centre: np.ndarray, size: float) -> list[Group]:
    """What is ridden, in front of the rider's legs, and a person on it."""
    lift = size * np.array([rng.uniform(-0.08, 0.08), -rng.uniform(0.3, 0.4)])
    rider = draw_object(rng, "person", centre + lift, size * rng.uniform(0.85, 1.0))
    return [([draw_object(rng, name, centre, size)], name, False), ([rider], RIDER, False)]


def instance_ids(scene: Scene, background: int) -> np.ndarray:
    """(H, W) uint16 instance ids of a scene, as `gtFine_instanceIds` has them, on a background of one label.

    A pixel is of the object that covers at least half of its cells.
    """
    height, width = scene.image.shape[:2]
    ids, numbers = np.full((height, width), background, np.uint16), dict.fromkeys(CLASS_IDS, 0)
    for instance in scene.instances:
        name, label = instance.category, CLASS_IDS[instance.category]
        cells = instance.mask.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING)
        covered = (cells.mean((1, 3)) >= 0.5) & (ids == background)
        ids[covered] = label if instance.crowd else 1000 * label + numbers[name]
        numbers[name] += not instance.crowd
    return ids
