"""Classes by name."""

import pytest

from mask_rcnn_paper.transfer.class_map import class_map, read_map

SOURCE, TARGET = ["person", "car", "dog"], ["car", "rider", "person"]


def test_classes_are_matched_by_name():
    """In the order of the target, and what is given wins."""
    assert class_map(SOURCE, TARGET, {"rider": "random"}) == {"car": "car", "rider": None, "person": "person"}
    assert class_map(SOURCE, TARGET, {"rider": "person", "car": "dog"})["rider"] == "person"


def test_a_class_without_a_source_is_named():
    """With what to do, and what there is."""
    with pytest.raises(ValueError, match="source has no class rider: .* --map rider=NAME, or .*person, car, dog"):
        class_map(SOURCE, TARGET, {})


@pytest.mark.parametrize(
    "given, message",
    [({"bus": "car"}, "target has no class 'bus': choose from car, rider"), ({"rider": "cat"}, "no class 'cat'")],
)
def test_names_that_are_not_there(given, message):
    """On either side."""
    with pytest.raises(ValueError, match=message):
        class_map(SOURCE, TARGET, given)


def test_words():
    """As the command line has them."""
    assert read_map(["rider=person", "fox=traffic light"]) == ({"rider": "person", "fox": "traffic light"}, False)
    assert read_map(["all_random"]) == ({}, True)
    for word in ("rider", "rider=", "a=b=c"):
        with pytest.raises(ValueError, match=f"--map {word}: give TARGET=SOURCE"):
            read_map([word])
