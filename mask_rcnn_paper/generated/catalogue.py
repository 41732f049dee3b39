"""Which drawer draws which category."""

from collections.abc import Callable

import numpy as np

from mask_rcnn_paper.generated import figures, vehicles
from mask_rcnn_paper.generated.drawing import Drawing

DRAWERS: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "person": figures.draw_person,
    "bicycle": vehicles.draw_bicycle,
    "car": vehicles.draw_car,
    "motorcycle": vehicles.draw_motorcycle,
    "bus": vehicles.draw_bus,
    "train": vehicles.draw_train,
    "truck": vehicles.draw_truck,
    "dog": figures.draw_dog,
    "umbrella": figures.draw_umbrella,
    "cup": figures.draw_cup,
}
"""Drawer by category name, in the order of :data:`mask_rcnn_paper.generated.categories.CATEGORIES`."""
