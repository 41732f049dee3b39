"""Files of registered datasets."""

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.data.coco_files import coco_files

NAME = "coco_files_test"


@pytest.fixture
def register(tmp_path):
    """Register a dataset with this metadata, whose loading writes the annotation file."""
    path = tmp_path / "made" / "annotations.json"

    def load():
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        return []

    def call(**metadata):
        DatasetCatalog.register(NAME, load)
        MetadataCatalog.get(NAME).set(**metadata)
        return path

    yield call
    if NAME in DatasetCatalog.list():
        DatasetCatalog.remove(NAME)
        MetadataCatalog.remove(NAME)


def test_the_files_are_those_of_the_metadata(tmp_path, register):
    """As detectron2's `register_coco_instances` stores them."""
    path = tmp_path / "a.json"
    path.write_text("{}")
    register(json_file=str(path), image_root=str(tmp_path / "images"))
    assert coco_files(NAME) == (path, tmp_path / "images")


def test_generated_data_are_drawn(tmp_path, register):
    """Once; others are not loaded for their file's sake."""
    path = tmp_path / "made" / "annotations.json"
    register(json_file=str(path), image_root="images", generated=True)
    assert coco_files(NAME)[0] == path and path.is_file()


def test_a_missing_file_is_an_error(tmp_path, register):
    """With its path."""
    path = register(json_file=str(tmp_path / "made" / "annotations.json"), image_root="images")
    with pytest.raises(FileNotFoundError, match=f"{NAME}.*not on this machine: {path}"):
        coco_files(NAME)


def test_other_names_and_other_formats_are_errors(register):
    """Nobody registered it; it has no annotation file."""
    with pytest.raises(ValueError, match="is not registered"):
        coco_files(NAME)
    register(evaluator_type="other")
    with pytest.raises(ValueError, match="not in COCO's format"):
        coco_files(NAME)
