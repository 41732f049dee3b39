"""Images are chosen by a rule."""

from pathlib import Path

import pytest

from ablations.report.choice import choose_images
from ablations.report.overlap import MASK
from ablations.report.predictions import GroundTruth
from tests.ablations.report.tiny import SIDE, predicted, rectangle

BOX = (0, 0, 40, 40)


def truth_of(instances):
    """Ground truth of images with these annotations."""
    images = {i: {"id": i, "height": SIDE, "width": SIDE, "file_name": f"{i}.png"} for i in instances}
    return GroundTruth("val", Path(), images, instances, {3: "car"}, ())


def pairs(images):
    """Two medium objects on each of these images."""
    return {i: [rectangle(*BOX, image_id=i), rectangle(50, 50, 40, 40, image_id=i)] for i in images}


def covering(width):
    """Predictions of both objects that cover `width` of their 40 columns: an IoU of width / 40."""
    return [predicted(0, 0, width, 40), predicted(50, 50, width, 40)]


def test_images_stand_in_the_order_of_the_rows_difference():
    """Of differences 0, 1/4, 2/4, 3/4 and 1: the largest, the upper quartile and the median, by name."""
    truth = truth_of(pairs(range(1, 6)))
    good = {i: covering(40) for i in range(1, 6)}
    bad = {i: covering(width) for i, width in zip((4, 2, 5, 1, 3), (40, 30, 20, 10, 0), strict=True) if width}
    chosen = choose_images(truth, [good, bad], MASK)
    assert [(c.image_id, c.place) for c in chosen.images] == [(3, "largest"), (1, "upper quartile"), (5, "median")]
    assert [c.overlaps for c in chosen.images] == [(1.0, 0.0), (1.0, 0.25), (1.0, 0.5)]
    assert (chosen.candidates, chosen.least_objects) == (5, 2)


def test_it_does_not_matter_which_row_is_better():
    """An image on which the second row wins is as likely to be shown."""
    truth = truth_of(pairs((1, 2)))
    one, two = {1: covering(40), 2: covering(10)}, {1: covering(30), 2: covering(40)}
    assert [c.image_id for c in choose_images(truth, [one, two], MASK).images][0] == 2


def test_only_images_with_several_medium_objects_are_candidates():
    """Small and large ones, crowds and lone objects do not count while there are others."""
    instances = pairs((1,)) | {
        2: [rectangle(*BOX)],
        3: [rectangle(0, 0, 10, 10), rectangle(0, 0, 99, 99)],
        4: [rectangle(*BOX, iscrowd=1), rectangle(*BOX, iscrowd=1)],
    }
    chosen = choose_images(truth_of(instances), [{}, {}], MASK)
    assert ([c.image_id for c in chosen.images], chosen.candidates) == ([1], 1)


@pytest.mark.parametrize(
    "instances, least",
    [({1: [rectangle(*BOX)], 2: [rectangle(0, 0, 9, 9)]}, 1), ({1: [rectangle(0, 0, 9, 9)]}, 0)],
)
def test_where_no_image_has_several_fewer_do(instances, least):
    """One medium object, and then any object."""
    chosen = choose_images(truth_of(instances), [{}], MASK)
    assert ([c.image_id for c in chosen.images], chosen.least_objects) == ([1], least)


def test_without_objects_nothing_is_chosen():
    """As on a test set without annotations."""
    assert choose_images(truth_of({1: []}), [{}], MASK).images == ()


def test_a_single_row_is_ordered_by_its_own_overlap():
    """It differs from nothing. Of three images the upper quartile is the largest, and is shown once."""
    truth = truth_of(pairs((1, 2, 3)))
    chosen = choose_images(truth, [{1: covering(20), 2: covering(40), 3: covering(30)}], MASK)
    assert [c.image_id for c in chosen.images] == [2, 3]
    assert [c.place for c in chosen.images] == ["largest", "median"]
