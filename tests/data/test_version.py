"""Versions of datasets."""

import hashlib
import os

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.data.version import data_versions
from mask_rcnn_paper.generated.coco_writer import VERSION


@pytest.fixture
def annotations(tmp_path):
    """The annotation file of a registered dataset "own"."""
    path = tmp_path / "own.json"
    path.write_text('{"images": []}')
    register_coco_instances("own", {}, str(path), str(tmp_path))
    yield path
    DatasetCatalog.remove("own")
    MetadataCatalog.remove("own")


def test_generated_data_have_the_version_of_their_drawing():
    """Known without drawing anything."""
    names = ("mini_train", "mini_keypoints_val", "smoke_val")
    assert data_versions(names) == dict.fromkeys(names, f"v{VERSION}")


def test_other_data_have_the_checksum_of_their_annotations(annotations):
    """Wherever the file lies and whenever it was copied; another content is another version."""
    expected = hashlib.sha256(b'{"images": []}').hexdigest()[:16]
    assert data_versions(["own", "own"]) == {"own": f"sha256:{expected}"}
    os.utime(annotations, (1, 1))
    assert data_versions(["own"]) == {"own": f"sha256:{expected}"}
    annotations.write_text('{"images": [1]}')
    assert data_versions(["own"])["own"] not in (f"sha256:{expected}", "unknown")


def test_data_without_annotation_file_are_unknown(annotations):
    """A name that nobody registered, and a file that is not there."""
    annotations.unlink()
    assert data_versions(["own", "nobody's"]) == {"own": "unknown", "nobody's": "unknown"}
    assert "nobody's" not in MetadataCatalog.list()
