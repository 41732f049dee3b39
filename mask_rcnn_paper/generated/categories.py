"""The categories of the generated datasets: COCO's names and ids, and who draws them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mask_rcnn_paper.generated import animals, figures, vehicles
from mask_rcnn_paper.generated.shapes import Drawing


class Category(NamedTuple):
    """COCO's id of a category, and what draws an object of it."""

    id: int
    draw: Callable[[np.random.Generator], Drawing]


CATEGORIES: dict[str, Category] = {
    "person": Category(1, figures.draw_person),
    "bicycle": Category(2, vehicles.draw_bicycle),
    "car": Category(3, vehicles.draw_car),
    "motorcycle": Category(4, vehicles.draw_motorcycle),
    "bus": Category(6, vehicles.draw_bus),
    "train": Category(7, vehicles.draw_train),
    "truck": Category(8, vehicles.draw_truck),
    "dog": Category(18, animals.draw_dog),
    "elephant": Category(22, animals.draw_elephant),
    "umbrella": Category(28, figures.draw_umbrella),
    "cup": Category(47, figures.draw_cup),
    "teddy bear": Category(88, animals.draw_teddy_bear),
}
"""By name, in increasing order of id."""
