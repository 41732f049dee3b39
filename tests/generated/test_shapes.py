"""Vector drawings and their rendering."""

import numpy as np
import pytest

from mask_rcnn_paper.generated.shapes import Drawing, arc, render, shade
from mask_rcnn_paper.generated.views import rotation

UPRIGHT = np.eye(2)


def test_polygon_covers_its_cells():
    """A 2 x 1 box of 40 cells covers 40 x 20 cells around its centre, up to one cell on each side."""
    drawing = Drawing()
    drawing.box(0, 0, 2, 1, (10, 20, 30))
    patch = render(drawing, (100, 50), 40, UPRIGHT)
    rows, columns = np.nonzero(patch.mask)
    assert patch.x + columns.min() == pytest.approx(80, abs=1)
    assert patch.x + columns.max() + 1 == pytest.approx(120, abs=1)
    assert patch.y + rows.min() == pytest.approx(40, abs=1)
    assert patch.y + rows.max() + 1 == pytest.approx(60, abs=1)
    assert (patch.colour[patch.mask > 0] == (10, 20, 30)).all()


def test_mirror_flips_keypoints():
    """Mirroring reflects keypoints about the centre of the drawing's box."""
    drawing = Drawing()
    drawing.box(0, 0, 4, 4, (0, 0, 0))
    drawing.keypoints = np.array([[1.0, 1.0]])
    plain, mirrored = (render(drawing, (0, 0), 40, np.diag([x, 1.0])).keypoints for x in (1.0, -1.0))
    np.testing.assert_allclose(plain, [[-10, -10]])
    np.testing.assert_allclose(mirrored, [[10, -10]])


def test_arc_ends():
    """A half circle starts at the right and passes below the centre to the left."""
    points = arc(0, 0, 1, 1, 0, 180, 3)
    np.testing.assert_allclose(points, [[1, 0], [0, 1], [-1, 0]], atol=1e-12)


def test_shade_is_clipped():
    """Brightness never leaves [0, 255]."""
    assert shade((100, 200, 0), 2) == (200, 255, 0)


@pytest.mark.parametrize("view", [UPRIGHT, rotation(30), np.array([[1.0, 0.5], [0.0, 1.0]])])
def test_size_is_of_the_painted_box(view):
    """The longer side of what is painted has the size asked for, from whatever view, with the width of strokes."""
    drawing = Drawing()
    drawing.stroke([(0, 0), (4, 0)], 2, (0, 0, 0))
    drawing.polygon([(0, 0), (1, 3), (2, 0)], (0, 0, 0))
    patch = render(drawing, (100, 100), 120, view)
    rows, columns = np.nonzero(patch.mask)
    sides = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert max(sides) == pytest.approx(120, abs=4)
    assert patch.x + columns.min() + sides[0] / 2 == pytest.approx(100, abs=3)
    assert patch.y + rows.min() + sides[1] / 2 == pytest.approx(100, abs=3)
