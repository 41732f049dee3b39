import os

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets.builtin import register_all_coco
from detectron2.data.datasets.builtin_meta import get_builtin_metadata

ROOT = os.path.expanduser(os.getenv("DETECTRON2_DATASETS", "datasets"))


@pytest.mark.parametrize(
    ("name", "json_file", "images"),
    [
        ("coco_2017_train", "instances_train2017", "train2017"),
        ("coco_2017_val", "instances_val2017", "val2017"),
        ("coco_2017_val_100", "instances_val2017_100", "val2017"),
        ("coco_2017_test-dev", "image_info_test-dev2017", "test2017"),
        ("coco_2014_train", "instances_train2014", "train2014"),
        ("coco_2014_minival", "instances_minival2014", "val2014"),
        ("keypoints_coco_2014_val", "person_keypoints_val2014", "val2014"),
        ("keypoints_coco_2017_train", "person_keypoints_train2017", "train2017"),
        ("keypoints_coco_2017_val_100", "person_keypoints_val2017_100", "val2017"),
    ],
)
def test_names_and_paths(name, json_file, images):
    """The usual names are registered with the usual paths."""
    meta = MetadataCatalog.get(name)
    assert name in DatasetCatalog
    assert meta.json_file == os.path.join(ROOT, f"coco/annotations/{json_file}.json")
    assert meta.image_root == os.path.join(ROOT, f"coco/{images}")
    assert meta.evaluator_type == "coco"


def test_categories_of_coco():
    """80 categories with ids up to 90; a few known pairs."""
    meta = get_builtin_metadata("coco")
    id_map, classes = meta["thing_dataset_id_to_contiguous_id"], meta["thing_classes"]
    assert len(classes) == len(id_map) == len(set(classes)) == 80
    assert sorted(id_map.values()) == list(range(80))
    known = {1: "person", 13: "stop sign", 27: "backpack", 46: "wine glass", 90: "toothbrush"}
    assert {i: classes[id_map[i]] for i in known} == known
    assert not {12, 26, 29, 30, 45, 66, 68, 69, 71, 83} & set(id_map)


def test_keypoints_of_coco():
    """17 keypoints, of which all but the nose are flipped in pairs."""
    meta = get_builtin_metadata("coco_person")
    names = meta["keypoint_names"]
    assert len(names) == 17
    assert (names[0], names[5], names[16]) == ("nose", "left_shoulder", "right_ankle")
    assert sorted(n for pair in meta["keypoint_flip_map"] for n in pair) == sorted(names[1:])
    with pytest.raises(KeyError, match="choose coco or coco_person"):
        get_builtin_metadata("lvis")


def test_missing_files_name_the_variable():
    """Where COCO is not found, the error names the dataset, $DETECTRON2_DATASETS and what it should hold."""
    load, meta = DatasetCatalog.pop("coco_2017_val"), MetadataCatalog.pop("coco_2017_val")
    try:
        register_all_coco("nowhere")
        with pytest.raises(FileNotFoundError) as error:
            DatasetCatalog.get("coco_2017_val")
    finally:
        DatasetCatalog["coco_2017_val"], MetadataCatalog["coco_2017_val"] = load, meta
    assert str(error.value) == (
        "annotation file 'nowhere/coco/annotations/instances_val2017.json' of dataset 'coco_2017_val' "
        "does not exist: set $DETECTRON2_DATASETS (now 'nowhere') to the folder that holds "
        "coco/annotations/instances_val2017.json and coco/val2017/"
    )
