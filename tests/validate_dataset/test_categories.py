"""Rules of categories."""

import pytest

from mask_rcnn_paper.validate_dataset import categories
from mask_rcnn_paper.validate_dataset.fix import fix
from tests.validate_dataset.cases import REMOVED, assert_found, broken, case, put

CASES = [
    case(categories.NAME, "category 7, name", put("categories", 1, name=REMOVED)),
    case(categories.NAME, "category 7, name=5", put("categories", 1, name=5)),
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A category without a name is found, and is named by its id."""
    assert_found(case, tmp_path)
    data, checker, findings = broken(case, tmp_path)
    fix(data, checker, findings)
    assert data["categories"][1]["name"] == "category 7"
