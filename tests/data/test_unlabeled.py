"""Registered images without annotations."""

import json

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.data.unlabeled import register_unlabeled


@pytest.fixture
def images(tmp_path):
    """Register "some_images" with two images, and the classes of smoke_keypoints_train."""
    entries = [{"id": n, "file_name": f"{n}.png", "height": 2, "width": 3} for n in (2, 1)]
    (tmp_path / "info.json").write_text(json.dumps({"images": entries}))
    register_unlabeled("some_images", str(tmp_path / "info.json"), str(tmp_path), like="smoke_keypoints_train")
    yield tmp_path
    DatasetCatalog.remove("some_images")
    MetadataCatalog.remove("some_images")


def test_samples_are_images_alone(images):
    """In the order of their ids."""
    assert [sample["image_id"] for sample in DatasetCatalog.get("some_images")] == [1, 2]
    assert all("annotations" not in sample for sample in DatasetCatalog.get("some_images"))


def test_classes_are_those_of_other_data(images):
    """And keypoints; what is said of the other data's files is not taken over."""
    metadata, other = MetadataCatalog.get("some_images"), MetadataCatalog.get("smoke_keypoints_train")
    assert metadata.thing_classes == other.thing_classes == ["person"]
    assert metadata.keypoint_flip_map == other.keypoint_flip_map
    assert metadata.json_file == str(images / "info.json")
    assert metadata.get("data_version") is None
    assert not metadata.get("generated", False)


def test_a_name_that_is_taken_is_left_alone(images):
    """Registering twice changes nothing."""
    register_unlabeled("some_images", "other.json", "elsewhere", like="smoke_train")
    assert MetadataCatalog.get("some_images").json_file == str(images / "info.json")


@pytest.mark.parametrize("name, classes", [("coco_2017_unlabeled", 80), ("keypoints_coco_2017_unlabeled", 1)])
def test_cocos_unlabelled_images_are_registered(name, classes):
    """Where detectron2 looks for COCO; they are not looked for before they are asked for."""
    metadata = MetadataCatalog.get(name)
    assert metadata.json_file.endswith("coco/annotations/image_info_unlabeled2017.json")
    assert metadata.image_root.endswith("coco/unlabeled2017")
    assert len(metadata.thing_classes) == classes
