"""Views of an image: sizes, mirrors, and boxes there and back."""

import numpy as np
import pytest
import torch
from detectron2.data import transforms as T
from torch.testing import assert_close

from mask_rcnn_paper.modeling.augmented_views import View, keypoint_weights, make_views

SIZE = (48, 64)
IMAGE = (255 * torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(0))).byte()
BOXES = torch.tensor([[0.0, 0.0, 64.0, 48.0], [3.5, 7.25, 20.0, 30.0], [40.0, 1.0, 64.0, 48.0]])


def test_the_papers_views():
    """Appendix B: 400 to 1200 pixels in steps of 100 and their mirrors, 18 in all; the first is upright."""
    views = make_views((480, 640), [(side, 2000) for side in range(400, 1201, 100)], flip=True)
    assert [view.size[0] for view in views] == [side for side in range(400, 1201, 100) for _ in range(2)]
    assert [view.flip for view in views] == [False, True] * 9
    assert views[0].size == (400, 533)


def test_long_sides_are_limited():
    """A view that would be longer is as long as is allowed, and still is the view of its short side."""
    (view,) = make_views((100, 400), [(200, 500)], flip=False)
    assert view == View((125, 500), 200, False)


def test_an_upright_view_is_what_inference_sees():
    """Resized as detectron2 does it."""
    view = View((36, 48), 36, False)
    expected = T.ResizeTransform(*SIZE, 36, 48).apply_image(IMAGE.permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(view.show(IMAGE).permute(1, 2, 0).numpy(), expected)
    assert torch.equal(View(SIZE, 48, False).show(IMAGE), IMAGE)


def test_a_mirrored_view_is_the_mirror_of_the_upright_one():
    """Left and right alone."""
    upright, mirrored = (View((36, 48), 36, flip) for flip in (False, True))
    assert torch.equal(mirrored.show(IMAGE), upright.show(IMAGE).flip(2))
    maps = torch.rand(2, 1, 4, 4)
    assert torch.equal(mirrored.maps_back(maps), maps.flip(3))
    assert torch.equal(upright.maps_back(maps), maps)


@pytest.mark.parametrize("flip", [False, True])
def test_boxes_are_where_their_pixels_are(flip):
    """A painted rectangle is in the view's box of its box."""
    painted = torch.zeros(1, *SIZE, dtype=torch.uint8)
    painted[:, 8:16, 4:24] = 255
    view = View((96, 128), 96, flip)
    ((x1, y1, x2, y2),) = view.boxes_from(torch.tensor([[4.0, 8.0, 24.0, 16.0]]), SIZE).int().tolist()
    seen = view.show(painted)[0]
    assert (seen[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] == 255).all()
    assert seen.float().sum() == pytest.approx(255 * (x2 - x1) * (y2 - y1), rel=0.02)


@pytest.mark.parametrize("flip", [False, True])
def test_boxes_there_and_back(flip):
    """Mapped to a view of another shape and back they are the same; several classes side by side too."""
    view = View((75, 90), 75, flip)
    there = view.boxes_from(BOXES, SIZE)
    assert (there[:, 2:] > there[:, :2]).all()
    assert_close(view.boxes_to(there, SIZE), BOXES)
    assert_close(
        view.boxes_to(torch.cat([there, there.flip(0)], dim=1), SIZE), torch.cat([BOXES, BOXES.flip(0)], dim=1)
    )


def test_a_view_of_the_same_size_changes_no_bit():
    """Else a single view would not be what inference alone sees."""
    boxes = 40 * torch.rand(50, 4)
    view = View((33, 47), 33, False)
    assert torch.equal(view.boxes_to(boxes, (33, 47)), boxes.clamp(max=47).minimum(torch.tensor([47, 33, 47, 33.0])))


def test_boxes_that_leave_a_view_are_cut():
    """At its border, before they are averaged with those of other views."""
    mirrored = View((48, 64), 48, True).boxes_to(torch.tensor([[-5.0, -7.0, 10.0, 99.0]]), SIZE)
    assert_close(mirrored, torch.tensor([[54.0, 0.0, 64.0, 48.0]]))


def test_small_boxes_are_not_looked_for_in_reduced_views():
    """Nor large ones in enlarged views; those of the usual size count for all."""
    weights = keypoint_weights(torch.tensor([99.0**2, 100.0**2]), [400, 800, 1200], 800, 100)
    assert weights.tolist() == [[0, 1, 1], [1, 1, 0]]


def test_without_any_view_of_its_kind_all_count():
    """Small boxes where all views are reduced, large ones where all are enlarged."""
    areas = torch.tensor([1.0, 1e6])
    assert keypoint_weights(areas, [400, 500], 800, 100).tolist() == [[1, 1], [1, 1]]
    assert keypoint_weights(areas, [900], 800, 100).tolist() == [[1], [1]]
    assert keypoint_weights(areas, [400, 1200], 800, 0).tolist() == [[1, 1], [1, 1]]
