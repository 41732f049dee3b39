"""Predictions and ground truth come from the files that evaluations read and wrote."""

import json

import pytest

from ablations.report.predictions import predictions_of, read_ground_truth, read_predictions
from tests.ablations.report import tiny


def test_files_of_predictions_are_found_by_dataset(tmp_path):
    """One for each test set; a job that was not evaluated has none."""
    for name in ("b_val", "a_val"):
        tiny.write_predictions(tmp_path, name, [])
    (tmp_path / "inference" / "without").mkdir()
    found = predictions_of(tmp_path)
    assert list(found) == ["a_val", "b_val"] and found["a_val"].parent.name == "a_val"
    assert predictions_of(tmp_path / "nowhere") == {}


def test_predictions_come_by_image(tmp_path):
    """In the order of the file."""
    first, second, third = (tiny.predicted(0, 0, n, n, image_id=i) for n, i in ((10, 2), (20, 1), (30, 2)))
    folder = tiny.write_predictions(tmp_path, "val", [first, second, third])
    assert read_predictions(predictions_of(folder)["val"]) == {2: [first, third], 1: [second]}


@pytest.mark.parametrize(
    "content, message",
    [("[{", "is not JSON"), ("{}", "holds a dict, not a list"), ("[{}]", "entry 0: has no image_id")],
)
def test_broken_files_are_named(tmp_path, content, message):
    """As one that a full disk cut off."""
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        read_predictions(path)
    assert str(path) in str(error.value)


def test_ground_truth_is_what_the_annotation_file_says(register):
    """Images and annotations by id, names of classes, the skeleton of whichever class has one."""
    name = register([tiny.rectangle(0, 0, 40, 40, image_id=2)])
    truth = read_ground_truth(name)
    assert truth.name == name and truth.images[3]["file_name"] == "3.png"
    assert {image: [a["bbox"] for a in found] for image, found in truth.instances.items()} == {2: [[0, 0, 40, 40]]}
    assert truth.class_names == {1: "person", 3: "car"} and truth.skeleton == ((1, 2),)
    assert (truth.image_root / "3.png").is_file()


def test_a_dataset_without_keypoints_has_no_skeleton(register):
    """As COCO's instances."""
    name = register([])
    path = read_ground_truth(name).image_root.parent / "annotations.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "categories": [{"id": 3, "name": "car"}]}))
    assert read_ground_truth(name).skeleton == ()
