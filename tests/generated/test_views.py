"""Views of objects."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.views import draw_view, rotation


def test_views_keep_area():
    """Foreshortening makes an object narrower as it makes it higher; a mirror turns the sign."""
    views = [draw_view(np.random.default_rng(seed), mirrored=True) for seed in range(100)]
    signs = [round(np.linalg.det(view), 9) for view in views]
    assert set(signs) == {-1.0, 1.0}
    assert all(np.linalg.det(draw_view(np.random.default_rng(s), mirrored=False)) > 0 for s in range(20))


def test_most_objects_stand():
    """The axis that was upright leans by less than 30 degrees in nine of ten views."""
    ups = np.array([draw_view(np.random.default_rng(seed), mirrored=False)[:, 1] for seed in range(300)])
    leaning = np.degrees(np.abs(np.arctan2(ups[:, 0], ups[:, 1])))
    assert np.mean(leaning < 30) > 0.9
    assert leaning.max() < 80


def test_rotation_is_clockwise():
    """What points to the right points down after a quarter turn, y being down."""
    np.testing.assert_allclose(rotation(90) @ (1, 0), (0, 1), atol=1e-12)
    assert np.linalg.det(rotation(33)) == pytest.approx(1)
