"""What is known of registered datasets before they are loaded."""

import hashlib
import json
import os

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.data.registered import check_annotations, coco_files, data_versions, read_classes
from mask_rcnn_paper.generated.datasets import VERSION


@pytest.fixture
def annotations(tmp_path):
    """The annotation file of a registered dataset "tiny"; the test writes it."""
    path = tmp_path / "tiny.json"
    register_coco_instances("tiny", {}, str(path), str(tmp_path))
    yield path
    DatasetCatalog.remove("tiny")
    MetadataCatalog.remove("tiny")


@pytest.fixture
def register(tmp_path):
    """Register a dataset "made" with this metadata, whose loading writes the annotation file; returns its path."""
    path = tmp_path / "made" / "annotations.json"

    def load():
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        return []

    def call(**metadata):
        DatasetCatalog.register("made", load)
        MetadataCatalog.get("made").set(**metadata)
        return path

    yield call
    for catalog in (DatasetCatalog, MetadataCatalog):
        if "made" in catalog.list():
            catalog.remove("made")


def test_the_files_are_those_of_the_metadata(tmp_path, register):
    """As detectron2's `register_coco_instances` stores them."""
    path = tmp_path / "a.json"
    path.write_text("{}")
    register(json_file=str(path), image_root=str(tmp_path / "images"))
    assert coco_files("made") == (path, tmp_path / "images")


def test_generated_data_are_drawn(tmp_path, register):
    """Once; others are not loaded for their file's sake."""
    path = register(json_file=str(tmp_path / "made" / "annotations.json"), image_root="images", generated=True)
    assert coco_files("made")[0] == path
    assert path.is_file()


def test_a_missing_file_is_an_error(tmp_path, register):
    """With its path."""
    path = register(json_file=str(tmp_path / "made" / "annotations.json"), image_root="images")
    with pytest.raises(FileNotFoundError, match=f"'made': its annotations are not on this machine: {path}"):
        coco_files("made")


def test_a_remote_file_is_no_file(register):
    """detectron2 reads it, but it is not looked at before."""
    register(json_file="s3://bucket/a.json")
    check_annotations(["made"])
    assert data_versions(["made"]) == {"made": "unknown"}


def test_other_names_and_other_formats_are_errors(register):
    """Nobody registered it; it has no annotation file."""
    with pytest.raises(ValueError, match="is not registered"):
        coco_files("made")
    register(evaluator_type="other")
    with pytest.raises(ValueError, match="not in COCO's format"):
        coco_files("made")


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


def test_generated_data_have_the_version_of_their_drawing():
    """Known without drawing anything."""
    names = ("mini_train", "mini_keypoints_val", "smoke_val")
    assert data_versions(names) == dict.fromkeys(names, f"v{VERSION}")


def test_other_data_have_the_checksum_of_their_annotations(annotations):
    """Wherever the file lies and whenever it was copied; another content is another version."""
    annotations.write_text('{"images": []}')
    expected = hashlib.sha256(b'{"images": []}').hexdigest()[:16]
    assert data_versions(["tiny", "tiny"]) == {"tiny": f"sha256:{expected}"}
    os.utime(annotations, (1, 1))
    assert data_versions(["tiny"]) == {"tiny": f"sha256:{expected}"}
    annotations.write_text('{"images": [1]}')
    assert data_versions(["tiny"])["tiny"] not in (f"sha256:{expected}", "unknown")


def test_data_without_annotation_file_are_unknown(annotations):
    """A name that nobody registered, and a file that is not there."""
    assert data_versions(["tiny", "nobody's"]) == {"tiny": "unknown", "nobody's": "unknown"}
    assert "nobody's" not in MetadataCatalog.list()


def test_classes_of_the_generated_data():
    """COCO's ids with holes, in the order of the model's classes."""
    classes = read_classes("mini_val")
    assert classes.ids == (1, 2, 3, 4, 6, 7, 8, 18, 22, 28, 47, 88)
    assert (classes.names[1], classes.names[47]) == ("person", "cup")


def test_classes_of_coco_need_no_files():
    """80 names, of which the last has id 90."""
    classes = read_classes("coco_2017_val")
    assert (len(classes.ids), classes.ids[-1], classes.names[90]) == (80, 90, "toothbrush")


def test_persons_have_cocos_limbs():
    """Numbers start from 1: 16, 14 is left ankle to left knee."""
    classes = read_classes("keypoints_coco_2017_val")
    limbs = {(classes.keypoints[a - 1], classes.keypoints[b - 1]) for a, b in classes.skeleton}
    assert len(limbs) == 19
    assert ("left_ankle", "left_knee") in limbs


def test_limbs_of_other_keypoints_come_from_the_metadata(register):
    """detectron2's rules are names and a colour."""
    rules = [("tail", "nose", (0, 0, 0))]
    register(thing_classes=["cat"], keypoint_names=["nose", "tail"], keypoint_connection_rules=rules)
    assert read_classes("made").skeleton == ((2, 1),)


def test_keypoints_without_rules_have_no_limbs(register):
    """They are drawn as points."""
    register(thing_classes=["cat"], keypoint_names=["nose", "tail"])
    assert read_classes("made").skeleton == ()


def test_a_dataset_that_says_nothing_is_loaded(annotations):
    """`register_coco_instances` learns the classes of a file from loading it."""
    categories = [{"id": 7, "name": "bolt"}, {"id": 5, "name": "nut"}]
    annotations.write_text(json.dumps({"info": {}, "images": [], "annotations": [], "categories": categories}))
    classes = read_classes("tiny")
    assert (classes.ids, classes.names) == ((5, 7), {5: "nut", 7: "bolt"})


def test_a_category_has_keypoints_where_they_are_asked_for():
    """As COCO's person_keypoints files have them, and its instances files do not."""
    classes = read_classes("mini_keypoints_val")
    assert classes.coco_categories(keypoints=False) == [{"id": 1, "name": "person"}]
    with_keypoints = classes.coco_categories(keypoints=True)[0]
    assert (with_keypoints["keypoints"][0], with_keypoints["skeleton"][0]) == ("nose", [16, 14])
