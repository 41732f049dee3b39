"""Colours of classes."""

from mask_rcnn_paper.drawing.colours import PALETTE, class_colours, text_colour


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
