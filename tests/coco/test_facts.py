"""What is read of an annotation file before a model is built."""

import json

import pytest

from mask_rcnn_paper.coco.facts import read_facts
from tests.validate_dataset.cases import run_lengths, valid_data


@pytest.fixture
def facts(tmp_path):
    """Facts of a file with this content."""

    def read(data):
        path = tmp_path / "own.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return read_facts(path)

    return read


def test_classes_are_in_the_order_of_their_ids(facts):
    """As detectron2 numbers them, whatever the order in the file."""
    data = valid_data()
    data["categories"] = [{"id": 7, "name": "dog"}, {"id": 1, "name": "person"}]
    assert list(facts(data).classes.items()) == [(1, "person"), (7, "dog")]


def test_run_lengths_of_crowds_do_not_count(facts):
    """Training leaves crowds out; any other mask as run lengths needs INPUT.MASK_FORMAT bitmask."""
    data = valid_data()
    assert facts(data).has_masks
    assert not facts(data).has_run_lengths
    data["annotations"][0]["segmentation"] = run_lengths(48, 64, slice(10, 30), slice(10, 30))
    assert facts(data).has_run_lengths


def test_boxes_alone_have_no_masks(facts):
    """Nor keypoints; empty ones are none."""
    data = valid_data()
    for annotation in data["annotations"]:
        annotation |= {"segmentation": [], "keypoints": []}
    assert not facts(data).has_masks
    assert not facts(data).has_keypoints


@pytest.mark.parametrize("field", ["flip_pairs", "keypoint_flip_map"])
def test_keypoints_are_those_of_the_categories(facts, field):
    """Names and mirror pairs; without pairs None, without names ()."""
    data = valid_data(keypoints=True)
    data["categories"][0][field] = data["categories"][0].pop("flip_pairs")
    found = facts(data)
    assert found.has_keypoints
    assert found.keypoint_names == ("nose", "left_eye", "right_eye")
    assert found.flip_pairs == (("left_eye", "right_eye"),)
    del data["categories"][0][field]
    assert facts(data).flip_pairs is None
    assert facts(valid_data()).keypoint_names == ()


def test_a_changed_file_is_read_again(facts):
    """Within one process."""
    data = valid_data()
    assert facts(data).classes[7] == "dog"
    data["categories"][1]["name"] = "wolf"
    assert facts(data).classes[7] == "wolf"


def change(**sections):
    return valid_data() | sections


@pytest.mark.parametrize(
    "data, message",
    [
        ("{", "is not JSON"),
        ([], "has no list 'images'"),
        (change(categories={}), "has no list 'categories'"),
        ({"images": [], "categories": []}, "has no list 'annotations'"),
        (change(categories=[]), "has no categories"),
        (change(categories=[{"id": "1", "name": "a"}]), "category 1 of 1: is .*whole number as id"),
        (change(categories=[{"id": 1}]), "category 1 of 1: is .* and a name"),
        (change(categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]), "2 of 2: has id 1 of category 'a'"),
        (
            change(categories=[{"id": 1, "name": "a", "keypoints": 5}]),
            "keypoints is 5, and must be a list of names",
        ),
        (change(categories=[{"id": 1, "name": "a", "keypoints": ["x"], "flip_pairs": 5}]), "flip_pairs is 5"),
        (change(categories=[{"id": 1, "name": "a", "keypoints": ["x"], "flip_pairs": [5]}]), r"is \[5\], and must be"),
        (
            change(categories=[{"id": n, "name": n * "a", "keypoints": ["x" * n]} for n in (1, 2)]),
            "categories 'a' and 'aa' differ in their keypoints",
        ),
    ],
)
def test_what_is_not_cocos_format_is_named(facts, data, message):
    """The file, and the place in it."""
    with pytest.raises(ValueError, match=f"own.json'.*{message}"):
        facts(data)


def test_a_missing_file_is_named(tmp_path):
    """With its path."""
    with pytest.raises(FileNotFoundError, match="nothing.json' does not exist"):
        read_facts(tmp_path / "nothing.json")
