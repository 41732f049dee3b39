"""Backgrounds, lighting and sensor noise."""

import numpy as np

from mask_rcnn_paper.generated.backdrop import draw_backdrop, expose, light


def test_backdrops_are_pale_and_fixed_by_their_generator():
    """Objects are darker on average; another generator gives another backdrop."""
    first, again, other = (draw_backdrop(np.random.default_rng(seed), 160, 240, clutter=5) for seed in (0, 0, 1))
    assert first.shape == (160, 240, 3)
    assert first.mean() > 165
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_light_only_darkens():
    """By a factor between about 0.5 and 1, which is the same for the three colours."""
    lit = light(np.random.default_rng(0), np.full((40, 60, 3), 200, np.uint8))
    assert 90 < lit.min() < lit.max() <= 200
    assert (lit == lit[..., :1]).all()


def test_exposure_averages_cells_and_adds_noise():
    """A pixel is the mean of its cells, up to noise of at most 8 grey values."""
    canvas = np.zeros((40, 40, 3), np.uint8)
    canvas[:, ::2] = 200
    image = expose(np.random.default_rng(0), canvas, 4).astype(int)
    assert image.shape == (10, 10, 3)
    assert 0 < np.abs(image - 100).max() <= 8
