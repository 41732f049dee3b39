"""The categories and their drawers."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.shapes import render


@pytest.mark.parametrize("name", CATEGORIES)
def test_drawers_vary(name):
    """Each category's objects have the size asked for and differ from draw to draw."""
    patches = [render(CATEGORIES[name].draw(np.random.default_rng(seed)), (100, 100), 80, np.eye(2)) for seed in (0, 1)]
    for patch in patches:
        rows, columns = np.nonzero(patch.mask)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(80, abs=3)
    assert patches[0].mask.shape != patches[1].mask.shape or (patches[0].mask != patches[1].mask).any()


def test_categories_are_in_the_order_of_their_ids():
    """Which is the order of contiguous ids."""
    ids = [category.id for category in CATEGORIES.values()]
    assert ids == sorted(ids)
