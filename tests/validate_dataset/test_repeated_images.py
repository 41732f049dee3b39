"""Rule of one image file under two ids."""

import copy

import pytest

from mask_rcnn_paper.validate_dataset import repeated_images
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from tests.validate_dataset.cases import append, assert_found, case, valid_data

CASES = [
    case(repeated_images.REPEATED, 'image 3, file_name="./a.png"',
         append("images", lambda data: data["images"][0] | {"id": 3, "file_name": "./a.png"}),
         also=("image-without-annotations",), images=1),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """What breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_annotations_come_together():
    """Those of the later entry are the first one's, and an object that both have is there once."""
    data = valid_data()
    data["images"].append(data["images"][0] | {"id": 3})
    data["annotations"][1]["image_id"] = 3
    data["annotations"].append(copy.deepcopy(data["annotations"][0]) | {"id": 5, "image_id": 3})
    checker = CocoChecker("f")
    assert not fix(data, checker, checker.check(data)).left
    assert data == valid_data()
