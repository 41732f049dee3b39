"""YAML files of data, right and wrong."""

import pytest

from ablations.paper.yaml_file import check_keys, load_list


def test_the_list_under_its_key_is_read(tmp_path):
    """As it stands there; other keys are nobody's business here."""
    (tmp_path / "x.yaml").write_text("things: [1, {a: b}]\nmore: 2\n")
    assert load_list(tmp_path / "x.yaml", "things") == [1, {"a": "b"}]


@pytest.mark.parametrize(
    "text, message",
    [("things: [", "is not YAML: "), ("[]", "has no list 'things' at its top"), ("things: 1", "has no list 'things'")],
)
def test_other_files_are_refused(tmp_path, text, message):
    """With the name of the file."""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"x.yaml {message}"):
        load_list(tmp_path / "x.yaml", "things")


@pytest.mark.parametrize(
    "entry, message",
    [
        (7, "row 3: is 7, not a mapping with a, b"),
        ({"a": 1}, "row 3: b missing"),
        ({"a": 1, "b": 2, "d": 3}, "row 3: unknown key d: choose from a, b, c"),
    ],
)
def test_keys_are_checked(entry, message):
    """What is required must be there, and nothing that is unknown."""
    with pytest.raises(ValueError, match=message):
        check_keys(entry, "row 3", {"a", "b"}, {"c"})
    check_keys({"a": 1, "b": 2, "c": 3}, "row 3", {"a", "b"}, {"c"})
