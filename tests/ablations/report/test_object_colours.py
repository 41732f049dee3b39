"""Predictions have the colours of the objects that they match, as COCO matches them; by hand."""

from ablations.report.object_colours import NO_OBJECT, matched_colours, object_colours
from mask_rcnn_paper.drawing.colours import PALETTE
from tests.ablations.report.tiny import predicted, rectangle

LARGE, SMALL = rectangle(0, 0, 40, 40), rectangle(50, 50, 20, 20)


def test_a_prediction_has_the_colour_of_its_object():
    """Whatever the order, and whichever of the objects it finds."""
    large, small = object_colours([LARGE, SMALL])
    assert large != small
    found = [predicted(50, 50, 20, 18), predicted(0, 2, 40, 38)]
    assert matched_colours([LARGE, SMALL], found) == [small, large]
    assert matched_colours([LARGE, SMALL], found[:1]) == [small]


def test_what_matches_no_object_is_grey():
    """Of another category, elsewhere, or of an IoU below one half."""
    wrong = [predicted(0, 0, 40, 40, category=1), predicted(70, 0, 20, 20), predicted(0, 0, 40, 19)]
    assert matched_colours([LARGE], wrong) == [NO_OBJECT] * 3
    assert matched_colours([], wrong) == [NO_OBJECT] * 3
    assert matched_colours([LARGE], [predicted(0, 0, 40, 20)]) == object_colours([LARGE])
    assert NO_OBJECT not in PALETTE


def test_the_best_score_takes_the_object():
    """A second detection of it is one too many, even where it fits better."""
    found = [predicted(0, 0, 40, 40, score=0.6), predicted(0, 0, 40, 30, score=0.9)]
    assert matched_colours([LARGE], found) == [NO_OBJECT, *object_colours([LARGE])]


def test_a_crowd_has_room_for_many_but_an_object_comes_first():
    """In a crowd's box all find the crowd; the one person that is annotated there is found by one."""
    crowd, person = rectangle(0, 0, 90, 90, iscrowd=1), rectangle(0, 0, 30, 30)
    of_crowd, of_person = object_colours([crowd, person])
    found = [predicted(0, 0, 30, 30, score=0.9), predicted(40, 40, 30, 30), predicted(0, 0, 30, 30, score=0.8)]
    assert matched_colours([crowd, person], found) == [of_person, of_crowd, of_crowd]


def test_no_predictions_have_no_colours():
    """An image where nothing was found."""
    assert matched_colours([LARGE], []) == []
