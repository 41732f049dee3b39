"""Generated data laid out as Cityscapes is."""

import json

import cv2
import numpy as np
import pytest

from mask_rcnn_paper.cityscapes.folders import IMAGES, INSTANCE_IDS, LABEL_IDS, by_frame, image_folder, label_folder
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.datasets import MINI_SPECS
from mask_rcnn_paper.generated.street_folders import STREET_SPECS, StreetFolderSpec, ensure_streets
from mask_rcnn_paper.validate_dataset.cityscapes_rules import check_cityscapes

SPEC = StreetFolderSpec("toy", "val", images=3, seed=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A drawn folder."""
    return ensure_streets(SPEC, tmp_path_factory.mktemp("streets"))


def test_the_folder_has_no_errors(root):
    """By the rules for the real one."""
    assert check_cityscapes(root, ("val",)) == (3, [])


def test_each_image_has_both_labels(root):
    """Label ids are those of the instance ids."""
    images = by_frame(image_folder(root, "val"), IMAGES)
    instances, labels = (by_frame(label_folder(root, "val"), end) for end in (INSTANCE_IDS, LABEL_IDS))
    assert list(images) == list(instances) == list(labels)
    for frame, path in instances.items():
        ids, known = (cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in (path, labels[frame]))
        assert (ids.dtype, known.dtype) == (np.uint16, np.uint8)
        np.testing.assert_array_equal(np.where(ids < 1000, ids, ids // 1000), known)


def test_its_coco_file_lies_beside(root):
    """So that reading the data needs nothing but the folder."""
    content = json.loads((root / "val.json").read_text())
    assert len(content["images"]) == 3
    assert content["annotations"]
    assert SPEC.json_file(root.parent) == root / "val.json"


def test_seeds_differ():
    """Of all generated data: no image of one set is in another."""
    specs = [*STREET_SPECS.values(), *MINI_SPECS.values()]
    assert len({spec.seed for spec in specs}) == len(specs)


def test_the_other_generated_data_are_as_they_were():
    """Riders are no category of theirs, and their drawing has not changed: its version would say so."""
    assert "rider" not in CATEGORIES
    assert len(CATEGORIES) == 12
