"""Annotation files are looked at before they are loaded."""

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.data.registered import check_annotations


@pytest.fixture
def annotations(tmp_path):
    """The annotation file of a registered dataset "tiny"; the test writes it."""
    path = tmp_path / "tiny.json"
    register_coco_instances("tiny", {}, str(path), str(tmp_path))
    yield path
    DatasetCatalog.remove("tiny")
    MetadataCatalog.remove("tiny")


@pytest.mark.parametrize("text", ["{}", '\n {"images": []}\n\n', '{"images": [' + "1, " * 1000 + "1]}"])
def test_json_objects_pass(annotations, text):
    """White space around the object does not matter."""
    annotations.write_text(text)
    check_annotations(["tiny"])


@pytest.mark.parametrize("text", ["", "<html></html>", "[1]", '{"images": [' + "1, " * 1000])
def test_other_files_are_named(annotations, text):
    """Nothing, a web page, a list, and an object that was cut short."""
    annotations.write_text(text)
    with pytest.raises(ValueError, match="tiny.json' of dataset 'tiny' is not a whole JSON object"):
        check_annotations(["tiny"])


def test_a_missing_file_is_named_with_the_cure(annotations, monkeypatch):
    """The file, the dataset and the folder that was looked in."""
    monkeypatch.setenv("DETECTRON2_DATASETS", "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"tiny.json' of dataset 'tiny'.*DETECTRON2_DATASETS \(now 'elsewhere'"):
        check_annotations(["tiny"])


def test_what_has_no_file_yet_is_left_alone():
    """Generated datasets are drawn later, and unknown names are reported by detectron2; neither leaves a trace."""
    check_annotations(["mini_train", "nobodys_dataset"])
    assert "nobodys_dataset" not in MetadataCatalog.list()
