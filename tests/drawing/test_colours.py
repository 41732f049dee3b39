"""Colours of instances, classes and texts."""

import numpy as np
import pytest

from mask_rcnn_paper.drawing.colours import PALETTE, class_colours, gaps, instance_colours, text_colour


def in_a_row(count, size=10, step=20):
    """Boxes side by side."""
    return [(step * n, 0, size, size) for n in range(count)]


def test_ten_instances_have_ten_colours():
    """The largest has the first."""
    boxes = [(0, 0, 10 + n, 10) for n in range(10)]
    assert instance_colours(boxes) == list(PALETTE[::-1])


def test_of_more_instances_those_of_one_colour_are_far_apart():
    """Of thirty in a row, all that are within two places of each other differ."""
    colours = instance_colours(in_a_row(30))
    assert set(colours) == set(PALETTE)
    near = [(a, b) for a in range(30) for b in range(a + 1, min(a + 3, 30))]
    assert [(a, b) for a, b in near if colours[a] == colours[b]] == []


def test_colours_do_not_depend_on_the_order():
    """The same boxes, each with the same colour."""
    boxes = in_a_row(25)
    order = np.random.default_rng(0).permutation(25)
    shuffled = instance_colours([boxes[n] for n in order])
    assert shuffled == [instance_colours(boxes)[n] for n in order]


def test_where_all_overlap_every_colour_is_used_as_often():
    """Thirty boxes in one place."""
    colours = instance_colours([(0, 0, 50, 50)] * 30)
    assert {colours.count(colour) for colour in PALETTE} == {3}


def test_no_boxes_have_no_colours():
    """An empty list."""
    assert instance_colours([]) == []


@pytest.mark.parametrize(
    ("other", "gap"), [((5, 5, 20, 20), 0), ((10, 0, 20, 10), 0), ((13, 0, 20, 5), 3), ((13, 14, 20, 20), 5)]
)
def test_gaps_by_hand(other, gap):
    """From (0, 0, 10, 10): inside, touching, beside, and across a corner as 3, 4, 5."""
    assert gaps(np.array((0, 0, 10, 10)), np.array([other])) == pytest.approx([gap])


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
