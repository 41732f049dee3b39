"""Rules of images' entries."""

import pytest

from mask_rcnn_paper.validate_dataset import images
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import REMOVED, assert_found, broken, case, put, valid_data

CASES = [
    case(images.FILE_NAME, "image 1, file_name", put("images", 0, file_name=REMOVED), images=1, annotations=2),
    case(images.FILE_NAME, "image 1, file_name=5", put("images", 0, file_name=5), images=1, annotations=2),
    case(images.SIZE, "image 1, width", put("images", 0, width=REMOVED)),
    case(images.SIZE, "image 1, height=48.0", put("images", 0, height=48.0)),
    case(images.SIZE, "image 1, width=0", put("images", 0, width=0)),
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """An entry that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize("case", [c for c in CASES if c.values[0].rule is images.SIZE])
def test_the_size_comes_from_the_file(case, tmp_path):
    """A missing or odd size is read from the image."""
    data, checker, findings = broken(case, tmp_path)
    fix(data, checker, findings)
    assert (data["images"][0]["width"], data["images"][0]["height"]) == (64, 48)


def test_without_the_file_the_image_is_dropped():
    """Where images are not looked at, one without a size is lost, and its annotations with it."""
    data = valid_data()
    del data["images"][0]["width"]
    checker = CocoChecker("f", None)
    fixed = fix(data, checker, checker.check(data))
    assert not fixed.left and [i["id"] for i in data["images"]] == [2]
    assert [a["id"] for a in data["annotations"]] == [3, 4]
