"""Rules of a file as a whole."""

import pytest

from mask_rcnn_paper.validate_dataset import entries as files
from mask_rcnn_paper.validate_dataset.coco import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.rule import ERROR
from tests.validate_dataset.cases import append, assert_found, case, valid_data

CASES = [
    case(files.INFO, "info", lambda data, images: data.pop("info")),
    case(files.INFO, 'info="x"', lambda data, images: data.update(info="x")),
    case(files.ENTRY_TYPE, "image number 3, entry=5", append("images", lambda data: 5), images=1),
    case(files.ENTRY_TYPE, "annotation number 5, entry", append("annotations", lambda data: None), annotations=1),
]


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A top level that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


@pytest.mark.parametrize(
    "content, said",
    [(b"not json {", "is not JSON"), (b"", "is empty"), (b"\xff\xfe\x00", "is not JSON"), (b"[" * 99999, "is not")],
)
def test_not_json(content, said, tmp_path):
    """What is not JSON is one error that says where reading ended."""
    path = tmp_path / "train.json"
    path.write_bytes(content)
    data, (finding,) = check_coco(path, CocoChecker(path))
    assert data is None and finding.rule is files.NOT_JSON and finding.file == str(path) and said in finding.text


@pytest.mark.parametrize("data, said", [([], "a list: this looks like a file of results"), ("x", "a string")])
def test_not_an_object(data, said):
    """A file of results is told from one of annotations."""
    (finding,) = CocoChecker("f").check(data)
    assert finding.rule is files.NOT_AN_OBJECT and said in finding.text


@pytest.mark.parametrize("section", ["images", "annotations", "categories"])
@pytest.mark.parametrize("value, rule", [(None, files.SECTION_MISSING), ({"a": 1}, files.SECTION_TYPE)])
def test_sections(section, value, rule):
    """A section that is missing or no list is one error, without others that follow from it."""
    data = valid_data()
    if value is None:
        del data[section]
    else:
        data[section] = value
    (finding,) = CocoChecker("f").check(data)
    assert (finding.rule, finding.field, finding.rule.severity) == (rule, section, ERROR)


@pytest.mark.parametrize("section", ["images", "categories"])
def test_empty_sections(section):
    """There must be images and categories; a file without annotations has warnings only."""
    (finding,) = CocoChecker("f").check(valid_data() | {section: []})
    assert finding.rule is files.SECTION_EMPTY and finding.field == section
    rules = {f.rule.name for f in CocoChecker("f").check(valid_data() | {"annotations": []})}
    assert rules == {"image-without-annotations"}
