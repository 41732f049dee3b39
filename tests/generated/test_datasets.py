"""Registration of the generated datasets."""

import os
import pickle

import numpy as np
import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.generated import datasets
from mask_rcnn_paper.generated.datasets import MINI_SPECS, register_mini_datasets

NAMES = [
    f"{scale}{kind}_{split}" for scale in ("mini", "smoke") for kind in ("", "_keypoints") for split in ("train", "val")
]


@pytest.fixture
def registered(tmp_path):
    """Register everything anew under a temporary root, and put things back afterwards."""
    previous = {name: (DatasetCatalog.pop(name), MetadataCatalog.pop(name)) for name in NAMES}
    register_mini_datasets(tmp_path)
    yield tmp_path
    for name, (load, metadata) in previous.items():
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)
        DatasetCatalog.register(name, load)
        MetadataCatalog.get(name).set(**{k: v for k, v in metadata.as_dict().items() if k != "name"})


def test_all_names_are_registered_on_import():
    """Importing the package registers the datasets, and registering again changes nothing."""
    assert set(NAMES) <= set(DatasetCatalog.list())
    before = MetadataCatalog.get("mini_train").json_file
    register_mini_datasets()
    assert MetadataCatalog.get("mini_train").json_file == before


def test_registration_draws_nothing(registered):
    """Nothing is written before a dataset is asked for."""
    assert not list(registered.iterdir())


def test_instances(registered):
    """A dataset is drawn when asked for, with contiguous categories that are those of its metadata."""
    records = DatasetCatalog.get("smoke_train")
    metadata = MetadataCatalog.get("smoke_train")
    assert len(records) == MINI_SPECS["smoke_train"].images == 8
    assert os.path.isfile(metadata.json_file)
    assert all(os.path.dirname(r["file_name"]) == metadata.image_root for r in records)
    assert {a["category_id"] for r in records for a in r["annotations"]} <= set(range(10))
    assert metadata.thing_classes[0] == "person"
    assert metadata.thing_dataset_id_to_contiguous_id[47] == metadata.thing_classes.index("cup") == 9
    assert metadata.evaluator_type == "coco"
    assert len(metadata.thing_colors) == 10


def test_keypoints_share_the_images(registered):
    """The keypoint datasets hold the persons of the same images, with 17 keypoints."""
    instances, persons = DatasetCatalog.get("smoke_val"), DatasetCatalog.get("smoke_keypoints_val")
    assert [r["file_name"] for r in persons] == [r["file_name"] for r in instances]
    found = [a for r in persons for a in r["annotations"]]
    assert {a["category_id"] for a in found} == {0}
    assert all(len(a["keypoints"]) == 51 for a in found)
    metadata = MetadataCatalog.get("smoke_keypoints_val")
    assert metadata.thing_classes == ["person"]
    assert len(metadata.keypoint_names) == 17
    assert ("left_eye", "right_eye") in metadata.keypoint_flip_map


def test_splits_differ():
    """Training and validation come from different seeds."""
    assert len({spec.seed for spec in MINI_SPECS.values()}) == len(MINI_SPECS)


def test_colours_are_distinct():
    """Every class has a colour of its own, as RGB in [0, 255]."""
    colours = np.array(datasets._colours(10))
    assert colours.min() >= 0
    assert colours.max() <= 255
    assert len({pickle.dumps(c) for c in colours}) == 10
