"""The whole check, on data that must pass."""

import pytest

from mask_rcnn_paper.generated.coco_writer import IMAGES, INSTANCES, PERSON_KEYPOINTS, DatasetSpec, write_dataset
from mask_rcnn_paper.validate_dataset.coco import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.rule import errors
from tests.validate_dataset.cases import valid_data, write_images


@pytest.mark.parametrize("keypoints", [False, True])
def test_valid_data(keypoints, tmp_path):
    """Nothing is found in the data that the other tests break."""
    assert CocoChecker("f", write_images(tmp_path)).check(valid_data(keypoints)) == []


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The images of smoke_train, drawn anew."""
    folder = tmp_path_factory.mktemp("generated")
    write_dataset(DatasetSpec("smoke_train", images=8, seed=3), folder)
    return folder


@pytest.mark.parametrize("name", [INSTANCES, PERSON_KEYPOINTS])
def test_generated_data(generated, name):
    """Generated instances and keypoints have no errors, and no warnings but for images without persons."""
    data, findings = check_coco(generated / name, CocoChecker(generated / name, generated / IMAGES))
    assert len(data["images"]) == 8 and data["annotations"] and not list(errors(findings))
    assert {f.rule.name for f in findings} <= {"image-without-annotations", "image-only-crowds"}


def test_findings_come_section_by_section():
    """Of a file with several errors, those of categories and images come before those of annotations."""
    data = valid_data()
    data["annotations"][0]["area"], data["images"][1]["file_name"], data["categories"][0]["name"] = 0, "", ""
    assert [f.section for f in CocoChecker("f").check(data)] == ["categories", "images", "annotations"]
