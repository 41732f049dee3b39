"""Sizes and places of labels, by hand."""

import numpy as np
import pytest

from mask_rcnn_paper.drawing.box_labels import (
    MOST_HIDDEN,
    SMALLEST_FONT,
    Label,
    draw_labels,
    font_size,
    overlaps,
    place,
)

PICTURE = (100, 80)
GROUND = (0, 158, 115)


def put(size, box, taken=(), others=()):
    """A label's place beside its own box and others."""
    return place(size, box, taken, np.array([box, *others]), PICTURE)


def test_a_label_stands_above_its_box():
    """The first choice is above the box, at its left end."""
    assert put((30, 10), (20, 40, 60, 70)) == (20, 30, 50, 40)


def test_a_label_moves_along_its_box_where_the_left_end_is_taken():
    """To the right end of the same side."""
    assert put((15, 10), (20, 40, 60, 70), [(10, 25, 30, 35)]) == (45, 30, 60, 40)


def test_a_label_goes_below_where_the_side_above_is_taken():
    """The second choice is below the box."""
    assert put((30, 10), (20, 40, 60, 60), [(15, 25, 65, 35)]) == (20, 60, 50, 70)


def test_labels_never_overlap():
    """Where all around is taken, inside; where all is taken, nowhere."""
    around = [(0, 0, 100, 40), (0, 40, 20, 80), (60, 40, 100, 80), (20, 70, 60, 80)]
    assert put((30, 10), (20, 40, 60, 70), around) == (20, 40, 50, 50)
    assert put((30, 10), (20, 40, 60, 70), [(0, 0, 100, 80)]) is None


def test_the_place_that_hides_least_of_all_objects_wins():
    """Above 150 pixels of a small object are hidden, 15 %; below 300 of a large one, 10 %."""
    small, large = (20, 0, 60, 25), (0, 50, 100, 80)
    beside = [(0, 30, 20, 60), (60, 30, 100, 60)]
    assert put((30, 10), (20, 30, 60, 60), beside, [small, large]) == (20, 60, 50, 70)
    assert put((30, 10), (20, 30, 60, 60), beside, [large]) == (20, 20, 50, 30)


def test_no_more_than_a_quarter_of_any_object_is_hidden():
    """A label of 100 pixels inside the only object: 400 pixels allow it, 396 do not."""
    assert MOST_HIDDEN == 0.25
    for height, found in ((20, (0, 0, 20, 5)), (19, None)):
        picture = (20, height)
        box = (0, 0, *picture)
        assert place((20, 5), box, [], np.array([box]), picture) == found


def test_without_a_label_a_small_object_among_small_ones():
    """Whose label would hide its neighbours."""
    grid = [(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 80, 10)]
    assert place((30, 9), grid[44], [], np.array(grid), PICTURE) is None


@pytest.mark.parametrize("box", [(0, 0, 10, 10), (95, 0, 100, 5), (95, 75, 100, 80), (0, 75, 5, 80)])
def test_a_label_stays_in_the_picture(box):
    """Labels of boxes at the corners are moved in."""
    x0, y0, x1, y1 = put((30, 10), box)
    assert min(x0, y0) >= 0
    assert x1 <= 100
    assert y1 <= 80


def test_a_label_wider_than_the_picture_starts_at_its_left_edge():
    """The start of the text is what is seen."""
    assert put((130, 10), (20, 40, 60, 70))[0] == 0


def test_overlap_is_the_area_that_is_shared():
    """10 x 10 squares that are shifted by (4, 7) share 6 x 3; neighbours share nothing."""
    square = np.array([(0, 0, 10, 10)])
    assert overlaps(square, np.array([(4, 7, 14, 17), (10, 0, 20, 10)])).tolist() == [[18, 0]]


@pytest.mark.parametrize(
    ("box", "size"), [((0, 0, 5, 5), 13), ((0, 0, 90, 90), 15), ((0, 0, 600, 600), 17), ((0, 0, 0, 0), 13)]
)
def test_letters_are_the_smaller_the_smaller_the_object(box, size):
    """In a picture of 640 pixels a sixth of the box's side, from 640 / 50 to 640 / 38."""
    assert font_size(box, (640, 640)) == size


def test_letters_can_be_read_on_small_pictures():
    """They are never below `SMALLEST_FONT`."""
    assert font_size((0, 0, 9, 9), (60, 40)) == SMALLEST_FONT


def test_a_label_shows_its_text_on_the_colour_of_its_box():
    """Drawn on a copy, above the box; nothing else is touched."""
    picture = np.zeros((80, 100, 3), dtype=np.uint8)
    drawn = draw_labels(picture, [Label("car 93%", (20, 40, 80, 70), GROUND)])
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert not picture.any()
    assert (rows.max(), columns.min()) == (39, 20)
    ground = np.round(0.8 * np.array(GROUND))
    assert np.abs(drawn[rows.min(), 20] - ground).max() <= 1
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 5


def test_the_first_label_gets_the_better_place():
    """The second of the same box goes to its other end, or below."""
    picture, box = np.zeros((80, 100, 3), dtype=np.uint8), (10, 30, 90, 50)
    drawn = draw_labels(picture, [Label("cat", box, (250, 0, 0)), Label("cat", box, (0, 250, 0))])
    assert drawn[29, 11].tolist() == [200, 0, 0]
    assert drawn[29, 88].tolist() == [0, 200, 0]


def test_a_text_that_no_font_writes_is_refused(installed):
    """The caller chooses the text."""
    picture = np.zeros((80, 100, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="let `fonts.writable` choose its text"):
        draw_labels(picture, [Label("\u732b", (20, 40, 80, 70), GROUND)])
