"""Cityscapes in COCO's format."""

import numpy as np
import pytest
from PIL import Image

from mask_rcnn_paper.cityscapes.coco_file import coco_annotations, coco_content
from mask_rcnn_paper.cityscapes.folders import INSTANCE_IDS, image_folder, label_folder
from mask_rcnn_paper.coco.masks import decode_mask
from tests.cityscapes.laid_out import SIZE, street, write_split


def test_instances_are_polygons_and_groups_run_lengths():
    """Of the eight classes alone; each mask is what is seen of the object."""
    ids = street()
    found = coco_annotations(ids)
    assert [(a["category_id"], a["iscrowd"]) for a in found] == [(24, 1), (25, 0), (26, 0), (26, 0), (33, 0)]
    for annotation, value in zip(found, (24, 25000, 26000, 26001, 33000), strict=True):
        mask = decode_mask(annotation["segmentation"], *SIZE)
        np.testing.assert_array_equal(mask, ids == value)
        assert annotation["area"] == mask.sum()
        assert isinstance(annotation["segmentation"], dict) == bool(annotation["iscrowd"])


def test_boxes_hold_whole_pixels():
    """One pixel is 1 wide, and no instance is too small to be learnt from."""
    ids = np.zeros((4, 6), np.uint16)
    ids[2, 3] = 26000
    (annotation,) = coco_annotations(ids)
    assert (annotation["bbox"], annotation["area"]) == ([3, 2, 1, 1], 1)
    assert decode_mask(annotation["segmentation"], 4, 6).sum() == 1


def test_other_ids_are_refused():
    """Roads have no instances."""
    with pytest.raises(ValueError, match=r"\[7001\] are no instance ids"):
        coco_annotations(np.full((2, 2), 7001, np.uint16))


def test_a_split(tmp_path):
    """Images in the order of cities and frames; all ids are unique, and file names relative."""
    write_split(tmp_path, "val", [street(), street(5)])
    write_split(tmp_path, "val", [np.zeros(SIZE, np.uint16)], city="aachen")
    content = coco_content(tmp_path, "val")
    assert [image["file_name"].split("_")[0] for image in content["images"]] == ["aachen/aachen", "ulm/ulm", "ulm/ulm"]
    assert all((image_folder(tmp_path, "val") / image["file_name"]).is_file() for image in content["images"])
    assert {(image["height"], image["width"]) for image in content["images"]} == {SIZE}
    assert [a["id"] for a in content["annotations"]] == list(range(1, 11))
    assert {a["image_id"] for a in content["annotations"]} == {2, 3}
    assert [c["id"] for c in content["categories"]] == [24, 25, 26, 27, 28, 31, 32, 33]


def test_the_test_split_has_no_annotations(tmp_path):
    """Neither blank ones, which would score 0, nor need of a folder of labels."""
    write_split(tmp_path, "test", [street()])
    assert "annotations" not in coco_content(tmp_path, "test")


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    """A split that is not there, and the labels of an image."""
    monkeypatch.setenv("DETECTRON2_DATASETS", "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"leftImg8bit/train holds no .*DATASETS \(now 'elsewhere'\)"):
        coco_content(tmp_path, "train")
    write_split(tmp_path, "train", [street(), street()])
    next(label_folder(tmp_path, "train").glob(f"*/*1_000019_{INSTANCE_IDS}.png")).unlink()
    with pytest.raises(FileNotFoundError, match="ulm/ulm_000001_000019 of .* has no gtFine_instanceIds"):
        coco_content(tmp_path, "train")


def test_bad_labels_are_named(tmp_path):
    """Of another size than the image, and no image at all."""
    write_split(tmp_path, "val", [street()])
    (path,) = label_folder(tmp_path, "val").glob(f"*/*_{INSTANCE_IDS}.png")
    Image.new("I;16", (3, 2)).save(path)
    with pytest.raises(ValueError, match=r"ulm_000000_000019_gtFine_instanceIds.png is of shape \(2, 3\)"):
        coco_content(tmp_path, "val")
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="gtFine_instanceIds.png cannot be read"):
        coco_content(tmp_path, "val")
