"""Rules of references."""

import pytest

from mask_rcnn_paper.validate_dataset import references
from tests.validate_dataset.cases import REMOVED, assert_found, case, put

CASES = [
    case(references.IMAGE, "annotation 1 (image 99), image_id=99", put("annotations", 0, image_id=99), annotations=1),
    case(references.IMAGE, 'annotation 1 (image "1"), image_id="1"', put("annotations", 0, image_id="1")),
    case(references.IMAGE, "annotation 1, image_id", put("annotations", 0, image_id=REMOVED), annotations=1),
    case(references.IMAGE, "annotation 1 (image [1])", put("annotations", 0, image_id=[1]), annotations=1),
    case(references.CATEGORY, "annotation 3 (image 2), category_id=2", put("annotations", 2, category_id=2),
         annotations=1),
    case(references.CATEGORY, 'annotation 3 (image 2), category_id="7"', put("annotations", 2, category_id="7")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A reference to nothing is found, and only it."""
    finding = assert_found(case, tmp_path)
    assert finding.field in ("image_id", "category_id")


def test_legal_ids_are_shown(tmp_path):
    """A category out of range is met with the ids there are."""
    (param,) = [p for p in CASES if p.values[0].place.endswith("category_id=2")]
    assert "[1, 7]" in assert_found(param.values[0], tmp_path).text
