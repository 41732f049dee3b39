"""Unlabelled images with annotations by a teacher, as datasets."""

import json

import pytest
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.config import add_mask_rcnn_paper_config
from mask_rcnn_paper.data.distilled import images_of, is_distilled, register_distilled
from mask_rcnn_paper.data.registered import coco_files, data_versions
from mask_rcnn_paper.data.validated import training_sets

NAME = "smoke_keypoints_unlabeled_distilled"


def config(path, *names):
    """A config that trains on these sets, with a teacher's file."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    cfg.merge_from_list(["DATASETS.TRAIN", names, "DATASETS.DISTILLED", str(path), "MODEL.KEYPOINT_ON", True])
    return cfg


@pytest.fixture
def write(tmp_path):
    """Write a teacher's file with a person in each of these images; returns its path."""

    def call(name, *image_ids):
        labelled = json.loads(coco_files("smoke_keypoints_train")[0].read_bytes())
        images = json.loads(coco_files("smoke_keypoints_unlabeled")[0].read_bytes())["images"]
        person = {"category_id": 1, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0, "num_keypoints": 17}
        content = {
            "info": {},
            "images": [image for image in images if image["id"] in image_ids],
            "categories": labelled["categories"],
            "annotations": [
                {**person, "id": n, "image_id": i, "keypoints": [5.0, 6.0, 2] * 17, "score": 0.5}
                for n, i in enumerate(image_ids, 1)
            ],
        }
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    yield call
    for catalog in (DatasetCatalog, MetadataCatalog):
        if NAME in catalog.list():
            catalog.remove(NAME)


def test_names_say_what_is_annotated():
    """The images' name, and that a teacher has annotated them."""
    assert is_distilled(NAME)
    assert not is_distilled("smoke_keypoints_unlabeled")
    assert images_of(NAME) == "smoke_keypoints_unlabeled"


def test_a_student_trains_on_both_sets(write):
    """With classes and keypoints of the images, and without errors; each set on its own."""
    cfg = config(write("a.json", 2, 5), "smoke_keypoints_train", NAME)
    register_distilled(cfg)
    labelled, distilled = training_sets(cfg)
    assert all("smoke_train" in sample["file_name"] for sample in labelled)
    assert all("smoke_unlabeled" in sample["file_name"] for sample in distilled)
    assert [sample["image_id"] for sample in distilled] == [2, 5]
    assert MetadataCatalog.get(NAME).keypoint_flip_map


def test_the_version_is_that_of_the_images(write):
    """What a teacher makes of them is a result, of which seeds have different ones."""
    register_distilled(config(write("a.json", 1), NAME))
    assert data_versions([NAME]) == {NAME: data_versions(["smoke_keypoints_unlabeled"])["smoke_keypoints_unlabeled"]}


def test_another_file_replaces_the_first(write):
    """In one process, as where several rows are trained in it."""
    for path, image in ((write("a.json", 1), 1), (write("b.json", 4), 4)):
        register_distilled(config(path, NAME))
        assert [sample["image_id"] for sample in DatasetCatalog.get(NAME)] == [image]


def test_unknown_images_are_refused(write):
    """The error names both."""
    with pytest.raises(ValueError, match="DATASETS.TRAIN='far_distilled' is of images 'far', which are not registered"):
        register_distilled(config(write("a.json", 1), "far_distilled"))
