"""Images that training leaves out."""

import pytest

from mask_rcnn_paper.validate_dataset import crowds
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import assert_found, broken, case, put


def strip(data, images):
    """Take all annotations from the second image."""
    del data["annotations"][2:]


CASES = [
    case(crowds.WITHOUT, "image 2", strip),
    case(crowds.ONLY_CROWDS, "image 2", put("annotations", 2, iscrowd=1)),
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """An image without annotations, or with groups alone, is a warning."""
    assert assert_found(case, tmp_path).rule.severity == "warning"


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_changed(case, tmp_path):
    """Such images may be meant so: --fix leaves them."""
    data, checker, findings = broken(case, tmp_path)
    fixed = fix(data, checker, findings)
    assert fixed.left == findings and not fixed.mended and not fixed.dropped and len(data["images"]) == 2
