"""What rules and repairs know of a file."""

import pytest

from mask_rcnn_paper.validate_dataset.dataset import Dataset, size
from tests.validate_dataset.cases import valid_data


def test_lookups():
    """By whole numbers alone; of duplicates the first; what is no object is passed over."""
    data = valid_data()
    data["images"] += [5, {"id": 1, "width": 9, "height": 9}, {"id": "x"}]
    dataset = Dataset(data)
    assert {section: list(entries) for section, entries in dataset.by_id.items()} == {
        "categories": [1, 7],
        "images": [1, 2],
        "annotations": [1, 2, 3, 4],
    }
    assert dataset.size_of({"image_id": 1}) == (64, 48)
    assert dataset.size_of({"image_id": [1]}) is None
    assert dataset.size_of({"image_id": 3}) is None
    assert dataset.target({"category_id": 7}, "category_id")["name"] == "dog"
    assert dataset.target({}, "category_id") is None
    assert [i for i, _ in dataset.entries("images")] == [0, 1, 3, 4]


@pytest.mark.parametrize("width, height", [(0, 4), (4, None), (4.0, 4), ("4", 4), (True, 4)])
def test_no_size(width, height):
    """Sizes are whole numbers above 0."""
    assert size({"width": width, "height": height}) is None


def test_new_ids():
    """The wanted id where it is free, else the next after all."""
    dataset = Dataset(valid_data())

    def new_id(section, wanted=None):
        entry = {"id": "old"}
        dataset.renumber(section, entry, wanted)
        return entry["id"]

    assert new_id("categories", 3) == 3
    assert new_id("categories", 3) == 8
    assert new_id("categories") == 9
    assert new_id("annotations", 4) == 5


def test_number_of_keypoints():
    """What a category says, else what most annotations have, else none."""
    data = valid_data(keypoints=True)
    assert Dataset(data).num_keypoints == 3
    data["categories"][0]["keypoints"] = "nonsense"
    data["annotations"][0]["keypoints"] = [1, 1, 2]
    assert Dataset(data).num_keypoints == 3
    assert Dataset(valid_data()).num_keypoints == 0


def test_images_and_categories_know_what_refers_to_them():
    """Of images, which annotations are groups; of categories, whether annotations have keypoints."""
    data = valid_data(keypoints=True)
    data["annotations"][0]["image_id"] = "1"
    assert Dataset(data).crowds == {1: [False], 2: [False, True]}
    assert Dataset(data).used_with_keypoints == {1}
    assert Dataset(valid_data()).used_with_keypoints == set()


def test_renamed_references():
    """References follow, each type for itself: "1" is not 1."""
    data = valid_data()
    data["annotations"][0]["image_id"] = "1"
    Dataset(data).renumber("images", {"id": "1"}, 5)
    assert [a["image_id"] for a in data["annotations"]] == [5, 1, 2, 2]
