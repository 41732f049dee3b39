"""Cityscapes as a registered dataset."""

import json

import numpy as np
import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.cityscapes.folders import IMAGES, INSTANCE_IDS, image_folder, label_folder
from mask_rcnn_paper.data.cityscapes_splits import cityscapes_root, register_cityscapes
from mask_rcnn_paper.data.registered import check_annotations, coco_files, data_versions, read_classes
from mask_rcnn_paper.generated.street_folders import STREET_SPECS, STREET_VERSION
from tests.cityscapes.laid_out import NAMES, SIZE, registered, street, write_split


@pytest.fixture
def root(tmp_path):
    """The three splits, registered anew."""
    for split, number in (("train", 2), ("val", 1), ("test", 1)):
        write_split(tmp_path / "cityscapes", split, [street(5 * i) for i in range(number)])
    with registered(tmp_path / "cityscapes", tmp_path / "cache") as root:
        yield root


def test_it_is_where_detectron2_looks_for_it(monkeypatch):
    """Under names that are not its own."""
    monkeypatch.setenv("DETECTRON2_DATASETS", "/data")
    assert str(cityscapes_root()) == "/data/cityscapes"
    assert set(NAMES) | set(STREET_SPECS) <= set(DatasetCatalog.list())


def test_a_split_is_loaded(root, tmp_path):
    """Absolute paths of images, classes in the order of the scripts, groups as crowds; nothing is written before."""
    assert not (tmp_path / "cache").exists()
    first, second = DatasetCatalog.get("cityscapes_train")
    folder = image_folder(root, "train")
    assert first["file_name"] == str(folder / "ulm" / f"ulm_000000_000019_{IMAGES}.png")
    assert (first["height"], first["width"]) == SIZE
    assert [(a["category_id"], a["iscrowd"]) for a in first["annotations"]] == [(0, 1), (1, 0), (2, 0), (2, 0), (7, 0)]
    assert second["image_id"] == 2
    names = "person rider car truck bus train motorcycle bicycle".split()
    assert list(read_classes("cityscapes_train").names.values()) == names


def test_the_test_split_has_no_annotations(root):
    """Nor does it need labels."""
    (sample,) = DatasetCatalog.get("cityscapes_test")
    assert sample["annotations"] == []


def test_changed_labels_are_read_again(root, tmp_path):
    """And only these: else the file, whose version a result holds, stays as it is."""
    path, folder = coco_files("cityscapes_val")
    assert folder == image_folder(root, "val")
    before, version = path.stat().st_mtime_ns, data_versions(["cityscapes_val"])
    coco_files("cityscapes_val")
    assert path.stat().st_mtime_ns == before
    write_split(root, "val", [np.full(SIZE, 7, np.uint16)])
    assert json.loads(coco_files("cityscapes_val")[0].read_text())["annotations"] == []
    assert data_versions(["cityscapes_val"]) != version


def test_versions_hold_wherever_the_folder_lies(root, tmp_path):
    """The same labels in another place are the same data."""
    DatasetCatalog.get("cityscapes_val")
    first = data_versions(["cityscapes_val"])
    for name in NAMES:
        DatasetCatalog.remove(name), MetadataCatalog.remove(name)
    root.rename(tmp_path / "moved")
    register_cityscapes(tmp_path / "moved", tmp_path / "other_cache")
    DatasetCatalog.get("cityscapes_val")
    assert data_versions(["cityscapes_val"]) == first


def test_what_is_missing_is_found_before_anything_runs(root, monkeypatch):
    """With the folder and the cure; nothing is read for it."""
    check_annotations(NAMES)
    monkeypatch.setenv("DETECTRON2_DATASETS", "elsewhere")
    (label_folder(root, "val") / "ulm" / f"ulm_000000_000019_{INSTANCE_IDS}.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"gtFine/val holds no .*gtFine_trainvaltest.zip.*now 'elsewhere'"):
        check_annotations(["cityscapes_val"])


def test_generated_splits():
    """Drawn when they are asked for; their version is that of the drawing."""
    samples = DatasetCatalog.get("smoke_cityscapes_val")
    assert len(samples) == STREET_SPECS["smoke_cityscapes_val"].images
    assert data_versions(["smoke_cityscapes_val"]) == {"smoke_cityscapes_val": f"v{STREET_VERSION}"}
