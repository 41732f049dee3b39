"""Findings."""

from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding, Problem, Rule, errors, locate

RULE = Rule("a-rule", ERROR, "do this")


def test_places():
    """Section, id and image, and the field with its value; a position where there is no id."""
    annotation = {"id": 5, "image_id": 3}
    assert locate(Problem(RULE, "area", 0, ""), "f", "annotations", 9, annotation).place == (
        "annotation 5 (image 3), area=0"
    )
    assert locate(Problem(RULE, "area", None, ""), "f", "annotations", 9, {}).place == "annotation number 10, area"
    assert locate(Problem(RULE, "", None, ""), "f", "images", 0, {"id": 3, "image_id": 1}).place == "image 3"
    assert locate(Problem(RULE, "entry", 5, ""), "f", "categories", 0, 5).place == "category number 1, entry=5"
    assert Finding(RULE, "info", None, "is missing", "f").place == "info"


def test_advice():
    """The cure, and what --fix does if it does anything."""
    assert RULE.advice == "do this"
    assert Rule("b", ERROR, "do this", "drops it").advice == "do this; --fix drops it"


def test_errors():
    """Warnings are none."""
    warning = Finding(Rule("w", WARNING, ""), "", None, "", "f")
    error = Finding(RULE, "", None, "", "f")
    assert list(errors([warning, error])) == [error]
