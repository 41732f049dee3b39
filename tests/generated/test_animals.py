"""Animals."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.animals import draw_dog, draw_elephant, draw_teddy_bear
from mask_rcnn_paper.generated.shapes import render


def filled(draw):
    """Share of an object's box that is object, on average."""
    masks = [render(draw(np.random.default_rng(seed)), (0, 0), 200, np.eye(2)).mask > 0 for seed in range(10)]
    shares = []
    for mask in masks:
        rows, columns = np.nonzero(mask)
        shares.append(mask.sum() / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1)))
    return np.mean(shares)


@pytest.mark.parametrize("draw", [draw_elephant, draw_teddy_bear])
def test_thick_animals_fill_their_box(draw):
    """More than a dog does: masks of 14x14 can show them."""
    assert filled(draw) > 0.5 > filled(draw_dog)
