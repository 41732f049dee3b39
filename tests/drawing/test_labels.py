"""Places and looks of labels."""

import numpy as np
import pytest

from mask_rcnn_paper.drawing.labels import Label, draw_labels, overlap, place

PICTURE = (100, 80)


def test_a_label_stands_above_its_box():
    """The first choice is above the box, at its left end."""
    assert place((30, 10), (20, 40, 60, 70), [], PICTURE) == (20, 30, 50, 40)


def test_a_label_goes_below_where_the_place_above_is_taken():
    """The second choice is below the box."""
    assert place((30, 10), (20, 40, 60, 60), [(15, 25, 45, 35)], PICTURE) == (20, 60, 50, 70)


def test_where_everything_is_taken_the_label_hides_least():
    """Of eight bad places the one with the least overlap wins."""
    everything_but_a_strip = [(0, 0, 100, 62)]
    assert place((30, 10), (20, 40, 60, 60), everything_but_a_strip, PICTURE) == (20, 60, 50, 70)


@pytest.mark.parametrize("box", [(0, 0, 10, 10), (95, 0, 100, 5), (95, 75, 100, 80), (0, 75, 5, 80)])
def test_a_label_stays_in_the_picture(box):
    """Labels of boxes at the corners are moved in."""
    x0, y0, x1, y1 = place((30, 10), box, [], PICTURE)
    assert x0 >= 0 and y0 >= 0 and x1 <= 100 and y1 <= 80


def test_a_label_wider_than_the_picture_starts_at_its_left_edge():
    """The start of the text is what is seen."""
    assert place((130, 10), (20, 40, 60, 70), [], PICTURE)[0] == 0


def test_overlap_is_the_area_that_is_shared():
    """10 x 10 squares that are shifted by (4, 7) share 6 x 3; neighbours share nothing."""
    assert overlap((0, 0, 10, 10), (4, 7, 14, 17)) == 18
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_the_first_label_is_written_over_the_others():
    """Where all of the picture is one label's place, the more important one is on top."""
    picture = np.zeros((12, 20, 3), dtype=np.uint8)
    box = (0, 0, 20, 12)
    labels = [Label("i" * 40, box, (250, 0, 0)), Label("i" * 40, box, (0, 250, 0))]
    drawn = draw_labels(picture, labels, font_size=10)
    assert tuple(drawn[0, 0]) == (250, 0, 0)
    assert not picture.any()
