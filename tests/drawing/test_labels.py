"""Colours of classes; places and looks of labels."""

import numpy as np
import pytest

from mask_rcnn_paper.drawing.labels import PALETTE, Label, class_colours, draw_labels, overlap, place, text_colour

PICTURE = (100, 80)


def test_a_class_keeps_its_colour_whatever_the_order_of_the_ids():
    """Colours depend on the set of ids alone."""
    assert class_colours([18, 1, 3]) == class_colours([3, 3, 18, 1])


def test_ten_classes_have_ten_colours():
    """No colour comes twice before the palette is used up, and then the first comes again."""
    colours = class_colours(range(100, 111))
    assert len({colours[i] for i in range(100, 110)}) == 10
    assert colours[110] == colours[100] == PALETTE[0]


def test_text_is_black_on_yellow_and_white_on_blue():
    """Text stands out from its ground."""
    assert text_colour((240, 228, 66)) == (0, 0, 0)
    assert text_colour((0, 114, 178)) == (255, 255, 255)


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
    assert min(x0, y0) >= 0
    assert x1 <= 100
    assert y1 <= 80


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
