"""Rules and violations."""

from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Rule, Violation, drops, errors, field_check, sets

RULE = Rule("a-rule", "do this")


def place(field, value, section, index, entry):
    """Where the entry of a section is said to break the rule."""
    return Violation(RULE, field, value, "").locate("f", section, index, entry).place


def test_places():
    """Section, id and image, and the field with its value; a position where there is no id."""
    assert place("area", 0, "annotations", 9, {"id": 5, "image_id": 3}) == "annotation 5 (image 3), area=0"
    assert place("area", None, "annotations", 9, {}) == "annotation number 10, area"
    assert place("", None, "images", 0, {"id": 3, "image_id": 1}) == "image 3"
    assert place("entry", 5, "categories", 0, 5) == "category number 1, entry=5"
    assert Violation(RULE, "info", None, "is missing", "f").place == "info"


def test_advice():
    """The cure, and what --fix does if it does anything."""
    assert RULE.advice == "do this"
    assert Rule("b", "do this", drops("it")).advice == "do this; --fix drops it"


def test_errors():
    """A rule is one of errors unless it says otherwise; warnings are left out."""
    warning = Violation(Rule("w", "", severity=WARNING), "", None, "", "f")
    error = Violation(RULE, "", None, "", "f")
    assert RULE.severity == ERROR
    assert list(errors([warning, error])) == [error]


def test_repairs():
    """One sets a field by the entry and its dataset, or drops the entry for want of a value; one only drops it."""
    answer = sets("answer", "gives it an answer", lambda entry, dataset: dataset.get(entry["question"]))
    entry = {"question": "all"}
    assert answer.text == "gives it an answer"
    assert answer.mend(entry, None, {"all": 42}) is True
    assert drops("the entry").mend(entry, None, None) is False
    assert entry == {"question": "all", "answer": 42}
    assert answer.mend(entry, None, {}) is False


def test_a_field_that_is_missing_or_illegal():
    """Both are said with the value; what is legal is passed over."""
    check = field_check(RULE, "side", lambda side: side == "left", "left")
    assert list(check({"side": "left"}, None)) == []
    assert list(check({"side": "up"}, None)) == [Violation(RULE, "side", "up", "must be left")]
    assert list(check({}, None)) == [Violation(RULE, "side", None, "is missing")]
