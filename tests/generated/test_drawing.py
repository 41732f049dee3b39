import numpy as np
import pytest

from mask_rcnn_paper.generated.catalogue import DRAWERS
from mask_rcnn_paper.generated.categories import CATEGORIES, KEYPOINT_FLIP_MAP, KEYPOINT_NAMES, SKELETON
from mask_rcnn_paper.generated.drawing import Drawing, arc, render, shade


def test_polygon_covers_its_cells():
    """A 2 x 1 box of 40 cells covers 40 x 20 cells around its centre, up to one cell on each side."""
    drawing = Drawing()
    drawing.box(0, 0, 2, 1, (10, 20, 30))
    patch = render(drawing, (100, 50), 40, 0, mirror=False)
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
    plain, mirrored = (render(drawing, (0, 0), 40, 0, m).keypoints for m in (False, True))
    np.testing.assert_allclose(plain, [[-10, -10]])
    np.testing.assert_allclose(mirrored, [[10, -10]])


def test_arc_ends():
    """A half circle starts at the right and passes below the centre to the left."""
    points = arc(0, 0, 1, 1, 0, 180, 3)
    np.testing.assert_allclose(points, [[1, 0], [0, 1], [-1, 0]], atol=1e-12)


def test_shade_is_clipped():
    """Brightness never leaves [0, 255]."""
    assert shade((100, 200, 0), 2) == (200, 255, 0)


@pytest.mark.parametrize("name", CATEGORIES)
def test_drawers_vary(name):
    """Each category's objects have the size asked for and differ from draw to draw."""
    patches = [render(DRAWERS[name](np.random.default_rng(seed)), (100, 100), 80, 0, False) for seed in (0, 1)]
    for patch in patches:
        rows, columns = np.nonzero(patch.mask)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(80, abs=3)
    assert patches[0].mask.shape != patches[1].mask.shape or (patches[0].mask != patches[1].mask).any()


def test_categories_match_drawers():
    """Drawers and category ids are listed in the same order, which is the order of contiguous ids."""
    assert list(DRAWERS) == list(CATEGORIES)
    assert list(CATEGORIES.values()) == sorted(CATEGORIES.values())


def test_keypoint_names_are_coco():
    """17 keypoints in COCO's order; the flip map pairs sides; limbs refer to keypoints."""
    assert len(KEYPOINT_NAMES) == 17
    assert KEYPOINT_NAMES[:3] == ("nose", "left_eye", "right_eye")
    assert KEYPOINT_NAMES[-1] == "right_ankle"
    assert {n for pair in KEYPOINT_FLIP_MAP for n in pair} == set(KEYPOINT_NAMES) - {"nose"}
    assert {i for limb in SKELETON for i in limb} == set(range(1, 18))


def test_person_faces_the_viewer():
    """A person's left shoulder is at the right of the image, and its keypoints lie on or beside its body."""
    for seed in range(10):
        drawing = DRAWERS["person"](np.random.default_rng(seed))
        at = dict(zip(KEYPOINT_NAMES, drawing.keypoints, strict=True))
        assert at["left_shoulder"][0] > at["right_shoulder"][0]
        patch = render(drawing, (200, 200), 300, 0, False)
        columns, rows = (patch.keypoints - (patch.x, patch.y)).astype(int).T
        assert patch.mask[rows, columns].all()
