"""The whole check, on data that must pass."""

import pytest

from mask_rcnn_paper.generated.datasets import IMAGES, INSTANCES, PERSON_KEYPOINTS, DatasetSpec, write_dataset
from mask_rcnn_paper.validate_dataset import entries
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.rule import errors
from tests.validate_dataset.cases import valid_data, write_images


@pytest.mark.parametrize("keypoints", [False, True])
def test_valid_data(keypoints, tmp_path):
    """Nothing is found in the data that the other tests break."""
    assert CocoChecker("f", write_images(tmp_path)).check(valid_data(keypoints)) == []


@pytest.mark.parametrize(
    "content, said",
    [(b"not json {", "is not JSON"), (b"", "is empty"), (b"\xff\xfe\x00", "is not JSON"), (b"[" * 99999, "is not")],
)
def test_not_json(content, said, tmp_path):
    """What is not JSON is one error that says where reading ended."""
    path = tmp_path / "train.json"
    path.write_bytes(content)
    data, (violation,) = check_coco(path, CocoChecker(path))
    assert data is None
    assert violation.rule is entries.NOT_JSON
    assert violation.file == str(path)
    assert said in violation.text


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The images of smoke_train, drawn anew."""
    folder = tmp_path_factory.mktemp("generated")
    write_dataset(DatasetSpec("smoke_train", images=8, seed=3), folder)
    return folder


@pytest.mark.parametrize("name", [INSTANCES, PERSON_KEYPOINTS])
def test_generated_data(generated, name):
    """Generated instances and keypoints have no errors, and no warnings but for images without persons."""
    data, violations = check_coco(generated / name, CocoChecker(generated / name, generated / IMAGES))
    assert len(data["images"]) == 8
    assert data["annotations"]
    assert not list(errors(violations))
    assert {f.rule.name for f in violations} <= {"image-without-annotations", "image-only-crowds"}


def test_violations_come_section_by_section():
    """Of a file with several errors, those of categories and images come before those of annotations."""
    data = valid_data()
    data["annotations"][0]["area"], data["images"][1]["file_name"], data["categories"][0]["name"] = 0, "", ""
    assert [f.section for f in CocoChecker("f").check(data)] == ["categories", "images", "annotations"]
