"""Classes of registered datasets."""

import json
import uuid

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.data.classes import read_classes


@pytest.fixture
def dataset():
    """Name of a dataset of which the test sets the metadata."""
    name = f"classes_{uuid.uuid4().hex}"
    yield name
    MetadataCatalog.remove(name)
    if name in DatasetCatalog.list():
        DatasetCatalog.remove(name)


def test_classes_of_the_generated_data():
    """COCO's ids with holes, in the order of the model's classes."""
    classes = read_classes("mini_val")
    assert classes.ids == (1, 2, 3, 4, 6, 7, 8, 18, 28, 47)
    assert classes.names[1] == "person" and classes.names[47] == "cup"


def test_classes_of_coco_need_no_files():
    """80 names, of which the last has id 90."""
    classes = read_classes("coco_2017_val")
    assert len(classes.ids) == 80 and classes.ids[-1] == 90 and classes.names[90] == "toothbrush"


def test_persons_have_cocos_limbs():
    """Numbers start from 1: 16, 14 is left ankle to left knee."""
    classes = read_classes("keypoints_coco_2017_val")
    limbs = {(classes.keypoints[a - 1], classes.keypoints[b - 1]) for a, b in classes.skeleton}
    assert len(limbs) == 19 and ("left_ankle", "left_knee") in limbs


def test_limbs_of_other_keypoints_come_from_the_metadata(dataset):
    """detectron2's rules are names and a colour."""
    MetadataCatalog.get(dataset).set(
        thing_classes=["cat"], keypoint_names=["nose", "tail"], keypoint_connection_rules=[("tail", "nose", (0, 0, 0))]
    )
    assert read_classes(dataset).skeleton == ((2, 1),)


def test_keypoints_without_rules_have_no_limbs(dataset):
    """They are drawn as points."""
    MetadataCatalog.get(dataset).set(thing_classes=["cat"], keypoint_names=["nose", "tail"])
    assert read_classes(dataset).skeleton == ()


def test_a_dataset_that_says_nothing_is_loaded(dataset, tmp_path):
    """`register_coco_instances` learns the classes of a file from loading it."""
    categories = [{"id": 7, "name": "bolt"}, {"id": 5, "name": "nut"}]
    (tmp_path / "a.json").write_text(
        json.dumps({"info": {}, "images": [], "annotations": [], "categories": categories})
    )
    register_coco_instances(dataset, {}, str(tmp_path / "a.json"), str(tmp_path))
    classes = read_classes(dataset)
    assert (classes.ids, classes.names) == ((5, 7), {5: "nut", 7: "bolt"})


def test_a_category_has_keypoints_where_they_are_asked_for():
    """As COCO's person_keypoints files have them, and its instances files do not."""
    classes = read_classes("mini_keypoints_val")
    assert classes.coco_categories(keypoints=False) == [{"id": 1, "name": "person"}]
    with_keypoints = classes.coco_categories(keypoints=True)[0]
    assert with_keypoints["keypoints"][0] == "nose" and with_keypoints["skeleton"][0] == [16, 14]
