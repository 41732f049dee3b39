"""Reports."""

import json

from mask_rcnn_paper.validate_dataset.checker import CocoChecker, Fixed
from mask_rcnn_paper.validate_dataset.report import EXAMPLES, render_json, render_text
from tests.validate_dataset.cases import valid_data


def violations():
    """Seven warnings, then an error."""
    data = valid_data()
    data["images"] += [{"id": i, "file_name": f"{i}.png", "width": 4, "height": 4} for i in range(10, 17)]
    data["annotations"][0]["bbox"] = [1, float("nan"), 3, 4]
    return CocoChecker("train.json").check(data)


def test_text():
    """Errors first, by rule with a count; a few examples, what more there is, and the cure."""
    lines = render_text("train.json", violations()).splitlines()
    assert lines[0] == "train.json: 1 error, 7 warnings"
    assert lines[2:5] == [
        "error bbox-numbers (1)",
        "  annotation 1 (image 1), bbox=[1, NaN, 3, 4] must be four finite numbers",
        "  cure: write bbox as [x, y, width, height]; --fix takes the box of the mask, or drops the annotation",
    ]
    assert lines[6:8] == ["warning image-without-annotations (7)", "  image 10 has no annotations"]
    assert lines[6 + EXAMPLES + 1] == f"  and {7 - EXAMPLES} more"


def test_json_is_strict_and_complete():
    """All violations with file, place, rule, value and cure; NaN, which JSON lacks, is text."""
    text = render_json("train.json", violations(), None, None)
    report = json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
    assert (report["errors"], report["warnings"]) == (1, 7)
    assert "fixed" not in report
    assert report["counts"] == {"bbox-numbers": 1, "image-without-annotations": 7}
    (error,) = [f for f in report["findings"] if f["severity"] == "error"]
    assert error == {
        "rule": "bbox-numbers",
        "severity": "error",
        "file": "train.json",
        "section": "annotations",
        "id": 1,
        "image_id": 1,
        "field": "bbox",
        "value": [1, "nan", 3, 4],
        "text": "must be four finite numbers",
        "cure": "write bbox as [x, y, width, height]; --fix takes the box of the mask, or drops the annotation",
    }


def test_long_values_are_cut():
    """A mask does not fill the report."""
    data = valid_data()
    data["annotations"][0]["segmentation"] = [5.25] * 9999
    (violation,) = CocoChecker("f").check(data)
    assert len(violation.as_dict()["value"]) == 200
    assert len(violation.place) < 120


def test_fixed():
    """What was mended and dropped, by rule; or that nothing had to be."""
    fixed = Fixed()
    assert render_text("f", [], fixed, "out.json").splitlines()[2:] == ["wrote out.json", "  nothing had to be mended"]
    fixed.mended["area"] = 2
    fixed.dropped["images", "image-missing"] = 1
    lines = ["wrote out.json", "  area: 2 mended", "  image-missing: 1 images dropped"]
    assert render_text("f", [], fixed, "out.json").splitlines()[2:] == lines
    report = json.loads(render_json("f", [], fixed, "out.json"))
    expected = {"file": "out.json", "mended": {"area": 2}, "dropped": {"images": {"image-missing": 1}}}
    assert report["fixed"] == expected
