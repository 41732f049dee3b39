"""Backgrounds, screens and the camera."""

import numpy as np

from mask_rcnn_paper.generated.backdrop import draw_backdrop, draw_screen, expose


def test_backdrops_are_mostly_pale_and_fixed_by_their_generator():
    """Objects are darker on average; another generator gives another backdrop."""
    first, again, other = (draw_backdrop(np.random.default_rng(seed), 160, 240, clutter=5) for seed in (0, 0, 1))
    assert first.shape == (160, 240, 3)
    tones = [draw_backdrop(np.random.default_rng(seed), 80, 80, clutter=5).mean() for seed in range(60)]
    assert 0.8 < np.mean(np.array(tones) > 180) < 1
    assert min(tones) > 90
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_screen_hides_what_it_covers():
    """Its cells get one colour, all others stay."""
    for seed in range(10):
        canvas = np.zeros((120, 160, 3), np.uint8)
        covered = draw_screen(np.random.default_rng(seed), canvas)
        assert covered.shape == (120, 160)
        assert (canvas[~covered] == 0).all()
        assert len(np.unique(canvas[covered], axis=0)) <= 1
        assert covered.mean() < 0.3


def test_exposure_averages_cells():
    """A pixel is the mean of its cells, at a contrast of 0.7 to 1.1, 25 brighter at most, with noise of at most 8."""
    canvas = np.zeros((40, 40, 3), np.uint8)
    canvas[:, ::2] = 200
    for seed in range(20):
        image = expose(np.random.default_rng(seed), canvas, 4).astype(int)
        assert image.shape == (10, 10, 3)
        assert 70 - 8 <= image.min() < image.max() <= 110 + 25 + 8
        assert np.ptp(image) <= 16
