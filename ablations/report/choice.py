"""Which images are shown: by rule, so that nobody picks those that suit a claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.report.overlap import mean_overlap, objects_of
from ablations.report.predictions import GroundTruth, Instances

# COCO's bounds of a medium object, in pixels of area.
MEDIUM = (32**2, 96**2)
LEAST_OBJECTS = 2
# Names of the images that are shown, and where they stand in the order, from 0 to 1.
PLACES = {"largest": 1.0, "upper quartile": 0.75, "median": 0.5}


@dataclass(frozen=True)
class Choice:
    """An image: why it was chosen, and the mean overlap of each row, in [0, 1]."""

    image_id: int
    place: str
    overlaps: tuple[float, ...]

    @property
    def rank(self) -> float:
        """What images are ordered by: how far the best row is from the worst; the overlap where there is one row."""
        return max(self.overlaps) - (min(self.overlaps) if len(self.overlaps) > 1 else 0.0)


@dataclass(frozen=True)
class Chosen:
    """The images, out of how many candidates, and how many medium objects each of those has at least."""

    images: tuple[Choice, ...]
    candidates: int
    least_objects: int


def choose_images(truth: GroundTruth, rows: Sequence[Instances], measure: str) -> Chosen:
    """Order the images with several medium objects by `Choice.rank`, and take those at `PLACES`.

    Where no image has `LEAST_OBJECTS` of them, those with one do, and then those with any object at all.

    Args:
        truth: The dataset.
        rows: Predictions of each row, at least one row.
        measure: A key of `overlap.FIELDS`.
    """
    objects = {image_id: objects_of(truth.instances.get(image_id, ()), measure) for image_id in sorted(truth.images)}
    for least in range(LEAST_OBJECTS, -1, -1):
        candidates = [i for i, things in objects.items() if things and sum(map(_is_medium, things)) >= least]
        if candidates:
            break
    else:
        return Chosen((), 0, 0)
    measured = []
    for image_id in candidates:
        size = truth.images[image_id]["height"], truth.images[image_id]["width"]
        overlaps = (mean_overlap(objects[image_id], row.get(image_id, ()), measure, size) for row in rows)
        measured.append(Choice(image_id, "", tuple(overlaps)))
    measured.sort(key=lambda choice: (choice.rank, -choice.image_id))
    places: dict[int, str] = {}
    for name, place in PLACES.items():
        places.setdefault(round(place * (len(measured) - 1)), name)
    images = tuple(Choice(measured[n].image_id, name, measured[n].overlaps) for n, name in places.items())
    return Chosen(images, len(candidates), least)


def _is_medium(thing: Mapping) -> bool:
    low, high = MEDIUM
    return low < thing["area"] <= high
